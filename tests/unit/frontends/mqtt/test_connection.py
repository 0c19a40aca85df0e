from typing import Any

import pytest
from structlog.testing import capture_logs

from affinage.domain.errors import (
    DeviceNotFound,
    Disabled,
    Throttled,
    Unauthorized,
    Unavailable,
)
from affinage.domain.messages import Message
from affinage.frontends.mqtt.connection import (
    MAX_OUTSTANDING,
    MAX_OUTSTANDING_BYTES,
    MAX_UNREAD,
)
from affinage.protocol.mqtt.packets import (
    Connack,
    Connect,
    Disconnect,
    Pingreq,
    Pingresp,
    Puback,
    Publish,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
    encode,
)
from fakes.looped import looped
from fakes.mqtt_asking import answers, get, patch
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
async def test_who_does_not_say_who_it_is_is_closed_however_it_dawdles() -> None:
    """MQTT-9."""
    async with a_door() as door:
        client, words = door.call(), encode(hello())
        for at in range(3):
            client.connection.data_received(words[at : at + 1])
            assert not client.wire.is_closed
            door.timer.advance(7)
        assert client.wire.is_closed


@looped
async def test_who_is_silent_for_too_long_is_closed() -> None:
    """MQTT-8."""
    async with a_door() as door:
        client = await door.connected(keep_alive_s=20)
        door.timer.advance(29)
        await client.send(Pingreq())
        door.timer.advance(29)
        assert not client.wire.is_closed
        door.timer.advance(1)
        assert client.wire.is_closed


@looped
async def test_silence_does_not_count_while_the_hub_does_not_listen() -> None:
    async with a_door() as door:
        client = await door.connected(keep_alive_s=20)
        door.twins.gate.shut()
        await client.send(*(patch(str(n), {}) for n in range(MAX_OUTSTANDING)))
        door.timer.advance(290)
        door.twins.gate.open()
        await client.received()
        door.timer.advance(29)
        assert not client.wire.is_closed
        door.timer.advance(2)
        assert client.wire.is_closed


@looped
async def test_who_spoke_while_the_hub_stood_still_is_heard_first() -> None:
    """MQTT-8."""
    async with a_door() as door:
        client = await door.connected(keep_alive_s=20)
        door.clock.advance(300)  # a machine that is paused rings late
        door.timer.advance(0)
        assert not client.wire.is_closed
        await client.send(Pingreq())
        door.timer.advance(29)
        assert not client.wire.is_closed
        door.timer.advance(1)
        assert client.wire.is_closed


@looped
async def test_a_connection_ends_ten_minutes_after_its_token() -> None:
    """MQTT-19."""
    async with a_door() as door:
        door.access.expires_at_s = int(door.clock.now().timestamp()) + 100
        client = await door.connected(keep_alive_s=0)
        door.timer.advance(699)
        assert not client.wire.is_closed
        door.timer.advance(1)
        assert client.wire.is_closed


@looped
async def test_a_connection_with_too_many_requests_is_not_read() -> None:
    """MQTT-44."""
    async with a_door() as door:
        client = await door.connected()
        door.twins.gate.shut()
        await client.send(*(patch(str(n), {}) for n in range(MAX_OUTSTANDING - 1)))
        assert not client.wire.is_paused
        await client.send(patch("last", {}))
        assert client.wire.is_paused
        door.twins.gate.open()
        assert len(await client.received()) == MAX_OUTSTANDING
        assert not client.wire.is_paused


@looped
async def test_a_connection_with_too_much_in_its_requests_is_not_read() -> None:
    """MQTT-44."""
    async with a_door() as door:
        client = await door.connected()
        door.telemetry.gate.shut()
        topic, half = "devices/pump-1/messages/events/", bytes(MAX_OUTSTANDING_BYTES // 2)
        assert not await client.send(Publish(topic, half, 1, 1))
        assert not client.wire.is_paused
        assert not await client.send(Publish(topic, half, 1, 2))
        assert client.wire.is_paused
        door.telemetry.gate.open()
        assert await client.received() == [Puback(1), Puback(2)]
        assert not client.wire.is_paused


@looped
async def test_a_client_that_does_not_read_is_cut() -> None:
    """MQTT-45."""
    async with a_door() as door:
        client = await door.connected(DESIRED)
        client.wire.unread_bytes = MAX_UNREAD + 1
        door.sessions.tell({"fw": "2"}, 2)
        assert client.wire.is_aborted
        door.sessions.tell({"fw": "3"}, 3)


@looped
async def test_a_client_that_breaks_the_protocol_is_closed() -> None:
    """MQTT-6, MQTT-7."""
    async with a_door() as door:
        client = await door.connected()
        assert await client.send(Pingreq(), Publish("a", b"", 2, 1)) == [Pingresp()]
        assert client.wire.is_closed
        client.drop()
        await client.received()
        assert not door.sessions.connections


@looped
async def test_mqtt_5_is_told_to_speak_3_1_1() -> None:
    """MQTT-2."""
    async with a_door() as door:
        client = door.call()
        assert await client.send(Connect("", level=5)) == [Connack(session_present=False, code=1)]
        assert client.wire.is_closed


@looped
async def test_a_closed_connection_that_lingers_is_cut() -> None:
    async with a_door() as door:
        client = await door.connected()
        client.connection.close("the hub stops")
        door.timer.advance(9)
        assert not client.wire.is_aborted
        door.timer.advance(1)
        assert client.wire.is_aborted


@looped
async def test_who_says_goodbye_is_gone_and_leaves_nothing_behind() -> None:
    async with a_door() as door:
        door.access.expires_at_s = 2**40
        client = await door.connected()
        await client.send(Disconnect())
        client.drop()
        await client.received()
        assert not door.sessions.connections
        assert not door.timer.alarms


@looped
async def test_how_each_connection_ended_is_logged_once() -> None:
    async with a_door() as door:
        lost, gone, stranger = await door.connected(), await door.connected(), door.call()
        with capture_logs() as lines:
            lost.drop()  # which the newer one has taken over
            await gone.send(Disconnect())
            gone.drop()
            stranger.drop()
            (await door.connected()).drop()
    told = [(line["event"], line.get("device")) for line in lines]
    ends = [("connection closed", "pump-1"), ("connected", "pump-1"), ("connection lost", "pump-1")]
    assert told == ends


@looped
async def test_nothing_is_written_to_a_wire_that_broke_unnoticed() -> None:
    async with a_door() as door:
        client = await door.connected(DESIRED)
        client.wire.is_closed = True
        door.sessions.tell({"fw": "2"}, 2)
        assert not await client.received()


@looped
async def test_what_comes_after_the_end_is_not_done() -> None:
    async with a_door() as door:
        client = await door.connected()
        client.connection.close("the hub stops")
        assert not await client.send(patch("a", {"n": 1}))
        assert door.twins.version == 1


@looped
async def test_an_answer_that_comes_after_the_end_is_not_sent() -> None:
    async with a_door() as door:
        client = await door.connected()
        door.twins.gate.shut()
        await client.send(patch("a", {}, 1))
        client.drop()
        door.twins.gate.open()
        assert not await client.received()
        assert door.twins.version == 2


@looped
async def test_a_goodbye_that_cannot_be_stored_harms_nobody() -> None:
    async with a_door() as door:
        client = await door.connected()
        door.sessions.gate.failure = Unavailable("the commit failed")
        client.drop()
        await client.received()


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
