"""Provisioning as one."""

from dataclasses import replace

import pytest

from affinage.domain.errors import Unauthorized
from affinage.protocol.tokens import GRACE_S, make_token
from fakes.clock import FixedClock
from fakes.looped import looped
from fakes.provisioned import HOST, KEY, provisioned


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


@looped
async def test_tokens_age_by_the_clock_of_the_doors_alone() -> None:
    """TOKEN-8"""
    doors = FixedClock()
    expiry = int(doors.now().timestamp())
    async with provisioned(doors=doors) as given:
        await given.enroll("dev1")
        token = make_token(f"{given.scope}/registrations/dev1", KEY, expiry)
        arrival = replace(given.arrival("dev1"), token=token)
        given.life.clock.advance(2 * GRACE_S)
        await given.assigned(arrival)
        doors.advance(GRACE_S + 1)
        with pytest.raises(Unauthorized, match="expired"):
            await given.services.registrations.register(arrival)
