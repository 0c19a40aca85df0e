"""What holds of who must be looked at again, after any history."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from affinage.domain.device import Device
from affinage.domain.edge import next_leaving
from affinage.domain.flaps import next_thaw
from affinage.services.fleet.pending import Pending, Reason
from laws.strategies import devices

NUMBERS = st.integers(1, 4)
histories = st.lists(st.tuples(NUMBERS, st.none() | devices()), max_size=15)
SITES = ("a", "b", None)


def lived(history: list[tuple[int, Device | None]]) -> tuple[Pending, dict[int, Device]]:
    """Who is pending after devices came, changed and went, and the devices there are."""
    pending, known = Pending(lambda device: SITES[len(device.carried) % 3]), dict[int, Device]()
    for number, new in history:
        if (old := known.pop(number, None)) is not None:
            pending.forget(old)
        if new is not None:
            known[number] = replace(new, number=number)
            pending.enter(known[number])
    return pending, known


def reasons(device: Device) -> set[Reason]:
    found = {
        Reason.FROZEN: next_thaw(device.flips) is not None,
        Reason.DRIFTED: device.drifted_at is not None,
        Reason.LEAVING: next_leaving(device) is not None,
        Reason.FAILED: bool(device.dirty and device.dirty.error),
        Reason.WAITING: bool(device.dirty and not device.dirty.error),
    }
    return {reason for reason, is_so in found.items() if is_so}


def due_dirty(known: Mapping[int, Device], at: int) -> set[int]:
    return {number for number, one in known.items() if one.dirty and one.dirty.due <= at}


@given(histories)
def test_the_figures_are_what_counting_anew_would_say(
    history: list[tuple[int, Device | None]],
) -> None:
    """RECONCILE-35"""
    pending, known = lived(history)
    for reason, numbers in pending.numbers.items():
        assert set(numbers) == {each for each, one in known.items() if reason in reasons(one)}


@given(histories, st.integers(0, 100))
def test_who_is_due_comes_once_and_nobody_is_forgotten(
    history: list[tuple[int, Device | None]], at: int
) -> None:
    """RECONCILE-27"""
    pending, known = lived(history)
    due = list(pending.due_dirty(at, lambda _: True))
    assert sorted(due) == sorted(due_dirty(known, at))
    assert not list(pending.due_dirty(at, lambda _: True))
    pending.restore(due)
    assert sorted(pending.due_dirty(at, lambda _: True)) == sorted(due)


@given(histories)
def test_whoever_is_not_dirty_has_its_other_moments(
    history: list[tuple[int, Device | None]],
) -> None:
    """RECONCILE-31, RECONCILE-34, EDGE-12"""
    pending, known = lived(history)
    others = {Reason.FROZEN, Reason.DRIFTED, Reason.LEAVING}
    wanted = {each for each, one in known.items() if reasons(one) & others and not one.dirty}
    assert set(pending.due_others(10**20, 10**20, lambda _: True)) == wanted
