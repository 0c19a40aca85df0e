"""docs/reference/mqtt.md has every statement of MQTT 3.1.1 once, and names tests that there are."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

TESTS: Final = Path(__file__).parents[1]
PAGE: Final = (TESTS.parent / "docs/reference/mqtt.md").read_text()
ROW: Final = re.compile(r"^\| (\d\.\d+\.\d-\d+) \| (.+) \| (.+) \|$", re.MULTILINE)
TEST: Final = re.compile(r"`(test_\w+|Test\w+|a_\w+)`")
DEFINED: Final = re.compile(r"^(?:async )?def (test_\w+)|^(Test\w+) = ", re.MULTILINE)

SECTIONS: Final = (
    "1.5.3:3 2.2.2:2 2.3.1:7 3.1.0:2 3.1.2:24 3.1.3:11 3.1.4:5 3.2.0:1 3.2.2:6 3.3.1:12 3.3.2:3 "
    "3.3.4:1 3.3.5:2 3.6.1:1 3.8.1:1 3.8.3:4 3.8.4:6 3.9.3:2 3.10.1:1 3.10.3:2 3.10.4:6 3.12.4:1 "
    "3.14.1:1 3.14.4:3 4.1.0:2 4.3.1:1 4.3.2:2 4.3.3:2 4.4.0:1 4.5.0:2 4.6.0:6 4.7.1:3 4.7.2:1 "
    "4.7.3:4 4.8.0:2 6.0.0:4 7.0.0:2 7.1.1:1 7.1.2:1"
)
"""How many statements each section of the standard has, from 1 on. Source: its appendix B."""

REASONS: Final = (
    *("of the client", "nothing is retained", "QoS 2 is not offered", "not offered: "),
    *("a hub is no broker", "a hub calls none"),
)
"""What a row without a test begins with."""


def there_are() -> Iterator[str]:
    for path in TESTS.rglob("test_*.py"):
        yield from (one or other for one, other in DEFINED.findall(path.read_text()))
    yield from (path.stem for path in (TESTS / "scenarios/mqtt").glob("*.txt"))


def test_every_statement_is_there_once_and_in_its_order() -> None:
    counts = (each.split(":") for each in SECTIONS.split())
    wanted = [f"{section}-{n + 1}" for section, count in counts for n in range(int(count))]
    assert [statement for statement, _, _ in ROW.findall(PAGE)] == wanted


def test_every_test_that_is_named_is_there() -> None:
    assert {*TEST.findall(PAGE)} <= {*there_are()}


@pytest.mark.parametrize(("statement", "_", "kept"), ROW.findall(PAGE))
def test_a_row_names_a_test_or_says_why_not(statement: str, _: str, kept: str) -> None:
    assert TEST.search(kept) or kept.startswith(REASONS)
