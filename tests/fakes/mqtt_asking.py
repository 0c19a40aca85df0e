"""How the tests of the door ask for twins, and read its answers."""

import json
from typing import Any

from affinage.protocol.mqtt.packets import Packet, Publish
from affinage.protocol.topics import ReportedPatch, TwinGet


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
