"""Files that devices have uploaded, for who operates the hub: listed, fetched, and deleted.

They are in a folder of his, where he may do the same by hand.

Source: docs/spec/uploads.md, UPLOAD-30 to UPLOAD-33.
"""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime

from affinage.domain.audit import Deed, digest
from affinage.domain.errors import NoFile, NoUploads
from affinage.domain.moments import iso, millis
from affinage.domain.names import check_id
from affinage.domain.principal import Principal, Right
from affinage.domain.uploads import blob_of
from affinage.domain.values import JsonObject
from affinage.ports.uploads import Kept, UploadStore
from affinage.services.fleet.fleet import Fleet
from affinage.services.pages import DEFAULT_PAGE, Page, cut, page_size
from affinage.services.room import Room


class Files:
    def __init__(self, fleet: Fleet, store: UploadStore | None, room: Room) -> None:
        """``store`` is None where the hub has no place for files."""
        self._fleet, self._store, self._room = fleet, store, room

    @property
    def room(self) -> Room | None:
        """What there is for files; None where the hub has no place for any."""
        return self._room if self._store else None

    async def page(
        self,
        *,
        device: str | None = None,
        after: str | None = None,
        limit: int = DEFAULT_PAGE,
        by: Principal,
    ) -> Page:
        """Some files by name, those behind ``after``, and of one device if it is named.

        Raises:
            NoUploads: the hub has no place for files.
            Invalid: a limit under 1, or a name that no file can have.

        Source: UPLOAD-30.
        """
        store = self._admitted(by)
        of = device and check_id("a device", device)
        behind = after and _checked(after)
        found = await store.page(of or "", behind or "", page_size(limit) + 1)
        some, has_more = cut(found, limit)
        return Page("file", [_shown(*one) for one in some], some[-1][0] if has_more else None)

    async def get(self, name: str, *, by: Principal) -> JsonObject:
        """One file, without what is in it; NoFile."""
        return _shown(name, await self._found(self._admitted(by), name))

    async def read(self, name: str, *, by: Principal) -> AsyncGenerator[bytes, None]:
        """What is in a file, piece by piece; NoFile, Unavailable. UPLOAD-31."""
        store = self._admitted(by)
        await self._found(store, name)
        async for piece in store.read(name):
            yield piece

    async def delete(self, name: str, *, by: Principal) -> None:
        """Let a file go; its room is free at once.

        Raises:
            NoFile: there is none.
            Unavailable: the folder cannot be written; it may be in the audit log all the same.

        Source: UPLOAD-32.
        """
        store = self._admitted(by)
        before = digest(_shown(name, await self._found(store, name)))
        await self._fleet.save(deeds=(Deed(by, "file.delete", name, before, None),))
        self._room.give(await store.delete(name))

    def _admitted(self, by: Principal) -> UploadStore:
        by.require(Right.SERVICE_CONNECT)
        if self._store is None:
            raise NoUploads("this hub has no place for files: upload_folder is not set")
        return self._store

    async def _found(self, store: UploadStore, name: str) -> Kept:
        kept = await store.find(_checked(name))
        if kept is None:
            raise NoFile(f"there is no file {name}")
        return kept


def _checked(name: str) -> str:
    """A name that a file can have; Invalid."""
    device, _, blob = name.partition("/")
    return blob_of(check_id("a device", device), blob)


def _shown(name: str, kept: Kept) -> JsonObject:
    updated_at = millis(datetime.fromtimestamp(kept.updated_at_s, UTC))
    return {"name": name, "size": kept.size_bytes, "updatedAt": iso(updated_at)}
