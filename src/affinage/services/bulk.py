"""Many identities in one request: each entry for itself, all in one commit where they can be."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from affinage.domain.errors import AffinageError, DefinedTwice, Malformed, TooManyEntries
from affinage.domain.names import TwinKey
from affinage.domain.principal import Principal, Right
from affinage.domain.twin import TwinPatch
from affinage.domain.values import JsonObject, is_object
from affinage.services.limits import UNLIMITED, Limits, Operation
from affinage.services.registry import ANY, Registry

MAX_BULK: Final = 100
"""Entries in one bulk request."""

MODES: Final = ("create", "update", "updateIfMatchETag", "delete", "deleteIfMatchETag")


@dataclass(frozen=True, slots=True)
class BulkError:
    """One entry of a bulk request that was refused."""

    key: TwinKey
    error: AffinageError
    operation: str


class Bulk:
    def __init__(self, registry: Registry, limits: Limits = UNLIMITED) -> None:
        """``registry`` is one that throttles nothing: a bulk request passes as a whole or not."""
        self._registry, self._limits = registry, limits

    async def run(self, entries: Sequence[JsonObject], *, by: Principal) -> list[BulkError]:
        """Create, change or delete up to MAX_BULK identities.

        Returns:
            The entries that were refused; all others have taken effect.

        Raises:
            TooManyEntries, DefinedTwice, Malformed: none has taken effect.

        Source: IDENTITY-20 to IDENTITY-22.
        """
        by.require(Right.REGISTRY_WRITE)
        if len(entries) > MAX_BULK:
            raise TooManyEntries(f"a bulk request of {len(entries)} of {MAX_BULK} entries")
        keys = [_key(entry) for entry in entries]
        if len(set(keys)) < len(keys):
            twice = next(key for key in keys if keys.count(key) > 1)
            raise DefinedTwice(f"{twice.path} is in the bulk request twice")
        self._limits.take(Operation.REGISTRY, by, len(entries))
        async with asyncio.TaskGroup() as tasks:  # at once, so that they share a commit
            pairs = zip(keys, entries, strict=True)
            done = [tasks.create_task(self._entry(key, entry, by)) for key, entry in pairs]
        return [error for task in done if (error := task.result())]

    async def _entry(self, key: TwinKey, entry: JsonObject, by: Principal) -> BulkError | None:
        mode = str(entry.get("importMode") or "create")
        try:
            await self._carry_out(key, mode.lower(), entry, by)
        except AffinageError as error:
            return BulkError(key, error, mode)
        return None

    async def _carry_out(self, key: TwinKey, mode: str, entry: JsonObject, by: Principal) -> None:
        etag = str(entry.get("eTag") or ANY).strip('"') if mode.endswith("ifmatchetag") else ANY
        match mode.removesuffix("ifmatchetag"):
            case "create":
                await self._registry.create(key, entry, _twin(entry), by=by)
            case "update":
                await self._registry.put(key, entry, if_match=etag, by=by)
            case "delete":
                await self._registry.delete(key, if_match=etag, by=by)
            case _:
                raise Malformed(f"importMode {mode!r} is none of {', '.join(MODES)}")


def _key(entry: JsonObject) -> TwinKey:
    device, module = entry.get("id"), entry.get("moduleId")
    if not isinstance(device, str) or not isinstance(module, str | None):
        raise Malformed("an entry's id must be a string, and its moduleId one or absent")
    return TwinKey(device, module)


def _twin(entry: JsonObject) -> TwinPatch:
    """What the new twin begins with."""
    properties = _object(entry, "properties")
    return TwinPatch(_object(entry, "tags"), _object(properties, "desired"))


def _object(of: JsonObject, name: str) -> JsonObject:
    value = of.get(name)
    if value is None:
        return {}
    if not is_object(value):
        raise Malformed(f"{name} must be an object")
    return value
