"""Many identities in one request: each entry for itself, all in one commit where they can be."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from msgspec import UNSET

from affinage.domain.errors import AffinageError, DefinedTwice, Malformed, TooManyEntries
from affinage.domain.etags import ANY
from affinage.domain.members import member_object
from affinage.domain.names import TwinKey
from affinage.domain.principal import Principal, Right
from affinage.domain.twin import TwinPatch, without_marks
from affinage.domain.values import JsonObject
from affinage.services.limits import UNLIMITED, Limits, Operation
from affinage.services.registry import Entry, Registry

MAX_BULK: Final = 100
"""Entries in one bulk request."""


@dataclass(frozen=True, slots=True)
class Mode:
    """What an entry does to an identity that is not there, and to one that is."""

    creates: bool = False
    changes: bool = False
    """Also its twin, if the entry has something for that."""
    is_whole: bool = True
    """Whether it writes the identity, and not its twin alone."""


IF_MATCH: Final = "IfMatchETag"
"""How the modes end that heed the etags of an entry."""

CREATE: Final = "create"
CREATE_OR_UPDATE: Final = "createOrUpdate"

DELETE: Final = Mode()

_MODES: Final = {
    CREATE: Mode(creates=True),
    "update": Mode(changes=True),
    CREATE_OR_UPDATE: Mode(creates=True, changes=True),
    "updateTwin": Mode(changes=True, is_whole=False),
    "delete": DELETE,
}

MODES: Final[Mapping[str, Mode]] = _MODES | {
    f"{name}{IF_MATCH}": mode for name, mode in _MODES.items() if name != CREATE
}
"""By the name that an entry gives as its `importMode`."""

_BY_LOWER_NAME: Final = {name.lower(): (name, mode) for name, mode in MODES.items()}


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
        """Create, change or delete up to MAX_BULK identities, or write their twins.

        Returns:
            The entries that were refused; all others have taken effect.

        Raises:
            TooManyEntries, DefinedTwice, Malformed: none has taken effect.

        Source: IDENTITY-20 to IDENTITY-22, IDENTITY-25 to IDENTITY-27.
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
            done = [tasks.create_task(self._refusal(key, entry, by)) for key, entry in pairs]
        return [error for task in done if (error := task.result())]

    async def entry(self, entry: JsonObject, *, mode: str = CREATE, by: Principal) -> None:
        """Carry out one entry in a unit of its own; entries of imports come here one by one.

        Args:
            entry: as in a bulk request.
            mode: of an entry that names none.

        Raises:
            Malformed: it names nothing, or its mode is none of MODES.
            AffinageError: as `Registry.write` and `Registry.delete`. In every case nothing has
                changed.

        Source: IDENTITY-21, IDENTITY-22, IDENTITY-25 to IDENTITY-27.
        """
        await self._carry_out(_key(entry), _mode(entry, mode), entry, by)

    async def _refusal(self, key: TwinKey, entry: JsonObject, by: Principal) -> BulkError | None:
        mode = _mode(entry, CREATE)
        try:
            await self._carry_out(key, mode, entry, by)
        except AffinageError as error:
            return BulkError(key, error, mode)
        return None

    async def _carry_out(self, key: TwinKey, name: str, entry: JsonObject, by: Principal) -> None:
        if name.lower() not in _BY_LOWER_NAME:
            raise Malformed(f"importMode {name[:40]!r} is none of {', '.join(MODES)}")
        name, mode = _BY_LOWER_NAME[name.lower()]
        etag, twin_etag = _etags(entry) if name.endswith(IF_MATCH) else (ANY, ANY)
        if mode == DELETE:
            await self._registry.delete(key, if_match=etag, by=by)
            return
        what = Entry(entry if mode.is_whole else None, _twin(entry), etag, twin_etag)
        await self._registry.write(key, what, creates=mode.creates, changes=mode.changes, by=by)


def _mode(entry: JsonObject, default: str) -> str:
    return str(entry.get("importMode") or default)


def _etags(entry: JsonObject) -> tuple[str, str]:
    """The identity's and the twin's; quoted or bare, and what is absent is any.

    An identity as it was read has an `etag`, and azure-iothub for Node.js sends that in an entry.
    """
    told = (entry.get("eTag") or entry.get("etag"), entry.get("twinETag"))
    identity, twin = (str(one or ANY).removeprefix("W/").strip('"') for one in told)
    return identity or ANY, twin or ANY


def _key(entry: JsonObject) -> TwinKey:
    device, module = entry.get("id"), entry.get("moduleId")
    if not isinstance(device, str) or not isinstance(module, str | None):
        raise Malformed("an entry's id must be a string, and its moduleId one or absent")
    return TwinKey(device, module)


def _twin(entry: JsonObject) -> TwinPatch:
    """What its twin begins with, or what is merged into it; an empty section writes nothing."""
    desired = without_marks(member_object(member_object(entry, "properties"), "desired"))
    return TwinPatch(member_object(entry, "tags") or UNSET, desired or UNSET)
