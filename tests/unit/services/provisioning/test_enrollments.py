"""Enrollments: who may write them, how many there may be, and what goes with them."""

import asyncio
import base64
from typing import Any

import pytest

from affinage.domain.errors import (
    EnrollmentExists,
    Forbidden,
    Invalid,
    Throttled,
    TooManyEnrollments,
    Unavailable,
)
from affinage.domain.principal import Right
from affinage.services.limits import Operation, Rate
from affinage.services.provisioning import enrollments
from fakes.life import policy
from fakes.looped import looped
from fakes.pki import authority
from fakes.provisioned import KEY, SYMMETRIC, provisioned

BODY: Any = {"attestation": SYMMETRIC}
WEBHOOK: Any = {"webhookUrl": "https://a.test", "apiVersion": "2021-10-01"}


@looped
async def test_each_right_opens_what_it_says() -> None:
    """PROV-12, POLICY-2"""
    async with provisioned() as given:
        await given.enroll("dev1")
        reader, writer = policy(Right.ENROLLMENT_READ), policy(Right.ENROLLMENT_WRITE)
        services = given.services.enrollments
        await services.get("dev1", is_group=False, by=reader)
        await services.page(groups=False, after=None, limit=1, by=reader)
        shown: Any = await services.attestation("dev1", is_group=False, by=writer)
        assert shown["symmetricKey"]["primaryKey"] == KEY
        with pytest.raises(Forbidden):
            await services.attestation("dev1", is_group=False, by=reader)
        with pytest.raises(Forbidden):
            await services.put("dev2", BODY, is_group=False, if_match=None, by=reader)
        with pytest.raises(Forbidden):
            await services.bulk([BODY], "create", is_group=False, by=reader)
        with pytest.raises(Forbidden):
            await given.services.states.get("dev1", by=writer)


@looped
async def test_deleting_one_forgets_its_device_and_deleting_a_group_does_not() -> None:
    """PROV-23, PROV-27"""
    async with provisioned() as given:
        await given.enroll("alone")
        await given.group("cave")
        await given.assigned(given.arrival("alone"))
        await given.assigned(given.member("member"))
        for name, is_group in (("alone", False), ("cave", True)):
            await given.services.enrollments.delete(
                name, is_group=is_group, if_match=None, by=given.owner
            )
        book = given.services.book
        assert (book.registration("alone"), book.registration("member") is None) == (None, False)
        assert sorted(given.life.fleet.ids(9)) == ["alone", "member"]


@looped
async def test_a_device_that_was_forgotten_comes_as_for_the_first_time() -> None:
    """PROV-27, PROV-46"""
    async with provisioned() as given:
        await given.group("cave", initialTwin={"tags": {"ring": "a"}})
        await given.assigned(given.member("dev1"))
        await given.life.tag("dev1", ring="b")
        assert (await given.services.registrations.state(given.member("dev1")))["etag"]
        await given.services.states.delete("DEV1", if_match=None, by=given.owner)
        state = await given.assigned(given.member("dev1"))
        assert state["substatus"] == "initialAssignment"
        assert given.life.fleet.device("dev1").twin.tags == {"ring": "b"}


@looped
async def test_there_are_so_many_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """PROV-61"""
    monkeypatch.setattr(enrollments, "MAX_GROUPS", 1)
    monkeypatch.setattr(enrollments, "MAX_INDIVIDUAL", 1)
    entry = {"certificate": authority("plant").pem}
    signed: Any = {"type": "x509", "x509": {"signingCertificates": {"primary": entry}}}
    async with provisioned() as given:
        await given.group("cave")
        await given.group("signed", attestation=signed)
        await given.enroll("dev1")
        for more in (given.group("barn"), given.enroll("dev2")):
            with pytest.raises(TooManyEnrollments, match="there are 1 of 1"):
                await more
        with pytest.raises(TooManyEnrollments):
            await given.group("barn", attestation=signed)
        with pytest.raises(TooManyEnrollments):
            await given.group("cave", again=True, attestation=signed)
        await given.group("cave", again=True)


@looped
async def test_groups_that_are_made_at_once_are_no_more_than_there_may_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """PROV-61"""
    monkeypatch.setattr(enrollments, "MAX_GROUPS", 2)
    async with provisioned() as given:
        making = [given.group(f"cave-{number}") for number in range(4)]
        made = await asyncio.gather(*making, return_exceptions=True)
        assert [isinstance(one, TooManyEnrollments) for one in made] == [False, False, True, True]


@looped
async def test_what_back_ends_do_is_throttled_entry_by_entry() -> None:
    """PROV-62"""
    async with provisioned(throttle={Operation.ENROLLMENT: Rate(3, 60)}) as given:
        services, entries = given.services.enrollments, [{"registrationId": "a", **BODY}] * 2
        await services.bulk(entries, "create", is_group=False, by=given.owner)
        with pytest.raises(Throttled):
            await services.bulk(entries, "update", is_group=False, by=given.owner)
        await services.get("a", is_group=False, by=given.owner)


@looped
async def test_every_change_is_in_the_audit_log_without_keys() -> None:
    """PROV-63"""
    async with provisioned() as given:
        await given.enroll("dev1")
        await given.enroll("dev1", again=True)
        await given.assigned(given.arrival("dev1"))
        await given.services.enrollments.delete(
            "dev1", is_group=False, if_match=None, by=given.owner
        )
        log = await given.life.fleet.entries(None, 10)
        assert [(one.action, one.name) for one in reversed(log)] == [
            ("enrollment.create", "iothubowner"),
            ("enrollment.update", "iothubowner"),
            ("registration.begin", "dev1"),
            ("device.create", "provisioning"),
            ("registration.assigned", "provisioning"),
            ("enrollment.delete", "iothubowner"),
        ]
        assert KEY not in str(log)


@looped
async def test_what_is_refused_changes_nothing() -> None:
    """PROV-33, PROV-35"""
    async with provisioned() as given:
        for body in ({"iotHubs": ["other.test"]}, {"iotHubHostName": "other.test"}):
            with pytest.raises(Invalid, match="no hub that is linked"):
                await given.enroll("dev1", **body)
        given.hook.allows = False
        with pytest.raises(Invalid, match="not allowed"):
            await given.enroll("dev1", customAllocationDefinition=WEBHOOK)
        given.life.disk.fails = True
        entries = [{"registrationId": "dev1", **BODY}]
        with pytest.raises(Unavailable):
            await given.services.enrollments.bulk(entries, "create", is_group=False, by=given.owner)
        assert given.services.book.enrollment("dev1") is None


@looped
async def test_a_certificate_may_be_pem_or_base64_of_it_or_of_der() -> None:
    """PROV-16"""
    made = authority("plant")
    texts = [made.pem, *(base64.b64encode(one).decode() for one in (made.pem.encode(), made.der))]
    async with provisioned() as given:
        for number, text in enumerate((*texts, "text")):
            entries: Any = {"signingCertificates": {"primary": {"certificate": text}}}
            group = given.group(f"g{number}", attestation={"type": "x509", "x509": entries})
            if text == "text":
                with pytest.raises(Invalid, match="must be PEM, or base64 of DER"):
                    await group
            else:
                shown: Any = await group
                found = shown["attestation"]["x509"]["signingCertificates"]["primary"]
                assert found["info"]["sha256Thumbprint"] == made.certificate.sha256


@looped
async def test_they_are_read_page_by_page() -> None:
    """PROV-4, PROV-24"""
    async with provisioned() as given:
        services = given.services.enrollments
        for name in ("a", "b"):
            await given.enroll(name)
        first = await services.page(groups=False, after=None, limit=1, by=given.owner)
        last = await services.page(groups=False, after=first.continuation, limit=1, by=given.owner)
        assert [row["registrationId"] for row in (*first.rows, *last.rows)] == ["a", "b"]
        with pytest.raises(Invalid, match="page of 0 rows"):
            await services.page(groups=False, after=None, limit=0, by=given.owner)
        with pytest.raises(Invalid, match="0 enrollments"):
            await services.bulk([], "create", is_group=False, by=given.owner)
        entries: Any = [{"registrationId": name} for name in ("a", "nobody")]
        (refused,) = await services.bulk(entries, "delete", is_group=False, by=given.owner)
        assert refused.name == "nobody"
        with pytest.raises(EnrollmentExists):
            await given.enroll("b")
