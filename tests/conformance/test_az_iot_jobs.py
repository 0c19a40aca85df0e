"""`az iot hub job`: what it sends, and what it reads."""

from typing import Any, Final

import pytest

from fakes.az_iot import Command, az, get, post, put, query, run
from fakes.hub_process import HubProcess

pytestmark = pytest.mark.conformance

DEVICE: Final = put("/devices/$d", {"deviceId": "$d"})
READ: Final = ("jobId", "type", "status", "createdTime", "startTime", "maxExecutionTimeInSeconds")


def asked(**more: Any) -> Any:
    """As `create` writes it; what the user did not say is left out."""
    return {
        "jobId": "$d",
        "type": "scheduleUpdateTwin",
        "queryCondition": "deviceId = '$d'",
        "maxExecutionTimeInSeconds": 3600,
        **more,
    }


TWIN: Final = asked(updateTwin={"tags": {"job": "done"}, "etag": "*"})
METHOD: Final = asked(
    type="scheduleDeviceMethod",
    cloudToDeviceMethod={
        "methodName": "reboot",
        "payload": {},
        "responseTimeoutInSeconds": 10,
        "connectTimeoutInSeconds": 0,
    },
)
LATER: Final = "2100-01-01T00:00:00.000Z"
ENDED: Final = get("/jobs/v2/$d").wait("completed", "failed", "cancelled")

EXPORT: Final = {
    "type": "export",
    "outputBlobContainerUri": "$blobs",
    "excludeKeysInExport": False,
}
IMPORT: Final = {
    "type": "import",
    "inputBlobContainerUri": "$blobs",
    "outputBlobContainerUri": "$blobs",
}

COMMANDS: Final = (
    az(
        "job create --job-type scheduleUpdateTwin --wait",
        DEVICE,
        put("/jobs/v2/$d", TWIN).read(*READ),
        ENDED.find({"status": "completed", "deviceJobStatistics.succeededCount": 1}),
        get("/twins/$d").find(tags={"job": "done"}),
        put("/jobs/v2/$d", TWIN).told(409).read("Message"),
    ),
    az(
        "job create --job-type scheduleDeviceMethod, on one that is away",
        DEVICE,
        put("/jobs/v2/$d", METHOD).read(*READ),
        ENDED.find({"deviceJobStatistics.failedCount": 1}),
        query("SELECT * FROM devices.jobs WHERE devices.jobs.jobId = '$d'").find(
            {"0.deviceId": "$d", "0.status": "failed"}
        ),
    ),
    az(
        "job create --start-time, list, show, cancel",
        DEVICE,
        put("/jobs/v2/$d", {**TWIN, "startTime": LATER}),
        get("/jobs/v2/$d").find(status="scheduled"),
        get("/jobs/v2/query?jobType=scheduleUpdateTwin&jobStatus=scheduled").find(
            {"0.jobId": "$d"}
        ),
        get("/jobs/v2/query").read("0.type", "0.status"),
        post("/jobs/v2/$d/cancel").find(status="cancelled"),
    ),
    az(
        "job show, of an export and an import that others have begun",
        DEVICE,
        post("/jobs/create", EXPORT).find(type="export").keep(id="jobId"),
        get("/jobs/v2/$id").find(status="unknown"),
        get("/jobs/$id").wait("completed", "failed").find(status="completed"),
        post("/jobs/create", IMPORT).find(type="import").keep(id="jobId"),
        get("/jobs/v2/$id").find(status="unknown"),
        get("/jobs/$id").wait("completed", "failed").find(status="completed"),
    ),
    az("job show, of none", get("/jobs/v2/none-of-this-name").told(404).read("Message")),
)


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_az_iot_hub(hub: HubProcess, blobs: str, command: Command) -> None:
    run(command, hub, f"job-{COMMANDS.index(command)}", blobs=blobs)
