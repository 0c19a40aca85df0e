"""services/locks.py."""

import pytest

from affinage.domain.errors import Invalid, LockLost
from affinage.domain.messages import Message
from affinage.domain.names import TwinKey
from affinage.services.locks import LOCK_S, Locks, admitted_lock
from fakes.clock import FixedClock
from fakes.ids import CountingIds

KEY = TwinKey("d")


def test_a_lock_is_its_identitys_and_ends() -> None:
    """DEVICE-21, DEVICE-23"""
    clock = FixedClock()
    locks = Locks(clock, CountingIds())
    token = locks.lock(KEY, "g", Message("m", b"", 0, number=7), LOCK_S).token
    assert (locks.locked(KEY, token), [*locks.keys()]) == (("g", 7), [KEY])
    assert (locks.numbers(KEY, "g"), locks.numbers(KEY, "another")) == ({7}, set())
    with pytest.raises(LockLost):
        locks.locked(TwinKey("other"), token)
    clock.advance(LOCK_S)
    assert (locks.numbers(KEY, "g"), [*locks.keys()]) == (set(), [])
    with pytest.raises(LockLost, match="has ended"):
        locks.locked(KEY, token)


def test_a_lock_is_freed_once() -> None:
    """DEVICE-22"""
    locks = Locks(FixedClock(), CountingIds())
    first, second = (
        locks.lock(KEY, "g", Message("m", b"", 0, number=number), LOCK_S).token for number in (1, 2)
    )
    for _ in range(2):
        locks.free(KEY, first)
    assert locks.numbers(KEY, "g") == {2}
    locks.free(KEY, second)
    assert [*locks.keys()] == []


@pytest.mark.parametrize("seconds", [4, 301])
def test_a_lock_lasts_neither_too_short_nor_too_long(seconds: int) -> None:
    """DEVICE-21"""
    assert [admitted_lock(good) for good in (5, 300)] == [5, 300]
    with pytest.raises(Invalid, match=f"a lock of {seconds} s: it must be from 5 to 300"):
        admitted_lock(seconds)
