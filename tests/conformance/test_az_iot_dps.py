"""`az iot dps`: what it sends of enrollments and registrations, and what it reads."""

from typing import Any, Final

import pytest

from fakes.az_iot import Ask, Command, az, delete, get, post, put, run
from fakes.hub_process import HubProcess

pytestmark = pytest.mark.conformance

KEY: Final = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
KEYS: Final = {"primaryKey": KEY, "secondaryKey": KEY}
ONE: Final = "/enrollments/$d"
SHOWN: Final = ("registrationId", "attestation.type", "etag", "provisioningStatus", "iotHubs")
GROUP: Final = "/enrollmentGroups/$d"


def enrolled(**more: Any) -> Any:
    """As `enrollment create` writes it; what the user did not say is null."""
    return {
        "registrationId": "$d",
        "deviceId": None,
        "attestation": {"type": "symmetricKey", "symmetricKey": KEYS},
        "capabilities": {"iotEdge": False},
        "iotHubHostName": None,
        "initialTwin": {"tags": {"ring": "a"}, "properties": {"desired": {"speed": 3}}},
        "provisioningStatus": "enabled",
        "reprovisionPolicy": {"updateHubAssignment": True, "migrateDeviceData": True},
        "allocationPolicy": None,
        "iotHubs": None,
        "customAllocationDefinition": None,
        "optionalDeviceInformation": {"bay": 3},
        **more,
    }


def grouped(**more: Any) -> Any:
    body = enrolled(enrollmentGroupId="$d", **more)
    individual = ("registrationId", "deviceId")
    return {name: value for name, value in body.items() if name not in individual}


def asked(kind: str) -> Ask:
    """As its list commands ask, a page at a time."""
    return post(f"/{kind}/query", {"query": "SELECT *"}, x_ms_max_item_count="100")


MADE: Final = put(ONE, enrolled())
MADE_GROUP: Final = put(GROUP, grouped())

COMMANDS: Final = (
    az(
        "enrollment create --attestation-type symmetricKey",
        MADE.read(*SHOWN[:-1]).find({"initialTwin.tags.ring": "a"}),
        MADE.told(409).read("errorCode", "message"),
    ),
    az(
        "enrollment show --keys",
        MADE,
        get(ONE).read("registrationId"),
        post(f"{ONE}/attestationmechanism").find({"symmetricKey.primaryKey": KEY}),
    ),
    az(
        "enrollment update --provisioning-status disabled",
        MADE,
        get(ONE).read("etag").keep(all="", etag="etag"),
        put(ONE, {"**": "$all", "provisioningStatus": "disabled"}, "$etag").find(
            provisioningStatus="disabled"
        ),
        put(ONE, {"**": "$all"}, "$etag").told(412),
        put(ONE, {"**": "$all", "provisioningStatus": "enabled"}, "*"),
    ),
    az("enrollment list", MADE, asked("enrollments").read("0.registrationId", "0.etag")),
    az("enrollment delete", MADE, delete(ONE, "*"), get(ONE).told(404).find(errorCode=404201)),
    az(
        "enrollment-group create --primary-key --secondary-key",
        MADE_GROUP.read("enrollmentGroupId", "etag", "provisioningStatus"),
        get(GROUP).find(enrollmentGroupId="$d"),
    ),
    az(
        "enrollment-group compute-device-key",
        MADE_GROUP,
        post(f"{GROUP}/attestationmechanism").find({"symmetricKey.primaryKey": KEY}),
    ),
    az("enrollment-group list", MADE_GROUP, asked("enrollmentGroups").read("0.enrollmentGroupId")),
    az("enrollment-group delete", MADE_GROUP, delete(GROUP, "*"), get(GROUP).told(404)),
    az("enrollment-group registration list", MADE_GROUP, post("/registrations/$d/query")),
    az("enrollment registration show", MADE, get("/registrations/$d").told(404)),
)


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_az_iot_dps(hub: HubProcess, command: Command) -> None:
    """PROV-4, PROV-12, PROV-20 to PROV-25"""
    run(command, hub, f"dps-{COMMANDS.index(command)}")
