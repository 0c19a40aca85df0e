import pytest

from affinage.domain.errors import (
    Throttled,
    TooLarge,
    Unavailable,
    VersionMismatch,
)
from affinage.protocol.mqtt.packets import (
    Connack,
    Pingreq,
    Pingresp,
    Puback,
    Publish,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
)
from affinage.protocol.topics import MethodAnswer, ReportedPatch
from fakes.looped import looped
from fakes.mqtt_asking import answers, get, patch
from fakes.mqtt_door import KEY, a_door, hello

DESIRED = "$iothub/twin/PATCH/properties/desired/#"
RESPONSES = "$iothub/twin/res/#"


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
        (Throttled("too many operations", retry_after_s=1), 429, "too many"),
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


@looped
async def test_a_message_is_acknowledged_once_it_is_kept_and_in_its_turn() -> None:
    """MQTT-26, MQTT-40, EVENT-8"""
    async with a_door() as door:
        client = await door.connected()
        door.telemetry.gate.shut()
        topic = "devices/pump-1/messages/events/a=b&%24.ct=text%2Fplain"
        messages = [Publish(topic, b"%d" % number, 1, number) for number in (1, 2)]
        assert not await client.send(*messages, Subscribe(3, ((DESIRED, 1),)))
        door.telemetry.gate.open()
        assert await client.received() == [Puback(1), Puback(2), Suback(3, (1,))]
        bag = {"a": "b", "$.ct": "text/plain"}
        assert door.telemetry.sent == [(bag, b"1"), (bag, b"2")]


@looped
async def test_who_is_told_a_message_reads_the_report_before_it_and_not_the_one_behind() -> None:
    """MQTT-40"""
    async with a_door() as door:
        client = await door.connected()
        door.twins.gate.shut()
        door.telemetry.gate.shut()
        message = Publish("devices/pump-1/messages/events/", b"", 1, 2)
        assert not await client.send(patch("a", {"n": 1}, 1), message, patch("b", {"n": 2}, 3))
        assert not door.telemetry.sent
        door.twins.gate.open()
        await client.received()
        assert (door.twins.version, len(door.telemetry.sent)) == (2, 1)
        door.telemetry.gate.open()
        assert Puback(3) in await client.received()
        assert door.twins.version == 3


@looped
async def test_what_an_older_connection_reported_is_not_done_after_what_a_newer_one_did() -> None:
    """MQTT-40: it waited behind a message, and would come back as the last word."""
    async with a_door() as door:
        older = await door.connected()
        door.telemetry.gate.shut()
        await older.send(
            Publish("devices/pump-1/messages/events/", b"", 1, 1), patch("a", {"n": 1})
        )
        older.drop()
        newer = await door.connected()
        assert not await newer.send(patch("b", {"n": 2}))
        door.telemetry.gate.open()
        assert answers(await newer.received()) == [("res/204/?$rid=b&$version=3", None)]
        assert door.twins.reported == {"n": 2}
        newer.drop()
        assert not door.needs.turns, "what nobody waits for is kept"


@pytest.mark.parametrize("at_once", [True, False])
@looped
async def test_a_message_that_is_not_kept_is_not_acknowledged_and_closes(at_once: bool) -> None:
    """EVENT-8"""
    async with a_door() as door:
        client = await door.connected()
        failure = Unavailable("no space left")
        door.telemetry.refusal = failure if at_once else None
        door.telemetry.gate.failure = failure
        assert not await client.send(Publish("devices/pump-1/messages/events/", b"", 1, 1))
        assert client.wire.is_closed


@looped
async def test_an_answer_to_a_method_is_passed_on_behind_what_was_reported_before() -> None:
    """METHOD-13, MQTT-27, MQTT-40"""
    async with a_door() as door:
        client = await door.connected()
        door.twins.gate.shut()
        answer = Publish(MethodAnswer(-3, "abc").topic, b"{}", 1, 2)
        assert not await client.send(patch("a", {"n": 1}), answer)
        assert not door.methods.answers
        door.twins.gate.open()
        assert (await client.received())[-1] == Puback(2)
        assert door.methods.answers == [("abc", -3, b"{}")]


@looped
async def test_whoever_is_let_in_or_has_subscribed_can_be_reached() -> None:
    async with a_door() as door:
        client = await door.connected()
        assert door.sessions.ready_again == [KEY]
        await client.send(Subscribe(1, ((DESIRED, 1),)))
        assert door.sessions.ready_again == [KEY, KEY]


@looped
async def test_a_message_waits_for_its_turn_and_the_others_behind_it() -> None:
    """THROTTLE-7, MQTT-40."""
    async with a_door() as door:
        client = await door.connected()
        door.telemetry.waits = [3.0]
        first, second = (
            Publish(f"devices/pump-1/messages/events/n={n}", b"", 1, n) for n in (1, 2)
        )
        assert not await client.send(first, second, patch("r", {"n": 1}, 3))
        door.timer.advance(2.9)
        assert not await client.received()
        door.timer.advance(0.2)
        await client.received()
        assert [bag for bag, _ in door.telemetry.sent] == [{"n": "1"}, {"n": "2"}]
        assert door.twins.version == 2


@looped
async def test_what_waits_for_its_turn_when_the_connection_ends_is_sent_all_the_same() -> None:
    """THROTTLE-7."""
    async with a_door() as door:
        client = await door.connected()
        door.telemetry.waits = [3.0]
        await client.send(Publish("devices/pump-1/messages/events/", b"hot", 1, 1))
        client.drop()
        door.timer.advance(3.1)
        await client.received()
        assert door.telemetry.sent == [({}, b"hot")]


@looped
async def test_who_comes_again_and_again_with_what_has_to_wait_is_not_let_in() -> None:
    """THROTTLE-8."""
    async with a_door() as door:
        client = await door.connected()
        door.telemetry.waits = [3.0]
        said = [Publish("devices/pump-1/messages/events/", b"", 1, n) for n in range(1, 66)]
        await client.send(*said)
        client.drop()
        assert await door.call().send(hello()) == [Connack(session_present=False, code=3)]
        door.timer.advance(3.1)
        await client.received()
        assert await door.call().send(hello()) == [Connack(session_present=False, code=0)]
        assert len(door.telemetry.sent) == 65


@looped
async def test_who_sends_more_than_its_turn_admits_is_not_read() -> None:
    """THROTTLE-7, MQTT-44."""
    async with a_door() as door:
        client = await door.connected()
        door.telemetry.waits = [3.0]
        said = [Publish("devices/pump-1/messages/events/", b"", 1, n) for n in range(1, 65)]
        assert not await client.send(*said)
        assert client.wire.is_paused
        door.timer.advance(3.1)
        assert await client.received() == [Puback(n) for n in range(1, 65)]
        assert not client.wire.is_paused
