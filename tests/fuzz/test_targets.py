"""The fuzzer's targets with its seeds, and with what it once found; without the fuzzer itself."""

from pathlib import Path
from typing import Final

import pytest

from fuzz.seeds import seeds
from fuzz.targets import TARGETS

FOUND: Final = Path(__file__).with_name("found")
"""Inputs that have broken a law, in a folder a target."""


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_holds_for_its_seeds(name: str) -> None:
    given = seeds(name)
    assert given
    for told in (b"", b"\0", *given):
        TARGETS[name](told)


def test_the_targets_hold_for_what_once_broke_them() -> None:
    paths = sorted(FOUND.glob("*/*"))
    assert paths
    for path in paths:
        TARGETS[path.parent.name](path.read_bytes())
