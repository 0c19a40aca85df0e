"""Whole MQTT sessions as transcripts: C is the client, H the hub's door, S what the hub sends.

    C PUBLISH q1 2 $iothub/twin/GET/?$rid=7 {}      a packet in; the 2 is its packet id
    H done 1 200 {"desired":{}}                     the door's work for the event ``? 1`` is done
    ? 1 TwinGet(rid='7')                            an event for the door, numbered
    S PUBLISH q0 $iothub/twin/res/200/?$rid=7 {}    a packet out

Run with REWRITE=1 to write down today's answers; read the diff before committing it.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from affinage.protocol.errors import ProtocolError
from affinage.protocol.mqtt.packets import Connack, Decoder, Packet, Puback, Publish, Suback
from affinage.protocol.mqtt.session import (
    Acknowledged,
    Connecting,
    Event,
    Leaving,
    Requested,
    ServerSession,
    State,
    Subscribing,
    Unsubscribing,
)
from affinage.protocol.registering import Poll, Register, RegistrationAnswer
from affinage.protocol.topics import (
    DesiredNotification,
    MethodRequest,
    ReportedPatch,
    TwinGet,
    TwinResponse,
)
from fakes.mqtt_transcripts import FILES, as_bytes, wish


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_session(path: Path) -> None:
    told = path.read_text()
    happened = re.sub(r"(?m)^((?:[CH] .+\n)+)----\n(?:.+\n)*", Transcript().answer, told)
    if os.environ.get("REWRITE"):
        path.write_text(happened)
    assert happened == told


class Transcript:
    def __init__(self) -> None:
        self.session = ServerSession()
        self.asked: list[Event] = []

    def answer(self, block: re.Match[str]) -> str:
        lines = block[1].splitlines()
        client = b"".join(as_bytes(line[2:]) for line in lines if line.startswith("C "))
        for line in lines:
            if line.startswith("H "):
                self.decide(*line[2:].split(" "))
        answers = [*self.receive(client), *map(spell, Decoder().feed(self.session.take()))]
        return block[1] + "----\n" + "".join(line + "\n" for line in answers)

    def receive(self, data: bytes) -> Iterator[str]:
        try:
            for event in self.session.receive(data):
                self.asked.append(event)
                yield f"? {len(self.asked)} {tell(event)}"
        except ProtocolError as problem:
            yield f"! {problem}"
        if self.session.state is State.CLOSED:
            yield "closed"

    def decide(self, verb: str, *words: str) -> None:
        match verb, words:
            case "accept", stored:
                self.session.accept(dict(map(wish, stored)), session_present=bool(stored))
            case "refuse", [code]:
                self.session.refuse(int(code))
            case "desired", [version, payload]:
                topic = DesiredNotification(int(version)).topic
                self.session.deliver(Publish(topic, payload.encode()))
            case "method", [name, rid, payload]:
                if self.session.wants_method(name):
                    topic = MethodRequest(name, rid).topic
                    self.session.deliver(Publish(topic, payload.encode()))
            case "message", [packet_id, bag, *payload]:
                topic = f"{self.session.identity.root}/messages/devicebound/{bag}"
                qos, dup = self.session.quality, "dup" in payload[:1]
                assert qos is not None
                text = " ".join(payload[dup:]).encode()
                self.session.deliver(Publish(topic, text, qos, qos and int(packet_id), dup=dup))
            case "done", [number, *answer]:
                self.done(self.asked[int(number) - 1], answer)
            case _:
                pytest.fail(f"no such decision: {verb} {words}")

    def done(self, event: Event, words: list[str]) -> None:
        assert isinstance(event, Requested | Subscribing | Unsubscribing)
        self.session.finish(event.ticket, response(event, words) if words else None)


def response(event: Event, words: list[str]) -> Publish:
    assert isinstance(event, Requested)
    status, *rest = words
    number = int(rest.pop(0)) if rest and rest[0].isdecimal() else None
    body = " ".join(rest).encode()
    match event.request:
        case TwinGet(rid) | ReportedPatch(rid):
            return Publish(TwinResponse(int(status), rid, number).topic, body)
        case Register(rid) | Poll(rid):
            return Publish(RegistrationAnswer(int(status), rid, number).topic, body)
        case _:
            pytest.fail(f"{event.request} has no answer")


def spell(packet: Packet) -> str:
    match packet:
        case Publish():
            number = f" {packet.packet_id}{' dup' * packet.dup}" if packet.qos else ""
            text = packet.payload.decode()
            return f"S PUBLISH q{packet.qos}{number} {packet.topic} {text}".rstrip()
        case Connack():
            return f"S CONNACK sp={packet.session_present:d} rc={packet.code}"
        case Suback():
            return f"S SUBACK {packet.packet_id} {' '.join(f'{code:#x}' for code in packet.codes)}"
        case Puback():
            return f"S PUBACK {packet.packet_id}"
        case _:
            return f"S {type(packet).__name__.upper()}"


def tell(event: Event) -> str:
    match event:
        case Connecting():
            return f"connect {event.username.identity.client_id} clean={event.connect.clean:d}"
        case Subscribing():
            return f"subscribe {event.filters}"
        case Unsubscribing():
            return f"unsubscribe {event.filters}"
        case Requested():
            return f"{event.request} {event.payload.decode()}".rstrip()
        case Acknowledged(packet_id):
            return f"acknowledged {packet_id}"
        case Leaving():
            return "leave"
