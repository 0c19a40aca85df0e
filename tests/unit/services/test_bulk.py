"""Many identities in one request: which entries take effect, and what is told of the others."""

from typing import Any

import pytest

from affinage.domain.errors import DefinedTwice, Forbidden, Malformed, TooManyEntries
from affinage.domain.principal import Right
from affinage.services.bulk import MAX_BULK
from fakes.life import OWNER, Life, key_of, living, policy
from fakes.looped import looped


def entry(name: str, mode: str | None = None, **more: Any) -> dict[str, Any]:
    key = key_of(name)
    named = {"id": key.device} if key.module is None else {"id": key.device, "moduleId": key.module}
    return {**named, **({} if mode is None else {"importMode": mode}), **more}


async def run(life: Life, *entries: Any) -> list[tuple[str, str, str]]:
    """The refused entries: path, code, mode."""
    refused = await life.bulk.run(entries, by=OWNER)
    return [(one.key.path, one.error.code, one.operation) for one in refused]


async def etag(life: Life, name: str) -> str:
    shown: Any = await life.registry.get(key_of(name), by=OWNER)
    return str(shown["etag"])


@looped
async def test_all_entries_share_one_commit() -> None:
    """IDENTITY-21"""
    async with living() as life:
        commits = life.disk.commits
        names = [f"d{number:03}" for number in range(MAX_BULK)]
        assert await run(life, *map(entry, names)) == []
        assert (life.fleet.ids(1000), life.disk.commits) == (names, commits + 1)


@looped
async def test_too_many_entries_are_none() -> None:
    """IDENTITY-20"""
    async with living() as life:
        with pytest.raises(TooManyEntries, match="101 of 100"):
            await run(life, *[entry(f"d{number}") for number in range(MAX_BULK + 1)])
        assert life.stored() == {}


@looped
async def test_what_is_named_twice_is_not_done_at_all() -> None:
    """IDENTITY-20"""
    async with living() as life:
        with pytest.raises(DefinedTwice, match="d/m is in the bulk request twice"):
            await run(life, entry("e"), entry("d/m"), entry("d"), entry("d/m", "delete"))
        assert life.stored() == {}


@pytest.mark.parametrize("bad", [{}, {"id": 7}, {"id": "d", "moduleId": 7}, {"moduleId": "m"}])
@looped
async def test_an_entry_without_names_refuses_the_request(bad: dict[str, Any]) -> None:
    async with living() as life:
        with pytest.raises(Malformed, match="an entry's id"):
            await run(life, entry("d"), bad)
        assert life.stored() == {}


@looped
async def test_the_refused_are_told_and_all_others_take_effect() -> None:
    """IDENTITY-21"""
    async with living() as life:
        await life.create("there")
        refused = await run(
            life,
            entry("there"),
            entry("new"),
            entry("nobody", "update"),
            entry("bad id"),
            entry("there/m"),
            entry("odd", "rename"),
            entry("full", tags=7),
            entry("half", properties={"desired": []}),
        )
        assert refused == [
            ("there", "device_exists", "create"),
            ("nobody", "device_not_found", "update"),
            ("bad id", "invalid", "create"),
            ("odd", "malformed", "rename"),
            ("full", "malformed", "create"),
            ("half", "malformed", "create"),
        ]
        assert set(life.stored()) == {"there", "new"}
        assert set(life.stored()["there"].modules) == {"m"}


@looped
async def test_a_module_may_come_with_its_device() -> None:
    async with living() as life:
        assert await run(life, entry("d"), entry("d/m")) == []
        assert set(life.stored()["d"].modules) == {"m"}


@looped
async def test_new_twins_begin_as_they_are_told() -> None:
    async with living() as life:
        properties = {"desired": {"x": 1}}
        assert await run(life, entry("d", "CREATE", tags={"a": 1}, properties=properties)) == []
        assert await run(life, entry("e", tags=None, properties={"desired": None})) == []
        twin = life.stored()["d"].twin
        assert (twin.tags, twin.desired.values) == ({"a": 1}, {"x": 1})
        assert life.stored()["e"].twin.tags == {}


@looped
async def test_only_the_modes_that_say_so_heed_an_etag() -> None:
    """IDENTITY-22"""
    async with living() as life:
        await life.create("a", "b", "c", "d")
        good = await etag(life, "b")
        refused = await run(
            life,
            entry("a", "update", eTag="stale", status="disabled"),
            entry("b", "updateIfMatchETag", eTag=f'"{good}"', status="disabled"),
            entry("c", "updateIfMatchETag", eTag="stale", status="disabled"),
            entry("d", "updateIfMatchETag", status="disabled"),
        )
        assert refused == [("c", "etag_mismatch", "updateIfMatchETag")]
        statuses = {name: str(one.identity.status) for name, one in life.stored().items()}
        assert [statuses[name] for name in "abcd"] == [
            "disabled",
            "disabled",
            "enabled",
            "disabled",
        ]


@looped
async def test_entries_delete_as_well() -> None:
    """IDENTITY-21, IDENTITY-22"""
    async with living() as life:
        await life.create("a", "b", "c")
        refused = await run(
            life,
            entry("a", "delete", eTag="stale"),
            entry("b", "deleteIfMatchETag", eTag="stale"),
            entry("c", "deleteIfMatchETag", eTag=await etag(life, "c")),
        )
        assert refused == [("b", "etag_mismatch", "deleteIfMatchETag")]
        assert set(life.stored()) == {"b"}


@looped
async def test_a_commit_that_fails_is_told_of_every_entry() -> None:
    async with living() as life:
        life.disk.fails = True
        refused = await run(life, entry("a"), entry("b"))
        assert refused == [("a", "unavailable", "create"), ("b", "unavailable", "create")]
        assert life.stored() == {}


@looped
async def test_a_bulk_request_needs_the_right_to_write() -> None:
    """ACCESS-7"""
    async with living() as life:
        with pytest.raises(Forbidden, match="REGISTRY_WRITE"):
            await life.bulk.run([entry("d")], by=policy(Right.REGISTRY_READ))
