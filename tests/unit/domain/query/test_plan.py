"""What the sets of an index answer, and what they leave to decide."""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from affinage.domain.query.parse import parse_condition
from affinage.domain.query.plan import Bounds, atom, bounds, candidates, indexable
from affinage.domain.query.syntax import Path, Primitive
from affinage.domain.values import JsonValue

Rows = frozenset[int]


@dataclass(frozen=True)
class OnePath:
    values: Mapping[int, JsonValue]

    @property
    def defined(self) -> Rows:
        return frozenset(self.values)

    @property
    def primitive(self) -> Rows:
        return frozenset(row for row, value in self.values.items() if value != {})

    def equal(self, value: Primitive) -> Rows:
        return frozenset(
            row
            for row in self.primitive
            if atom(self.values[row]) == atom(value)  # type: ignore[arg-type]  # it is primitive
        )


@dataclass(frozen=True)
class SixRows:
    """Rows 0 to 5; `a` and `lastActivityTime` are indexed."""

    everything: Rows = frozenset(range(6))

    def path(self, path: Path) -> OnePath | None:
        indexed: dict[Path, OnePath] = {
            ("a",): OnePath({0: 1, 1: True, 2: False, 3: None, 4: {}}),
            ("b",): OnePath({0: 1, 1: 1, 2: 1}),
            ("lastActivityTime",): OnePath({0: "2025-01-01"}),
        }
        return indexed.get(path)


def found(text: str) -> Bounds[Rows]:
    return bounds(parse_condition(text), SixRows())


def rows(*numbers: int) -> Rows:
    return frozenset(numbers)


@pytest.mark.parametrize(
    ("text", "true", "false"),
    [
        ("a", rows(1), rows(2)),
        ("a = 1", rows(0), rows(1, 2, 3)),
        ("1.0 = a", rows(0), rows(1, 2, 3)),
        ("a != 1", rows(1, 2, 3), rows(0)),
        ("a = null", rows(3), rows(0, 1, 2, 4)),
        ("a != null", rows(0, 1, 2, 4), rows(3)),
        ("a = undefined", rows(), rows()),
        ("a IN [true, null, undefined]", rows(1, 3), rows(0, 2, 4)),
        ("a NIN [true]", rows(0, 2, 3, 4), rows(1)),
        ("a IN []", rows(), rows(0, 1, 2, 3, 4)),
        ("IS_DEFINED(a)", rows(0, 1, 2, 3, 4), rows(5)),
        ("IS_PRIMITIVE(a)", rows(0, 1, 2, 3), rows(4, 5)),
        ("IS_NULL(a)", rows(3), rows(0, 1, 2, 4, 5)),
        ("IS_BOOL(a)", rows(1, 2), rows(0, 3, 4, 5)),
        ("true", rows(0, 1, 2, 3, 4, 5), rows()),
        ("false", rows(), rows(0, 1, 2, 3, 4, 5)),
        ("null", rows(), rows()),
        ("NOT a = 1", rows(1, 2, 3), rows(0)),
        ("a = 1 AND b = 1", rows(0), rows(1, 2, 3)),
        ("a = 1 OR b = 1", rows(0, 1, 2), rows()),
    ],
)
def test_what_an_index_knows_is_exact(text: str, true: Rows, false: Rows) -> None:
    """QUERY-26, QUERY-20."""
    assert found(text) == Bounds(true, true, false, false)


@pytest.mark.parametrize(
    ("text", "maybe"),
    [
        ("a < 5", rows(0, 1, 2, 3, 4)),
        ("a = b", rows(0, 1, 2)),
        ("a + 1 * b = 2", rows(0, 1, 2)),
        ("-b IN [1]", rows(0, 1, 2)),
        ("STARTSWITH(b, 'x')", rows(0, 1, 2)),
        ("IS_STRING(b)", rows(0, 1, 2, 3, 4, 5)),
        ("b = IS_STRING(a)", rows(0, 1, 2)),
        ("c = 1", rows(0, 1, 2, 3, 4, 5)),
        ("c", rows(0, 1, 2, 3, 4, 5)),
        ("lastActivityTime = '2025-01-01'", rows(0)),
        ("lastActivityTime IN ['2025-01-01']", rows(0)),
    ],
)
def test_what_it_does_not_know_is_at_least_defined(text: str, maybe: Rows) -> None:
    """QUERY-26, QUERY-22."""
    assert found(text) == Bounds(rows(), maybe, rows(), maybe)


@pytest.mark.parametrize(
    ("text", "sure", "undecided"),
    [
        ("a = 1 AND c = 1", rows(), rows(0)),
        ("a = 1 OR c = 1", rows(0), rows(1, 2, 3, 4, 5)),
        ("NOT (a = 1 OR c = 1)", rows(), rows(1, 2, 3)),
        ("b = 1", rows(0, 1, 2), rows()),
    ],
)
def test_candidates_are_sure_or_to_be_decided(text: str, sure: Rows, undecided: Rows) -> None:
    """QUERY-26."""
    assert candidates(parse_condition(text), SixRows()) == (sure, undecided)


def test_no_condition_selects_everything() -> None:
    """QUERY-25, QUERY-26."""
    assert candidates(None, SixRows()) == (SixRows().everything, rows())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = 1 AND NOT (b IN [1] OR IS_DEFINED(c))", {("a",), ("b",), ("c",)}),
        ("tags.x", {("tags", "x")}),
        ("a < 1 AND b = c AND STARTSWITH(d, 'x') AND true", set()),
        ("lastActivityTime = '2025-01-01' OR lastActivityTime IN ['2025-01-01']", set()),
        ("a + 1 = 2", set()),
    ],
)
def test_the_paths_worth_indexing_are_known(text: str, expected: set[Path]) -> None:
    """QUERY-44."""
    assert indexable(parse_condition(text)) == expected


def test_true_has_an_atom_of_its_own() -> None:
    """QUERY-19."""
    values: list[Primitive] = [True, False, None, 0, 1, "1", ""]
    assert len({atom(value) for value in values}) == len(values)
    assert atom(1) == atom(1.0)
    assert atom(0) == atom(-0.0)
