from typing import Any

import pytest

from affinage.domain.errors import (
    DeviceNotFound,
    Disabled,
    Throttled,
    Unauthorized,
    Unavailable,
)
from affinage.domain.messages import Message
from affinage.protocol.mqtt.packets import (
    Connack,
    Connect,
    Pingreq,
    Pingresp,
    Puback,
    Publish,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
)
from fakes.looped import looped
from fakes.mqtt_asking import answers, get
from fakes.mqtt_door import HOST, KEY, a_door, hello

DESIRED = "$iothub/twin/PATCH/properties/desired/#"
ACCEPTED = Connack(session_present=False, code=0)


@looped
async def test_who_proves_itself_is_let_in() -> None:
    async with a_door() as door:
        client = door.call(chain=[b"leaf", b"authority"])
        assert await client.send(hello()) == [ACCEPTED]
        assert door.sessions.connections == {KEY: client.connection}
        assert door.access.chains == [[b"leaf", b"authority"]]


@looped
async def test_who_returns_finds_its_subscriptions() -> None:
    """MQTT-35."""
    async with a_door() as door:
        door.sessions.filters[KEY] = {DESIRED: 0}
        client = door.call()
        assert await client.send(hello()) == [Connack(session_present=True, code=0)]
        door.sessions.tell({"fw": "2"}, 7)
        assert answers(await client.received()) == [
            ("PATCH/properties/desired/?$version=7", {"fw": "2", "$version": 7})
        ]


@looped
async def test_what_a_clean_connection_subscribes_to_ends_with_it() -> None:
    """MQTT-60."""
    async with a_door() as door:
        client = await door.connected(clean=True)
        assert await client.send(Subscribe(1, ((DESIRED, 1),))) == [Suback(1, (1,))]
        assert await client.send(Unsubscribe(2, ("other",))) == [Unsuback(2)]
        door.sessions.tell({"fw": "2"}, 2)
        assert len(await client.received()) == 1
        assert await door.call().send(hello()) == [ACCEPTED]


@looped
async def test_who_returns_clean_finds_none() -> None:
    """MQTT-35."""
    async with a_door() as door:
        door.sessions.filters[KEY] = {DESIRED: 0}
        assert await door.call().send(hello(clean=True)) == [ACCEPTED]
        assert not door.sessions.filters


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (Unauthorized("no"), 5),
        (Disabled("no"), 5),
        (DeviceNotFound("deleted meanwhile"), 5),
        (Throttled("slowly", retry_after_s=1), 3),
        (Unavailable("later"), 3),
        (KeyError("a mistake of ours"), 3),
    ],
)
@looped
async def test_who_may_not_come_in_is_told_how_and_closed(failure: Exception, code: int) -> None:
    """MQTT-15."""
    async with a_door() as door:
        door.access.failure = failure
        client = door.call()
        assert await client.send(hello()) == [Connack(session_present=False, code=code)]
        assert client.wire.is_closed
        assert not door.sessions.connections


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"password": None}, 5),
        ({"password": b"\xff"}, 5),
        ({"username": "other.test/pump-1"}, 5),
        ({"username": None, "password": None}, 5),
        ({"client_id": "pump-2"}, 2),
    ],
)
@looped
async def test_a_wrong_proof_is_refused(wrong: dict[str, Any], code: int) -> None:
    """MQTT-13, MQTT-15."""
    async with a_door() as door:
        client = door.call()
        assert await client.send(hello(**wrong)) == [Connack(session_present=False, code=code)]
        assert client.wire.is_closed


@looped
async def test_what_comes_too_early_waits_and_nothing_more_is_read() -> None:
    """MQTT-16, MQTT-44."""
    async with a_door() as door:
        door.sessions.gate.shut()
        client = door.call()
        assert not await client.send(hello(), get("1"), Pingreq())
        assert client.wire.is_paused
        door.sessions.gate.open()
        connack, ping, answer = await client.received()
        assert (connack, ping) == (ACCEPTED, Pingresp())
        assert answers([answer])[0][0] == "res/200/?$rid=1"
        assert not client.wire.is_paused


@looped
async def test_who_is_lost_while_it_is_let_in_is_not_connected() -> None:
    async with a_door() as door:
        door.sessions.gate.shut()
        client = door.call()
        await client.send(hello())
        client.drop()
        door.sessions.gate.open()
        assert not await client.received()
        assert not door.sessions.connections


@looped
async def test_a_newer_connection_closes_the_older_one() -> None:
    """MQTT-18."""
    async with a_door() as door:
        older = await door.connected()
        newer = await door.connected()
        assert older.wire.is_closed
        assert not await older.received()
        older.drop()
        assert await newer.send(Pingreq()) == [Pingresp()]
        assert door.sessions.connections == {KEY: newer.connection}


@looped
async def test_mqtt_5_is_told_to_speak_3_1_1() -> None:
    """MQTT-2."""
    async with a_door() as door:
        client = door.call()
        assert await client.send(Connect("", level=5)) == [Connack(session_present=False, code=1)]
        assert client.wire.is_closed


@looped
async def test_a_module_is_an_identity_of_its_own() -> None:
    async with a_door() as door:
        device = await door.connected()
        name = f"{HOST}/pump-1/m1/?api-version=2021-04-12"
        await door.connected(client_id="pump-1/m1", username=name)
        assert not device.wire.is_closed
        assert len(door.sessions.connections) == 2


@looped
async def test_a_client_is_asked_for_the_methods_that_it_subscribed_to() -> None:
    """METHOD-5, MQTT-28, MQTT-31"""
    async with a_door() as door:
        client = await door.connected("$iothub/methods/POST/stop/#")
        connection = door.sessions.connections[KEY]
        assert connection.invoke("stop", "7", b"null")
        assert not connection.invoke("start", "8", b"null")
        assert await client.received() == [Publish("$iothub/methods/POST/stop/?$rid=7", b"null")]
        client.drop()
        assert not connection.invoke("stop", "9", b"null")


DEVICEBOUND = "devices/pump-1/messages/devicebound/#"


@pytest.mark.parametrize(("granted", "packet_id"), [(0, 0), (1, 7)])
@looped
async def test_a_message_is_delivered_at_the_quality_of_its_subscription(
    granted: int, packet_id: int
) -> None:
    """MESSAGE-10, MESSAGE-11"""
    async with a_door() as door:
        client = await door.connected()
        await client.send(Subscribe(1, ((DEVICEBOUND, granted),)))
        connection = door.sessions.connections[KEY]
        assert connection.takes_messages
        assert connection.deliver(Message("m", b"x", 0, number=7, deliveries=1)) == granted
        [publish] = await client.received()
        assert publish[1:4] == (b"x", granted, packet_id)  # type: ignore[index]  # a PUBLISH
        await client.send(Puback(7), Puback(7), Puback(9))
        assert door.messages.completed == ([7] if granted else [])


@looped
async def test_who_leaves_a_message_unacknowledged_until_packet_ids_come_round_is_closed() -> None:
    """MESSAGE-12: it has it again when it comes back."""
    async with a_door() as door:
        client = await door.connected()
        await client.send(Subscribe(1, ((DEVICEBOUND, 1),)))
        connection = door.sessions.connections[KEY]
        assert connection.deliver(Message("m", b"x", 0, number=1)) == 1
        assert connection.deliver(Message("n", b"x", 0, number=65_536)) is None
        assert client.wire.is_closed


@looped
async def test_who_did_not_subscribe_to_messages_gets_none() -> None:
    """MESSAGE-10"""
    async with a_door() as door:
        client = await door.connected()
        connection = door.sessions.connections[KEY]
        assert not connection.takes_messages
        assert connection.deliver(Message("m", b"x", 0, number=7)) is None
        assert not await client.received()
