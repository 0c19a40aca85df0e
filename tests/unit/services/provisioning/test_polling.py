"""How often a device may ask: who keeps to what it is told may always, and others wait."""

import pytest

from affinage.domain.errors import Throttled
from affinage.services.provisioning import polling
from affinage.services.provisioning.polling import POLLS, POLLS_S, RETRY_LATE_S, RETRY_S, Polling
from fakes.clock import FixedClock


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


def exhausted(clock: FixedClock, name: str = "dev1") -> Polling:
    """One where a device has asked as often as it may."""
    found = Polling(clock)
    for _ in range(POLLS):
        found.take(name)
    return found


def test_who_asks_too_often_is_told_when_to_come_again(clock: FixedClock) -> None:
    """REGISTER-26"""
    found = exhausted(clock)
    with pytest.raises(Throttled, match="more than 5 times in 10 s"):
        found.take("dev1")
    with pytest.raises(Throttled) as refused:
        found.take("dev1")
    clock.advance(refused.value.retry_after_s)
    found.take("dev1")


def test_each_device_is_counted_by_itself(clock: FixedClock) -> None:
    """REGISTER-26"""
    exhausted(clock).take("dev2")


def test_who_keeps_to_what_it_is_told_is_never_refused(clock: FixedClock) -> None:
    """REGISTER-26"""
    found, told = Polling(clock), list[int]()
    for _ in range(60):
        told.append(found.retry_after_s("dev1"))
        clock.advance(told[-1])
        found.take("dev1")
    assert told == [RETRY_S] * 8 + [RETRY_LATE_S] * 52
    assert found.retry_after_s("dev2") == RETRY_S


def test_a_device_that_asks_no_more_is_forgotten(clock: FixedClock) -> None:
    """REGISTER-26"""
    found = exhausted(clock)
    clock.advance(POLLS_S - 1)
    found.take("dev2")
    assert len(found) == 2
    clock.advance(1)
    found.take("dev3")
    assert len(found) == 2


def test_of_too_many_who_asked_last_is_remembered(
    clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """REGISTER-26"""
    monkeypatch.setattr(polling, "MAX_POLLING", 3)
    found = exhausted(clock, "dev0")
    for number in range(1, 9):
        found.take(f"dev{number}")
    assert len(found) == 3
    found.take("dev0")
