"""A skipped test is green on a desk, and a failure where everything was installed."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

CONFTEST: Final = Path(__file__).parents[1] / "conftest.py"

TESTS: Final = {
    "test_in_body.py": "import pytest\ndef test_it(): pytest.skip('in a test')",
    "test_by_mark.py": "import pytest\n@pytest.mark.skip('by a mark')\ndef test_it(): ...",
    "test_module.py": "import pytest\npytest.skip('of a module', allow_module_level=True)",
    "test_xfail.py": "import pytest\n@pytest.mark.xfail(reason='known')\ndef test_it(): assert 0",
}


def run(folder: Path, *, insists: str) -> str:
    (folder / "conftest.py").write_text(CONFTEST.read_text())
    for name, test in TESTS.items():
        (folder / name).write_text(test)
    command = [sys.executable, "-m", "pytest", "-q", "--continue-on-collection-errors", str(folder)]
    env = os.environ | {"AFFINAGE_CI": insists, "PYTHONPATH": str(CONFTEST.parent)}
    return subprocess.run(command, check=False, capture_output=True, text=True, env=env).stdout


def test_a_skip_fails_where_nothing_may_be_missing(tmp_path: Path) -> None:
    shown = run(tmp_path, insists="1")
    assert "1 failed, 1 xfailed, 2 errors" in shown
    for place in ("in a test", "by a mark", "of a module"):
        assert f"nothing may be skipped here: Skipped: {place}" in shown


def test_a_skip_is_only_a_skip_elsewhere(tmp_path: Path) -> None:
    assert "3 skipped, 1 xfailed" in run(tmp_path, insists="")
