"""Enrollments in files, compared with what a hub has."""

from typing import Any

import pytest

from affinage.apps.cli.enrolling import as_enrollment, differences, merged
from affinage.domain.errors import Invalid, Missing
from fakes.provisioned import KEY, OTHER_KEY

SYMMETRIC: Any = {"type": "symmetricKey"}
HERE: Any = {"attestation": SYMMETRIC, "provisioningStatus": "enabled", "iotHubs": ["a.test"]}


def changes(body: Any, current: Any = None) -> list[Any]:
    return [
        *differences("dev1", {"attestation": SYMMETRIC, **body}, current or HERE, is_group=True)
    ]


def test_what_a_hub_would_refuse_is_refused_before() -> None:
    """APPLY-4, PROV-5"""
    with pytest.raises(Missing):
        as_enrollment("dev1", {}, is_group=False)
    with pytest.raises(Invalid):
        as_enrollment("a b", {"attestation": SYMMETRIC}, is_group=False)


def test_only_what_the_file_names_is_compared() -> None:
    """APPLY-4"""
    assert changes({}) == []
    assert changes({"iotHubs": ["a.test"], "group": True}) == []
    assert changes({"provisioningStatus": "disabled"}) == [
        ("provisioningStatus", "enabled", "disabled")
    ]


def test_keys_are_compared_and_never_told() -> None:
    """PROV-11"""
    keys: Any = {"primaryKey": KEY, "secondaryKey": OTHER_KEY}
    named: Any = {**SYMMETRIC, "symmetricKey": keys}
    assert changes({"attestation": named}, {**HERE, "attestation": named}) == []
    other: Any = {**named, "symmetricKey": {**keys, "primaryKey": OTHER_KEY}}
    found = changes({"attestation": named}, {**HERE, "attestation": other})
    assert found == [("attestation.symmetricKey", "hidden", "others")]


def test_another_kind_of_proof_is_a_change() -> None:
    """PROV-9"""
    tpm: Any = {"type": "tpm", "tpm": {"endorsementKey": KEY}}
    assert changes({}, {**HERE, "attestation": tpm}) == [("attestation", tpm, SYMMETRIC)]


def test_what_the_file_does_not_name_is_as_the_hub_has_it() -> None:
    """APPLY-4"""
    body: Any = {"group": True, "iotHubs": ["b.test"]}
    assert merged(body, HERE) == {**HERE, "iotHubs": ["b.test"]}
    assert merged(body, {}) == {"iotHubs": ["b.test"]}
