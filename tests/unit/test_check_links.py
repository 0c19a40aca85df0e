"""The check of the links follows relative ones, and only those."""

import subprocess
import sys
from pathlib import Path
from typing import Final

CHECK: Final = Path(__file__).parents[2] / "tools/check_links.py"


def verdict(project: Path, page: str) -> tuple[int, list[str]]:
    (project / "README.md").write_text(page)
    command = [sys.executable, str(CHECK), str(project)]
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    return run.returncode, run.stdout.splitlines()[:-1]


def test_a_link_to_nothing_is_named_with_its_page(tmp_path: Path) -> None:
    assert verdict(tmp_path, "see [it](docs/it.md#part)") == (1, ["README.md: docs/it.md"])


def test_a_link_to_a_file_a_folder_or_elsewhere_is_fine(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    page = "[a](README.md) [b](docs/) [c](https://example.com/x) [d](#part)\n```\n[e](no.md)\n```"
    assert verdict(tmp_path, page) == (0, [])
