"""Who belongs to a fleet."""

from dataclasses import replace

from affinage.apps.simulator.faults import Kind, Risk
from affinage.apps.simulator.members import members_of
from affinage.apps.simulator.profile import Timings
from affinage.apps.simulator.settings import SimulatorSettings
from affinage.clients.trust import trust
from affinage.domain.values import JsonObject
from affinage.protocol.connection_strings import ConnectionString

HUB = ConnectionString("cave.test", policy="iothubowner", key="a2V5")
SETTINGS = SimulatorSettings(HUB, trust(), count=40, prefix="pump", seed=7)


def test_the_same_settings_give_the_same_fleet() -> None:
    """FIRMWARE-13"""
    assert members_of(SETTINGS) == members_of(SETTINGS)
    assert members_of(SETTINGS) != members_of(replace(SETTINGS, seed=8))


def test_ids_are_numbered_behind_their_prefix() -> None:
    members = members_of(SETTINGS)
    assert [member.id for member in members][:2] == ["pump-00000", "pump-00001"]
    assert len(members) == 40


def test_a_larger_fleet_begins_with_the_smaller_one() -> None:
    assert members_of(SETTINGS)[:5] == members_of(replace(SETTINGS, count=5))


def test_every_device_has_the_settings_timings_and_firmware() -> None:
    settings = replace(SETTINGS, timings=Timings().scaled(0.5), firmware="0.9")
    devices = [member.device for member in members_of(settings)]
    assert {device.timings.downloading for device in devices} == {15}
    assert {device.firmware.confirmed for device in devices} == {"0.9"}


def test_risks_find_their_victims_by_tags_and_by_hardware() -> None:
    risks = (
        Risk(Kind.HARDWARE, where=(("revision", "B"), ("site.city", "Lyon"))),
        Risk(Kind.SILENCE, where=(("ring", "2"),)),
    )
    tags: JsonObject = {"site": {"city": "Lyon"}, "ring": 2}
    for member in members_of(replace(SETTINGS, tags=tags, risks=risks)):
        is_b = member.device.profile.revision == "B"
        assert member.device.faults.strike(Kind.HARDWARE, "2") is is_b
        assert member.device.faults.strike(Kind.SILENCE, "2")
        assert member.tags == tags
