"""domain/histogram.py."""

import pytest

from affinage.domain.histogram import COUNTS, SECONDS, Histogram


@pytest.mark.parametrize(
    ("value", "counts"),
    [(0.5, [1, 0, 0]), (1.0, [1, 0, 0]), (1.1, [0, 1, 0]), (2.0, [0, 1, 0]), (9.0, [0, 0, 1])],
)
def test_a_value_belongs_to_the_first_bound_that_it_does_not_pass(
    value: float, counts: list[int]
) -> None:
    histogram = Histogram((1.0, 2.0))
    histogram.add(value)
    assert histogram.counts == counts


def test_values_are_counted_and_summed() -> None:
    histogram = Histogram((1.0, 2.0))
    for value in (0.5, 1.5, 4.0):
        histogram.add(value)
    assert (histogram.count, histogram.total) == (3, 6.0)


@pytest.mark.parametrize("bounds", [COUNTS, SECONDS])
def test_bounds_rise(bounds: tuple[float, ...]) -> None:
    assert sorted({*bounds}) == [*bounds]
