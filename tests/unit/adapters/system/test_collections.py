"""adapters/system/collections.py."""

import gc
from collections.abc import Iterator

import pytest

from affinage.adapters.system.collections import Collections


@pytest.fixture
def collections() -> Iterator[Collections]:
    found = Collections()
    found.watch()
    yield found
    found.leave()


def of_oldest(collections: Collections) -> list[object]:
    return [family.samples[2].value for family in collections.families()]


def test_a_collection_is_counted_with_its_time(collections: Collections) -> None:
    gc.collect()
    count, seconds, longest = of_oldest(collections)
    assert count == 1
    assert seconds == longest
    assert isinstance(longest, float)
    assert longest > 0


def test_the_longest_is_one_of_them(collections: Collections) -> None:
    gc.collect()
    gc.collect()
    count, seconds, longest = of_oldest(collections)
    assert isinstance(seconds, float)
    assert isinstance(longest, float)
    assert count == 2
    assert seconds / 2 <= longest < seconds


def test_who_has_left_counts_no_more(collections: Collections) -> None:
    collections.leave()
    gc.collect()
    collections.leave()
    assert of_oldest(collections) == [0, 0.0, 0.0]
