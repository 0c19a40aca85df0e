"""What simulated devices say, as bytes made beforehand, and what they hear, hardly looked at.

A load must cost much less than the hub that it loads. So a report is one template filled in, and an
answer is found by its length and a few of its bytes; only the greeting is spelled packet by packet.
"""

import time
from typing import Final

from affinage.protocol.connection_strings import ConnectionString
from affinage.protocol.feeds import FILTERS, Feed
from affinage.protocol.identities import API_VERSION, Identity, Username
from affinage.protocol.mqtt.packets import Connect, Publish, Subscribe, encode
from affinage.protocol.tokens import make_token
from affinage.protocol.topics import ReportedPatch, Telemetry

CONNACK: Final = 0x20
PUBLISH: Final = 0x30
PUBACK: Final = 0x40
SUBACK: Final = 0x90

FIRST: Final = 10_000_000
"""Reports are numbered from here, so that every number has as many digits."""

_DESIRED: Final = b"$iothub/twin/PATCH/properties/desired/"

TOKEN_LIFE_S: Final = 24 * 3600

_BODY: Final = (
    b'{"firmware":{"fwUpdateStatus":"downloading","fwUpdateSubstatus":"%02d %%"},"n":%08d}'
)
_MADE: Final = encode(Publish(ReportedPatch(str(FIRST)).topic, _BODY % (0, FIRST)))
_REPORT: Final = _MADE.replace(_BODY % (0, FIRST), _BODY).replace(b"%d" % FIRST, b"%d")
assert _REPORT % (FIRST, 0, FIRST) == _MADE


def report(number: int) -> bytes:
    """A reported patch; two of three leaves change from one number to the next."""
    return _REPORT % (FIRST + number, number % 100, FIRST + number)


def message(device: str, number: int) -> bytes:
    """A message of about as many bytes as a report, at QoS 1."""
    topic = Telemetry(
        Identity(device), {"n": str(FIRST + number), "$.ct": "application/json"}
    ).topic
    return encode(Publish(topic, _BODY % (number % 100, FIRST + number), 1, _packet_id(number)))


def is_kept(answer: bytes, number: int) -> bool:
    """Whether this is the hub's PUBACK of that message."""
    return answer[0] == PUBACK and answer[2:4] == _packet_id(number).to_bytes(2, "big")


def _packet_id(number: int) -> int:
    return number % 60_000 + 1


def is_taken(answer: bytes, number: int) -> bool:
    """Whether this is the hub's consent to that report."""
    return b"/res/204/?$rid=%d" % (FIRST + number) in answer


def greeting(string: ConnectionString, keep_alive_s: int = 1_177) -> bytes:
    """The CONNECT of a device, with a good token."""
    identity = Identity(string.device or "")
    username = Username(string.host, identity, {"api-version": API_VERSION}).text
    token = make_token(string.resource, string.key or "", int(time.time()) + TOKEN_LIFE_S)
    return encode(Connect(identity.client_id, username, token.encode(), keep_alive_s, clean=False))


def subscription() -> bytes:
    """To answers, and to what is desired: what every real client subscribes to."""
    feeds = (Feed.TWIN_RESPONSES, Feed.DESIRED)
    return encode(Subscribe(1, tuple((FILTERS[feed], 0) for feed in feeds)))


def is_desired(packet: bytes) -> bool:
    """Whether it tells what is desired now."""
    return _DESIRED in packet[:64]


def whole(data: bytes) -> tuple[list[bytes], bytes]:
    """The packets that are whole, and the rest."""
    found, at = [], 0
    while end := _end(data, at):
        found.append(data[at:end])
        at = end
    return found, data[at:]


def _end(data: bytes, at: int) -> int:
    """Where the packet that begins there ends; 0 if not all of it is there."""
    size, shift, body = 0, 0, at + 1
    while body < len(data):
        size |= (data[body] & 127) << shift
        shift += 7
        body += 1
        if data[body - 1] < 128:
            return body + size if body + size <= len(data) else 0
    return 0
