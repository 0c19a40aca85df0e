"""The transcripts of MQTT sessions, as far as their clients go: lines to packets to bytes.

What a line says: tests/scenarios/mqtt/test_sessions.py.
"""

from pathlib import Path

from affinage.protocol.mqtt.packets import (
    Connect,
    Disconnect,
    Packet,
    Pingreq,
    Puback,
    Publish,
    Subscribe,
    Unsubscribe,
    encode,
)

FILES = sorted((Path(__file__).parents[1] / "scenarios/mqtt").glob("*.txt"))


def said(path: Path) -> bytes:
    """All that the client of a transcript says."""
    lines = path.read_text().splitlines()
    return b"".join(as_bytes(line[2:]) for line in lines if line.startswith("C "))


def wish(text: str) -> tuple[str, int]:
    name, _, qos = text.rpartition(":q")
    return name, int(qos)


def as_bytes(line: str) -> bytes:
    return bytes.fromhex(line[6:]) if line.startswith("BYTES ") else encode(parse(line))


def parse(line: str) -> Packet:  # noqa: PLR0911  (one per kind of packet)
    match line.split(" "):
        case ["CONNECT", client, username, *flags]:
            return Connect(client, username, b"token", clean="clean" in flags)
        case ["SUBSCRIBE", packet_id, *wishes]:
            return Subscribe(int(packet_id), tuple(map(wish, wishes)))
        case ["UNSUBSCRIBE", packet_id, *filters]:
            return Unsubscribe(int(packet_id), tuple(filters))
        case ["PUBLISH", "q0", topic, *payload]:
            return Publish(topic, " ".join(payload).encode())
        case ["PUBLISH", qos, packet_id, topic, *payload]:
            return Publish(topic, " ".join(payload).encode(), int(qos[1]), int(packet_id))
        case ["PUBACK", packet_id]:
            return Puback(int(packet_id))
        case ["PINGREQ"]:
            return Pingreq()
        case ["DISCONNECT"]:
            return Disconnect()
        case _:
            raise ValueError(f"no such packet: {line}")
