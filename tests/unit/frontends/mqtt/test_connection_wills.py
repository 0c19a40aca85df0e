"""What a client leaves behind: said for it when it is lost, and in no other case."""

from typing import Any

import pytest

from affinage.domain.errors import Unavailable
from affinage.frontends.mqtt.connection import MAX_UNREAD
from affinage.protocol.mqtt.packets import Connect, Disconnect, Publish, Will, encode
from affinage.protocol.topics import TwinGet
from fakes.looped import looped
from fakes.mqtt_door import Client, Door, a_door, hello

TOPIC = "devices/pump-1/messages/events/a=b"
SAID = [({"a": "b"}, b"gone")]


def leaving(**connect: Any) -> Connect:
    return hello(will=Will(TOPIC, b"gone"), **connect)


async def connected(door: Door, **connect: Any) -> Client:
    client = door.call()
    await client.send(leaving(**connect))
    return client


@looped
async def test_a_lost_client_has_its_will() -> None:
    """MQTT-17."""
    async with a_door() as door:
        client = await connected(door)
        await client.received()
        assert not door.telemetry.wills
        client.drop()
        assert door.telemetry.wills == SAID


@looped
async def test_who_says_goodbye_has_none() -> None:
    """MQTT-17."""
    async with a_door() as door:
        client = await connected(door)
        await client.send(Disconnect())
        client.drop()
        assert not door.telemetry.wills


@looped
async def test_a_client_that_is_taken_over_has_its_will_at_once_and_once() -> None:
    """MQTT-17."""
    async with a_door() as door:
        older = await connected(door)
        newer = await door.connected()
        assert door.telemetry.wills == SAID
        older.drop()
        await newer.send(Disconnect())
        newer.drop()
        assert door.telemetry.wills == SAID


@looped
async def test_a_silent_client_has_its_will() -> None:
    """MQTT-8, MQTT-17."""
    async with a_door() as door:
        client = await connected(door, keep_alive_s=60)
        door.timer.advance(91)
        assert client.wire.is_closed
        assert door.telemetry.wills == SAID


@pytest.mark.parametrize("packet", [Publish(TOPIC, b"", 2, 1), Publish("devices/other/x")])
@looped
async def test_a_client_that_breaks_the_protocol_has_its_will(packet: Publish) -> None:
    """MQTT-17."""
    async with a_door() as door:
        client = await connected(door)
        await client.send(packet)
        assert door.telemetry.wills == SAID


@looped
async def test_a_client_that_does_not_read_has_its_will() -> None:
    """MQTT-17, MQTT-45."""
    async with a_door() as door:
        client = await connected(door)
        client.wire.unread_bytes = MAX_UNREAD + 1
        await client.send(Publish(TwinGet("1").topic))
        assert client.wire.is_aborted
        client.drop()
        assert door.telemetry.wills == SAID


@looped
async def test_a_hub_that_stops_has_lost_nobody() -> None:
    """MQTT-17."""
    async with a_door() as door:
        client = await connected(door)
        client.connection.close("the hub stops")
        client.drop()
        assert not door.telemetry.wills


@looped
async def test_who_was_not_let_in_has_no_will() -> None:
    """MQTT-17."""
    async with a_door() as door:
        client = await connected(door, password=b"wrong")
        client.drop()
        door.sessions.gate.shut()
        early = await connected(door)
        early.drop()
        door.sessions.gate.open()
        await early.received()
        assert not door.telemetry.wills


@looped
async def test_a_will_comes_behind_what_the_client_sent_itself() -> None:
    """MQTT-17, MQTT-40."""
    async with a_door() as door:
        client = await connected(door)
        said = [Publish(TwinGet("1").topic), Publish("devices/pump-1/messages/events/", b"1")]
        client.connection.data_received(b"".join(map(encode, said)))
        client.drop()
        assert not door.telemetry.sent  # the twin is being read, and it is not their turn
        await client.received()
        assert [body for _, body in door.telemetry.sent] == [b"1", b"gone"]


@looped
async def test_a_will_that_cannot_be_kept_harms_nobody() -> None:
    async with a_door() as door:
        client = await connected(door)
        door.telemetry.gate.failure = Unavailable("the disk failed")
        client.drop()
        await client.received()
        assert door.telemetry.wills == SAID
