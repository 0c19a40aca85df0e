"""The two slots of a device, and every move between them."""

from dataclasses import replace

import pytest

from affinage.apps.simulator.firmware import (
    TRANSITIONS,
    Firmware,
    Status,
    Wish,
    begin,
    complete_image,
    confirm,
    drop,
    factory_new,
    fail,
    finish,
    recalled,
    start_from,
    told,
    wish_of,
)
from affinage.domain.values import JsonValue
from fakes.bench import START

NEW = factory_new("1.0.0")


def after(status: Status) -> Firmware:
    """A device in the midst of an update to 2.0.0."""
    *_, device = begin(NEW, "2.0.0", START)
    while device.status is not status:
        *_, device = finish(device, START)
    return device


def test_a_new_device_tells_six_texts() -> None:
    """FIRMWARE-5"""
    assert told(NEW) == {
        "currentFwVersion": "1.0.0",
        "pendingFwVersion": "",
        "fwUpdateStatus": "current",
        "fwUpdateSubstatus": "",
        "lastFwUpdateStartTime": "",
        "lastFwUpdateEndTime": "",
    }


@pytest.mark.parametrize(
    ("section", "wish"),
    [
        ({"fwVersion": "2", "fwPackageURI": "https://x"}, Wish("2", is_secure=True)),
        ({"fwVersion": "2", "fwPackageURI": "HTTPS://x"}, Wish("2", is_secure=True)),
        ({"fwVersion": "2", "fwPackageURI": "http://x"}, Wish("2", is_secure=False)),
        ({"fwVersion": "2", "fwPackageURI": 1}, Wish("2", is_secure=False)),
        ({"fwVersion": "2"}, Wish("2", is_secure=False)),
        ({"fwVersion": ""}, None),
        ({"fwVersion": 2}, None),
        ({}, None),
        (None, None),
        ("2.0.0", None),
    ],
)
def test_a_wish_is_a_version_and_whether_it_comes_securely(
    section: JsonValue, wish: Wish | None
) -> None:
    """FIRMWARE-3, FIRMWARE-4"""
    assert wish_of(section) == wish


def test_the_image_is_written_to_the_other_slot() -> None:
    """FIRMWARE-7"""
    assert after(Status.VERIFYING).slots == ("1.0.0", "1.0.0")
    assert after(Status.APPLYING).slots == ("1.0.0", "")
    assert after(Status.REBOOTING).slots == ("1.0.0", "2.0.0")


def test_a_version_is_confirmed_by_a_start_from_its_slot() -> None:
    """FIRMWARE-8"""
    started = start_from(after(Status.REBOOTING), 1)
    assert started.confirmed == "1.0.0"
    restarted, current = confirm(started, START)
    assert (restarted.status, restarted.confirmed) == (Status.REBOOTING, "1.0.0")
    assert (current.status, current.confirmed, current.pending) == (Status.CURRENT, "2.0.0", "")


def test_a_start_from_the_old_slot_confirms_nothing() -> None:
    with pytest.raises(AssertionError, match="only a start from the new slot"):
        confirm(start_from(after(Status.REBOOTING), 0), START)


def test_no_device_starts_from_a_half_written_slot() -> None:
    with pytest.raises(AssertionError, match="half written"):
        start_from(after(Status.APPLYING), 1)
    assert start_from(complete_image(after(Status.APPLYING)), 1).active == 1


def test_a_failure_pauses_and_then_rolls_back() -> None:
    """FIRMWARE-11"""
    (failed,) = fail(after(Status.VERIFYING), "2.0.0", "It leaks")
    assert (failed.status, failed.substatus, failed.pending) == (Status.ERROR, "It leaks", "2.0.0")
    (back,) = finish(failed, START)
    assert (back.status, back.confirmed) == (Status.ROLLED_BACK, "1.0.0")
    assert back.substatus == "Rolled back to: 1.0.0 (It leaks)"
    assert back.ended == "2026-03-02T08:00:00Z"


def test_a_dropped_update_leaves_the_device_current() -> None:
    (dropped,) = drop(after(Status.DOWNLOADING))
    assert told(dropped) == {**told(NEW), "lastFwUpdateStartTime": "2026-03-02T08:00:00Z"}


@pytest.mark.parametrize("status", [Status.APPLYING, Status.REBOOTING])
def test_what_is_being_written_cannot_be_dropped(status: Status) -> None:
    with pytest.raises(KeyError):
        drop(after(status))


def test_every_status_has_a_way_on() -> None:
    """FIRMWARE-6"""
    assert {*TRANSITIONS} == {*Status}
    assert {status for row in TRANSITIONS.values() for status in row.values()} == {*Status}


def test_a_device_recalls_the_version_that_it_told_last() -> None:
    """FIRMWARE-12"""
    midway = told(replace(after(Status.APPLYING), confirmed="1.5.0"))
    device = recalled(midway, NEW)
    assert (device.confirmed, device.slots, device.active) == ("1.5.0", ("1.5.0", ""), 0)
    assert (device.status, device.pending, device.substatus) == (Status.CURRENT, "", "")
    assert device.started == "2026-03-02T08:00:00Z"


def test_a_device_recalls_its_failure() -> None:
    """FIRMWARE-12"""
    (failed,) = fail(after(Status.VERIFYING), "2.0.0", "It leaks")
    (back,) = finish(failed, START)
    device = recalled(told(back), NEW)
    assert told(device) == told(back)


@pytest.mark.parametrize("section", [None, "1", {}, {"currentFwVersion": ""}])
def test_a_device_that_told_nothing_is_as_it_left_the_factory(section: JsonValue) -> None:
    assert recalled(section, NEW) is NEW
