"""`az iot hub query`, twins, tracing and methods: what they send, and what they make of it."""

from typing import Final

import pytest

from fakes.az_iot import ANY_ETAG, Ask, Command, az, get, patch, post, put, query, run
from fakes.hub_process import HubProcess

pytestmark = pytest.mark.conformance

DEVICE: Final = put("/devices/$d", {"deviceId": "$d"})
MODULE: Final = put("/devices/$d/modules/valve", {"deviceId": "$d", "moduleId": "valve"})
TRACING: Final = "azureiot*com^dtracing^1"
REBOOT: Final = {
    "methodName": "reboot",
    "payload": {},
    "responseTimeoutInSeconds": 10,
    "connectTimeoutInSeconds": 0,
}
ONE_OF_TWO: Final = "select deviceId from devices where startswith(deviceId, '$d')"

COMMANDS: Final = (
    az(
        "query",
        DEVICE,
        query("select * from devices where deviceId = '$d'").find({"0.deviceId": "$d"}),
    ),
    az("query, that is none", query("select from where").told(400).read("Message")),
    az(
        "query --top 1, then all of it",
        DEVICE,
        put("/devices/$d-2", {"deviceId": "$d-2"}),
        query(ONE_OF_TWO, x_ms_max_item_count="1")
        .find({"": [{"deviceId": "$d"}]})
        .keep(token="headers.x-ms-continuation"),
        query(ONE_OF_TWO, x_ms_max_item_count="1", x_ms_continuation="$token").find(
            {"": [{"deviceId": "$d-2"}]}
        ),
    ),
    az(
        "query --top 5000, above what a page has",
        DEVICE,
        query(ONE_OF_TWO, x_ms_max_item_count="5000").find({"0.deviceId": "$d"}),
    ),
    az(
        "device-twin list",
        DEVICE,
        query("select * from devices", x_ms_max_item_count="1000").read(
            "0.deviceId", "0.authenticationType", "0.capabilities.iotEdge"
        ),
    ),
    az(
        "device-twin list --edge-enabled",
        put("/devices/$d", {"deviceId": "$d", "capabilities": {"iotEdge": True}}),
        query("select * from devices where capabilities.iotEdge = true").find(
            {"0.capabilities.iotEdge": True}
        ),
    ),
    az(
        "device-twin show",
        DEVICE,
        get("/twins/$d").read("deviceId", "etag", "properties.desired", "properties.reported"),
    ),
    az(
        "device-twin update --desired --tags",
        DEVICE,
        patch(
            "/twins/$d", {"properties": {"desired": {"rate": 5}}, "tags": {"line": {"row": 4}}}
        ).find({"properties.desired.rate": 5, "tags.line.row": 4}),
    ),
    az(
        "device-twin update --set, which sends all of it back",
        DEVICE,
        get("/twins/$d").keep(twin=""),
        patch("/twins/$d", "$twin").read("etag").keep(etag="etag"),
        patch("/twins/$d", {"tags": {"line": 4}}, '"$etag"').find({"tags.line": 4}),
        patch("/twins/$d", {"tags": {"line": 5}}, '"$etag"').told(412),
    ),
    az(
        "device-twin replace",
        DEVICE,
        patch("/twins/$d", {"tags": {"a": 1}, "properties": {"desired": {"b": 2}}}),
        put("/twins/$d", {"tags": {"c": 3}, "properties": {"desired": {}}}, ANY_ETAG).find(
            tags={"c": 3}
        ),
    ),
    az(
        "module-twin show, update, replace",
        DEVICE,
        MODULE,
        get("/twins/$d/modules/valve").read("properties.desired.$version"),
        patch("/twins/$d/modules/valve", {"properties": {"desired": {"open": True}}}).find(
            {"properties.desired.open": True, "moduleId": "valve"}
        ),
        put("/twins/$d/modules/valve", {"tags": {"row": 1}}, ANY_ETAG).find(tags={"row": 1}),
    ),
    az(
        "distributed-tracing update",
        DEVICE,
        get("/twins/$d").read("capabilities.iotEdge", "properties.desired"),
        patch(
            "/twins/$d",
            {"properties": {"desired": {TRACING: {"sampling_rate": 80, "sampling_mode": 1}}}},
        ).find({f"properties.desired.[{TRACING}].sampling_rate": 80}),
    ),
    az(
        "invoke-device-method, on one that is away",
        DEVICE,
        post("/twins/$d/methods", REBOOT).told(404).read("Message"),
    ),
    az(
        "invoke-module-method, on one that is away",
        DEVICE,
        MODULE,
        post("/twins/$d/modules/valve/methods", REBOOT).told(404).read("Message"),
    ),
    az(
        "device c2d-message purge",
        DEVICE,
        Ask("DELETE", "/devices/$d/commands").find(
            {"totalMessagesPurged": 0, "deviceId": "$d", "moduleId": None}
        ),
    ),
    az(
        "digital-twin show, update",
        DEVICE,
        get("/digitaltwins/$d").find({"[$dtId]": "$d"}),
        patch("/digitaltwins/$d", [{"op": "add", "path": "/rate", "value": 5}], "*").told(202),
        get("/twins/$d").find({"properties.desired.rate": 5}),
        patch("/digitaltwins/$d", [{"op": "add", "path": "/rate"}], "*").told(400).read("Message"),
    ),
    az(
        "digital-twin invoke-command, on one that is away",
        DEVICE,
        post("/digitaltwins/$d/commands/reboot", {}).told(404).read("Message"),
        post("/digitaltwins/$d/components/fan/commands/stop?connectTimeoutInSeconds=0", {})
        .told(404)
        .read("Message"),
    ),
)


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_az_iot_hub(hub: HubProcess, command: Command) -> None:
    run(command, hub, f"twin-{COMMANDS.index(command)}")
