"""A connection that registers, from its CONNECT to the end."""

import asyncio
import json
from typing import Any

import pytest

from affinage.domain.errors import RegistrationNotFound, Throttled
from affinage.domain.values import JsonObject
from affinage.frontends.http.registrations import MAX_ASK
from affinage.frontends.mqtt.needs import Needs
from affinage.frontends.mqtt.registering import PROVEN_S, REGISTERING_S, Registering
from affinage.protocol.mqtt.packets import (
    Connack,
    Connect,
    Packet,
    Puback,
    Publish,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
)
from affinage.protocol.mqtt.session import Requested
from affinage.protocol.mqtt.tickets import Ticket
from affinage.protocol.registering import ANSWERS, Poll, Register, RegistrationAnswer, parse_answer
from affinage.services.provisioning.arrivals import Arrival
from fakes.looped import looped
from fakes.mqtt_door import TOKEN, Client, Door, a_door, hello

NAME = "0ne00ABCDEF/registrations/Dev1/api-version=2019-03-31&ClientVersion=x"
ACCEPTED = Connack(session_present=False, code=0)


def coming(**connect: Any) -> Connect:
    return hello(**{"client_id": "Dev1", "username": NAME, **connect})


async def let_in(door: Door, **connect: Any) -> Client:
    client = door.call(chain=[b"leaf"])
    assert await client.send(coming(**connect)) == [ACCEPTED]
    return client


def told(packets: list[Packet]) -> tuple[RegistrationAnswer, JsonObject]:
    """The one answer among what came."""
    [answer] = [packet for packet in packets if isinstance(packet, Publish)]
    return parse_answer(answer.topic), json.loads(answer.payload)


def register(body: bytes = b'{"registrationId":"dev1"}', *, qos: int = 0) -> Publish:
    return Publish(Register("r").topic, body, qos, packet_id=qos)


@looped
async def test_a_device_registers_and_polls() -> None:
    """REGISTER-4, REGISTER-21."""
    async with a_door() as door:
        client = await let_in(door)
        assert await client.send(Subscribe(1, ((ANSWERS, 1),))) == [Suback(1, (1,))]
        puback, answer = await client.send(register(qos=1))
        assert puback == Puback(1)
        begun = (RegistrationAnswer(202, "r", 3), {"operationId": "5.1", "status": "assigning"})
        assert told([answer]) == begun
        result, document = told(await client.send(Publish(Poll("s", "5.1").topic, b" ")))
        assert result == RegistrationAnswer(200, "s")
        assert document["registrationState"] == {"deviceId": "Dev1"}


@looped
async def test_provisioning_is_told_all_that_the_client_showed() -> None:
    """REGISTER-3."""
    async with a_door() as door:
        client = await let_in(door, clean=False)
        await client.send(register(b'{"payload":[1],"tpm":{"endorsementKey":"RUs="}}'))
        [came] = door.registrations.came
        assert (came.id_scope, came.registration_id) == ("0ne00ABCDEF", "Dev1")
        assert (came.token, came.chain, came.api_version) == (TOKEN, [b"leaf"], "2019-03-31")
        assert (came.door, came.tpm and came.tpm.endorsement_key) == ("mqtt", "RUs=")
        assert door.registrations.payloads == [[1]]


@looped
async def test_a_stranger_is_let_in_and_told_nothing_when_it_asks() -> None:
    """REGISTER-3, REGISTER-22, REGISTER-23."""
    async with a_door() as door:
        client = await let_in(door, password=None)
        refused, body = told(await client.send(register()))
        assert refused == RegistrationAnswer(401, "r")
        assert (body["errorCode"], body["message"]) == (401002, "Unauthorized")
        assert body.keys() == {"errorCode", "trackingId", "message", "timestampUtc"}


@looped
async def test_a_device_that_is_throttled_is_told_when_to_come_again() -> None:
    """REGISTER-24, REGISTER-26."""
    async with a_door() as door:
        door.registrations.failure = Throttled("too many registrations", retry_after_s=2.1)
        refused, body = told(await (await let_in(door)).send(register()))
        assert (refused, body["errorCode"]) == (RegistrationAnswer(429, "r", 3), 429001)
        refused, _ = told(await (await let_in(door)).send(Publish(Poll("s", "5.1").topic, b"")))
        assert refused == RegistrationAnswer(429, "s", 3)


@looped
async def test_an_operation_that_there_is_not_is_not_found() -> None:
    async with a_door() as door:
        door.registrations.failure = RegistrationNotFound("no operation 5.9")
        refused, _ = told(await (await let_in(door)).send(Publish(Poll("r", "5.9").topic, b"")))
        assert refused == RegistrationAnswer(404, "r")


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b"[]", 400), (b'{"registrationId":"dev2"}', 400), (b" " * MAX_ASK + b"1", 413)],
)
@looped
async def test_what_is_no_registration_is_refused(body: bytes, status: int) -> None:
    """REGISTER-20."""
    async with a_door() as door:
        refused, _ = told(await (await let_in(door)).send(register(body)))
        assert refused.status == status
        assert door.registrations.came == []


@looped
async def test_answers_leave_in_the_order_of_the_questions() -> None:
    """MQTT-40."""
    async with a_door() as door:
        client = await let_in(door)
        door.registrations.gate.shut()
        assert await client.send(register(), Publish(Poll("s", "5.1").topic, b"")) == []
        assert len(door.registrations.came) == 1
        door.registrations.gate.open()
        assert [parse_answer(one.topic).rid for one in await client.received()] == ["r", "s"]  # type: ignore[union-attr]


@looped
async def test_nothing_is_kept_of_a_connection_that_registers() -> None:
    """REGISTER-9."""
    async with a_door() as door:
        first = await let_in(door, clean=False)
        await first.send(Subscribe(1, ((ANSWERS, 1),)))
        assert await first.send(Unsubscribe(2, (ANSWERS,))) == [Unsuback(2)]
        await let_in(door, clean=False)
        assert not first.wire.is_closed
        assert (door.sessions.connections, door.sessions.filters) == ({}, {})
        first.drop()


@looped
async def test_registering_has_an_end() -> None:
    """REGISTER-10."""
    async with a_door() as door:
        client = await let_in(door, keep_alive_s=1100)
        await client.send(register())
        door.timer.advance(REGISTERING_S - 1)
        assert not client.wire.is_closed
        door.timer.advance(1)
        assert client.wire.is_closed


@pytest.mark.parametrize("password", [None, b"another's"])
@looped
async def test_who_proves_nothing_is_hung_up_on(password: bytes | None) -> None:
    """REGISTER-11."""
    async with a_door() as door:
        client = await let_in(door, password=password)
        door.timer.advance(PROVEN_S - 1)
        assert told(await client.send(register()))[0].status == 401
        assert not client.wire.is_closed
        door.timer.advance(1)
        assert client.wire.is_closed


@looped
async def test_who_is_throttled_has_proven_itself() -> None:
    """REGISTER-11."""
    async with a_door() as door:
        client = await let_in(door)
        door.registrations.failure = Throttled("too many registrations", retry_after_s=30)
        await client.send(register())
        door.timer.advance(PROVEN_S)
        assert not client.wire.is_closed


@looped
async def test_who_waits_for_the_hub_is_not_hung_up_on() -> None:
    """REGISTER-11."""
    async with a_door() as door:
        client = await let_in(door, password=None)
        door.registrations.gate.shut()
        await client.send(register())
        door.timer.advance(PROVEN_S)
        assert not client.wire.is_closed
        door.registrations.gate.open()
        assert told(await client.received())[0].status == 401
        door.timer.advance(PROVEN_S)
        assert client.wire.is_closed


@looped
async def test_nobody_waits_for_the_proof_of_who_is_gone() -> None:
    """REGISTER-11."""
    async with a_door() as door:
        client = await let_in(door)
        assert door.timer.alarms
        client.drop()
        assert door.timer.alarms == []


@looped
async def test_who_registers_and_goes_silent_is_hung_up_on() -> None:
    """MQTT-8."""
    async with a_door() as door:
        client = await let_in(door, keep_alive_s=10)
        door.timer.advance(14)
        await client.send(register())
        door.timer.advance(14)
        assert not client.wire.is_closed
        door.timer.advance(1)
        assert client.wire.is_closed


def test_a_hub_that_stops_begins_nothing_more() -> None:
    needs = asyncio.run(stopped())
    answerer = Answers()
    registering = Registering(needs, Arrival("0ne", "dev1"), answerer)
    registering.take(Requested(Ticket(b""), Register("r"), b""))
    registering.take(Requested(Ticket(b""), Register("s"), b""))
    assert answerer.finished == []


async def stopped() -> Needs:
    """What a door has that has closed."""
    async with a_door() as door:
        return door.needs


class Answers:
    def __init__(self) -> None:
        self.finished: list[Ticket] = []

    def finish(self, ticket: Ticket, answer: Publish | None = None) -> None:
        self.finished.append(ticket)

    def close(self, reason: str) -> None:
        raise AssertionError(reason)
