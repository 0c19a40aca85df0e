"""services/checks/remembered.py: what is remembered beside the devices is as they are."""

from affinage.services.checks.finding import Progress, Severity
from affinage.services.checks.remembered import Remembered
from fakes.life import living
from fakes.looped import looped


@looped
async def test_what_agrees_is_well_and_what_does_not_is_a_problem() -> None:
    """NATIVE-27"""
    async with living() as life:
        await life.create("a", "b")
        progress = Progress()
        check = Remembered(life.fleet, life.clock).check
        [well] = await check(progress)
        assert (well.severity, progress.done, progress.total) == (Severity.OK, 2, 2)
        life.fleet._memory.ids.remove("b")
        [fault] = await check(progress)
        assert fault.severity is Severity.PROBLEM
        assert fault.what == "1 things are remembered otherwise than devices have them"
        assert fault.details == ("b: it is not in the order of ids",)
        assert "restart" in fault.next_step
