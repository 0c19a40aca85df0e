"""`az iot hub device-identity` and `module-identity`: what they send, and what they make of it."""

from typing import Any, Final

import pytest

from fakes.az_iot import ANY_ETAG, Ask, Command, az, delete, get, post, put, query, run
from fakes.hub_process import HubProcess

pytestmark = pytest.mark.conformance

KEYS: Final = ("authentication.symmetricKey.primaryKey", "authentication.symmetricKey.secondaryKey")
PRINTS: Final = (
    "authentication.x509Thumbprint.primaryThumbprint",
    "authentication.x509Thumbprint.secondaryThumbprint",
)
SHOWN: Final = (
    "deviceId",
    "etag",
    "status",
    "capabilities.iotEdge",
    "parentScopes",
    *KEYS,
    *PRINTS,
)
PRINT: Final = "A" * 40


def device(name: str = "$d", *, edge: bool = False, **more: Any) -> Any:
    """As msrest writes it: what is None is left out, so that a device without keys has none."""
    return {
        "deviceId": name,
        "status": "enabled",
        "authentication": {"symmetricKey": {}, "type": "sas"},
        "capabilities": {"iotEdge": edge},
        **more,
    }


def created(name: str = "$d", **more: Any) -> Ask:
    return put(f"/devices/{name}", device(name, **more))


MODULE: Final = {
    "moduleId": "valve",
    "deviceId": "$d",
    "authentication": {"symmetricKey": {}, "type": "sas"},
}


def renewed(which: str, *identities: Any) -> Ask:
    return post("/devices/keys/regenerate", {"policyKey": which, "devices": [*identities]})


COMMANDS: Final = (
    az(
        "device-identity create",
        created().read(*SHOWN).find({"authentication.type": "sas", "parentScopes": []}),
        created().told(409),
    ),
    az(
        "device-identity create --am x509_thumbprint",
        put(
            "/devices/$d",
            device(
                authentication={
                    "x509Thumbprint": {"primaryThumbprint": PRINT},
                    "type": "selfSigned",
                }
            ),
        )
        .read(*SHOWN)
        .find({PRINTS[0]: PRINT, KEYS[0]: None}),
    ),
    az(
        "device-identity create --am x509_ca --status disabled --status-reason new",
        put(
            "/devices/$d",
            device(
                authentication={"type": "certificateAuthority"},
                status="disabled",
                statusReason="new",
            ),
        )
        .read(*SHOWN)
        .find({"status": "disabled", "statusReason": "new", KEYS[0]: None, PRINTS[0]: None}),
    ),
    az("device-identity show", created(), get("/devices/$d").read(*SHOWN)),
    az("device-identity show, of none", get("/devices/$d").told(404).read("Message")),
    az(
        "device-identity list",
        created(),
        query("select * from devices", x_ms_max_item_count="1000").read("0.deviceId"),
    ),
    az(
        "device-identity update --set statusReason=checked",
        created(),
        get("/devices/$d").keep(auth="authentication", primary=KEYS[0]),
        put(
            "/devices/$d",
            device(etag="*", statusReason="checked", authentication="$auth"),
            ANY_ETAG,
        ).find({"statusReason": "checked", KEYS[0]: "$primary"}),
    ),
    az(
        "device-identity update --etag",
        created().keep(etag="etag"),
        put("/devices/$d", device(etag="$etag"), '"$etag"').read("etag"),
        put("/devices/$d", device(etag="$etag"), '"$etag"').told(412),
    ),
    az("device-identity delete", created(), delete("/devices/$d"), get("/devices/$d").told(404)),
    az(
        "device-identity delete --etag",
        created().keep(etag="etag"),
        delete("/devices/$d", '"c3RhbGU="').told(412),
        delete("/devices/$d", '"$etag"'),
    ),
    az(
        "device-identity renew-key --kt swap",
        created().keep(primary=KEYS[0], secondary=KEYS[1]),
        get("/devices/$d").keep(read=""),
        put(
            "/devices/$d",
            {
                "**": "$read",
                "authentication": {
                    "symmetricKey": {"primaryKey": "$secondary", "secondaryKey": "$primary"},
                    "type": "sas",
                },
            },
            ANY_ETAG,
        ).find({KEYS[0]: "$secondary", KEYS[1]: "$primary"}),
    ),
    az(
        "device-identity renew-key --kt primary",
        created().keep(primary=KEYS[0], secondary=KEYS[1]),
        renewed("primaryKey", {"id": "$d"})
        .find({"policyKey": "primaryKey", "errors": [], "rotatedKeys.0.id": "$d"})
        .keep(new="rotatedKeys.0.primaryKey"),
        get("/devices/$d").find({KEYS[0]: "$new", KEYS[1]: "$secondary"}),
    ),
    az(
        "device-identity renew-key --kt both --include-modules, one of them by certificate",
        created(),
        put("/devices/$d/modules/valve", MODULE),
        put(
            "/devices/$d-ca",
            device("$d-ca", authentication={"type": "certificateAuthority"}),
        ),
        renewed("both", {"id": "$d"}, {"id": "$d", "moduleId": "valve"}, {"id": "$d-ca"})
        .told(207)
        .read("rotatedKeys.1.secondaryKey", "errors.0.errorCode")
        .find({"rotatedKeys.length()": 2, "errors.0.id": "$d-ca"}),
        renewed("both", {"id": "$d-ca"}).told(400).find({"rotatedKeys": [], "errors.length()": 1}),
    ),
    az(
        "device-identity parent set, show",
        created("$d-gw", edge=True).keep(scope="deviceScope"),
        created(),
        get("/devices/$d").keep(read="", etag="etag").find(parentScopes=[]),
        put("/devices/$d", {"**": "$read", "deviceScope": "$scope"}, '"$etag"'),
        get("/devices/$d").find({"parentScopes.0": "$scope"}),
    ),
    az(
        "device-identity parent set, of an edge device",
        created("$d-gw", edge=True).keep(scope="deviceScope"),
        created(edge=True).keep(own="deviceScope", read="", etag="etag"),
        put("/devices/$d", {"**": "$read", "parentScopes": ["$scope"]}, '"$etag"'),
        get("/devices/$d").find({"parentScopes.0": "$scope", "deviceScope": "$own"}),
    ),
    az(
        "device-identity children list, remove",
        created("$d-gw", edge=True).keep(scope="deviceScope"),
        created(deviceScope="$scope").keep(read="", etag="etag"),
        query("select deviceId from devices where array_contains(parentScopes, '$scope')").find(
            {"": [{"deviceId": "$d"}]}
        ),
        put("/devices/$d", {"**": "$read", "deviceScope": ""}, '"$etag"').find(parentScopes=[]),
    ),
    az(
        "module-identity create, show, list",
        created(),
        put("/devices/$d/modules/valve", MODULE).read(*KEYS, "etag"),
        get("/devices/$d/modules/valve").read("moduleId", "deviceId", *KEYS, *PRINTS),
        get("/devices/$d/modules").find({"0.moduleId": "valve", "length()": 1}),
    ),
    az(
        "module-identity update",
        created(),
        put("/devices/$d/modules/valve", MODULE),
        get("/devices/$d/modules/valve").keep(auth="authentication", primary=KEYS[0]),
        put("/devices/$d/modules/valve", {**MODULE, "authentication": "$auth"}, ANY_ETAG).find(
            {KEYS[0]: "$primary"}
        ),
    ),
    az(
        "module-identity delete",
        created(),
        put("/devices/$d/modules/valve", MODULE),
        delete("/devices/$d/modules/valve"),
        delete("/devices/$d/modules/valve").told(404),
    ),
)


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_az_iot_hub(hub: HubProcess, command: Command) -> None:
    run(command, hub, f"identity-{COMMANDS.index(command)}")
