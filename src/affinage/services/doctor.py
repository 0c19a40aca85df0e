"""The doctor: examines the hub when somebody asks, and keeps what was found last.

Decided here: one examination at a time, and who may ask for it. What is looked at is in `checks`.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, NoReturn

import structlog
from msgspec import Struct

from affinage.domain.errors import NotFound
from affinage.domain.moments import Millis, millis
from affinage.domain.principal import Principal, Right
from affinage.ports.clock import Clock
from affinage.services.checks.finding import Check, Finding, Progress, Severity, worst

EXAMINERS: Final = Right.REGISTRY_READ
"""Findings name devices of every kind, and what is wrong with them. ACCESS-5."""

_FAILED: Final = "the hub's log says why; report it, it is a fault"

_log = structlog.get_logger(__name__)


class Examination(Struct):
    """One look at the hub; grows until it has ended."""

    number: int
    """1 is the first since the hub started."""
    begun_at: Millis
    progress: Progress
    findings: list[Finding]
    ended_at: Millis | None = None

    @property
    def severity(self) -> Severity:
        """The worst so far."""
        return worst(self.findings)


class Doctor:
    def __init__(self, checks: Sequence[Check], clock: Clock) -> None:
        self._checks, self._clock = [*checks], clock
        self._latest: Examination | None = None
        self._wanted = asyncio.Event()

    def look_at(self, check: Check) -> None:
        """Have one more check from now on, behind the others."""
        self._checks.append(check)

    def begin(self, *, by: Principal) -> Examination:
        """Begin an examination, or join the one that is under way; `run` carries it out."""
        by.require(EXAMINERS)
        latest = self._latest
        if latest is not None and latest.ended_at is None:
            return latest
        number = 1 if latest is None else latest.number + 1
        self._latest = Examination(number, millis(self._clock.now()), Progress(), [])
        self._wanted.set()
        return self._latest

    def latest(self, *, by: Principal) -> Examination:
        """The one that is under way, or was last.

        Raises:
            NotFound: nobody has asked for any since the hub started.
        """
        by.require(EXAMINERS)
        if self._latest is None:
            raise NotFound("there was no examination since the hub started: begin one")
        return self._latest

    async def run(self) -> NoReturn:
        """Examine whenever somebody wants it, until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            assert self._latest is not None  # it is what is wanted
            await self._examine(self._latest)

    async def _examine(self, examination: Examination) -> None:
        for check in self._checks:
            try:
                examination.findings += await check(examination.progress)
            except Exception as error:  # noqa: BLE001  # logged here, once; others go on
                _log.exception("check failed")
                what = f"a check failed: {type(error).__name__}"
                examination.findings.append(Finding("doctor", Severity.PROBLEM, what, _FAILED))
        examination.ended_at = millis(self._clock.now())
        _log.info("examined", severity=str(examination.severity), number=examination.number)
