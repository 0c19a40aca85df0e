"""What a device that registers is refused, and what happens when it asks twice at once."""

import asyncio
from typing import Any

import pytest

from affinage.domain.errors import (
    Invalid,
    RegistrationNotFound,
    TooLarge,
    TooManyEnrollments,
    Unauthorized,
)
from affinage.services.provisioning import registrations
from fakes.looped import looped
from fakes.provisioned import KEY, provisioned

TPM: Any = {"type": "tpm", "tpm": {"endorsementKey": KEY}}


@looped
async def test_whoever_asks_twice_at_once_is_told_one_operation() -> None:
    """PROV-44"""
    async with provisioned() as given:
        await given.enroll("dev1")
        begin = given.services.registrations.register
        told = await asyncio.gather(*(begin(given.arrival("dev1")) for _ in range(5)))
        assert len({answer.operation_id for answer in told}) == 1


@looped
async def test_a_payload_is_an_object_of_a_size() -> None:
    """PROV-43"""
    async with provisioned() as given:
        await given.enroll("dev1")
        begin = given.services.registrations.register
        with pytest.raises(Invalid, match="payload must be an object"):
            await begin(given.arrival("dev1"), [1])
        with pytest.raises(TooLarge, match="payload would take 65537 of 65536 bytes"):
            await begin(given.arrival("dev1"), {"a": "x" * 65_536})
        assert given.services.book.registration("dev1") is None


@looped
async def test_only_the_device_itself_is_told_of_its_operation() -> None:
    """PROV-45, PROV-46"""
    async with provisioned() as given:
        await given.enroll("dev1")
        await given.group("cave")
        asked = given.services.registrations
        with pytest.raises(RegistrationNotFound):
            await asked.state(given.arrival("dev1"))
        begun = await asked.register(given.arrival("dev1"))
        with pytest.raises(RegistrationNotFound):
            await asked.operation(given.member("dev2"), begun.operation_id)
        with pytest.raises(RegistrationNotFound):
            await asked.operation(given.arrival("dev1"), "4.other")
        with pytest.raises(Unauthorized):
            await asked.operation(given.arrival("dev1", None), begun.operation_id)


@looped
async def test_whoever_waits_for_his_enrollment_to_be_deleted_is_refused() -> None:
    """PROV-23, PROV-47"""
    async with provisioned() as given:
        await given.enroll("dev1")
        deleting = given.services.enrollments.delete(
            "dev1", is_group=False, if_match=None, by=given.owner
        )
        beginning = given.services.registrations.register(given.arrival("dev1"))
        _, begun = await asyncio.gather(deleting, beginning, return_exceptions=True)
        assert isinstance(begun, Unauthorized)
        assert given.services.book.registration("dev1") is None


@looped
async def test_there_are_so_many_registrations_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """PROV-61"""
    monkeypatch.setattr(registrations, "MAX_REGISTRATIONS", 1)
    async with provisioned() as given:
        await given.group("cave")
        await given.assigned(given.member("dev1"))
        with pytest.raises(TooManyEnrollments, match="1 of 1 registrations"):
            await given.services.registrations.register(given.member("dev2"))
        await given.assigned(given.member("dev1"))


@looped
async def test_without_a_way_to_check_it_no_tpm_lets_anybody_in() -> None:
    """PROV-47"""
    async with provisioned() as given:
        await given.enroll("dev1", attestation=TPM)
        with pytest.raises(Unauthorized):
            await given.services.registrations.register(given.arrival("dev1"))
