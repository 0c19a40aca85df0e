"""States of registrations, as back ends read and forget them."""

import pytest

from affinage.domain.errors import EnrollmentNotFound, EtagMismatch, Invalid, RegistrationNotFound
from fakes.looped import looped
from fakes.provisioned import provisioned


@looped
async def test_those_of_a_group_come_in_pages_and_of_no_other() -> None:
    """PROV-28"""
    async with provisioned() as given:
        await given.group("Cave")
        await given.enroll("alone")
        await given.assigned(given.arrival("alone"))
        for name in ("c", "a", "b"):
            await given.assigned(given.member(name))
        page = given.services.states.page
        first = await page("cave", after=None, limit=2, by=given.owner)
        assert [row["registrationId"] for row in first.rows] == ["a", "b"]
        last = await page("cave", after=first.continuation, limit=2, by=given.owner)
        assert ([row["registrationId"] for row in last.rows], last.continuation) == (["c"], None)
        await given.services.states.delete("a", if_match=None, by=given.owner)
        left = await page("CAVE", after=None, limit=9, by=given.owner)
        assert [row["registrationId"] for row in left.rows] == ["b", "c"]
    async with provisioned(given.life) as later:
        again = await later.services.states.page("cave", after=None, limit=9, by=given.owner)
        assert again.rows == left.rows


@looped
async def test_what_cannot_be_asked_is_refused() -> None:
    """PROV-26 to PROV-28"""
    async with provisioned() as given:
        await given.group("cave")
        await given.assigned(given.member("dev1"))
        states = given.services.states
        with pytest.raises(EtagMismatch):
            await states.delete("dev1", if_match="old", by=given.owner)
        with pytest.raises(EnrollmentNotFound):
            await states.page("barn", after=None, limit=1, by=given.owner)
        with pytest.raises(Invalid):
            await states.page("cave", after=None, limit=0, by=given.owner)


@looped
async def test_one_is_read_in_any_case_and_one_that_is_not_there_is_not_found() -> None:
    """PROV-26"""
    async with provisioned() as given:
        await given.enroll("dev1")
        await given.assigned(given.arrival("dev1"))
        states = given.services.states
        assert (await states.get("DEV1", by=given.owner))["registrationId"] == "dev1"
        with pytest.raises(RegistrationNotFound):
            await states.get("nobody", by=given.owner)
