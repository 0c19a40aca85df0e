"""A hub that devices are given to besides this one: how it is reached, and how many it gets.

Decided here: what a link may be, and what a change makes of it. Not here: who may change it, and
how the other hub is asked.

Source: docs/spec/linked-hubs.md, LINK-1 to LINK-6.
"""

from collections.abc import Callable
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from affinage.domain.errors import Invalid, Malformed, Missing
from affinage.domain.etags import etag_text
from affinage.domain.members import member_text
from affinage.domain.values import JsonObject

MAX_LINKS: Final = 50
"""Hubs that one may give devices to, this one included. LINK-5."""

MAX_WEIGHT: Final = 1000
HTTPS_PORT: Final = 443
MAX_PORT: Final = 65_535
MAX_CERTIFICATE: Final = 16_384
"""Characters of an authority in PEM."""


class Link(Struct, frozen=True, array_like=True):
    """A linked hub. Of the hub itself only the weight means anything."""

    host: str
    """In lower case."""
    weight: int
    etag: int
    policy: str = ""
    key: bytes = b""
    """Sealed."""
    port: int = HTTPS_PORT
    certificate: str | None = None
    """The authority in PEM that its certificate must be of; None for those of the system."""


class Credentials(Struct, frozen=True):
    """What a connection string says, read."""

    host: str
    policy: str
    key: str


class Reading(Struct, frozen=True):
    """What reads and seals connection strings, lent by the services."""

    read: Callable[[str], Credentials]
    """Invalid if it is no policy's."""
    seal: Callable[[str], bytes]


def own(host: str, weight: int = 1, etag: int = 0) -> Link:
    """The hub itself, which is always there."""
    return Link(host.lower(), weight, etag)


def created(host: str, body: JsonObject, reading: Reading, *, etag: int) -> Link:
    """The link that a request makes.

    Raises:
        Missing: it has no connection string.
        Invalid, Malformed: see the message.

    Source: LINK-1 to LINK-3.
    """
    if body.get("connectionString") is None:
        raise Missing("connectionString is missing: it is of a policy of the hub that is linked")
    return _written(Link(host.lower(), 1, etag), body, reading)


def changed(current: Link, body: JsonObject, reading: Reading) -> Link:
    """The link after a request; what it does not name stays. Errors as `created`."""
    return _written(replace(current, etag=current.etag + 1), body, reading)


def weighed(current: Link, body: JsonObject) -> Link:
    """The hub itself after a request, which may change its weight alone; Invalid, Malformed."""
    if set(body) - {"weight", "host", "etag", "isOwn"}:
        raise Invalid("of the hub itself only the weight can be changed")
    return replace(current, weight=_weight(body, current.weight), etag=current.etag + 1)


def document(of: Link, *, is_own: bool) -> JsonObject:
    """The link as it is shown: without its key. Source: LINK-4."""
    shown: JsonObject = {
        "host": of.host,
        "weight": of.weight,
        "isOwn": is_own,
        "etag": etag_text(of.etag),
    }
    if is_own:
        return shown
    return {**shown, "policy": of.policy, "port": of.port, "certificate": of.certificate}


def _written(link: Link, body: JsonObject, reading: Reading) -> Link:
    string = member_text(body, "connectionString")
    if string is not None:
        found = reading.read(string)
        if found.host.lower() != link.host:
            raise Invalid(f"the connection string is of {found.host}, not of {link.host}")
        link = replace(link, policy=found.policy, key=reading.seal(found.key))
    certificate = member_text(body, "certificate") if "certificate" in body else link.certificate
    if certificate is not None and len(certificate) > MAX_CERTIFICATE:
        raise Invalid(f"certificate has {len(certificate)} of {MAX_CERTIFICATE} characters")
    return replace(
        link,
        weight=_weight(body, link.weight),
        port=_number(body, "port", link.port, MAX_PORT),
        certificate=certificate or None,
    )


def _weight(body: JsonObject, default: int) -> int:
    return _number(body, "weight", default, MAX_WEIGHT)


def _number(body: JsonObject, name: str, default: int, most: int) -> int:
    value = body.get(name)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool):
        raise Malformed(f"{name} must be a whole number")
    if not 1 <= value <= most:
        raise Invalid(f"{name} {value} is outside 1…{most}")
    return value
