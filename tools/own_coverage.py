"""Check that every module is covered by its own unit file, and the core to the last branch.

For each ``src/affinage/X.py`` with code in it, ``tests/unit/X`` (``test_`` before the file's name,
and maybe ``_part`` behind it) is run alone, and has to execute at least SHARE of the module's lines
and branches; all of them in the domain and the protocol. What another module's tests happen to
touch does not count: whoever changes a file should find in one place what it promises.

Prints each module below its share, with the lines missing, and exits 1.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
SRC: Final = ROOT / "src/affinage"

CORE: Final = ("domain", "protocol")
SHARE: Final = 95
"""Percent, outside the core."""

WORKERS: Final = 2

TAIL: Final = 2000
"""Characters shown of what a failing run printed."""


def main(folders: list[str]) -> int:
    """Check the modules in ``folders`` of src/affinage, or all; 0 where all are covered."""
    modules = [module for folder in folders or ["."] for module in sorted(_modules(SRC / folder))]
    with ThreadPoolExecutor(WORKERS) as pool:
        breaches = [breach for breach in pool.map(_breach, modules) if breach]
    for breach in breaches:
        print(breach)
    print(f"{len(modules)} modules, {len(breaches)} not covered by their own tests")
    return 1 if breaches else 0


def _modules(folder: Path) -> Iterator[Path]:
    """Every module that does something; one of names alone is proven by whoever uses them."""
    paths = [folder] if folder.is_file() else folder.rglob("*.py")
    return (path for path in paths if "def " in path.read_text())


def _own_tests(module: Path) -> list[Path]:
    """The files of tests named for ``module``: one, or several parts where one would be long."""
    folder = ROOT / "tests/unit" / module.relative_to(SRC).parent
    stem = "init" if module.stem == "__init__" else module.stem
    neighbours = {f"test_{other.stem}.py" for other in module.parent.glob("*.py")}
    parts = (part for part in folder.glob(f"test_{stem}_*.py") if part.name not in neighbours)
    return sorted([*folder.glob(f"test_{stem}.py"), *parts])


def _breach(module: Path) -> str:
    """What is wrong with the coverage of ``module``; empty where nothing is."""
    name, tests = module.relative_to(SRC), _own_tests(module)
    if not tests:
        return f"{name}: there are no unit tests named for it"
    with tempfile.TemporaryDirectory() as folder:
        failure, found = _measure(module, tests, Path(folder))
    if failure:
        return f"{name}: its own tests fail alone\n{failure}"
    share = found["summary"]["percent_covered"]
    if share >= (100 if name.parts[0] in CORE else SHARE):
        return ""
    missing = [*found["missing_lines"], *("→".join(map(str, b)) for b in found["missing_branches"])]
    return f"{name}: {share:.1f} % by its own tests; not {', '.join(map(str, missing))}"


def _measure(module: Path, tests: list[Path], folder: Path) -> tuple[str, dict[str, Any]]:
    """What went wrong, empty if nothing did; coverage's report on ``module`` by ``tests`` alone."""
    coverage = [sys.executable, "-m", "coverage"]
    # Not the project's settings, whose source would have every other module measured too.
    only = ["--rcfile=/dev/null", f"--data-file={folder / 'measured'}", f"--include={module}"]
    tested = ["-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider", *map(str, tests)]
    for command in (
        [*coverage, "run", "--branch", *only, *tested],
        [*coverage, "json", *only, "-q", "-o", str(folder / "report")],
    ):
        done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
        if done.returncode:
            return done.stdout[-TAIL:] + done.stderr[-TAIL:], {}
    (found,) = json.loads((folder / "report").read_text())["files"].values()
    return "", found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
