"""domain/authorities.py: what an authority may be, and how it comes to vouch."""

from typing import Any

import pytest

from affinage.domain import authorities
from affinage.domain.authorities import Authority, challenged, changed, created, proven
from affinage.domain.errors import Invalid, InvalidOperation
from affinage.domain.etags import etag_text

CODE = "AB12"


def new(body: Any = None, name: str = "cave") -> Authority:
    return created(name, b"der", "PRINT", body or {}, etag=7, at=1)


def verified() -> Authority:
    return proven(challenged(new(), CODE, at=2), CODE, at=3)


def test_a_new_one_vouches_for_nobody() -> None:
    """AUTHORITY-2"""
    made = new({"name": "cave", "isVerified": False, "etag": "ignored", "certificate": "pem"})
    assert (made.is_verified, made.code, made.etag) == (False, None, 7)
    assert not made.honours(made.warrant)


@pytest.mark.parametrize("name", ["", "a b", "é", "a/b", "x" * 65])
def test_not_every_name_names_one(name: str) -> None:
    """AUTHORITY-1"""
    with pytest.raises(Invalid):
        new(name=name)


@pytest.mark.parametrize(
    "body", [{"verified": True}, {"name": "other"}, {"isVerified": True}, {"isVerified": 1}]
)
def test_a_request_may_not_say_more_than_it_can_know(body: Any) -> None:
    """AUTHORITY-2, AUTHORITY-6"""
    with pytest.raises(Invalid):
        new(body)
    with pytest.raises(Invalid):
        changed(new(), None, body, at=2)


def test_a_proof_that_names_the_code_verifies_once() -> None:
    """AUTHORITY-4, AUTHORITY-5"""
    asked = challenged(new(), CODE, at=2)
    done = proven(asked, "ab12", at=3)
    assert (done.is_verified, done.code, done.etag, done.updated_at) == (True, None, 9, 3)
    assert done.honours(done.warrant)
    with pytest.raises(InvalidOperation, match="challenge it first"):
        proven(done, CODE, at=4)


@pytest.mark.parametrize("name", [None, "", "AB1", "é" * 90])
def test_another_name_proves_nothing(name: str | None) -> None:
    """AUTHORITY-5"""
    with pytest.raises(Invalid, match="not 'AB12'"):
        proven(challenged(new(), CODE, at=2), name, at=3)


def test_a_new_challenge_leaves_it_verified_and_uses_up_the_old_code() -> None:
    """AUTHORITY-4"""
    asked = challenged(challenged(verified(), CODE, at=4), "CD34", at=5)
    assert asked.is_verified
    with pytest.raises(Invalid):
        proven(asked, CODE, at=6)


def test_another_certificate_is_to_be_proven_anew() -> None:
    """AUTHORITY-6"""
    before = challenged(verified(), CODE, at=4)
    after = changed(before, (b"other", "OTHER"), {}, at=5)
    assert (after.is_verified, after.code, after.der, after.created_at) == (
        False,
        None,
        b"other",
        1,
    )
    assert not after.honours(before.warrant)
    with pytest.raises(Invalid, match="proof of possession"):
        changed(before, (b"other", "OTHER"), {"isVerified": True}, at=5)


def test_the_same_certificate_again_changes_nothing_but_the_etag() -> None:
    """AUTHORITY-3"""
    before = verified()
    after = changed(before, (b"der", "PRINT"), {"isVerified": True}, at=5)
    assert (after.is_verified, after.etag, after.honours(before.warrant)) == (True, 10, True)


def test_trust_is_withdrawn_by_a_word() -> None:
    """AUTHORITY-6"""
    before = verified()
    after = changed(before, None, {"isVerified": False}, at=5)
    assert not after.honours(before.warrant)


def test_it_is_shown_with_its_code_and_its_moments() -> None:
    assert authorities.document(challenged(new(), CODE, at=2000)) == {
        "name": "cave",
        "isVerified": False,
        "verificationCode": CODE,
        "createdAt": "1970-01-01T00:00:00.001Z",
        "updatedAt": "1970-01-01T00:00:02Z",
        "etag": etag_text(8),
    }
