"""Transfers as back ends ask for them, and the loop that carries out one at a time.

A transfer that a stop has cut off has failed, and says so: what it wrote is not there, what it read
was carried out line by line, and doing that again changes nothing.

Source: docs/spec/transfers.md.
"""

import asyncio
from typing import Final, NoReturn

import structlog
from msgspec import Struct
from msgspec.structs import replace

from affinage.domain import transfers
from affinage.domain.audit import Deed
from affinage.domain.errors import AffinageError, JobNotFound, TooManyJobs, Unavailable
from affinage.domain.moments import Millis, millis
from affinage.domain.principal import Kind as By
from affinage.domain.principal import Principal, Right
from affinage.domain.transfers import Kind, Places, Status, Transfer
from affinage.domain.values import JsonObject
from affinage.ports.clock import Clock
from affinage.ports.ids import Ids
from affinage.ports.store import Row, Table
from affinage.ports.vault import Vault
from affinage.services.fleet import codec
from affinage.services.fleet.fleet import Fleet
from affinage.services.fleet.unit import Change, View
from affinage.services.limits import UNLIMITED, Limits, Operation
from affinage.services.transfers.exporting import Exporting
from affinage.services.transfers.importing import Importing
from affinage.services.transfers.places import Allowed

MAX_KEPT: Final = 50
"""Transfers that are remembered."""

RETRY_S: Final = 1.0
"""After the store has failed."""

_log = structlog.get_logger(__name__)


class Kept(Struct, frozen=True, array_like=True):
    """A transfer as the store has it."""

    transfer: Transfer
    sealed: bytes
    """`Places`: an address may hold a signature."""


class Transfers:
    def __init__(
        self,
        fleet: Fleet,
        places: Allowed,
        exporting: Exporting,
        importing: Importing,
        *,
        vault: Vault,
        clock: Clock,
        ids: Ids,
        limits: Limits = UNLIMITED,
    ) -> None:
        self._fleet, self._places, self._vault, self._limits = fleet, places, vault, limits
        self._exporting, self._importing = exporting, importing
        self._clock, self._ids = clock, ids
        self._known: dict[str, Kept] = {}
        self._asked = asyncio.Event()
        self._going: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Read the store; what was under way has failed. The fleet must be running."""
        for key, body in self._fleet.saved(Table.TRANSFERS):
            self._known[key] = codec.decode(body, Kept)
        for kept in [one for one in self._known.values() if not one.transfer.status.is_end]:
            await self._end(kept, Status.FAILED, "the hub stopped while it was under way")

    async def run(self) -> NoReturn:
        """Carry out what is asked for, until cancelled."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            for kept in [one for one in self._known.values() if not one.transfer.status.is_end]:
                self._going = asyncio.ensure_future(self._carry_out(kept))
                await asyncio.wait([self._going])

    async def create(self, body: JsonObject, *, by: Principal) -> JsonObject:
        """Begin an export or an import.

        Raises:
            TooManyJobs: one is under way.
            Missing, Malformed, Invalid: what the message says; also of a place that is not allowed,
                which has not been asked for anything.
            Unavailable: the commit failed. In every case there is no transfer.

        Source: TRANSFER-1 to TRANSFER-6.
        """
        by.require(Right.REGISTRY_WRITE)
        self._limits.take(Operation.JOB, by)
        transfer, places = transfers.requested(
            body, transfer_id=self._ids.uuid(), by=by.name, at=self._now()
        )
        for uri in filter(None, (places.source, places.target)):
            self._places.check(uri)
        kept = Kept(transfer, self._vault.seal(codec.encode(places)))
        await self._begin(kept, Deed(by, f"registry.{transfer.kind}", transfer.id, None, None))
        self._asked.set()
        return transfers.document(transfer)

    async def get(self, transfer_id: str, *, by: Principal) -> JsonObject:
        """A transfer as it is now; JobNotFound."""
        self._enter(by, Right.REGISTRY_READ)
        return transfers.document(self._found(transfer_id).transfer)

    def knows(self, transfer_id: str) -> bool:
        """Whether there is such a transfer; nothing else of it is told, and no right is needed."""
        return transfer_id in self._known

    async def list_all(self, *, by: Principal) -> list[JsonObject]:
        """The last MAX_KEPT, the newest first."""
        self._enter(by, Right.REGISTRY_READ)
        newest = sorted(self._known.values(), key=lambda one: -one.transfer.begun_at)
        return [transfers.document(one.transfer) for one in newest]

    async def cancel(self, transfer_id: str, *, by: Principal) -> JsonObject:
        """Go no further; what an import has carried out stays. One that has ended stays as it is.

        Raises:
            JobNotFound, Unavailable: nothing has changed.

        Source: TRANSFER-6.
        """
        self._enter(by, Right.REGISTRY_WRITE)
        kept = self._found(transfer_id)
        if not kept.transfer.status.is_end:
            deed = Deed(by, "registry.cancel", transfer_id, None, None)
            await self._end(kept, Status.CANCELLED, deed=deed)
            if self._going is not None:
                self._going.cancel()
        return transfers.document(self._found(transfer_id).transfer)

    async def _carry_out(self, kept: Kept) -> None:
        transfer = kept.transfer
        self._known[transfer.id] = replace(kept, transfer=replace(transfer, status=Status.RUNNING))
        try:
            await self._work(kept)
        except AffinageError as error:
            _log.warning("transfer failed", transfer=transfer.id, error=str(error))
            await self._end_in_any_case(kept, Status.FAILED, str(error))
        except Exception:  # noqa: BLE001  # told to who looks, and written down
            _log.exception("failed", transfer=transfer.id)
            await self._end_in_any_case(kept, Status.FAILED, "the hub failed, its log says why")
        else:
            await self._end_in_any_case(kept, Status.COMPLETED)

    async def _work(self, kept: Kept) -> None:
        transfer = kept.transfer
        places = codec.decode(self._vault.open(kept.sealed), Places)

        def told(progress: int) -> None:
            known = self._known[transfer.id]
            moved = replace(known.transfer, progress=progress)
            self._known[transfer.id] = replace(known, transfer=moved)

        if transfer.kind is Kind.EXPORT:
            await self._exporting.run(transfer, places, self._places, told)
        else:
            by = _by(transfer)
            await self._importing.run(transfer, places, self._places, told, by=by)

    async def _end_in_any_case(
        self, kept: Kept, status: Status, failure: str | None = None
    ) -> None:
        """Try again while the store fails: one that never ends would let no other begin."""
        while True:
            try:
                return await self._end(kept, status, failure)
            except Unavailable as error:
                _log.warning("transfer not ended", transfer=kept.transfer.id, error=str(error))
                await self._clock.sleep(RETRY_S)

    async def _end(
        self, kept: Kept, status: Status, failure: str | None = None, deed: Deed | None = None
    ) -> None:
        now = self._known.get(kept.transfer.id, kept)
        transfer = transfers.ended(now.transfer, status, self._now(), failure)
        if transfer is not now.transfer:
            await self._write(replace(now, transfer=transfer), deed)
            _log.info("transfer", transfer=transfer.id, status=str(transfer.status))

    async def _begin(self, kept: Kept, deed: Deed) -> None:
        """Write a new one, and forget the oldest."""
        ended = [one for one in self._known.values() if one.transfer.status.is_end]
        ended.sort(key=lambda one: one.transfer.begun_at)
        gone = [one.transfer.id for one in ended[: max(0, len(self._known) + 1 - MAX_KEPT)]]

        def decide(view: View) -> Change[None]:
            active = len(self._known) - len(ended) + len([*view.written(Table.TRANSFERS)])
            if active:
                raise TooManyJobs(f"the hub has {active} of 1 export or import under way")
            rows = (_row(kept), *(Row(Table.TRANSFERS, name, None) for name in gone))
            return Change(lambda _: None, rows=rows, deeds=(deed,))

        await self._fleet.change(decide)
        self._known[kept.transfer.id] = kept
        for name in gone:
            del self._known[name]

    async def _write(self, kept: Kept, deed: Deed | None) -> None:
        deeds = () if deed is None else (deed,)
        await self._fleet.save(_row(kept), deeds=deeds)
        self._known[kept.transfer.id] = kept

    def _found(self, transfer_id: str) -> Kept:
        if (found := self._known.get(transfer_id)) is None:
            raise JobNotFound(f"no job {transfer_id}")
        return found

    def _enter(self, by: Principal, right: Right) -> None:
        by.require(right)
        self._limits.take(Operation.JOB, by)

    def _now(self) -> Millis:
        return millis(self._clock.now())


def _row(kept: Kept) -> Row:
    return Row(Table.TRANSFERS, kept.transfer.id, codec.encode(kept))


def _by(transfer: Transfer) -> Principal:
    """In whose name an import writes: who asked for it had the right to; nothing throttles it."""
    return Principal(By.HUB, f"for {transfer.by}", "import", transfer.id, Right.REGISTRY_WRITE)
