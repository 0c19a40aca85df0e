"""Check that every module is covered by its own unit file, and the core to the last branch.

For each ``src/affinage/X.py`` with code in it, ``tests/unit/X`` (``test_`` before the file's name)
is run alone, and has to execute at least SHARE of the module's lines and branches; all of them in
the domain and the protocol. What another module's tests happen to touch does not count: whoever
changes a file should find in one place what it promises.

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


def main(folders: list[str]) -> int:
    """Check the modules below ``folders`` of src/affinage, or all; 0 where all are covered."""
    modules = [module for folder in folders or ["."] for module in sorted(_modules(SRC / folder))]
    with ThreadPoolExecutor(WORKERS) as pool:
        breaches = [breach for breach in pool.map(_breach, modules) if breach]
    for breach in breaches:
        print(breach)
    print(f"{len(modules)} modules, {len(breaches)} not covered by their own tests")
    return 1 if breaches else 0


def _modules(folder: Path) -> Iterator[Path]:
    """Every module that does something; one of names alone is proven by whoever uses them."""
    return (path for path in folder.rglob("*.py") if "def " in path.read_text())


def _own_tests(module: Path) -> Path:
    inner = module.relative_to(SRC)
    stem = "init" if inner.stem == "__init__" else inner.stem
    return ROOT / "tests/unit" / inner.parent / f"test_{stem}.py"


def _breach(module: Path) -> str:
    """What is wrong with the coverage of ``module``; empty where nothing is."""
    name, tests = module.relative_to(SRC), _own_tests(module)
    if not tests.exists():
        return f"{name}: there is no {tests.relative_to(ROOT)}"
    found = _measure(module, tests)
    share = found["summary"]["percent_covered"]
    if share >= (100 if name.parts[0] in CORE else SHARE):
        return ""
    missing = [*found["missing_lines"], *("→".join(map(str, b)) for b in found["missing_branches"])]
    return f"{name}: {share:.0f} % by {tests.relative_to(ROOT)}; not {', '.join(map(str, missing))}"


def _measure(module: Path, tests: Path) -> dict[str, Any]:
    """Coverage's report on ``module`` after running ``tests`` alone."""
    with tempfile.TemporaryDirectory() as folder:
        measured, report = f"{folder}/coverage", f"{folder}/report.json"
        coverage = [sys.executable, "-m", "coverage"]
        only = ["--branch", f"--include={module}", f"--data-file={measured}"]
        _run([*coverage, "run", *only, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tests)])
        _run([*coverage, "json", "-q", f"--data-file={measured}", "-o", report])
        files: dict[str, dict[str, Any]] = json.loads(Path(report).read_text())["files"]
    return next(iter(files.values()))


def _run(command: list[str]) -> None:
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
