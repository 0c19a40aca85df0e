"""What the doctor looks at in a hub, and in a data folder that no hub serves from."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from affinage.adapters.files.certificates import Certificates
from affinage.adapters.files.vault import FileVault
from affinage.adapters.sqlite.store import SqliteStore
from affinage.adapters.system.clock import SystemClock
from affinage.adapters.system.ids import SystemIds
from affinage.adapters.system.machine import LocalMachine
from affinage.domain.edge import ModuleIdentities
from affinage.domain.principal import Kind, Principal, Right
from affinage.ports.clock import Clock
from affinage.ports.machine import Machine
from affinage.ports.store import StoreFigures
from affinage.services.checks.finding import Check, Severity
from affinage.services.checks.ground import Ground
from affinage.services.checks.recount import Recount
from affinage.services.checks.remembered import Remembered
from affinage.services.checks.rows import Rows
from affinage.services.checks.settled import Settled
from affinage.services.checks.standing import Standing
from affinage.services.counts import Counts
from affinage.services.doctor import Doctor, Examination
from affinage.services.fleet.fleet import Fleet
from affinage.services.queries import Queries
from affinage.services.registry import FreshModules, makings
from affinage.services.sweeps import Sweeps
from affinage.services.tending import Tending

TOLD_S: Final = 0.1
"""Between two looks at an examination that goes on here."""

OWNER: Final = Principal(Kind.OPERATOR, "doctor", "terminal", "doctor", Right.REGISTRY_READ)
"""Who owns the folder may look at all of it."""


@dataclass(frozen=True, slots=True)
class Body:
    """What is examined."""

    fleet: Fleet
    counts: Counts
    sweeps: Sweeps
    tending: Tending
    identities: ModuleIdentities
    machine: Machine
    figures: Callable[[], StoreFigures]
    """Of the store."""
    clock: Clock

    def checks(self) -> list[Check]:
        """The quick ones first."""
        return [
            Ground(self.machine, self.figures, self.clock).check,
            Standing(self.fleet, self.sweeps, self.tending).check,
            Remembered(self.fleet, self.clock).check,
            Settled(self.fleet, self.sweeps, self.identities, self.clock).check,
            Recount(self.fleet, self.counts, self.clock).check,
        ]


def machine(data: Path, certificate: Path | None = None) -> LocalMachine:
    """The machine under a data folder; ``certificate`` is the server's where it was given one."""
    made = Certificates(data / "tls")
    shown = [made.authority, made.server] if certificate is None else [certificate]
    return LocalMachine(data, shown)


async def examine(data: Path, tell: Callable[[Examination], None]) -> Examination:
    """Examine a data folder that no hub serves from; writes nothing.

    Args:
        data: the folder.
        tell: is told how far it is, now and then.

    Raises:
        Unavailable: the store cannot be opened.
        Invalid: it is none of ours, or a newer release's.
    """
    clock = SystemClock()
    store = SqliteStore(data / "hub.db", read_only=True)
    try:
        doctor = Doctor([Rows(store, store.faults).check], clock)
        rows = await _examined(doctor, tell)
        if rows.severity is not Severity.OK:
            return rows
        examination = await _examine_fleet(store, data, clock, tell)
        examination.findings[:0] = rows.findings
        return examination
    finally:
        await store.close()


async def _examine_fleet(
    store: SqliteStore, data: Path, clock: SystemClock, tell: Callable[[Examination], None]
) -> Examination:
    identities = FreshModules(makings(FileVault(data / "vault.key"), SystemIds(clock)))
    fleet = Fleet(store, clock, identities)
    await fleet.open()
    counts, sweeps = Counts(fleet, Queries(fleet), clock), Sweeps(fleet, clock)
    await sweeps.open()
    tending = Tending(fleet, clock)
    body = Body(fleet, counts, sweeps, tending, identities, machine(data), store.figures, clock)
    return await _examined(Doctor(body.checks(), clock), tell, fleet.run, counts.run)


async def _examined(
    doctor: Doctor,
    tell: Callable[[Examination], None],
    *loops: Callable[[], Coroutine[Any, Any, None]],
) -> Examination:
    """One examination, to its end."""
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(loop()) for loop in (doctor.run, *loops)]
        examination = doctor.begin(by=OWNER)
        while examination.ended_at is None:
            tell(examination)
            await asyncio.sleep(TOLD_S)
        for task in running:
            task.cancel()
    tell(examination)
    return examination
