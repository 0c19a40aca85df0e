"""Identities written with their twins: what `Registry.write` makes of one entry."""

from typing import Any

import pytest

from affinage.domain.errors import (
    DeviceExists,
    DeviceNotFound,
    EtagMismatch,
    Forbidden,
    ModuleExists,
    ModuleNotFound,
)
from affinage.domain.principal import Right
from affinage.domain.twin import TwinPatch
from affinage.services.registry import Entry
from fakes.life import OWNER, Life, key_of, living, policy
from fakes.looped import looped


async def write(life: Life, name: str, entry: Entry, *, creates: bool, changes: bool) -> Any:
    return await life.registry.write(
        key_of(name), entry, creates=creates, changes=changes, by=OWNER
    )


@pytest.mark.parametrize("name", ["d", "d/m"])
@looped
async def test_what_is_new_begins_with_the_twin_that_it_is_given(name: str) -> None:
    """IDENTITY-25"""
    async with living() as life:
        if name != "d":
            await life.create("d")
        begun = TwinPatch({"a": 1}, {"b": 2})
        shown = await write(life, name, Entry({}, begun), creates=True, changes=True)
        twin = life.fleet.row(key_of(name)).twin
        assert (twin.tags, twin.desired.values, twin.desired.version) == ({"a": 1}, {"b": 2}, 1)
        assert shown == await life.registry.get(key_of(name), by=OWNER)


@pytest.mark.parametrize("name", ["d", "d/m"])
@looped
async def test_what_is_there_is_changed_or_left_as_it_is_said(name: str) -> None:
    """IDENTITY-25, IDENTITY-26"""
    async with living() as life:
        await life.create("d", "d/m", tags={"a": 1})
        before = life.stored()["d"]
        merged = TwinPatch({"b": 2})
        await write(life, name, Entry(None, merged), creates=False, changes=True)
        after = life.stored()["d"]
        assert after.identity == before.identity
        assert after.twin_of(key_of(name)).tags == {"a": 1, "b": 2}
        shown = await write(life, name, Entry({}), creates=True, changes=True)
        assert shown["etag"]
        assert life.stored()["d"].twin_of(key_of(name)) == after.twin_of(key_of(name))


@pytest.mark.parametrize(
    ("name", "creates", "error"),
    [
        ("d", True, DeviceExists),
        ("d/m", True, ModuleExists),
        ("e", False, DeviceNotFound),
        ("e/m", True, DeviceNotFound),
        ("d/n", False, ModuleNotFound),
    ],
)
@looped
async def test_what_does_not_fit_is_refused(
    name: str, creates: bool, error: type[Exception]
) -> None:
    """IDENTITY-25"""
    async with living() as life:
        await life.create("d", "d/m")
        before = life.stored()
        with pytest.raises(error):
            await write(life, name, Entry({}), creates=creates, changes=not creates)
        assert life.stored() == before


@looped
async def test_the_identity_and_the_twin_have_each_their_own_etag() -> None:
    """IDENTITY-22, IDENTITY-26"""
    async with living() as life:
        await life.create("d")
        before, written = life.stored(), TwinPatch({"a": 1})
        for entry in (
            Entry({}, etag="c3RhbGU="),
            Entry({}, written, twin_etag="c3RhbGU="),
            Entry(None, twin_etag="c3RhbGU="),
        ):
            with pytest.raises(EtagMismatch):
                await write(life, "d", entry, creates=True, changes=True)
        assert life.stored() == before


@looped
async def test_a_parent_need_not_be_there_yet() -> None:
    """IDENTITY-27"""
    async with living() as life:
        body: Any = {"deviceScope": "ms-azure-iot-edge://gw-1"}
        shown = await write(life, "d", Entry(body), creates=True, changes=False)
        assert shown["parentScopes"] == ["ms-azure-iot-edge://gw-1"]


@looped
async def test_who_may_only_read_writes_no_entry() -> None:
    """ACCESS-7"""
    async with living() as life:
        for right in (Right.REGISTRY_READ, Right.SERVICE_CONNECT):
            with pytest.raises(Forbidden, match="REGISTRY_WRITE"):
                await life.registry.write(
                    key_of("d"), Entry({}), creates=True, changes=True, by=policy(right)
                )
        assert life.stored() == {}


@looped
async def test_new_keys_are_sealed_and_known_ones_stay_as_they_are() -> None:
    """IDENTITY-30, IDENTITY-31"""
    async with living() as life:
        await life.create("d")
        shown: Any = await life.registry.get(key_of("d"), by=OWNER)
        before = life.stored()["d"].identity.credentials
        await write(life, "d", Entry(shown), creates=False, changes=True)
        assert life.stored()["d"].identity.credentials == before
