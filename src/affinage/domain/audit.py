"""The audit log: who changed what, when, by which door; each entry sealed to the one before it.

Decided here: what an entry says, how it is sealed, and what of a chain is broken. Not here: where
entries are kept, and for how long. Whoever can write the store can write a whole new chain: what is
found is a change of some entries, and any change at all to who has noted a hash elsewhere.

Source: docs/spec/audit.md.
"""

import hashlib
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import asdict, replace

from affinage.domain.device import Device
from affinage.domain.errors import Malformed
from affinage.domain.moments import Millis, iso, millis
from affinage.domain.names import TwinKey
from affinage.domain.principal import Principal
from affinage.domain.values import JsonObject, JsonValue

GENESIS: Final = "0" * 64
"""What the first entry of all names as the hash before it."""

HIDDEN: Final = "hidden"

SECRETS: Final = frozenset(
    {"password", "primarykey", "secondarykey", "sharedaccesskey", "connectionstring", "secret"}
)
"""Members, in lower case, whose values are secrets wherever they are. AUDIT-4."""


class Deed(Struct, frozen=True):
    """What somebody does with a change; the writer makes an entry of it, in the same commit."""

    by: Principal
    action: str
    """Of what, a dot, what: ``twin.patch``; ``write`` is told as create, update or delete."""
    subject: str
    """Its name: ``device`` or ``device/module``, or that of a configuration, a policy …"""
    before: str | UnsetType | None = UNSET
    """The digest of what there was, None for nothing; UNSET leaves it to the writer."""
    after: str | UnsetType | None = UNSET


class Entry(Struct, frozen=True, array_like=True):
    """One entry of the log."""

    number: int
    """From 1, without a gap, over all starts of the hub."""
    at: Millis
    kind: str
    name: str
    door: str
    request_id: str
    action: str
    subject: str
    before: str | None
    after: str | None
    previous: str
    """The hash of the entry before it; GENESIS of the first."""
    hash: str = ""


class Anchor(Struct, frozen=True, array_like=True):
    """Where the log begins: the last entry that is not kept any more."""

    number: int = 0
    hash: str = GENESIS


def entry(deed: Deed, before: Anchor, at: Millis) -> Entry:
    """The entry of a deed, behind the entry that ``before`` names. Source: AUDIT-1, AUDIT-5."""
    by = deed.by
    made = Entry(
        number=before.number + 1,
        at=at,
        kind=str(by.kind),
        name=by.name,
        door=by.door,
        request_id=by.request_id,
        action=deed.action,
        subject=deed.subject,
        before=deed.before if isinstance(deed.before, str) else None,
        after=deed.after if isinstance(deed.after, str) else None,
        previous=before.hash,
    )
    return replace(made, hash=seal(made))


def seal(one: Entry) -> str:
    """The hash of an entry: SHA-256 of all that it says, the hash before it included."""
    told = {name: value for name, value in asdict(one).items() if name != "hash"}
    return hashlib.sha256(_canonical(told)).hexdigest()


def fault(one: Entry, newer: Entry | None) -> str | None:
    """What is wrong with an entry, or between it and the next newer one; None if all is well.

    Source: AUDIT-6.
    """
    if seal(one) != one.hash:
        return f"entry {one.number} is not as it was written"
    if newer is None:
        return None
    if newer.number != one.number + 1:
        return f"entries {one.number + 1} to {newer.number - 1} are missing"
    if newer.previous != one.hash:
        return f"entry {newer.number} does not follow entry {one.number}"
    return None


def fault_at_the_beginning(oldest: Entry | None, anchor: Anchor) -> str | None:
    """What is wrong where the log begins; None if all is well."""
    if oldest is None:
        return None if anchor == Anchor() else f"the entries after {anchor.number} are missing"
    if oldest.number != anchor.number + 1:
        return f"entries {anchor.number + 1} to {oldest.number - 1} are missing"
    if oldest.previous != anchor.hash:
        return f"entry {oldest.number} does not follow what was pruned"
    return None


def document(one: Entry) -> JsonObject:
    """An entry as the API shows it."""
    return {
        "number": one.number,
        "at": iso(one.at),
        "actor": {
            "kind": one.kind,
            "name": one.name,
            "door": one.door,
            "requestId": one.request_id,
        },
        "action": one.action,
        "subject": one.subject,
        "before": one.before,
        "after": one.after,
        "previous": one.previous,
        "hash": one.hash,
    }


def read(document: Any) -> Entry:
    """The entry that a document shows; law: ``read(document(one)) == one``.

    Raises:
        Malformed: it shows none.
    """
    try:
        actor = document["actor"]
        named = {name: document[name] for name in _PLAIN}
        at = millis(datetime.fromisoformat(document["at"]))
        who = {name: actor[name] for name in ("kind", "name", "door")}
        return msgspec.convert(
            [named["number"], at, *who.values(), actor["requestId"], *[*named.values()][1:]], Entry
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Malformed(f"what should be an entry of the audit log is none: {error}") from None


_PLAIN: Final = ("number", "action", "subject", "before", "after", "previous", "hash")


def digest(value: JsonValue) -> str | None:
    """SHA-256 of a value's canonical form, without secrets; None of nothing. Source: AUDIT-4."""
    if value is None:
        return None
    return hashlib.sha256(_canonical(without_secrets(value))).hexdigest()


def digest_of(device: Device | None, key: TwinKey) -> str | None:
    """Of a device or a module: its identity without keys, its tags and desired properties."""
    if device is None or (key.module is not None and key.module not in device.modules):
        return None
    identity = device.identity if key.module is None else device.modules[key.module].identity
    twin = device.twin_of(key)
    told: dict[str, Any] = msgspec.to_builtins(asdict(identity), builtin_types=(bytes,))
    means = identity.credentials
    told["credentials"] = [str(means.type), means.primary_thumbprint, means.secondary_thumbprint]
    return digest({"identity": told, "tags": twin.tags, "desired": twin.desired.values})


def without_secrets(value: JsonValue) -> JsonValue:
    """The same with a word in the place of every secret."""
    if isinstance(value, list):
        return [without_secrets(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name: HIDDEN if name.lower().rpartition(".")[2] in SECRETS else without_secrets(inner)
        for name, inner in value.items()
    }


def _canonical(value: object) -> bytes:
    return msgspec.json.encode(value, order="deterministic")
