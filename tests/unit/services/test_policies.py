"""services/policies.py: who may do what to policies, and that exactly one of two writers wins."""

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from affinage.domain.errors import (
    EtagMismatch,
    Forbidden,
    Invalid,
    PolicyExists,
    PolicyNotFound,
    TooManyPolicies,
    Unauthorized,
    Unavailable,
)
from affinage.domain.policy import (
    ALL_RIGHTS,
    HUB_RIGHTS,
    MAX_POLICIES,
    PROVISIONING_RIGHTS,
    Policy,
)
from affinage.domain.principal import Right
from affinage.ports.store import Row, Table
from affinage.protocol.tokens import make_token
from affinage.services.fleet import codec
from fakes.life import HOSTS, OWNER, Door, Life, itself, key_of, living, policy
from fakes.looped import looped

WRITER = policy(Right.REGISTRY_WRITE)
SERVICE: Any = {"rights": ["ServiceConnect"]}
CONNECT: Any = {"rights": ["DeviceConnect"]}


async def create(life: Life, name: str = "mine", body: Any = SERVICE) -> Any:
    return await life.policies.put(name, body, if_match=None, by=OWNER)


async def etag(life: Life, name: str = "mine") -> str:
    return str((await life.policies.get(name, by=OWNER))["etag"])


def token(life: Life, name: str, key: int = 0) -> str:
    expiry = int(life.clock.now().timestamp() + 3600)
    return make_token(HOSTS[0], life.access.keys(name)[key], expiry, name)


async def connected(life: Life, name: str, key: int = 0) -> Door:
    """A device's connection that a policy let in."""
    door = Door()
    proof = life.access.device(key_of("d"), HOSTS[0], token(life, name, key), request_id="7")
    await life.sessions.attach(key_of("d"), door, clean=True, by=proof.principal)
    return door


@looped
async def test_one_is_made_shown_changed_and_deleted() -> None:
    """POLICY-2, POLICY-3"""
    async with living() as life:
        made = await create(life)
        assert made == await life.policies.get("mine", by=OWNER)
        both: Any = {"rights": ["ServiceConnect", "RegistryRead"]}
        changed = await life.policies.put("mine", both, if_match=made["etag"], by=OWNER)
        assert changed["rights"] == ["RegistryRead", "ServiceConnect"]
        assert [one["name"] for one in await life.policies.list_all(by=OWNER)][2] == "mine"
        await life.policies.delete("mine", if_match=None, by=OWNER)
        with pytest.raises(PolicyNotFound):
            await life.policies.get("mine", by=OWNER)


@looped
async def test_one_made_again_has_another_etag_and_other_keys() -> None:
    """POLICY-3"""
    async with living() as life:
        first, keys = await create(life), life.access.keys("mine")
        await life.policies.delete("mine", if_match=first["etag"], by=OWNER)
        again = await create(life)
        assert again["etag"] != first["etag"]
        assert {*life.access.keys("mine")}.isdisjoint(keys)


@looped
async def test_of_two_writers_with_one_etag_exactly_one_wins() -> None:
    """POLICY-3"""
    async with living() as life:
        await create(life)
        seen = await etag(life)
        writes = [life.policies.put("mine", CONNECT, if_match=seen, by=OWNER) for _ in range(5)]
        ends = await asyncio.gather(*writes, return_exceptions=True)
        assert sorted(type(end).__name__ for end in ends) == ["EtagMismatch"] * 4 + ["dict"]


@looped
async def test_of_those_who_create_one_at_once_exactly_one_does() -> None:
    async with living() as life:
        ends = await asyncio.gather(*(create(life) for _ in range(3)), return_exceptions=True)
        assert sorted(type(end).__name__ for end in ends) == ["PolicyExists"] * 2 + ["dict"]


@looped
async def test_there_are_sixteen_at_most_whoever_comes_at_once() -> None:
    """POLICY-1"""
    async with living() as life:
        names = [f"p{number}" for number in range(MAX_POLICIES)]
        made = (create(life, name) for name in names)
        ends = await asyncio.gather(*made, return_exceptions=True)
        assert sum(isinstance(end, TooManyPolicies) for end in ends) == 6
        assert len(await life.policies.list_all(by=OWNER)) == MAX_POLICIES


@looped
async def test_what_is_refused_changes_nothing() -> None:
    async with living() as life:
        before = life.keys(Table.POLICIES)
        with pytest.raises(PolicyNotFound):
            await life.policies.put("mine", SERVICE, if_match="*", by=OWNER)
        with pytest.raises(PolicyExists):
            await create(life, "service")
        with pytest.raises(EtagMismatch):
            await life.policies.delete("service", if_match="old", by=OWNER)
        with pytest.raises(Invalid):
            await life.policies.delete("iothubowner", if_match=None, by=OWNER)
        life.disk.fails = True
        with pytest.raises(Unavailable):
            await create(life)
        assert (life.keys(Table.POLICIES), len(before)) == (before, 6)


@looped
async def test_keys_are_shown_to_who_asks_and_holds_every_right_of_the_policy() -> None:
    """POLICY-4, POLICY-5"""
    async with living() as life:
        shown = await life.policies.get("registryRead", with_keys=True, by=WRITER)
        assert (shown["primaryKey"], shown["secondaryKey"]) == life.access.keys("registryRead")
        assert "primaryKey" not in await life.policies.get("registryRead", by=OWNER)
        for name in ("iothubowner", "service", "device"):
            with pytest.raises(Forbidden, match=f"which policy {name} grants"):
                await life.policies.get(name, with_keys=True, by=WRITER)
        with pytest.raises(Forbidden):
            await life.policies.get("registryRead", with_keys=True, by=policy(Right.REGISTRY_READ))


@looped
async def test_nobody_gives_or_takes_more_than_he_holds() -> None:
    """POLICY-5"""
    async with living() as life:
        with pytest.raises(Forbidden):
            await life.policies.put("mine", SERVICE, if_match=None, by=WRITER)
        with pytest.raises(Forbidden):
            await life.policies.put("registryRead", SERVICE, if_match="*", by=WRITER)
        with pytest.raises(Forbidden):
            await life.policies.rotate("iothubowner", "primary", if_match=None, by=WRITER)
        with pytest.raises(Forbidden):
            await life.policies.delete("service", if_match=None, by=WRITER)
        read: Any = {"rights": ["RegistryRead"]}
        await life.policies.put("reader", read, if_match=None, by=WRITER)


@looped
async def test_without_a_right_nothing_is_read_or_written() -> None:
    """POLICY-5"""
    async with living() as life:
        reader, nobody = policy(Right.REGISTRY_READ), policy(Right.SERVICE_CONNECT)
        for refused in (
            life.policies.list_all(by=nobody),
            life.policies.get("service", by=itself("d")),
            life.policies.put("mine", SERVICE, if_match=None, by=reader),
            life.policies.rotate("service", "primary", if_match=None, by=reader),
            life.policies.delete("service", if_match=None, by=reader),
        ):
            with pytest.raises(Forbidden):
                await refused


@looped
async def test_keys_are_rotated_without_a_client_being_refused() -> None:
    """POLICY-7, POLICY-8"""
    async with living() as life:
        old = token(life, "service", 0)
        await life.policies.rotate("service", "secondary", if_match=None, by=OWNER)
        moved = token(life, "service", 1)
        for one in (old, moved):
            life.access.service(one, "devices", request_id="7")
        await life.policies.rotate("service", "swap", if_match=None, by=OWNER)
        for one in (old, moved):
            life.access.service(one, "devices", request_id="7")
        await life.policies.rotate("service", "secondary", if_match=None, by=OWNER)
        life.access.service(moved, "devices", request_id="7")
        with pytest.raises(Unauthorized):
            life.access.service(old, "devices", request_id="7")


@looped
async def test_a_change_outlives_the_process() -> None:
    """POLICY-8"""
    async with living() as life:
        await create(life)
        shown = await life.policies.rotate(
            "mine", "primary", if_match=None, with_keys=True, by=OWNER
        )
    async with living(life) as again:
        assert again.access.keys("mine") == (shown["primaryKey"], shown["secondaryKey"])


@looped
async def test_a_connection_ends_with_the_key_that_let_it_in_and_with_no_other() -> None:
    """POLICY-9"""
    async with living() as life:
        await life.create("d")
        door = await connected(life, "device", 1)
        await life.policies.rotate("device", "primary", if_match=None, by=OWNER)
        await life.policies.rotate("device", "swap", if_match=None, by=OWNER)
        await life.policies.rotate("service", "primary", if_match=None, by=OWNER)
        assert not door.closed
        await life.policies.rotate("device", "primary", if_match=None, by=OWNER)
        assert door.closed == ["the policy that let it in was changed or deleted"]


@pytest.mark.parametrize("way", ["delete", "rights"])
@looped
async def test_a_connection_ends_with_the_policy_or_its_right_to_connect(way: str) -> None:
    """POLICY-9"""
    async with living() as life:
        await life.create("d")
        await create(life, "mine", CONNECT)
        door = await connected(life, "mine")
        if way == "delete":
            await life.policies.delete("mine", if_match=None, by=OWNER)
        else:
            await life.policies.put("mine", SERVICE, if_match="*", by=OWNER)
        assert len(door.closed) == 1


@looped
async def test_who_left_before_is_not_looked_for() -> None:
    async with living() as life:
        await life.create("d")
        door = await connected(life, "device")
        await life.sessions.detach(key_of("d"), door, by=itself("d"))
        await life.policies.rotate("device", "primary", if_match=None, by=OWNER)
        assert not door.closed


@looped
async def test_a_voucher_is_good_as_long_as_its_policy_has_the_key() -> None:
    async with living() as life:
        by = life.access.service(token(life, "service"), "x", request_id="7")
        assert life.policies.honours(None)
        assert life.policies.honours(by.voucher)
        await life.policies.delete("service", if_match=None, by=OWNER)
        assert not life.policies.honours(by.voucher)


@looped
async def test_a_hub_that_nobody_could_manage_is_refused() -> None:
    """POLICY-6"""
    async with living() as life:
        life.policies.check()
        weak = Policy("iothubowner", Right.REGISTRY_READ.value, b"sealed a", b"sealed b")
        await life.store.commit([Row(Table.POLICIES, weak.name, codec.encode(weak))])
    async with living(life) as again:
        with pytest.raises(Invalid, match="no policy iothubowner with all rights"):
            again.policies.check()


@looped
async def test_a_store_from_before_provisioning_is_given_its_rights_and_policy_once() -> None:
    """POLICY-10"""
    async with living() as life:
        before = life.policies.find("iothubowner")
        old = replace(before, rights=HUB_RIGHTS.value)
        await life.fleet.save(
            Row(Table.POLICIES, old.name, codec.encode(old)),
            Row(Table.POLICIES, "provisioningserviceowner", None),
        )
    async with living(life) as again:
        assert Right(again.policies.find("iothubowner").rights) == ALL_RIGHTS
        assert again.policies.find("iothubowner").keys == before.keys
        given = again.policies.find("provisioningserviceowner")
        assert Right(given.rights) == PROVISIONING_RIGHTS
        await again.policies.delete(given.name, if_match=None, by=OWNER)
    async with living(again) as last:
        assert "provisioningserviceowner" not in last.keys(Table.POLICIES)


@looped
async def test_a_policy_of_that_name_from_before_provisioning_stays_as_it_is() -> None:
    """POLICY-10"""
    async with living() as life:
        mine = replace(life.policies.find("service"), name="provisioningserviceowner")
        old = replace(life.policies.find("iothubowner"), rights=HUB_RIGHTS.value)
        rows = (Row(Table.POLICIES, one.name, codec.encode(one)) for one in (mine, old))
        await life.fleet.save(*rows)
    async with living(life) as again:
        assert again.policies.find("provisioningserviceowner") == mine
