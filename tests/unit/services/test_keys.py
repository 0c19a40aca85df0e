"""New keys: whose, which of the two, and what is told of the others."""

from typing import Any

import pytest

from affinage.domain.errors import DefinedTwice, Forbidden, TooManyEntries, Unavailable
from affinage.domain.identity import Which
from affinage.domain.principal import Right
from affinage.services.keys import MAX_ROTATED
from fakes.life import OWNER, Life, key_of, living, policy
from fakes.looped import looped


async def keys(life: Life, name: str) -> Any:
    shown: Any = await life.registry.get(key_of(name), by=OWNER)
    return shown["authentication"]["symmetricKey"]


async def rotate(
    life: Life, which: Which, *names: str
) -> tuple[list[tuple[str, str | None, str | None]], list[tuple[str, str]]]:
    """Path and new keys of those that have some; path and code of the others."""
    done, kept = await life.keys_anew.rotate(which, [*map(key_of, names)], by=OWNER)
    return (
        [(one.key.path, one.primary, one.secondary) for one in done],
        [(one.key.path, one.error.code) for one in kept],
    )


@pytest.mark.parametrize("name", ["d", "d/m"])
@pytest.mark.parametrize(
    ("which", "stays"),
    [(Which.PRIMARY, {"secondaryKey"}), (Which.SECONDARY, {"primaryKey"}), (Which.BOTH, set())],
)
@looped
async def test_what_is_named_is_new_and_the_other_stays(
    name: str, which: Which, stays: set[str]
) -> None:
    """IDENTITY-28, IDENTITY-30"""
    async with living() as life:
        await life.create("d", "d/m")
        before = await keys(life, name)
        [(_, primary, secondary)], kept = await rotate(life, which, name)
        after = await keys(life, name)
        assert {one for one in after if after[one] == before[one]} == stays
        told = {"primaryKey": primary, "secondaryKey": secondary}
        assert told == {one: None if one in stays else key for one, key in after.items()}
        assert kept == []


@looped
async def test_new_keys_are_stored_sealed_and_move_the_etag() -> None:
    """IDENTITY-28, IDENTITY-30"""
    async with living() as life:
        await life.create("d", "d/m")
        before = life.stored()["d"]
        [(_, primary, _), *_], _ = await rotate(life, Which.PRIMARY, "d", "d/m")
        after = life.stored()["d"]
        assert after.identity.credentials.primary_key == b"sealed " + (primary or "").encode()
        assert after.identity.etag == before.identity.etag + 1
        assert after.modules["m"].identity.etag == before.modules["m"].identity.etag + 1
        assert after.twin == before.twin


@looped
async def test_who_cannot_have_new_keys_keeps_the_old_and_is_told() -> None:
    """IDENTITY-28, IDENTITY-29"""
    async with living() as life:
        await life.create("d", "gw")
        by_hand: Any = {"authentication": {"type": "certificateAuthority"}}
        await life.registry.put(key_of("ca"), by_hand, if_match=None, by=OWNER)
        before, commits = life.stored(), life.disk.commits
        done, kept = await rotate(life, Which.BOTH, "nobody", "d", "ca", "gw/m")
        assert [name for name, *_ in done] == ["d"]
        assert kept == [
            ("nobody", "device_not_found"),
            ("ca", "invalid_operation"),
            ("gw/m", "module_not_found"),
        ]
        after = life.stored()
        assert {name for name in after if after[name] != before[name]} == {"d"}
        assert life.disk.commits == commits + 1


@looped
async def test_system_modules_have_new_keys_too() -> None:
    async with living() as life:
        await life.create("gw", edge=True)
        done, kept = await rotate(life, Which.BOTH, "gw/$edgeAgent", "gw/$edgeHub", "gw")
        assert (len(done), kept) == (3, [])


@looped
async def test_a_request_that_is_wrong_as_a_whole_makes_no_keys() -> None:
    """IDENTITY-29"""
    async with living() as life:
        await life.create("d")
        before = life.stored()
        with pytest.raises(DefinedTwice, match="d is in the request twice"):
            await rotate(life, Which.BOTH, "d", "e", "d")
        with pytest.raises(TooManyEntries, match="101 of 100"):
            await rotate(life, Which.BOTH, *[f"d{n}" for n in range(MAX_ROTATED + 1)])
        by = policy(Right.REGISTRY_READ)
        with pytest.raises(Forbidden, match="REGISTRY_WRITE"):
            await life.keys_anew.rotate(Which.BOTH, [key_of("d")], by=by)
        assert life.stored() == before


@looped
async def test_if_the_commit_fails_nobody_has_new_keys() -> None:
    async with living() as life:
        await life.create("d")
        before = await keys(life, "d")
        life.disk.fails = True
        with pytest.raises(Unavailable):
            await rotate(life, Which.BOTH, "d")
        assert await keys(life, "d") == before
