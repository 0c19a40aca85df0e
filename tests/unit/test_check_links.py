"""The check of the links follows relative ones, and only those; and misses no page."""

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
    said = ["README.md: leads to it.md, which is not there"]
    assert verdict(tmp_path, "see [it](docs/it.md#part)") == (1, said)


def test_a_link_to_a_file_a_folder_or_elsewhere_is_fine(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/README.md").touch()
    page = "[a](README.md) [b](docs/) [c](https://example.com/x)\n```\n[e](no.md)\n```"
    assert verdict(tmp_path, page) == (0, [])


def test_a_link_to_a_heading_needs_the_heading(tmp_path: Path) -> None:
    page = "## `A` part, and more\n[d](#a-part-and-more) [e](README.md#another)"
    assert verdict(tmp_path, page) == (1, ["README.md: README.md has no heading for #another"])


def test_a_page_that_only_leads_to_itself_is_named(tmp_path: Path) -> None:
    (tmp_path / "NOTES.md").write_text("[itself](NOTES.md)")
    assert verdict(tmp_path, "welcome") == (1, ["NOTES.md: no page leads here"])
