"""How answers are spelled: twins, versions and errors as the payloads that device clients read.

Source: docs/spec/mqtt.md, MQTT-50 to MQTT-54.
"""

from datetime import datetime
from typing import Final

import msgspec

from affinage.domain.errors import (
    AffinageError,
    Conflict,
    DeviceNotFound,
    Disabled,
    EtagMismatch,
    Forbidden,
    Invalid,
    Malformed,
    ModuleNotFound,
    NotFound,
    Throttled,
    TooLarge,
    Unauthorized,
    Unavailable,
    VersionMismatch,
)
from affinage.domain.messages import Ack, Message
from affinage.domain.moments import iso
from affinage.domain.twin import DesiredChanged
from affinage.domain.values import JsonObject
from affinage.frontends.http import problems
from affinage.protocol.identities import Identity
from affinage.protocol.mqtt.packets import Publish
from affinage.protocol.mqtt.session import UNAUTHORIZED, UNAVAILABLE
from affinage.protocol.topics import DesiredNotification, DeviceBound, TwinResponse

CODES: Final[dict[type[Exception], tuple[int, int]]] = {
    Invalid: (400, 400004),
    Unauthorized: (401, 401002),
    Forbidden: (403, 403000),
    Disabled: (403, 403012),
    NotFound: (404, 404000),
    DeviceNotFound: (404, 404001),
    ModuleNotFound: (404, 404010),
    Conflict: (409, 409000),
    EtagMismatch: (412, 412001),
    VersionMismatch: (412, 412001),
    TooLarge: (413, 403100),
    Throttled: (429, 429001),
    Unavailable: (503, 503001),
    Exception: (500, 500001),
}
"""Kind of error to status and ``errorCode``; a kind that is not here is answered as its parent."""

_PACKET_IDS: Final = 65_535

_encode: Final = msgspec.json.encode


def twin_read(rid: str, document: JsonObject) -> Publish:
    return Publish(TwinResponse(200, rid).topic, _encode(document))


def twin_reported(rid: str, version: int) -> Publish:
    # 204 and nothing else: clients tell this answer from a twin by its status.
    return Publish(TwinResponse(204, rid, version).topic)


def refused(rid: str, error: Exception, *, tracking_id: str, at: datetime) -> Publish:
    """The answer to a request that failed; what an error of ours says is told, of others nothing.

    Source: MQTT-52, MQTT-53.
    """
    status, code = next(CODES[kind] for kind in type(error).__mro__ if kind in CODES)
    text = str(error) if isinstance(error, AffinageError) else "internal error"
    body = problems.numbered(code, text, problems.tracking_id(tracking_id, at, gate=0), at)
    return Publish(TwinResponse(status, rid).topic, _encode(body))


def desired_changed(change: DesiredChanged) -> Publish:
    """The news for the device: the version goes twice, for clients read one or the other."""
    payload = _encode({**change.patch, "$version": change.version})
    return Publish(DesiredNotification(change.version).topic, payload)


def message(identity: Identity, message: Message, quality: int) -> Publish:
    """A message on its way; its packet id follows from its number, so that it keeps the one it had.

    Source: MESSAGE-10, MESSAGE-12, MESSAGE-15.
    """
    topic = DeviceBound(identity, bag(message)).topic
    if not quality:
        return Publish(topic, message.body)
    packet_id = 1 + (message.number - 1) % _PACKET_IDS
    return Publish(topic, message.body, 1, packet_id, dup=message.deliveries > 1)


def bag(message: Message) -> dict[str, str]:
    """The properties of a message, those of the system first. Source: MESSAGE-15."""
    ack = None if message.ack is Ack.NONE else str(message.ack)
    system = {
        "$.mid": message.message_id,
        "$.to": message.to,
        "$.cid": message.correlation_id,
        "$.uid": message.user_id,
        "$.exp": iso(message.expires_at),
        "$.ct": message.content_type,
        "$.ce": message.content_encoding,
        "iothub-ack": ack,
    }
    return {name: text for name, text in system.items() if text is not None} | message.properties


def connack_code(error: Exception) -> int:
    """How a CONNACK says that nobody was let in. Source: MQTT-15."""
    return UNAUTHORIZED if isinstance(error, Unauthorized | NotFound) else UNAVAILABLE


def patch_in(payload: bytes) -> JsonObject:
    """The JSON object that a payload is; Malformed if it is something else."""
    try:
        patch = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise Malformed(f"reported: the payload is not JSON: {problem}") from None
    if not isinstance(patch, dict):
        raise Malformed("reported: the payload is JSON, but not an object")
    return patch
