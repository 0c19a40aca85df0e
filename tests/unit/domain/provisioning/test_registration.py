"""What a registration remembers, and how it is shown."""

from typing import Any

import pytest

from affinage.domain.provisioning.registration import (
    Asked,
    Assignment,
    Failure,
    Registration,
    Status,
    Substatus,
    begun,
    document,
    ended,
)
from fakes.enrolled import CLIENT, SYMMETRIC, TPM, create

HERE = Assignment("one", "press-7", Substatus.INITIAL, "one")


def first(current: Registration | None = None, **body: Any) -> Registration:
    of = create(**body)
    return begun(current, "dev1", of, Asked("Dev1"), operation="4.1", etag=7, at=1000)


def test_one_that_is_begun_is_being_assigned() -> None:
    """PROV-40"""
    shown = document(first())
    assert (shown["status"], shown["registrationId"]) == ("assigning", "dev1")
    assert "assignedHub" not in shown
    assert first().enrollment_key == "dev1"


@pytest.mark.parametrize(
    ("proof", "kind"), [(SYMMETRIC, "symmetricKey"), (CLIENT, "x509"), (TPM, "tpm")]
)
def test_its_proof_is_shown_by_its_kind(proof: Any, kind: str) -> None:
    """PROV-41"""
    end = ended(first(attestation=proof), Status.ASSIGNED, 2000, shown={"a": 1}, assignment=HERE)
    shown = document(end)
    assert (shown[kind], shown["assignedHub"], shown["deviceId"]) == ({"a": 1}, "one", "press-7")


def test_that_of_a_group_names_the_group() -> None:
    """PROV-41"""
    assert document(first(is_group=True))["symmetricKey"] == {"enrollmentGroupId": "dev1"}


def test_one_that_fails_says_why_and_keeps_where_the_device_was() -> None:
    """PROV-42"""
    end = ended(first(), Status.ASSIGNED, 2000, assignment=HERE, payload={"x": 1})
    again = first(end)
    assert (again.etag, again.created_at, again.assignment) == (9, 1000, HERE)
    failed = document(ended(again, Status.FAILED, 3000, failure=Failure(400207, "no")))
    assert (failed["errorCode"], failed["errorMessage"]) == (400207, "no")
    assert (failed["assignedHub"], failed["payload"]) == ("one", {"x": 1})


def test_what_may_be_large_is_kept_no_longer_than_it_takes() -> None:
    """PROV-43"""
    asked = Asked("DEV1", {"serial": 17}, door="mqtt", leaf=b"der")
    begins = begun(None, "dev1", create(), asked, operation="4", etag=1, at=1)
    assert begins.asked == asked
    end = ended(begins, Status.ASSIGNED, 2)
    assert end.asked == Asked("DEV1", door="mqtt")
