"""Many identities in one request: which entries take effect, and what is told of the others."""

from typing import Any

import pytest

from affinage.domain.errors import (
    DefinedTwice,
    DeviceExists,
    Forbidden,
    Malformed,
    TooManyEntries,
)
from affinage.domain.principal import Right
from affinage.domain.twin import MAX_TAGS
from affinage.domain.twin import etag_text as twin_etag_text
from affinage.services.bulk import CREATE_OR_UPDATE, MAX_BULK, MODES
from fakes.life import OWNER, Door, Life, itself, key_of, living, policy
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
async def test_an_etag_may_be_spelled_as_in_the_identity() -> None:
    """IDENTITY-22: azure-iothub for Node.js sends the document that it has."""
    async with living() as life:
        await life.create("a")
        refused = await run(life, entry("a", "deleteIfMatchETag", etag="stale"))
        assert refused == [("a", "etag_mismatch", "deleteIfMatchETag")]


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


async def twin_etag(life: Life, name: str) -> str:
    return twin_etag_text((await life.twins.get(key_of(name), by=OWNER)).twin.etag)


@looped
async def test_what_is_not_there_can_only_be_created() -> None:
    """IDENTITY-25, IDENTITY-26"""
    async with living() as life:
        await life.create("d")
        for mode in MODES:
            refused = await run(life, entry("new", mode), entry("d/new", mode))
            wanted = [] if mode.startswith("create") else ["device_not_found", "module_not_found"]
            assert [code for _, code, _ in refused] == wanted
            for name in ("new", "d/new") if not refused else ():
                await life.delete(name)


@looped
async def test_what_is_there_is_changed_with_its_twin_in_one_unit() -> None:
    """IDENTITY-25"""
    async with living() as life:
        await life.create("d", "d/m", tags={"a": 1, "b": 1})
        more = {"status": "disabled", "managedBy": "me", "tags": {"b": None, "c": 2}}
        desired = {"properties": {"desired": {"x": {"y": 1}}, "reported": {"z": 9}}}
        both = [entry(name, "createOrUpdate", **more, **desired) for name in ("d", "d/m")]
        assert await run(life, *both) == []
        device = life.stored()["d"]
        assert (str(device.identity.status), device.modules["m"].identity.managed_by) == (
            "disabled",
            "me",
        )
        for twin in (device.twin, device.modules["m"].twin):
            assert (twin.tags, twin.desired.values) == ({"a": 1, "c": 2}, {"x": {"y": 1}})
            assert (twin.desired.version, twin.reported.values, twin.etag) == (2, {}, 2)


@looped
async def test_a_bad_twin_keeps_the_identity_from_changing() -> None:
    """IDENTITY-25"""
    async with living() as life:
        await life.create("d")
        before = life.stored()
        long = {"a": "x" * 4096, "b": "x" * 4096}
        refused = await run(life, entry("d", "createOrUpdate", status="disabled", tags=long))
        assert [code for _, code, _ in refused] == ["too_large"]
        assert life.stored() == before


@pytest.mark.parametrize("size", [MAX_TAGS, MAX_TAGS + 1])
@looped
async def test_a_new_twin_is_held_to_the_limits_of_any(size: int) -> None:
    """IDENTITY-25, TWIN-20"""
    async with living() as life:
        full = {"a": "x" * 4095, "b": "x" * (size - 4096 - 2), "c": ""}
        refused = await run(life, entry("d", tags=full))
        assert bool(refused) == (size > MAX_TAGS)


@looped
async def test_a_twin_alone_is_written_without_its_identity() -> None:
    """IDENTITY-26"""
    async with living() as life:
        await life.create("d")
        before = life.stored()["d"]
        wanted = entry("d", "updateTwin", status="disabled", tags={"a": 1}, twinETag="stale")
        assert await run(life, wanted) == []
        after = life.stored()["d"]
        assert (after.identity, after.twin.tags) == (before.identity, {"a": 1})


@pytest.mark.parametrize("quoting", ["{}", '"{}"', 'W/"{}"'])
@looped
async def test_a_twins_etag_guards_where_the_mode_says_so(quoting: str) -> None:
    """IDENTITY-22, IDENTITY-26"""
    async with living() as life:
        await life.create("d")
        good, stale = await twin_etag(life, "d"), "c3RhbGU="
        mode = "updateTwinIfMatchETag"
        for etag, wanted in ((stale, ["etag_mismatch"]), (good, []), (good, ["etag_mismatch"])):
            sent = entry("d", mode, tags={"a": 1}, twinETag=quoting.format(etag))
            assert [code for _, code, _ in await run(life, sent)] == wanted
        assert await run(life, entry("d", mode, tags={"b": 1})) == []


@looped
async def test_an_identity_and_its_twin_are_guarded_each_by_its_own_etag() -> None:
    """IDENTITY-22, IDENTITY-26"""
    async with living() as life:
        await life.create("d")
        good, twin, stale = await etag(life, "d"), await twin_etag(life, "d"), "c3RhbGU="
        before, mode = life.stored(), "createOrUpdateIfMatchETag"
        for one, other in ((stale, twin), (good, stale)):
            sent = entry("d", mode, tags={"a": 1}, eTag=one, twinETag=other)
            assert [code for _, code, _ in await run(life, sent)] == ["etag_mismatch"]
        assert life.stored() == before
        assert await run(life, entry("d", mode, eTag=good, twinETag=stale)) == []  # no twin written
        assert await run(life, entry("new", mode, eTag=stale)) == []


@looped
async def test_an_empty_section_writes_nothing() -> None:
    """IDENTITY-25"""
    async with living() as life:
        await life.create("d", tags={"a": 1})
        before = life.stored()["d"].twin
        marks = {"desired": {"$version": 7, "$metadata": {}}}
        for mode in ("updateTwin", "update"):
            assert await run(life, entry("d", mode, tags={}, properties=marks)) == []
            assert await run(life, entry("d", mode, tags=None, properties={})) == []
        assert life.stored()["d"].twin == before


@looped
async def test_a_child_may_come_before_its_parent() -> None:
    """IDENTITY-27"""
    async with living() as life:
        scope = "ms-azure-iot-edge://gw-1"
        assert await run(life, entry("leaf", deviceScope=scope)) == []
        assert await run(life, entry("leaf", "update", parentScopes=[scope])) == []
        assert life.stored()["leaf"].identity.parent_scopes == (scope,)


@looped
async def test_an_entry_alone_has_a_mode_where_it_names_none() -> None:
    async with living() as life:
        for _ in range(2):
            await life.bulk.entry(entry("d"), mode=CREATE_OR_UPDATE, by=OWNER)
        with pytest.raises(DeviceExists):
            await life.bulk.entry(entry("d"), by=OWNER)
        with pytest.raises(Malformed, match="importMode 'x' is none of create, update,"):
            await life.bulk.entry(entry("d", "x"), by=OWNER)
        with pytest.raises(Forbidden):
            await life.bulk.entry(entry("e"), by=policy(Right.REGISTRY_READ))


@looped
async def test_what_an_entry_writes_is_told_to_the_device() -> None:
    """IDENTITY-26"""
    async with living() as life:
        await life.create("d")
        door = Door()
        await life.sessions.attach(key_of("d"), door, clean=True, by=itself("d"))
        await run(life, entry("d", "updateTwin", properties={"desired": {"x": 1}}))
        assert [told.patch for told in door.told] == [{"x": 1}]
