"""The how-to tells every event that a hub logs, and at which level."""

import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
SOURCE: Final = ROOT / "src/affinage"
PAGE: Final = (ROOT / "docs/howto/operate.md").read_text()
LOGGING: Final = ("services", "frontends", "adapters", "apps/hub.py")
"""What runs in a hub."""

CALL: Final = re.compile(r"""_log\.(\w+)\(\s*"([^"]+)\"""")
LEVELS: Final = {"exception": "error"}


def logged() -> set[tuple[str, str]]:
    """Every event in the code, with its level."""
    places = [SOURCE / place for place in LOGGING]
    files = [
        file
        for place in places
        for file in ([place] if place.is_file() else [*place.rglob("*.py")])
    ]
    found = [pair for file in files for pair in CALL.findall(file.read_text())]
    return {(event, LEVELS.get(method, method)) for method, event in found}


def told() -> set[tuple[str, str]]:
    section = PAGE.split("## Read the log")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`.+?) \| (\w+) \|", section, re.MULTILINE)
    return {(event, level) for events, level in rows for event in re.findall(r"`([^`]+)`", events)}


def test_every_event_is_told_with_its_level_and_no_other() -> None:
    assert logged() == told()
