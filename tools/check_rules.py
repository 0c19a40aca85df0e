"""Check that every numbered rule of docs/spec is cited by a test, and every cited rule exists.

A rule is one line, ``- **TWIN-4** what holds``. It is cited by its id, anywhere in a text file:
under src/ and docs/ that says where it is kept, under tests/ that says what proves it.

Prints what is missing and exits 1; says how many rules hold, and exits 0.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

RULE: Final = re.compile(r"^- \*\*([A-Z]+-\d+)\*\*", re.MULTILINE)
CITATION: Final = re.compile(r"(?<![\w-])([A-Z]{3,}-[1-9]\d*)(?![.-]?\w)")
STANDARDS: Final = frozenset({"AES", "CVE", "ISO", "RFC", "RSA", "SHA", "UTF"})
"""Written like families of rules, and none of ours."""

SUFFIXES: Final = frozenset({".md", ".py", ".sql", ".txt"})


def main(root: Path) -> int:
    """Print every breach below ``root``; 0 where there is none, else 1."""
    rules = [rule for page in _pages(root / "docs/spec") for rule in RULE.findall(page)]
    breaches = [
        *_twice(rules),
        *_unproven(rules, {*_cited(root / "tests")}),
        *_unknown(rules, root),
    ]
    for breach in breaches:
        print(breach)
    print(f"{len(rules)} rules, {len(breaches)} breaches")
    return 1 if breaches else 0


def _twice(rules: list[str]) -> Iterator[str]:
    return (f"{rule}: stated {count} times" for rule, count in Counter(rules).items() if count > 1)


def _unproven(rules: list[str], proven: set[str]) -> Iterator[str]:
    return (f"{rule}: no test cites it" for rule in rules if rule not in proven)


def _unknown(rules: list[str], root: Path) -> Iterator[str]:
    families = {_family(rule) for rule in rules}
    for folder in ("src", "docs", "tests"):
        for path in _texts(root / folder):
            for rule in sorted({*_citations(path)} - {*rules}):
                # Tests also name devices so: there only a family that is stated makes a citation.
                if folder != "tests" or _family(rule) in families:
                    yield f"{rule}: cited in {path.relative_to(root)}, stated nowhere"


def _family(rule: str) -> str:
    return rule.partition("-")[0]


def _cited(folder: Path) -> Iterator[str]:
    return (rule for path in _texts(folder) for rule in _citations(path))


def _citations(path: Path) -> Iterator[str]:
    ids = CITATION.findall(path.read_text())
    return (rule for rule in ids if _family(rule) not in STANDARDS)


def _pages(folder: Path) -> Iterator[str]:
    return (path.read_text() for path in _texts(folder))


def _texts(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES)


if __name__ == "__main__":
    sys.exit(main(Path(*sys.argv[1:]) if sys.argv[1:] else Path(__file__).parents[1]))
