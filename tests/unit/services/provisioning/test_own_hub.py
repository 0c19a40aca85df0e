"""The hub itself, as a hub that devices are given to."""

import pytest

from affinage.domain.errors import Unauthorized
from affinage.domain.names import TwinKey
from affinage.domain.principal import Right
from affinage.ports.hubs import Wanted
from affinage.services.provisioning.own_hub import OwnHub
from affinage.services.registry import makings
from fakes.life import policy
from fakes.looped import looped
from fakes.provisioned import KEY, OTHER_KEY, provisioned


@looped
async def test_the_hub_itself_is_asked_by_who_may_and_may_be_asked_twice() -> None:
    """PROV-38, PROV-56"""
    async with provisioned() as given:
        life = given.life
        hub = OwnHub("Hub.test", life.fleet, makings(life.vault, life.ids), life.clock)
        by, wanted = given.owner, Wanted("dev1", {"type": "sas"})
        assert (hub.host, await hub.find("dev1", by=by)) == ("hub.test", None)
        await hub.remove("dev1", by=by)
        await hub.provision(wanted, by=by)
        device = life.fleet.device("dev1")
        assert life.fleet.row(TwinKey("dev1")).twin.tags == {}
        found = await hub.find("dev1", by=by)
        assert found is not None
        assert (found.tags, found.desired, found.reported) == ({}, {}, {})
        await hub.remove("dev1", by=by)
        again = Wanted("dev1", {"type": "sas"}, twin=type(found)({"a": 1}, {}, {"b": 2}))
        await hub.provision(again, by=by)
        twin = life.fleet.device("dev1").twin
        assert (twin.tags, twin.reported.values) == ({"a": 1}, {"b": 2})
        assert life.fleet.device("dev1").identity.generation != device.identity.generation
        with pytest.raises(Unauthorized):
            await hub.remove("dev1", by=policy(Right.REGISTRY_READ))


@looped
async def test_a_device_that_is_there_is_given_credentials_and_nothing_else() -> None:
    """PROV-38"""
    keys = {"primaryKey": KEY, "secondaryKey": OTHER_KEY}
    async with provisioned() as given:
        life, hub = given.life, given.services.own
        await life.create("dev1", tags={"a": 1})
        before = life.fleet.device("dev1")
        await hub.provision(
            Wanted("dev1", {"type": "sas", "symmetricKey": {**keys}}), by=given.owner
        )
        after = life.fleet.device("dev1")
        assert (after.twin, after.identity.etag) == (before.twin, before.identity.etag + 1)
        await hub.provision(
            Wanted("dev1", {"type": "sas", "symmetricKey": {**keys}}), by=given.owner
        )
        assert life.fleet.device("dev1") == after
