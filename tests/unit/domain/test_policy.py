"""domain/policy.py: what a policy may be, and what a change makes of it."""

import base64
from typing import Any

import pytest

from affinage.domain import policy
from affinage.domain.errors import Invalid, Malformed
from affinage.domain.etags import etag_text
from affinage.domain.identity import KeySource
from affinage.domain.policy import ALL_RIGHTS, OWNER, Policy, Which
from affinage.domain.principal import Right
from fakes.ids import CountingIds

OWN = base64.b64encode(bytes(16)).decode()


def source() -> KeySource:
    return KeySource(CountingIds().key, lambda key: b"sealed " + key.encode())


def some(name: str = "some", rights: Right = Right.SERVICE_CONNECT) -> Policy:
    return Policy(name, rights.value, b"sealed 1", b"sealed 2", 7)


def test_a_new_one_has_the_rights_it_is_given_and_two_keys() -> None:
    """POLICY-1, POLICY-2"""
    made = policy.created(
        "a.B_c-1", {"rights": ["RegistryRead", "DeviceConnect"]}, source(), etag=5
    )
    assert Right(made.rights) == Right.REGISTRY_READ | Right.DEVICE_CONNECT
    assert len({*made.keys}) == 2
    assert policy.document(made) == {
        "name": "a.B_c-1",
        "rights": ["RegistryRead", "DeviceConnect"],
        "etag": etag_text(5),
    }


def test_keys_may_be_brought_along() -> None:
    """POLICY-2"""
    body: Any = {"rights": ["DeviceConnect"], "primaryKey": OWN}
    made = policy.created("a", body, source(), etag=1)
    assert made.primary_key == b"sealed " + OWN.encode()
    assert made.secondary_key != made.primary_key


@pytest.mark.parametrize("name", ["", "a b", "a;b", "a/b", "ä", "a" * 65])
def test_a_name_that_no_policy_can_have_is_refused(name: str) -> None:
    """POLICY-1"""
    with pytest.raises(Invalid):
        policy.created(name, {"rights": ["DeviceConnect"]}, source(), etag=1)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, Malformed),
        ({"rights": "DeviceConnect"}, Malformed),
        ({"rights": [1]}, Malformed),
        ({"rights": []}, Invalid),
        ({"rights": ["Everything"]}, Invalid),
        ({"rights": ["DeviceConnect"], "primaryKey": 1}, Malformed),
        ({"rights": ["DeviceConnect"], "primaryKey": "short"}, Malformed),
        ({"rights": ["DeviceConnect"], "secondaryKey": "YQ=="}, Invalid),
        ({"rights": ["DeviceConnect"], "name": "b"}, Invalid),
        ({"rights": ["DeviceConnect"], "color": "red"}, Invalid),
    ],
)
def test_what_no_policy_can_be_is_refused(body: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        policy.created("a", body, source(), etag=1)


def test_a_change_leaves_what_it_does_not_name() -> None:
    """POLICY-3"""
    before = some()
    wider = policy.changed(before, {"rights": ["ServiceConnect", "RegistryRead"]}, source())
    assert (wider.keys, wider.etag) == (before.keys, 8)
    moved = policy.changed(before, {"primaryKey": OWN}, source())
    assert moved.keys == (b"sealed " + OWN.encode(), b"sealed 2")
    assert moved.rights == before.rights


def test_the_owner_keeps_its_rights_and_stays() -> None:
    """POLICY-6"""
    owner = some(OWNER, ALL_RIGHTS)
    with pytest.raises(Invalid, match="keeps all its rights"):
        policy.changed(owner, {"rights": ["RegistryWrite"]}, source())
    with pytest.raises(Invalid, match="cannot be deleted"):
        policy.check_deletable(owner)
    assert policy.changed(owner, {"primaryKey": OWN}, source()).rights == ALL_RIGHTS.value
    policy.check_deletable(some())


def test_a_rotation_makes_one_key_anew_or_swaps_them() -> None:
    """POLICY-7"""
    before = some()
    first = policy.regenerated(before, Which.PRIMARY, source())
    second = policy.regenerated(before, Which.SECONDARY, source())
    swapped = policy.regenerated(before, Which.SWAP, source())
    assert first.primary_key not in before.keys
    assert second.secondary_key not in before.keys
    assert (first.secondary_key, second.primary_key) == (b"sealed 2", b"sealed 1")
    assert swapped.keys == (b"sealed 2", b"sealed 1")
    assert {one.etag for one in (first, second, swapped)} == {8}


def test_which_key_is_one_of_three() -> None:
    assert [policy.which_key(one.value) for one in Which] == [*Which]
    for other in (None, "both", 1):
        with pytest.raises(Malformed, match="key must be one of primary, secondary, swap"):
            policy.which_key(other)


def test_a_voucher_is_honoured_as_long_as_its_key_is_there() -> None:
    """POLICY-9"""
    before = some(rights=Right.DEVICE_CONNECT)
    vouchers = [before.voucher(sealed) for sealed in before.keys]
    swapped = policy.regenerated(before, Which.SWAP, source())
    rotated = policy.regenerated(before, Which.PRIMARY, source())
    assert [swapped.connects(one) for one in vouchers] == [True, True]
    assert [rotated.connects(one) for one in vouchers] == [False, True]
    assert not some().connects(vouchers[0])
    assert not some("other").honours(vouchers[0])


def test_writing_implies_reading() -> None:
    both = Right.REGISTRY_READ | Right.REGISTRY_WRITE
    assert some(rights=Right.REGISTRY_WRITE).granted == both
    assert some(rights=Right.SERVICE_CONNECT).granted == Right.SERVICE_CONNECT


def test_a_swap_is_the_only_thing_that_makes_no_key() -> None:
    keys = source()
    fresh = [policy.regenerated(some(), which, keys).keys for which in Which]
    assert [len({*pair} - {*some().keys}) for pair in fresh] == [1, 1, 0]
