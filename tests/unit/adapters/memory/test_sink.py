"""adapters/memory/sink.py: how a test has it fail. The rest: tests/contract/test_sinks.py."""

import pytest

from affinage.adapters.memory.sink import MemorySink
from affinage.domain.errors import TooLarge, Unavailable
from fakes.looped import looped


@looped
async def test_it_fails_as_often_as_it_is_told_and_says_how_much_came_at_once() -> None:
    sink = MemorySink()
    sink.failures.append(Unavailable("away"))
    with pytest.raises(Unavailable, match="away"):
        await sink.send([{"offset": 1}])
    await sink.send([{"offset": 1}, {"offset": 2}])
    await sink.send([{"offset": 3}])
    assert (len(sink.told), sink.sizes) == (3, [2, 1])
    await sink.close()


@looped
async def test_it_takes_no_more_at_once_than_it_was_told() -> None:
    with pytest.raises(TooLarge, match="2 of 1 events at once"):
        await MemorySink(most=1).send([{"offset": 1}, {"offset": 2}])
