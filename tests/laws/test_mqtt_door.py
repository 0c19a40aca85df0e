"""What holds for the MQTT door, whatever a device says and whenever the hub is done.

One device connects to a door with services that may be held up; all runs in memory.
"""

import asyncio
from dataclasses import dataclass, field
from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from affinage.frontends.mqtt.connection import MAX_OUTSTANDING
from affinage.protocol.feeds import FILTERS, Feed
from affinage.protocol.mqtt.packets import (
    Connack,
    Disconnect,
    Packet,
    Pingreq,
    Puback,
    Publish,
    Suback,
    Subscribe,
    encode,
)
from fakes.mqtt_asking import get, patch
from fakes.mqtt_door import KEY, Client, Door, a_door, hello
from laws.mqtt_strategies import packets, payloads

EVENTS = f"devices/{KEY.device}/messages/events/"
kinds = st.sampled_from(["report", "read", "send", "subscribe"])


@dataclass
class Played:
    """What came of one connection."""

    asked: list[int] = field(default_factory=list)
    """Packet ids, in the order in which they were said."""
    heard: list[Packet] = field(default_factory=list)

    @property
    def acknowledged(self) -> list[int]:
        return [one.packet_id for one in self.heard if isinstance(one, Puback | Suback)]


def ask(kind: str, packet_id: int) -> Packet:
    match kind:
        case "report":
            return patch(str(packet_id), {"n": packet_id}, packet_id)
        case "read":
            return get(str(packet_id))._replace(qos=1, packet_id=packet_id)
        case "send":
            return Publish(EVENTS, b"", 1, packet_id)
        case _:
            return Subscribe(packet_id, ((FILTERS[Feed.DESIRED], 1),))


def gates(door: Door, *, are_open: bool) -> None:
    for gate in (door.twins.gate, door.sessions.gate, door.telemetry.gate):
        gate.open() if are_open else gate.shut()


async def play(door: Door, client: Client, steps: list[list[str]]) -> Played:
    """Ask, step by step, the gates being shut in every other step."""
    played = Played()
    for n, kinds_ in enumerate(steps):
        gates(door, are_open=n % 2 == 0)
        ids = range(len(played.asked) + 1, len(played.asked) + 1 + len(kinds_))
        played.asked += ids
        said = [ask(kind, packet_id) for kind, packet_id in zip(kinds_, ids, strict=True)]
        played.heard += await client.send(*said)
        assert played.acknowledged == played.asked[: len(played.acknowledged)]
        outstanding = len(played.asked) - len(played.acknowledged)
        assert client.wire.is_paused == (outstanding >= MAX_OUTSTANDING)
    gates(door, are_open=True)
    for _ in played.asked:  # each may wait for the one before
        played.heard += await client.received()
    return played


@given(st.lists(st.lists(kinds, max_size=40), max_size=6))
def test_all_is_acknowledged_once_and_in_order(steps: list[list[str]]) -> None:
    """MQTT-40, MQTT-44."""

    async def run() -> None:
        async with a_door() as door:
            client = await door.connected()
            played = await play(door, client, steps)
            assert played.acknowledged == played.asked
            answers = [one for one in played.heard if isinstance(one, Publish)]
            asked = [*chain.from_iterable(steps)]
            assert len(answers) == asked.count("report") + asked.count("read")
            assert door.telemetry.sent == [({}, b"")] * asked.count("send")

    asyncio.run(run())


@given(st.lists(packets, max_size=4), payloads, st.booleans(), st.booleans())
def test_whatever_is_said_the_door_stands_and_forgets_who_left(
    said: list[Packet], noise: bytes, is_new: bool, says_goodbye: bool
) -> None:
    """MQTT-7: nothing is raised into the event loop, and nothing stays behind."""

    async def run() -> None:
        async with a_door() as door:
            client = door.call() if is_new else await door.connected()
            wire = b"".join(map(encode, said)) + noise
            client.connection.data_received(wire)
            await client.received()
            if says_goodbye and not client.wire.is_closed:
                client.connection.data_received(encode(Disconnect()))
            client.drop()
            await client.received()
            assert not door.sessions.connections
            other = door.call()
            assert (await other.send(hello(clean=True), Pingreq()))[0] == Connack(False, 0)

    asyncio.run(run())
