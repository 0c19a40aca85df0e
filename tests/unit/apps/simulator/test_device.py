"""What a device tells of itself."""

from dataclasses import replace

from affinage.apps.simulator.device import new_device, reported
from affinage.apps.simulator.profile import Profile, Timings

DEVICE = new_device(Profile("CC-1", "42", "A", firmware="1.2.3"))


def test_a_new_device_tells_five_sections() -> None:
    """FIRMWARE-2"""
    assert {*reported(DEVICE)} == {"deviceInfo", "hardware", "firmware", "software", "network"}


def test_a_new_device_holds_the_firmware_of_its_profile_in_both_slots() -> None:
    assert DEVICE.firmware.slots == ("1.2.3", "1.2.3")
    assert DEVICE.timings == Timings()


def test_what_is_no_section_is_acknowledged_as_an_empty_one() -> None:
    """FIRMWARE-14"""
    odd = replace(DEVICE, desired={"software": 5, "network": {"apn": "cave"}})
    assert reported(odd)["software"] == {"status": "current"}
    assert reported(odd)["network"] == {"apn": "cave", "status": "current"}
