import json
from typing import Any

import pytest

from affinage.domain.errors import (
    DeviceNotFound,
    Disabled,
    Throttled,
    TooLarge,
    Unauthorized,
    Unavailable,
    VersionMismatch,
)
from affinage.frontends.mqtt.connection import MAX_OUTSTANDING, MAX_UNREAD
from affinage.protocol.mqtt.packets import (
    Connack,
    Connect,
    Disconnect,
    Packet,
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
from affinage.protocol.topics import MethodAnswer, ReportedPatch, TwinGet
from fakes.looped import looped
from fakes.mqtt_door import HOST, KEY, a_door, hello

DESIRED = "$iothub/twin/PATCH/properties/desired/#"
RESPONSES = "$iothub/twin/res/#"
ACCEPTED = Connack(session_present=False, code=0)


def patch(rid: str, payload: object, packet_id: int = 0, version: int | None = None) -> Publish:
    topic = ReportedPatch(rid, version).topic
    return Publish(topic, json.dumps(payload).encode(), 1 if packet_id else 0, packet_id)


def get(rid: str) -> Publish:
    return Publish(TwinGet(rid).topic, b" ")


def answers(packets: list[Packet]) -> list[tuple[str, Any]]:
    """What was published, as the rest of the topic and the payload's JSON."""
    return [
        (packet.topic.removeprefix("$iothub/twin/"), json.loads(packet.payload or b"null"))
        for packet in packets
        if isinstance(packet, Publish)
    ]


@looped
async def test_who_proves_itself_is_let_in() -> None:
    async with a_door() as door:
        client = door.call(chain=[b"leaf", b"authority"])
        assert await client.send(hello()) == [ACCEPTED]
        assert door.sessions.connections == {KEY: client.connection}
        assert door.access.certificates == [b"leaf"]


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
            door.timer.advance(20)
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
async def test_a_twin_is_read_without_a_subscription() -> None:
    """MQTT-24, MQTT-50."""
    async with a_door() as door:
        client = await door.connected()
        assert answers(await client.send(get("r1"))) == [
            ("res/200/?$rid=r1", {"desired": {"$version": 1}, "reported": {"$version": 1}})
        ]


@looped
async def test_a_report_is_answered_with_its_new_version() -> None:
    """MQTT-25, MQTT-51."""
    async with a_door() as door:
        client = await door.connected()
        puback, answer = await client.send(patch("r2", {"a": 1}, packet_id=9, version=1))
        assert puback == Puback(9)
        assert answers([answer]) == [("res/204/?$rid=r2&$version=2", None)]
        assert (door.twins.reported, door.twins.expected) == ({"a": 1}, [1])


@looped
async def test_reports_share_a_commit_and_are_answered_after_it() -> None:
    """MQTT-40."""
    async with a_door() as door:
        client = await door.connected()
        door.twins.gate.shut()
        assert not await client.send(patch("a", {"n": 1}, 1), patch("b", {"n": 2}, 2))
        door.twins.gate.open()
        topics = [topic for topic, _ in answers(await client.received())]
        assert topics == ["res/204/?$rid=a&$version=2", "res/204/?$rid=b&$version=3"]
        assert door.twins.commits == [[{"n": 1}, {"n": 2}]]


@looped
async def test_a_twin_is_read_between_the_report_before_and_the_report_behind() -> None:
    """MQTT-40."""
    async with a_door() as door:
        client = await door.connected()
        door.twins.gate.shut()
        await client.send(patch("a", {"n": 1}), get("b"), patch("c", {"n": 2}))
        door.twins.gate.open()
        _, (_, read), (last, _) = answers(await client.received())
        assert read["reported"] == {"n": 1, "$version": 2}
        assert last == "res/204/?$rid=c&$version=3"


@looped
async def test_news_do_not_overtake_the_twin_that_was_asked_for_before() -> None:
    """MQTT-41."""
    async with a_door() as door:
        client = await door.connected(DESIRED)
        door.twins.gate.shut()
        await client.send(patch("a", {}), get("b"))
        door.sessions.tell({"fw": "2"}, 2)
        door.twins.gate.open()
        topics = [topic.partition("?")[0] for topic, _ in answers(await client.received())]
        assert topics == ["res/204/", "res/200/", "PATCH/properties/desired/"]


@pytest.mark.parametrize(
    ("payload", "message"),
    [(b"{", "not JSON"), (b"", "not JSON"), (b"[1]", "not an object"), (b"[" * 9999, "not JSON")],
)
@looped
async def test_a_report_that_is_no_object_is_refused(payload: bytes, message: str) -> None:
    """MQTT-52."""
    async with a_door() as door:
        client = await door.connected()
        [(topic, body)] = answers(await client.send(Publish(ReportedPatch("r").topic, payload)))
        assert topic == "res/400/?$rid=r"
        assert body["errorCode"] == 400004
        assert message in body["message"]


@pytest.mark.parametrize(
    ("failure", "status", "message"),
    [
        (TooLarge("reported would take 40000 of 32768 bytes"), 413, "40000 of 32768"),
        (VersionMismatch("reported is at 3, not 2"), 412, "at 3"),
        (Unavailable("the commit failed"), 503, "commit failed"),
        (KeyError("a mistake of ours"), 500, "internal error"),
    ],
)
@looped
async def test_a_refusal_is_one_answer_and_the_connection_lives(
    failure: Exception, status: int, message: str
) -> None:
    """MQTT-53, MQTT-55."""
    async with a_door() as door:
        client = await door.connected()
        door.twins.gate.failure = failure
        puback, *rest = await client.send(patch("r", {}, packet_id=1))
        [(topic, body)] = answers(rest)
        assert (puback, topic) == (Puback(1), f"res/{status}/?$rid=r")
        assert message in body["message"]
        assert await client.send(Pingreq()) == [Pingresp()]


@looped
async def test_a_twin_that_cannot_be_read_is_answered_after_a_while() -> None:
    """MQTT-56: a Python client asks again at once, for ever."""
    async with a_door() as door:
        client = await door.connected()
        door.twins.gate.failure = Unavailable("starting")
        assert not await client.send(get("r"))
        door.timer.advance(1)
        [(topic, _)] = answers(await client.received())
        assert topic == "res/503/?$rid=r"


@looped
async def test_a_subscription_is_acknowledged_when_it_is_stored() -> None:
    """MQTT-34."""
    async with a_door() as door:
        client = await door.connected()
        door.sessions.gate.shut()
        assert not await client.send(Subscribe(1, ((DESIRED, 1),)), Subscribe(2, ((RESPONSES, 0),)))
        door.sessions.tell({"fw": "2"}, 2)
        door.sessions.gate.open()
        packets = await client.received()
        assert packets[:2] == [Suback(1, (1,)), Suback(2, (0,))]
        assert len(answers(packets)) == 1
        assert door.sessions.filters[KEY] == {DESIRED: 1, RESPONSES: 0}


@looped
async def test_what_was_unsubscribed_is_forgotten() -> None:
    async with a_door() as door:
        client = await door.connected(DESIRED, RESPONSES)
        assert await client.send(Unsubscribe(3, (DESIRED,))) == [Unsuback(3)]
        door.sessions.tell({"fw": "2"}, 2)
        assert not await client.received()
        assert door.sessions.filters[KEY] == {RESPONSES: 0}


@looped
async def test_a_subscription_that_cannot_be_stored_closes() -> None:
    async with a_door() as door:
        client = await door.connected()
        door.sessions.gate.failure = Unavailable("the commit failed")
        assert not await client.send(Subscribe(1, ((DESIRED, 1),)))
        assert client.wire.is_closed


@looped
async def test_messages_and_answers_to_methods_are_acknowledged() -> None:
    """MQTT-26, MQTT-27."""
    async with a_door() as door:
        client = await door.connected()
        message = Publish("devices/pump-1/messages/events/", b"21", 1, 1)
        late = Publish(MethodAnswer(200, "1").topic, b"", 1, 2)
        assert await client.send(message, late) == [Puback(1), Puback(2)]
        assert door.sessions.touched == 1


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
