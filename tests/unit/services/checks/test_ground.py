"""services/checks/ground.py."""

from datetime import timedelta

import pytest

from affinage.domain.errors import Invalid
from affinage.ports.machine import Certificate
from affinage.ports.store import StoreFigures
from affinage.services.checks.finding import Finding, Progress, Severity
from affinage.services.checks.ground import Ground
from fakes.clock import START, FixedClock
from fakes.looped import looped
from fakes.machine import FixedMachine


async def found(
    machine: FixedMachine,
    figures: StoreFigures = StoreFigures(),  # noqa: B008  # immutable
) -> dict[str, Finding]:
    """By check."""
    ground = Ground(machine, lambda: figures, FixedClock())
    return {one.check: one for one in await ground.check(Progress())}


@looped
async def test_a_journal_that_cannot_be_folded_is_told() -> None:
    """NATIVE-25"""
    told = (await found(FixedMachine(), StoreFigures(journal_rows=7)))["journal"]
    assert (told.severity, told.what[:21]) == (Severity.OK, "7 rows of the journal")
    told = (await found(FixedMachine(), StoreFigures(failed_folds=2)))["journal"]
    assert told.severity is Severity.WARNING
    assert told.what.endswith("; folding failed 2 times")


@looped
async def test_with_plenty_of_everything_nothing_is_to_do() -> None:
    """NATIVE-25"""
    told = await found(FixedMachine())
    assert told["disk"].what == "50000 of 100000 MiB are free where the data folder is"
    assert told["descriptors"].what == "900 of 1000 descriptors are free"
    assert {(one.severity, one.next_step) for one in told.values()} == {(Severity.OK, "")}


@pytest.mark.parametrize(
    ("part", "wanted"), [(0.5, Severity.OK), (0.09, Severity.WARNING), (0.01, Severity.PROBLEM)]
)
@looped
async def test_what_runs_out_is_told_in_time(part: float, wanted: Severity) -> None:
    """NATIVE-25"""
    machine = FixedMachine(free_mib=int(100_000 * part), free_descriptors=int(1000 * part))
    told = await found(machine)
    for one in (told["disk"], told["descriptors"]):
        assert one.severity is wanted
        assert bool(one.next_step) is (wanted is not Severity.OK)


@pytest.mark.parametrize(
    ("days", "wanted"), [(31, Severity.OK), (29, Severity.WARNING), (0, Severity.PROBLEM)]
)
@looped
async def test_a_certificate_that_ends_is_told_in_time(days: int, wanted: Severity) -> None:
    """NATIVE-25"""
    machine = FixedMachine(shown=[Certificate("a.pem", START + timedelta(days=days))])
    told = (await found(machine))["certificate"]
    assert (told.severity, told.what[:19]) == (wanted, "a.pem ends on 2025-")


@looped
async def test_a_certificate_that_cannot_be_read_is_a_problem() -> None:
    class Torn(FixedMachine):
        def certificates(self) -> list[Certificate]:
            raise Invalid("a.pem holds no certificate")

    told = (await found(Torn()))["certificate"]
    assert (told.severity, told.what) == (Severity.PROBLEM, "a.pem holds no certificate")
