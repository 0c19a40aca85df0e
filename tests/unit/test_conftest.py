"""A skipped test is green on a desk, and a failure where everything was installed."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

CONFTEST: Final = Path(__file__).parents[1] / "conftest.py"

SKIPS: Final = {
    "in a test": "import pytest\ndef test_it(): pytest.skip('no bus')",
    "by a mark": "import pytest\n@pytest.mark.skipif(True, reason='no bus')\ndef test_it(): ...",
    "of a module": "import pytest\npytest.skip('no bus', allow_module_level=True)",
}


def run(folder: Path, test: str, *, insists: str) -> subprocess.CompletedProcess[str]:
    (folder / "conftest.py").write_text(CONFTEST.read_text())
    (folder / "test_one.py").write_text(test)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", str(folder)],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"AFFINAGE_CI": insists, "PYTHONPATH": str(CONFTEST.parent)},
    )


@pytest.mark.parametrize("test", SKIPS.values(), ids=SKIPS)
def test_a_skip_fails_where_nothing_may_be_missing(tmp_path: Path, test: str) -> None:
    outcome = run(tmp_path, test, insists="1")
    assert outcome.returncode in {1, 2}
    assert "nothing may be skipped here: Skipped: no bus" in outcome.stdout


def test_a_skip_is_only_a_skip_elsewhere(tmp_path: Path) -> None:
    assert "1 skipped" in run(tmp_path, SKIPS["in a test"], insists="").stdout


def test_an_expected_failure_is_no_skip(tmp_path: Path) -> None:
    test = "import pytest\n@pytest.mark.xfail(reason='known')\ndef test_it(): assert 0"
    assert run(tmp_path, test, insists="1").returncode == 0
