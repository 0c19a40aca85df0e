"""What may be said on a connection, by who it is from: a hub's device, or one that registers.

Source: docs/spec/mqtt.md, docs/spec/registering.md.
"""

from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

from affinage.protocol.errors import ProtocolError
from affinage.protocol.feeds import Feed, feed_of
from affinage.protocol.identities import Identity, Username
from affinage.protocol.mqtt.fields import MAX_STRING
from affinage.protocol.registering import ANSWERS, Ask, Registrant, parse_ask
from affinage.protocol.topics import Request, Telemetry, parse_request, parse_will

MAX_MESSAGE: Final = 262_144
"""Bytes in the payload of one PUBLISH."""

MAX_PACKET: Final = MAX_MESSAGE + MAX_STRING + 4
"""Bytes that a packet may announce: a full message on the longest topic, with a packet id."""

MAX_UNPROVEN: Final = 99_328
"""Bytes that a packet may announce of who registers: a request, and its topic. REGISTER-12."""


class ReadWill(Protocol):
    def __call__(self, topic: str, identity: Identity, *, is_retained: bool) -> Telemetry:
        """The message that a will to ``topic`` is; ProtocolError if it may not be left."""
        ...


class Dialect(NamedTuple):
    parse: Callable[[str, Identity], Request | Ask]
    """What publishing to a topic asks for; ProtocolError."""
    feed_of: Callable[[str, Identity], Feed | None]
    """Which feed a filter subscribes to; None if it may not."""
    read_will: ReadWill
    max_packet: int
    """Bytes that a packet may announce."""


def dialect_of(name: Username | Registrant) -> Dialect:
    """What who has that user name may say."""
    return REGISTERING if isinstance(name, Registrant) else CONNECTED


def _answers(topic_filter: str, _: Identity) -> Feed | None:
    return Feed.REGISTRATION if topic_filter == ANSWERS else None


def _no_will(topic: str, identity: Identity, *, is_retained: bool) -> Telemetry:
    raise ProtocolError(f"{identity.client_id} registers: it may leave no will")


CONNECTED: Final = Dialect(parse_request, feed_of, parse_will, MAX_PACKET)
REGISTERING: Final = Dialect(parse_ask, _answers, _no_will, MAX_UNPROVEN)
"""REGISTER-4, REGISTER-5, REGISTER-8, REGISTER-12."""
