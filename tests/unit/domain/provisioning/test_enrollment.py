"""What may be enrolled, and what a change makes of it."""

from typing import Any

import pytest

from affinage.domain.errors import Invalid, Malformed, Missing, TooLarge
from affinage.domain.provisioning import enrollment
from affinage.domain.provisioning.enrollment import InitialTwin
from affinage.domain.values import JsonObject
from fakes.enrolled import CLIENT, SIGNING, SYMMETRIC, TPM, create, makings, x509

WHOLE: Any = {
    "registrationId": "DEV1",
    "deviceId": "press-7",
    "attestation": SYMMETRIC,
    "provisioningStatus": "Disabled",
    "capabilities": {"iotEdge": True},
    "reprovisionPolicy": {"updateHubAssignment": False, "migrateDeviceData": False},
    "allocationPolicy": "GeoLatency",
    "iotHubHostName": "one.test",
    "iotHubs": ["one.test", "two.test", "one.test"],
    "customAllocationDefinition": {"webhookUrl": "https://a.test/", "apiVersion": "2021-10-01"},
    "initialTwin": {"tags": {"a": 1}, "properties": {"desired": {"b": 2}}},
    "optionalDeviceInformation": {"bay": 3},
}


def test_what_is_not_said_is_as_most_want_it() -> None:
    """PROV-3, PROV-8"""
    shown: Any = enrollment.document(create())
    assert (shown["provisioningStatus"], shown["allocationPolicy"]) == ("enabled", "hashed")
    assert (shown["capabilities"], "deviceId" in shown) == ({"iotEdge": False}, False)
    assert shown["reprovisionPolicy"] == {"updateHubAssignment": True, "migrateDeviceData": True}


def test_all_that_is_said_is_shown_and_reads_again_as_it_was() -> None:
    """PROV-5, PROV-20"""
    made = create("Dev1", **WHOLE)
    shown: Any = enrollment.document(made, {"status": "assigned"})
    assert (shown["registrationId"], shown["iotHubs"]) == ("dev1", ["one.test", "two.test"])
    assert (shown["allocationPolicy"], shown["provisioningStatus"]) == ("geoLatency", "disabled")
    assert (shown["etag"], shown["registrationState"]) == ('"Nw=="', {"status": "assigned"})
    again = enrollment.update(made, shown, makings(), at=2000)
    same = enrollment.document(again)
    moved = ("etag", "lastUpdatedDateTimeUtc", "registrationState")
    assert {**same, **dict.fromkeys(moved)} == {**shown, **dict.fromkeys(moved)}
    assert (again.etag, again.created_at, again.updated_at) == (8, 1000, 2000)


def test_a_group_keeps_its_spelling_and_has_neither_device_nor_free_text() -> None:
    """PROV-2"""
    made = create("Presses", is_group=True, deviceId="x", optionalDeviceInformation={"a": 1})
    assert (made.id, made.key, made.device_id) == ("Presses", "group/presses", None)
    assert (made.optional, made.what) == (None, "enrollment group Presses")
    assert "enrollmentGroupId" in enrollment.document(made)


def test_what_clients_keep_count_of_is_no_part_of_a_twin() -> None:
    """PROV-7"""
    tags: JsonObject = {"$version": 3, "count": 1, "a": 1}
    desired: JsonObject = {"$metadata": {}, "count": "many", "b": 2}
    found = enrollment.initial_twin({"tags": tags, "properties": {"desired": desired}})
    assert found == InitialTwin({"a": 1}, {"count": "many", "b": 2})
    assert enrollment.initial_twin({"tags": {"count": 5}}).tags == {"count": 5}


@pytest.mark.parametrize("name", ["", "a b", "a.", "a_", "ä", "a/b", "a" * 129])
@pytest.mark.parametrize("is_group", [True, False])
def test_a_name_that_nothing_can_have_is_refused(name: str, is_group: bool) -> None:
    """PROV-1, PROV-2"""
    with pytest.raises(Invalid):
        create(name, is_group=is_group)


@pytest.mark.parametrize(
    ("is_group", "proof"),
    [(True, CLIENT), (True, TPM), (False, SIGNING), (False, x509("caReferences", primary="a"))],
)
def test_each_kind_has_its_own_proofs(is_group: bool, proof: JsonObject) -> None:
    """PROV-6"""
    with pytest.raises(Invalid):
        create(is_group=is_group, attestation=proof)
    assert create(is_group=not is_group, attestation=proof).id == "dev1"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"attestation": None}, Missing),
        ({"attestation": []}, Malformed),
        ({"registrationId": "other"}, Invalid),
        ({"registrationId": 7}, Malformed),
        ({"deviceId": "a b"}, Invalid),
        ({"deviceId": 7}, Malformed),
        ({"provisioningStatus": "paused"}, Invalid),
        ({"capabilities": {"iotEdge": "yes"}}, Malformed),
        ({"reprovisionPolicy": {"migrateDeviceData": 1}}, Malformed),
        ({"allocationPolicy": "random"}, Invalid),
        ({"allocationPolicy": "custom"}, Missing),
        ({"customAllocationDefinition": {"webhookUrl": "https://a.test"}}, Missing),
        (
            {"customAllocationDefinition": {"webhookUrl": "a" * 2049, "apiVersion": "1"}},
            Invalid,
        ),
        ({"iotHubs": "one.test"}, Malformed),
        ({"iotHubs": [7]}, Malformed),
        ({"iotHubs": [f"h{number}.test" for number in range(51)]}, Invalid),
        ({"initialTwin": {"tags": {"a b": 1}}}, Invalid),
        ({"initialTwin": {"properties": []}}, Malformed),
        ({"initialTwin": {"tags": {"a": "x" * 4096, "b": "x" * 4096, "c": 1}}}, TooLarge),
        ({"optionalDeviceInformation": {"a": "x" * 2049}}, TooLarge),
    ],
)
def test_what_cannot_be_is_refused(body: Any, error: type[Exception]) -> None:
    """PROV-5, PROV-7"""
    with pytest.raises(error):
        create(**body)
