"""The identities of a fleet: made in the hub's registry where they are missing, used where not.

Source: docs/spec/identity.md.
"""

import asyncio
import base64
import secrets
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Final

from affinage.apps.simulator.members import Member
from affinage.clients.service import MAX_BULK, ServiceClient
from affinage.domain.errors import Invalid
from affinage.domain.values import JsonObject, JsonValue, is_object

KEY_BYTES: Final = 32
ALREADY_EXISTS: Final = 409001

_READS_AT_ONCE: Final = 16


async def ensure_identities(
    service: ServiceClient,
    members: Iterable[Member],
    *,
    on_ready: Callable[[int], None] = lambda _count: None,
) -> dict[str, str]:
    """Make the identities that the hub lacks, in bulk; gives every member's key by its id.

    Args:
        service: with the right to write the registry.
        members: their tags become those of the twins that are made.
        on_ready: told now and then how many more are ready.

    Raises:
        Invalid: the hub refuses one, or one that exists is not admitted by key. Others may have
            been made.
        ServiceError, Unavailable: see ServiceClient; some may have been made.
    """
    keys: dict[str, str] = {}
    rest = iter(members)
    while batch := tuple(islice(rest, MAX_BULK)):
        keys |= await _ensure(service, batch)
        on_ready(len(batch))
    return keys


async def _ensure(service: ServiceClient, batch: Sequence[Member]) -> dict[str, str]:
    keys = {member.id: _fresh_key() for member in batch}
    result = await service.bulk(_entry(member, keys[member.id]) for member in batch)
    existing = [_existing(error) for error in _errors(result)]
    for start in range(0, len(existing), _READS_AT_ONCE):
        some = existing[start : start + _READS_AT_ONCE]
        read = await asyncio.gather(*(service.get_device(device) for device in some))
        keys |= {device: _key_of(identity) for device, identity in zip(some, read, strict=True)}
    return keys


def _entry(member: Member, key: str) -> JsonObject:
    symmetric: JsonObject = {"primaryKey": key, "secondaryKey": _fresh_key()}
    return {
        "id": member.id,
        "importMode": "create",
        "status": "enabled",
        "authentication": {"type": "sas", "symmetricKey": symmetric},
        "tags": member.tags,
    }


def _errors(result: JsonObject) -> list[JsonObject]:
    errors = result.get("errors")
    return [error for error in errors if is_object(error)] if isinstance(errors, list) else []


def _existing(error: JsonObject) -> str:
    """The id of a device that could not be made because it is there."""
    if error.get("errorCode") not in {ALREADY_EXISTS, "DeviceAlreadyExists"}:
        raise Invalid(f"the hub refuses {error.get('deviceId')}: {error.get('errorStatus')}")
    return str(error["deviceId"])


def _key_of(identity: JsonObject) -> str:
    authentication: JsonValue = identity.get("authentication")
    keys = authentication.get("symmetricKey") if is_object(authentication) else None
    key = keys.get("primaryKey") if is_object(keys) else None
    if not isinstance(key, str):
        raise Invalid(f"{identity.get('deviceId')} exists, and is not admitted by a key")
    return key


def _fresh_key() -> str:
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
