"""An import: each line of a file is an entry of a bulk request, carried out for itself.

Source: TRANSFER-9, TRANSFER-10.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

import msgspec

from affinage.domain.errors import AffinageError, ConfigurationExists, Malformed, NotJson, TooLarge
from affinage.domain.etags import ANY
from affinage.domain.names import check_configuration_id
from affinage.domain.principal import Principal
from affinage.domain.transfers import Places, Transfer, error_line
from affinage.domain.values import JsonObject, is_object
from affinage.ports.blobs import Blobs, Sink
from affinage.services.bulk import CREATE_OR_UPDATE, Bulk
from affinage.services.configurations import Configurations
from affinage.services.transfers.exporting import Told

MAX_LINE: Final = 1024 * 1024
"""Bytes."""

AT_ONCE: Final = 100
"""Entries that are carried out at a time, so that they share commits."""

Code = Callable[[AffinageError], int]
"""What the front ends call an error."""


class Importing:
    def __init__(self, bulk: Bulk, configurations: Configurations, code: Code) -> None:
        self._bulk, self._configurations, self._code = bulk, configurations, code

    async def run(
        self, transfer: Transfer, places: Places, blobs: Blobs, told: Told, *, by: Principal
    ) -> None:
        """Carry out every line, and write a file of what was refused.

        Raises:
            NotFound, Unavailable: a file could not be read or written.
            TooLarge: a line is longer than MAX_LINE. What came before it has been carried out.
        """
        async with blobs.write(places.target, transfer.target_name) as sink:
            async with blobs.read(places.source, transfer.source_name) as source:
                size, done = source.size_bytes, 0
                async for some in _batches(source.chunks()):
                    await self._carry_out(some, sink, by)
                    done += sum(map(len, some))
                    told(min(99, 100 * done // size) if size else 0)
            if transfer.configurations_name is not None:
                await self._import_configurations(transfer, places, blobs, sink, by)

    async def _carry_out(self, lines: list[bytes], sink: Sink, by: Principal) -> None:
        async with asyncio.TaskGroup() as tasks:
            tried = [tasks.create_task(self._refusal(text, by)) for text in lines]
        if refused := [error for task in tried if (error := task.result()) is not None]:
            await sink.write(b"".join(msgspec.json.encode(one) + b"\n" for one in refused))

    async def _refusal(self, text: bytes, by: Principal) -> JsonObject | None:
        entry: JsonObject = {}
        try:
            entry = _entry(text)
            await self._bulk.entry(entry, mode=CREATE_OR_UPDATE, by=by)
        except AffinageError as error:
            return error_line(entry, self._code(error), str(error))
        return None

    async def _import_configurations(
        self, transfer: Transfer, places: Places, blobs: Blobs, sink: Sink, by: Principal
    ) -> None:
        assert transfer.configurations_name is not None  # asked for
        async with blobs.read(places.source, transfer.configurations_name) as source:
            async for some in _batches(source.chunks()):
                for text in some:
                    if (refused := await self._configuration_refusal(text, by)) is not None:
                        await sink.write(msgspec.json.encode(refused) + b"\n")

    async def _configuration_refusal(self, text: bytes, by: Principal) -> JsonObject | None:
        body: JsonObject = {}
        try:
            body = _entry(text)
            name = check_configuration_id(str(body.get("id")))
            await self._put(name, body, by)
        except AffinageError as error:
            refused = error_line(body, self._code(error), str(error))
            return {"configurationId": body.get("id"), **refused, "deviceId": None}
        return None

    async def _put(self, name: str, body: JsonObject, by: Principal) -> None:
        try:
            await self._configurations.put(name, body, if_match=None, by=by)
        except ConfigurationExists:
            await self._configurations.put(name, body, if_match=ANY, by=by)


def _entry(text: bytes) -> JsonObject:
    try:
        entry = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise NotJson(f"a line is not JSON: {error}") from None
    if not is_object(entry):
        raise Malformed("a line must be an object")
    return entry


async def _batches(chunks: AsyncIterator[bytes]) -> AsyncIterator[list[bytes]]:
    """The lines, AT_ONCE at a time; empty ones are left out."""
    some: list[bytes] = []
    async for text in _lines(chunks):
        some.append(text)
        if len(some) == AT_ONCE:
            yield some
            some = []
    if some:
        yield some


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    rest = b""
    async for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for text in whole:
            if text.strip():
                yield _checked(text)
        _checked(rest)
    if rest.strip():
        yield rest


def _checked(text: bytes) -> bytes:
    if len(text) > MAX_LINE:
        raise TooLarge(f"a line has more than {MAX_LINE} bytes")
    return text
