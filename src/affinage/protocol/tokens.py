"""Shared-access tokens: how a device or a service proves that it holds a key.

Decided here: how a token is written, read, and checked against a key, a resource and a moment.
Not here: whose key it must be, and what its holder may do.

Source: docs/spec/tokens.md.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, unquote

from affinage.protocol.errors import ProtocolError

GRACE_S: Final = 300
"""Seconds after its expiry in which a token still opens a door: clocks drift. TOKEN-8."""

MAX_TOKEN: Final = 4096
"""Characters in a token: twice what the longest names take. TOKEN-13."""

_SCHEME: Final = "SharedAccessSignature "
_EXPIRY: Final = re.compile("[0-9]{1,12}")
_HEX: Final = re.compile("%[0-9A-F]{2}")


@dataclass(frozen=True, slots=True)
class Token:
    """One token, read but not yet checked."""

    resource: str
    """Exactly as it stands in the token, encoded or not: it is what was signed."""
    signature: bytes = field(repr=False)
    expiry: int
    """Whole seconds since 1970, UTC."""
    policy: str | None = None
    """The shared-access policy whose key signed it; None for an identity's own key."""


def parse(text: str) -> Token:
    """Read a token.

    Raises:
        ProtocolError: it is not a token, or one of its fields is missing, doubled or malformed.

    Source: TOKEN-1 to TOKEN-3, TOKEN-13.
    """
    if not text.startswith(_SCHEME):
        raise ProtocolError("not a shared-access token")
    if len(text) > MAX_TOKEN:
        raise ProtocolError(f"a token of {len(text)} of {MAX_TOKEN} characters")
    fields: dict[str, str] = {}
    for part in text.removeprefix(_SCHEME).split("&"):
        name, _, value = part.strip().partition("=")
        if name in fields:
            raise ProtocolError(f"a token with two fields {name[:8]!r}")
        fields[name] = value
    if missing := [name for name in ("sr", "sig", "se") if not fields.get(name)]:
        raise ProtocolError(f"a token without {' and '.join(missing)}")
    if not _EXPIRY.fullmatch(fields["se"]):
        raise ProtocolError("a token whose expiry is not a whole number of seconds")
    policy = unquote(fields["skn"]) if fields.get("skn") else None
    return Token(fields["sr"], _signature(fields["sig"]), int(fields["se"]), policy)


def verify(
    token: Token, *, resource: str, keys: Iterable[str], now: float, as_sent: bool = False
) -> str:
    """The key that signed ``token``, if that opens ``resource`` at ``now``; raise if it does not.

    Args:
        token: as read.
        resource: what is asked for, not encoded: ``host/devices/d``. The token's own resource
            must be it, or some first segments of it; the host in any case.
        keys: base64; any one of them may have signed it. The time taken does not tell how near a
            wrong signature was. None is asked for before the rest is known to be in order.
        now: seconds since 1970, UTC.
        as_sent: that text alone was signed which is in the token (TOKEN-4 without TOKEN-5); then
            no key is asked for behind the one that signed.

    Raises:
        ProtocolError: it is for something else, has expired more than GRACE_S ago, or none of the
            keys signed it. The message says which of these.

    Source: TOKEN-4 to TOKEN-8.
    """
    if not _covers(token.resource, resource):
        raise ProtocolError("the token is for another resource")
    if now > token.expiry + GRACE_S:
        raise ProtocolError(f"the token expired {now - token.expiry:.0f} s ago, of {GRACE_S} s")
    if (signer := _signer(token, keys, as_sent=as_sent)) is None:
        raise ProtocolError("the token's signature is not one of the expected keys'")
    return signer


def make_token(resource: str, key: str, expiry: int, policy: str | None = None) -> str:
    """Write a token as the public device clients do: sr, sig, se, skn, everything encoded.

    Args:
        resource: not encoded, as ``host/devices/d``.
        key: base64.
        expiry: whole seconds since 1970, UTC.
        policy: the name of the policy that the key belongs to; None for an identity's own key.

    Raises:
        ProtocolError: ``key`` is not base64.
    """
    signed = quote(resource, safe="")
    signature = base64.b64encode(_sign(_key(key), signed, expiry)).decode()
    token = f"{_SCHEME}sr={signed}&sig={quote(signature, safe='')}&se={expiry}"
    return token if policy is None else f"{token}&skn={quote(policy, safe='')}"


def derived_key(group_key: str, name: str) -> str:
    """The key, base64, of one member of a group that has a key; another for each name.

    Raises:
        ProtocolError: ``group_key`` is not base64.

    Source: TOKEN-14.
    """
    return base64.b64encode(hmac.digest(_key(group_key), name.encode(), hashlib.sha256)).decode()


def _signature(text: str) -> bytes:
    try:
        return base64.b64decode(unquote(text), validate=True)
    except (binascii.Error, ValueError):
        raise ProtocolError("a token whose signature is not base64") from None


def _key(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ProtocolError("a key that is not base64") from None


def _sign(key: bytes, resource: str, expiry: int) -> bytes:
    return hmac.digest(key, f"{resource}\n{expiry}".encode(), hashlib.sha256)


def _signer(token: Token, keys: Iterable[str], *, as_sent: bool) -> str | None:
    if as_sent:
        return _signer_of(token.resource, token, keys)
    known = [*keys]
    signers = (_signer_of(text, token, known) for text in _spellings(token.resource))
    return next((signer for signer in signers if signer is not None), None)


def _signer_of(text: str, token: Token, keys: Iterable[str]) -> str | None:
    for key in keys:
        if hmac.compare_digest(_sign(_key(key), text, token.expiry), token.signature):
            return key
    return None


def _spellings(resource: str) -> Iterator[str]:
    """The text received first; then how else its signer may have spelled it (TOKEN-5)."""
    yield resource
    plain = unquote(resource)
    whole, in_path = quote(plain, safe=""), quote(plain, safe="/")
    others = dict.fromkeys([whole, _lowered(whole), in_path, _lowered(in_path), plain])
    yield from (text for text in others if text != resource)


def _lowered(encoded: str) -> str:
    return _HEX.sub(lambda found: found[0].lower(), encoded)


def _covers(signed: str, wanted: str) -> bool:
    return any(_is_prefix(text, wanted) for text in (signed, unquote(signed)))


def _is_prefix(signed: str, wanted: str) -> bool:
    host, *path = _without_version(signed).rstrip("/").split("/")
    wanted_host, *wanted_path = wanted.split("/")
    return host.lower() == wanted_host.lower() and wanted_path[: len(path)] == path


def _without_version(resource: str) -> str:
    head, name, value = resource.rpartition("api-version=")
    is_tail = name and head.endswith(("?", "/")) and "/" not in value
    return head[:-1] if is_tail else resource
