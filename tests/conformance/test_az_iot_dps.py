"""`az iot dps`: what it sends of enrollments and registrations, and what it reads."""

from typing import Any, Final

import pytest

from fakes.az_iot import Ask, Command, az, delete, get, post, put, run
from fakes.enrolling import authority_of_today, leaf_of_today
from fakes.hub_process import HubProcess
from fakes.pki import Made

pytestmark = pytest.mark.conformance

KEY: Final = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
KEYS: Final = {"primaryKey": KEY, "secondaryKey": KEY}
OTHER: Final = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
OTHER_KEYS: Final = {"primaryKey": OTHER, "secondaryKey": OTHER}
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

SHOWN_BY_DEVICE: Final = leaf_of_today("press")
SIGNING: Final = authority_of_today("plant")
EK: Final = "AToAAQALAAMAsgAgg3GXZ0SEs/gakMyNRqXXJP1S124GUgtk8qHaGzMUaaoABgCA"


def x509(kind: str, primary: Any) -> Any:
    """As it writes certificates, or the names of authorities."""
    kinds = dict.fromkeys(("clientCertificates", "signingCertificates", "caReferences"))
    return {"type": "x509", "x509": {**kinds, kind: {"primary": primary, "secondary": None}}}


def certificate(made: Made) -> Any:
    return {"certificate": made.pem, "info": None}


COMMANDS: Final = (
    az(
        "enrollment create --attestation-type x509 --certificate-path",
        put(
            ONE,
            enrolled(attestation=x509("clientCertificates", certificate(SHOWN_BY_DEVICE))),
        ).find({"attestation.x509.clientCertificates.primary.info.subjectName": "CN=press"}),
        get(ONE).keep(all=""),
        put(ONE, {"**": "$all", "deviceId": "$d-pump"}, "*").find(deviceId="$d-pump"),
    ),
    az(
        "enrollment create --attestation-type tpm --endorsement-key",
        put(
            ONE,
            enrolled(attestation={"type": "tpm", "tpm": {"endorsementKey": EK}}),
        ).find({"attestation.tpm.endorsementKey": EK}),
    ),
    az(
        "enrollment create --edge-enabled --reprovision-policy never --allocation-policy static",
        put(
            ONE,
            enrolled(
                capabilities={"iotEdge": True},
                reprovisionPolicy={"updateHubAssignment": False, "migrateDeviceData": False},
                allocationPolicy="static",
            ),
        ).find(
            {
                "capabilities.iotEdge": True,
                "reprovisionPolicy.updateHubAssignment": False,
                "allocationPolicy": "static",
            }
        ),
    ),
    az(
        "enrollment create --allocation-policy custom --webhook-url",
        put(
            ONE,
            enrolled(
                allocationPolicy="custom",
                customAllocationDefinition={
                    "webhookUrl": "https://elsewhere.example/choose",
                    "apiVersion": "2019-03-31",
                },
            ),
        )
        .told(400)
        .read("message"),
    ),
    az(
        "enrollment-group create --certificate-path",
        put(GROUP, grouped(attestation=x509("signingCertificates", certificate(SIGNING)))).find(
            {"attestation.x509.signingCertificates.primary.info.subjectName": "CN=plant"}
        ),
        get(GROUP).read("attestation.x509.signingCertificates.primary.certificate"),
    ),
    az(
        "enrollment-group create --ca-name",
        put(GROUP, grouped(attestation=x509("caReferences", "plant"))).find(
            {"attestation.x509.caReferences.primary": "plant"}
        ),
    ),
    az(
        "enrollment-group update --primary-key --secondary-key",
        MADE_GROUP,
        get(GROUP).read("etag").keep(all="", etag="etag"),
        put(
            GROUP,
            {"**": "$all", "attestation": {"type": "symmetricKey", "symmetricKey": OTHER_KEYS}},
            "$etag",
        ),
        post(f"{GROUP}/attestationmechanism").find({"symmetricKey.primaryKey": OTHER}),
    ),
    az("enrollment registration delete", MADE, delete("/registrations/$d", "*").told(404)),
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
