"""The paths that ARCHITECTURE.md follows through the code are there, function by function."""

import re
from importlib import import_module
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
MAP: Final = (ROOT / "ARCHITECTURE.md").read_text()
SOURCE: Final = "\n".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
CLASSES: Final = re.findall(r"^class (\w+)(.*?)(?=^\S)", SOURCE, re.MULTILINE | re.DOTALL)
METHODS: Final = sorted(
    set(re.findall(r"(?<![\w.])([A-Z][a-z]\w+)\.(\w+)", MAP)) - {("README", "md")}
)
FUNCTIONS: Final = sorted(set(re.findall(r"\b((?:domain|frontends|services)(?:\.\w+)+)", MAP)))
MAX_LINES: Final = 180
"""Two pages and a map."""


@pytest.mark.parametrize(("owner", "method"), METHODS)
def test_a_method_that_the_map_names_is_its_classs_own(owner: str, method: str) -> None:
    bodies = [body for name, body in CLASSES if name == owner]
    assert any(re.search(rf"^    (async )?def {method}\b", body, re.MULTILINE) for body in bodies)


@pytest.mark.parametrize("dotted", FUNCTIONS)
def test_a_function_that_the_map_names_is_in_its_module(dotted: str) -> None:
    module, _, name = dotted.rpartition(".")
    assert callable(getattr(import_module(f"affinage.{module}"), name))


def test_the_path_of_a_write_is_followed_function_by_function() -> None:
    assert len(METHODS) >= 15
    assert {"domain.twin.report", "domain.reconcile.reconcile"} <= {*FUNCTIONS}


def test_the_map_can_be_read_at_once() -> None:
    assert len(MAP.splitlines()) <= MAX_LINES
