"""frontends/mqtt/figures.py."""

import pytest

from affinage.frontends.mqtt.figures import Ending, MqttFigures, ending_of
from affinage.protocol.mqtt.packets import Disconnect
from fakes.looped import looped
from fakes.mqtt_door import a_door, hello


@pytest.mark.parametrize(
    ("reason", "ending"),
    [
        ("taken over by a newer connection", Ending.TAKEN_OVER),
        ("silent for 90 of 90 s", Ending.SILENT),
        ("refused: unknown", Ending.REFUSED),
        ("its proof has expired", Ending.EXPIRED),
        ("the device was disabled", Ending.REVOKED),
        ("the identity was deleted", Ending.REVOKED),
        ("the key or certificate that it came in by was replaced", Ending.REVOKED),
        ("the policy that let it in was changed or deleted", Ending.REVOKED),
        ("the authority that let it in was changed or deleted", Ending.REVOKED),
        ("the hub stops", Ending.STOPPED),
        ("a packet of kind 0", Ending.PROTOCOL),
    ],
)
def test_a_reason_is_one_of_a_few(reason: str, ending: Ending) -> None:
    assert ending_of(reason) is ending


@looped
async def test_connections_are_counted_as_they_come_and_go() -> None:
    async with a_door() as door:
        figures = door.needs.figures
        client, other = await door.connected(), door.call()
        other.drop()
        await client.send(Disconnect())
        client.drop()
    assert (figures.opened, figures.admitted) == (2, 1)
    assert figures.closed == {Ending.LOST: 1, Ending.GOODBYE: 1}


@looped
async def test_who_is_refused_is_counted_so() -> None:
    async with a_door() as door:
        door.access.failure = ValueError("no")
        client = door.call()
        await client.send(hello())
        client.drop()
        assert door.needs.figures.closed == {Ending.REFUSED: 1}


def test_connections_that_are_open_are_those_that_did_not_end() -> None:
    figures = MqttFigures()
    figures.opened, figures.closed[Ending.LOST] = 3, 1
    found = {family.name: family.samples[0].value for family in figures.families()}
    assert found["affinage_mqtt_connections"] == 2
