"""No generation is given twice."""

from fakes.life import Life, living
from fakes.looped import looped


def generation(life: Life, name: str) -> int:
    found = life.fleet.configuration(name)
    assert found
    return found.generation


@looped
async def test_each_new_configuration_is_a_later_one() -> None:
    async with living() as life:
        await life.configure("one", "*")
        await life.configure("two", "*")
        assert generation(life, "two") > generation(life, "one")
        await life.retarget("one", "tags.ring = 'a'")
        assert generation(life, "one") < generation(life, "two")


@looped
async def test_what_is_gone_without_a_trace_is_not_repeated() -> None:
    """CONFIGURATION-21: also when the hub has started anew, and when nothing else is there."""
    async with living() as life:
        await life.configure("one", "*")
        before = generation(life, "one")
        await life.withdraw("one")
        await life.settle()
        assert life.fleet.configuration("one") is None
    async with living(life) as again:
        await again.configure("one", "*")
        assert generation(again, "one") > before
