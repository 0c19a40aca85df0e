"""The reference of the command line has what `--help` knows, and nothing else."""

import subprocess
import sys
from pathlib import Path
from typing import Final

TOOL: Final = Path(__file__).parents[2] / "tools/cli_reference.py"


def test_the_page_has_every_command_and_option_and_nothing_else() -> None:
    check = [sys.executable, str(TOOL), "--check"]
    run = subprocess.run(check, check=False, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
