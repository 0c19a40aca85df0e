"""`az iot hub configuration` and `az iot edge`: what they send, and what they make of it."""

from typing import Any, Final

import pytest

from fakes.az_iot import ANY_ETAG, Command, az, delete, get, post, put, query, run
from fakes.hub_process import HubProcess

pytestmark = pytest.mark.conformance

SENT_BACK: Final = (
    "id",
    "schemaVersion",
    "labels",
    "content",
    "metrics.queries",
    "targetCondition",
    "priority",
    "systemMetrics.queries",
)
"""What `update` indexes in the configuration that it has just read."""

QUERY: Final = "SELECT deviceId FROM devices WHERE tags.ring = '$d'"


def asked(**more: Any) -> Any:
    """As `create` writes it: an etag in the body, none in a header."""
    return {
        "id": "$d",
        "schemaVersion": "2.0",
        "labels": {"why": "test"},
        "content": {"deviceContent": {"properties.desired.fan": {"speed": 3}}},
        "targetCondition": "tags.ring = '$d'",
        "etag": "*",
        "priority": 3,
        "metrics": {"queries": {"all": QUERY}},
        **more,
    }


def changed(**more: Any) -> Any:
    """As `update` writes it, of what it has read."""
    return {
        "id": "$d",
        "schemaVersion": "$schema",
        "labels": "$labels",
        "content": "$content",
        "metrics": "$metrics",
        "targetCondition": "$condition",
        "priority": 3,
        **more,
    }


READ: Final = (
    get("/configurations/$d")
    .read(*SENT_BACK)
    .keep(
        schema="schemaVersion",
        labels="labels",
        content="content",
        metrics="metrics",
        condition="targetCondition",
        etag="etag",
    )
)

AGENT: Final = {
    "schemaVersion": "1.1",
    "runtime": {"type": "docker", "settings": {"minDockerVersion": "v1.25", "loggingOptions": ""}},
    "systemModules": {
        "edgeAgent": {
            "type": "docker",
            "settings": {"image": "mcr.microsoft.com/azureiotedge-agent:1.4", "createOptions": ""},
        },
        "edgeHub": {
            "type": "docker",
            "status": "running",
            "restartPolicy": "always",
            "settings": {"image": "mcr.microsoft.com/azureiotedge-hub:1.4", "createOptions": ""},
        },
    },
    "modules": {
        "thermometer": {
            "version": "1.0",
            "type": "docker",
            "status": "running",
            "restartPolicy": "always",
            "settings": {"image": "thermometer:1.0", "createOptions": "{}"},
        }
    },
}
BROKER: Final = {
    "schemaVersion": "1.1",
    "routes": {"up": "FROM /messages/* INTO $upstream"},
    "storeAndForwardConfiguration": {"timeToLiveSecs": 7200},
}
MANIFEST: Final = {
    "modulesContent": {
        "$edgeAgent": {"properties.desired": AGENT},
        "$edgeHub": {"properties.desired": BROKER},
        "thermometer": {"properties.desired": {"interval": 5}},
    }
}
LAYER: Final = {
    "modulesContent": {
        "$edgeAgent": {
            "properties.desired.modules.fan": {
                "settings": {"image": "fan:1.0", "createOptions": ""},
                "type": "docker",
                "status": "running",
                "restartPolicy": "always",
                "version": "1.0",
            }
        }
    }
}

FAN: Final = AGENT["modules"]["thermometer"]  # type: ignore[index]  # an object
OTHER_MANIFEST: Final = {
    "modulesContent": {
        "$edgeAgent": {"properties.desired": {**AGENT, "modules": {"fan": FAN}}},
        "$edgeHub": {"properties.desired": BROKER},
        "lamp": {"properties.desired": {"on": True}},
    }
}
"""`fan` is in the agent's list alone, `lamp` has content alone: both become modules."""

EDGE: Final = put("/devices/$d", {"deviceId": "$d", "capabilities": {"iotEdge": True}})

COMMANDS: Final = (
    az(
        "hub configuration create",
        put("/configurations/$d", asked()).read(*SENT_BACK, "etag"),
        put("/configurations/$d", asked()).told(409).read("Message"),
    ),
    az(
        "hub configuration create, for modules",
        put(
            "/configurations/$d",
            asked(
                content={"moduleContent": {"properties.desired": {"open": True}}},
                targetCondition="from devices.modules where moduleId = 'valve'",
            ),
        ).find({"content": {"moduleContent": {"properties.desired": {"open": True}}}}),
    ),
    az("hub configuration show", put("/configurations/$d", asked()), READ),
    az(
        "hub configuration list",
        put("/configurations/$d", asked()),
        get("/configurations").read("0.content"),
        get("/configurations?top=100").read("0.content"),
    ),
    az(
        "hub configuration update --set priority=7",
        put("/configurations/$d", asked()),
        READ,
        put("/configurations/$d", changed(priority=7), ANY_ETAG).find(priority=7),
    ),
    az(
        "hub configuration update --etag",
        put("/configurations/$d", asked()),
        READ,
        put("/configurations/$d", changed(priority=8), '"$etag"').find(priority=8),
        put("/configurations/$d", changed(priority=9), '"$etag"').told(412),
    ),
    az(
        "hub configuration update, of its content",
        put("/configurations/$d", asked()),
        READ,
        put("/configurations/$d", changed(content={"deviceContent": {}}), ANY_ETAG).told(400),
    ),
    az(
        "hub configuration show-metric",
        put("/devices/$d", {"deviceId": "$d"}),
        put("/configurations/$d", asked(targetCondition="deviceId = '$d'")),
        get("/configurations/$d").keep(
            user="metrics.queries.all",
            targeted="systemMetrics.queries.targetedCount",
            applied="systemMetrics.queries.appliedCount",
        ),
        query("$user").find({"": []}),
        query("$targeted").find({"0.deviceId": "$d"}),
        query("$applied"),
    ),
    az(
        "hub configuration delete",
        put("/configurations/$d", asked()),
        delete("/configurations/$d"),
        delete("/configurations/$d").told(404),
    ),
    az(
        "hub configuration delete --etag",
        put("/configurations/$d", asked()).keep(etag="etag"),
        delete("/configurations/$d", '"c3RhbGU="').told(412),
        delete("/configurations/$d", '"$etag"'),
    ),
    az(
        "edge deployment create, list",
        put("/configurations/$d", asked(content=MANIFEST)).find(content=MANIFEST),
        get("/configurations").read("0.content"),
        get("/configurations/$d").read(
            "systemMetrics.queries.reportedSuccessfulCount",
            "systemMetrics.queries.reportedFailedCount",
        ),
    ),
    az(
        "edge deployment create --layered",
        put("/configurations/$d", asked(content=LAYER)).find(content=LAYER),
    ),
    az(
        "edge set-modules, and again with others",
        EDGE,
        post("/devices/$d/applyConfigurationContent", MANIFEST).told(204),
        get("/devices/$d/modules").find(
            {"length()": 3, "2.moduleId": "thermometer", "2.managedBy": "IotEdge"}
        ),
        get("/twins/$d/modules/thermometer").find({"properties.desired.interval": 5}),
        post("/devices/$d/applyConfigurationContent", OTHER_MANIFEST).told(204),
        get("/devices/$d/modules").find({"length()": 4}),
        get("/devices/$d/modules/fan").find(managedBy="IotEdge"),
        get("/devices/$d/modules/lamp").find(managedBy="IotEdge"),
    ),
    az(
        "edge set-modules, on a device that is none of the edge",
        put("/devices/$d", {"deviceId": "$d"}),
        post("/devices/$d/applyConfigurationContent", MANIFEST).told(400).read("Message"),
    ),
    az(
        "edge export-modules",
        EDGE,
        get("/devices/$d/modules").find({"0.moduleId": "$edgeAgent", "1.moduleId": "$edgeHub"}),
        get("/twins/$d/modules/$edgeAgent").read(
            "moduleId", "properties.desired.$metadata", "properties.desired.$version"
        ),
        get("/twins/$d/modules/%24edgeHub").read("properties.desired.$metadata"),
    ),
)


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_az_iot(hub: HubProcess, command: Command) -> None:
    run(command, hub, f"configuration-{COMMANDS.index(command)}")
