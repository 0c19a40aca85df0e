"""Which devices must be looked at again, and when."""

from msgspec.structs import replace

from affinage.domain.device import Device, Dirty, Flips
from affinage.domain.values import JsonObject
from affinage.services.fleet.pending import Pending, Reason, Timetable
from fakes.commits import device


def a_device(number: int, site: str | None = None) -> Device:
    tags: JsonObject = {} if site is None else {"site": site}
    return replace(device(f"d{number}", tags, "m"), number=number)


def site_of(device: Device) -> str | None:
    found: str | None = device.twin.tags.get("site")
    return found


def waiting(number: int, due: int, site: str | None = None) -> Device:
    return replace(a_device(number, site), dirty=Dirty("", 0, 0, due))


def everybody(_: str | None) -> bool:
    return True


def test_a_timetable_gives_what_is_due_the_earliest_first() -> None:
    """RECONCILE-27"""
    table = Timetable()
    for number, time in ((1, 30), (2, 10), (3, 20), (4, 40)):
        table.put(number, time)
    assert (list(table.due(30)), list(table.due(30))) == ([2, 3, 1], [])
    table.drop(4)
    assert (list(table.due(99)), len(table)) == ([], 3)


def test_what_was_taken_out_comes_again_when_it_is_restored() -> None:
    table = Timetable()
    table.put(1, 10)
    taken = list(table.due(10))
    table.restore(1)
    table.restore(2)
    assert (taken, list(table.due(10))) == ([1], [1])


def test_a_moment_that_is_set_again_replaces_the_one_before() -> None:
    table = Timetable()
    for time in (10, 20, 20):
        table.put(1, time)
    assert (list(table.due(15)), list(table.due(20))) == ([], [1])


def test_a_timetable_does_not_grow_by_what_is_set_again() -> None:
    table = Timetable()
    for time in range(1000):
        table.put(1, time)
    assert len(table._heap) < 100
    assert list(table.due(1000)) == [1]


def test_dirty_devices_come_one_of_each_site_in_turn() -> None:
    """RECONCILE-27"""
    pending = Pending(site_of)
    for number, site in ((1, "a"), (2, "a"), (3, "a"), (4, "b"), (5, None)):
        pending.enter(waiting(number, due=number, site=site))
    assert list(pending.due_dirty(9, everybody)) == [1, 4, 5, 2, 3]


def test_a_site_that_is_refused_keeps_no_other_waiting() -> None:
    """RECONCILE-27"""
    pending = Pending(site_of)
    for number, site in ((1, "a"), (2, "a"), (3, "b"), (4, "b")):
        pending.enter(waiting(number, due=1, site=site))
    assert list(pending.due_dirty(9, lambda site: site == "b")) == [3, 4]
    assert list(pending.due_dirty(9, everybody)) == [1, 2]
    pending.restore([3, 4])
    assert list(pending.due_dirty(9, everybody)) == [3, 4]


def test_who_is_dirty_waits_for_an_error_or_a_token() -> None:
    """RECONCILE-35"""
    pending = Pending()
    failed = replace(a_device(1), dirty=Dirty("too large", 0))
    pending.enter(failed)
    pending.enter(waiting(2, due=0))
    assert [*pending.numbers[Reason.FAILED], *pending.numbers[Reason.WAITING]] == [1, 2]
    assert list(pending.dirty) == [1, 2]
    pending.forget(failed)
    pending.forget(waiting(2, due=0))
    assert not any(pending.numbers.values())


def test_thaws_drifts_and_leavers_are_due_each_at_its_moment() -> None:
    """RECONCILE-31, RECONCILE-34, EDGE-12"""
    pending = Pending()
    frozen = replace(a_device(1), flips={"one": Flips(1, 1, (1,), 20)})
    drifted = replace(a_device(2), drifted_at=5)
    leaving = a_device(3).with_module(replace(a_device(3).modules["m"], leaves_at=30))
    for one in (frozen, drifted, leaving, replace(a_device(4), flips={"two": Flips(1, 1, (1,))})):
        pending.enter(one)
    assert list(pending.held) == [1]
    assert list(pending.due_others(19, 4, everybody)) == []
    assert list(pending.due_others(20, 5, everybody)) == [1, 2]
    assert list(pending.due_others(30, 5, everybody)) == [3]
    pending.restore([1])
    assert list(pending.due_others(30, 5, lambda _: False)) == []
    for one in (frozen, drifted, leaving):
        pending.forget(one)
    assert not any(pending.numbers.values())


def test_a_dirty_device_is_due_as_one_only() -> None:
    pending = Pending()
    pending.enter(replace(waiting(1, due=50), drifted_at=5))
    assert list(pending.due_others(30, 30, everybody)) == []
    assert list(pending.due_dirty(50, everybody)) == [1]
    pending.forget(replace(waiting(1, due=50), drifted_at=5))
    pending.enter(replace(a_device(1), drifted_at=5))
    assert list(pending.due_others(30, 30, everybody)) == [1]


def test_of_some_numbers_those_that_are_pending_are_told() -> None:
    pending = Pending(site_of)
    pending.enter(waiting(2, due=1))
    pending.enter(replace(a_device(3), drifted_at=5))
    pending.enter(a_device(4))
    assert pending.among([1, 2, 3, 4]) == [2, 3]


def test_what_is_due_later_stays() -> None:
    pending = Pending(site_of)
    pending.enter(waiting(1, due=1))
    pending.enter(waiting(2, due=5))
    assert list(pending.due_dirty(1, everybody)) == [1]
    pending.forget(waiting(1, due=1))
    assert list(pending.due_others(9, 9, everybody)) == []
    assert list(pending.due_dirty(5, everybody)) == [2]
