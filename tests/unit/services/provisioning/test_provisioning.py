"""Provisioning as one."""

from fakes.looped import looped
from fakes.provisioned import HOST, provisioned


@looped
async def test_it_is_opened_run_and_closed_over_one_fleet() -> None:
    """PROV-60"""
    async with provisioned() as given:
        services = given.services
        assert (services.own.host, services.id_scope) == (HOST, given.scope)
        await given.enroll("dev1")
        await given.assigned(given.arrival("dev1"))
        await services.close()
    async with provisioned(given.life) as later:
        assert later.services.id_scope == given.scope
