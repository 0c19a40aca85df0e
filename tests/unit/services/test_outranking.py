"""What the author of a configuration is told of the others."""

import pytest

from affinage.domain.errors import Forbidden
from affinage.domain.principal import Right
from affinage.domain.values import JsonObject
from affinage.services import outranking
from affinage.services.outranking import Warnings
from fakes.life import OWNER, Life, living, policy
from fakes.looped import looped


async def warnings(life: Life, name: str = "new") -> list[str]:
    return await Warnings(life.fleet, life.counts).of(name, by=OWNER)


async def furnished(life: Life) -> None:
    """Three devices in a ring, one of them new, and a configuration of that one."""
    await life.create("a", "b", tags={"ring": "x"})
    await life.create("c", tags={"ring": "x", "new": 1})
    await life.configure("high", "tags.new = 1", priority=20, rate=5)


@looped
async def test_a_warning_says_who_wins_what_and_on_how_many() -> None:
    """CONFIGURATION-40"""
    async with living() as life:
        await furnished(life)
        await life.configure("new", "tags.ring = 'x'", priority=3, rate=7)
        assert await warnings(life) == [
            "configuration high of priority 20 writes properties.desired.rate too, wins there,"
            " and targets 1 of the same 3 twins"
        ]
        assert await warnings(life, "high") == []


@looped
async def test_nobody_is_warned_of_what_targets_others() -> None:
    """CONFIGURATION-40"""
    async with living() as life:
        await furnished(life)
        await life.configure("new", "tags.ring = 'x' AND NOT IS_DEFINED(tags.new)", rate=7)
        await life.configure("empty", "", rate=7)
        assert [await warnings(life, name) for name in ("new", "empty", "nobody")] == [[], [], []]
        await life.withdraw("high")
        await life.retarget("new", "*")
        assert await warnings(life) == []


@looped
async def test_what_is_not_counted_is_said_to_be_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """CONFIGURATION-40: two conditions may be too long for one text."""
    monkeypatch.setattr("affinage.domain.query.tokenizer.MAX_TEXT", 80)
    async with living() as life:
        await furnished(life)
        body: JsonObject = {
            "targetCondition": "tags.ring = 'x' AND tags.ring != 'y'",
            "content": {"deviceContent": {"properties.desired.rate": 1}},
        }
        monkeypatch.setattr("affinage.domain.query.tokenizer.MAX_TEXT", 8192)
        await life.configurations.put("new", body, if_match=None, by=OWNER)
        monkeypatch.setattr("affinage.domain.query.tokenizer.MAX_TEXT", 80)
        (told,) = await warnings(life)
        assert told.endswith("and may target some of the same twins: they are not counted yet")


@looped
async def test_only_so_many_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outranking, "MAX_WARNINGS", 1)
    async with living() as life:
        await furnished(life)
        await life.configure("higher", "*", priority=21, rate=6)
        await life.configure("new", "*", rate=7)
        (told,) = await warnings(life)
        assert told.startswith("configuration higher of priority 21")


@looped
async def test_its_author_is_warned_of_a_circle() -> None:
    """CONFIGURATION-23"""
    async with living() as life:
        await life.group("slow", "properties.reported.rate < 5")
        await life.configure("new", "GROUP('slow')", rate=7)
        (told,) = await warnings(life)
        assert "reads properties.reported.rate" in told
        assert told.endswith("a twin that comes and goes 3 times in an hour is frozen")


@looped
async def test_who_may_read_configurations_may_read_warnings() -> None:
    """NATIVE-12"""
    async with living() as life:
        told = Warnings(life.fleet, life.counts)
        assert await told.of("new", by=policy(Right.REGISTRY_READ)) == []
        with pytest.raises(Forbidden):
            await told.of("new", by=policy(Right.DEVICE_CONNECT))
