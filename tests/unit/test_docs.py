"""The documents keep up with what they describe."""

import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
DECISIONS: Final = sorted((ROOT / "docs/adr").glob("0*.md"))
FLOORS: Final = sorted(path.parent for path in (ROOT / "src/affinage").glob("*/__init__.py"))
MAX_LINES: Final = 50
"""Of a decision: a page."""

SHARED: Final = ("http", "tls", "websocket", "sql")
"""What doors and adapters have in common, and is none itself."""


def section(page: str, title: str) -> str:
    """The part of ``page`` below the heading ``title``, up to the next of its rank."""
    return re.split(r"^## ", page.split(f"\n## {title}\n")[1], flags=re.MULTILINE)[0]


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_says_what_it_costs_within_a_page(path: Path) -> None:
    text = path.read_text()
    parts = re.findall(r"^\*\*(.+?)\.\*\*", text, re.MULTILINE)
    assert parts == ["Context", "Options", "Decision", "What gets worse"]
    assert len(text.splitlines()) <= MAX_LINES


def test_every_decision_is_listed_under_its_title() -> None:
    listed = (ROOT / "docs/adr/README.md").read_text()
    for path in DECISIONS:
        title = path.read_text().splitlines()[0].split(". ", 1)[1]
        assert f"[{title}]({path.name})" in listed


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [int(path.name[:4]) for path in DECISIONS]
    assert numbers == [*range(1, len(numbers) + 1)]


@pytest.mark.parametrize("floor", FLOORS, ids=lambda path: path.name)
def test_the_map_has_a_paragraph_with_an_invariant_for_every_floor(floor: Path) -> None:
    code_map = section((ROOT / "ARCHITECTURE.md").read_text(), "Code map")
    paragraphs = code_map.split("\n\n")
    assert any(p.startswith(f"**`{floor.name}/`**") and "**Invariant:**" in p for p in paragraphs)


@pytest.mark.parametrize("floor", ["frontends", "ports", "adapters"])
def test_the_picture_has_every_door_port_and_adapter(floor: str) -> None:
    picture = section((ROOT / "ARCHITECTURE.md").read_text(), "Bird's-eye view")
    found = (ROOT / "src/affinage" / floor).iterdir()
    names = {path.stem for path in found} - {"__init__", "__pycache__", *SHARED}
    assert not [name for name in sorted(names) if not re.search(rf"\b{name}\b", picture)]


def test_every_path_that_the_map_names_is_there() -> None:
    named = re.findall(r"`([a-z_]+/[\w./]*)`", (ROOT / "ARCHITECTURE.md").read_text())
    places = (ROOT, ROOT / "src/affinage")
    assert not [path for path in named if not any((place / path).exists() for place in places)]


def test_everything_in_the_code_that_the_map_names_is_there() -> None:
    named = re.findall(
        r"`([A-Z]\w+)(?:\.(\w+))?(?:\(\w+\))?`", (ROOT / "ARCHITECTURE.md").read_text()
    )
    source = "\n".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
    for owner, member in named:
        assert re.search(rf"^(class )?{owner}\b", source, re.MULTILINE), owner
        assert not member or re.search(rf"\bdef {member}\b", source), f"{owner}.{member}"


def test_every_verb_of_the_makefile_says_what_it_does() -> None:
    makefile = (ROOT / "Makefile").read_text()
    verbs = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert verbs is not None
    for verb in verbs[1].split():
        assert re.search(rf"^{verb}:.*## \w", makefile, re.MULTILINE), verb
