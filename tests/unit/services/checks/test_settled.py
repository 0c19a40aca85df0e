"""services/checks/settled.py: reconciling once more writes nothing."""

import asyncio

from msgspec.structs import replace

from affinage.domain.allowance import Allowance
from affinage.domain.identity import ModuleIdentity
from affinage.domain.names import TwinKey
from affinage.domain.values import JsonObject
from affinage.services.checks.finding import Finding, Progress, Severity
from affinage.services.checks.settled import PAUSE_S, Settled
from affinage.services.fleet import codec
from fakes.life import Life, living
from fakes.looped import looped

FULL: JsonObject = {str(number): "x" * 4000 for number in range(8)}


async def finished(life: Life, progress: Progress | None = None) -> Finding:
    """The one finding, once all tries are over."""
    one = Settled(life.fleet, life.sweeps, life.identities, life.clock)
    checking = asyncio.ensure_future(one.check(progress or Progress()))
    while not checking.done():
        await life.turn()
        life.clock.advance(PAUSE_S)
    [finding] = await checking
    return finding


def forget(life: Life, name: str) -> None:
    """A fault: in memory a device loses what it carries and its modules."""
    found = life.fleet.device(name)
    bare = replace(found, carried={}, modules={})
    life.fleet._memory.bodies[found.number] = codec.encode(bare)


@looped
async def test_where_all_are_settled_nothing_would_be_written() -> None:
    """NATIVE-24"""
    async with living() as life:
        await life.create(*(f"d{number}" for number in range(45)), tags={"on": True})
        await life.configure("one", "tags.on = true")
        await life.settle()
        commits, progress = life.disk.commits, Progress()
        finding = await finished(life, progress)
        assert finding.severity is Severity.OK
        assert finding.what.startswith("45 of 45 devices were reconciled once more")
        assert (life.disk.commits, progress.done, progress.total) == (commits, 45, 45)


@looped
async def test_a_device_that_would_be_written_is_a_problem() -> None:
    """NATIVE-24"""
    async with living() as life:
        await life.create("a", "b")
        await life.configure("one", "*")
        await life.settle()
        forget(life, "b")
        finding = await finished(life)
        assert (finding.severity, finding.details) == (
            Severity.PROBLEM,
            ("b: reconciling would change it",),
        )


@looped
async def test_what_the_hub_knows_of_is_left_out() -> None:
    """NATIVE-24"""
    async with living() as life:
        await life.create("full", desired=FULL)
        await life.create("flaps", "drifts")
        await life.configure("one", "tags.on = true")
        await life.configure("two", "deviceId = 'full'", more="x" * 4000)
        await life.settle()
        for on in (True, False, True, False, True):
            await life.tag("flaps", on=on)
        await life.tag("drifts", on=True)
        await life.desire("drifts", who="me")
        assert len(life.fleet.pending.held) == 2
        assert (await finished(life)).severity is Severity.OK


@looped
async def test_what_a_sweep_has_not_come_to_is_left_out() -> None:
    """NATIVE-24"""
    async with living(life=Life(allowance=Allowance(hub_per_s=0.001, hub_burst=1))) as life:
        await life.create("a", "b")
        await life.configure("one", "*")
        finding = await finished(life)
        assert [one.ahead for one in life.sweeps.under_way()] == [1]
        assert (finding.severity, life.desired("b")) == (Severity.OK, {})


@looped
async def test_what_cannot_be_reconciled_and_is_not_marked_is_a_problem() -> None:
    class Keyless:
        def fresh(self, key: TwinKey) -> ModuleIdentity:
            raise LookupError("no keys left")

    async with living() as life:
        await life.create("gw", edge=True)
        await life.deploy("edge", "*", "m")
        await life.settle()
        forget(life, "gw")
        life.identities = Keyless()  # type: ignore[assignment]  # for the doctor alone
        finding = await finished(life)
        assert finding.details == (
            "gw: it cannot be reconciled, and is not marked so: no keys left",
        )
