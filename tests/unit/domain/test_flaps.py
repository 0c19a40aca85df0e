"""Memberships that come and go by themselves."""

from msgspec.structs import replace

from affinage.domain.device import Device, Flips
from affinage.domain.flaps import MAX_FLIPS, WITHIN, frozen, membership, next_thaw
from affinage.domain.rulebook import Rulebook
from fakes.reconciling import a_device, configured, rulebook, run, tagged

MINUTE = 60_000
BOOK = rulebook(configured("one", {"properties.desired.a": 1}, "tags.on = true"))


def switched(
    device: Device, book: Rulebook, *moments: int, edited: str | None = None
) -> list[bool]:
    """Whether it carries the configuration after its tag was turned at each moment."""
    return [bool(after.carried) for after in turned(device, book, *moments, edited=edited)]


def turned(
    device: Device, book: Rulebook, *moments: int, edited: str | None = None
) -> list[Device]:
    found = []
    for at in moments:
        device = tagged(device, {"on": not device.twin.tags.get("on", False)})
        device, _ = run(device, book, at=at, edited=edited)
        found.append(device)
    return found


def test_after_three_flips_in_an_hour_a_membership_stays_as_it_is() -> None:
    """RECONCILE-29, RECONCILE-30"""
    begins_and_flips = [minute * MINUTE for minute in range(MAX_FLIPS + 3)]
    carried = switched(a_device(), BOOK, *begins_and_flips)
    assert carried == [True, False, True, False, False, False]


def test_flips_over_more_than_an_hour_are_no_matter() -> None:
    """RECONCILE-32"""
    carried = switched(a_device(), BOOK, *(turn * WITHIN // 3 for turn in range(8)))
    assert carried == [True, False] * 4


def test_one_that_begins_anew_long_after_it_ended_has_not_flipped() -> None:
    """RECONCILE-29"""
    last = turned(a_device(), BOOK, 0, 1, 1 + WITHIN)[-1]
    assert last.flips == {}


def test_a_frozen_membership_is_remembered_with_the_moment_when_it_thaws() -> None:
    """RECONCILE-30, RECONCILE-31"""
    device = turned(a_device(), BOOK, 0, 1, 2, 3, 4)[-1]
    assert device.flips == {"one": Flips(1, 1, (1, 2, 3), 4 + WITHIN)}
    assert (frozen(device.flips), next_thaw(device.flips)) == (["one"], 4 + WITHIN)
    assert run(device, BOOK, at=5)[0] is device


def test_when_the_hour_is_over_it_is_what_its_condition_says_and_counts_anew() -> None:
    """RECONCILE-31"""
    device = turned(a_device(), BOOK, 0, 1, 2, 3, 4)[-1]
    thawed, _ = run(device, BOOK, at=4 + WITHIN)
    assert (thawed.carried, thawed.flips) == ({"one": 1}, {})
    assert switched(thawed, BOOK, *(5 + WITHIN + turn for turn in range(3))) == [False, True, False]


def test_a_membership_that_wants_nothing_when_it_thaws_is_forgotten() -> None:
    """RECONCILE-31"""
    device = turned(a_device(), BOOK, 0, 1, 2, 3, 4, 5)[-1]
    thawed, events = run(device, BOOK, at=4 + WITHIN)
    assert (thawed.carried, thawed.flips, events) == ({}, {}, ())


def test_an_edited_configuration_thaws() -> None:
    """RECONCILE-31"""
    device = turned(a_device(), BOOK, 0, 1, 2, 3, 4)[-1]
    edited = BOOK.with_rule(replace(BOOK.rules["one"].configuration, etag=2))
    after, _ = run(device, edited, at=5, edited="one")
    assert (after.carried, after.flips) == ({"one": 1}, {})


def test_a_deleted_configuration_leaves_nothing_frozen() -> None:
    """RECONCILE-31"""
    device = turned(a_device(), BOOK, 0, 1, 2, 3, 4)[-1]
    assert run(device, Rulebook(), at=5)[0].flips == {}


def test_what_a_sweep_for_it_changes_is_no_flip() -> None:
    """RECONCILE-29"""
    found = turned(a_device(), BOOK, *range(9), edited="one")
    assert ([bool(one.carried) for one in found], found[-1].flips) == (
        [True, False] * 4 + [True],
        {},
    )


def test_a_module_flips_for_itself() -> None:
    """RECONCILE-30"""
    on = "FROM devices.modules WHERE moduleId = 'm' AND tags.on = true"
    book = rulebook(configured("one", {"properties.desired.a": 1}, on, kind="module"))
    device, listed = a_device(modules=["m", "n"]), []
    for at in range(6):
        device = tagged(device, {"on": at % 2 == 0}, "m")
        device, _ = run(device, book, at=at)
        listed.append("one" in device.modules["m"].twin.statuses)
    assert listed == [True, False, True, False, False, False]
    assert frozen(device.flips) == [membership("one", "m")] == ["one m"]


def test_of_two_configurations_each_flips_for_itself() -> None:
    """RECONCILE-30"""
    book = BOOK.with_rule(configured("two", {"properties.desired.b": 1}))
    device = turned(a_device(), book, 0, 1, 2, 3, 4)[-1]
    assert (device.carried, frozen(device.flips)) == ({"two": 1}, ["one"])


def test_flips_that_are_over_go_when_others_are_written() -> None:
    """RECONCILE-32"""
    book = BOOK.with_rule(configured("two", {"properties.desired.b": 1}, "tags.two = true"))
    device = turned(a_device(), book, 0, 1)[-1]
    device, _ = run(tagged(device, {"two": True}), book, at=2)
    later, _ = run(tagged(device, {"two": False}), book, at=2 + WITHIN)
    assert later.flips.keys() == {"two"}


def test_who_never_flipped_thaws_never() -> None:
    assert (next_thaw({}), frozen({})) == (None, [])
    assert next_thaw({"one": Flips(1, 1, (1,))}) is None
