"""The shapes of methods, jobs, exports and imports, for this door's OpenAPI document."""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from msgspec import Meta

from affinage.frontends.http.methods import Method
from affinage.frontends.service_api.documents import Moment, TwinPatch


class NewJob(TypedDict):
    """One thing to do to every twin that meets a condition."""

    type: Literal["scheduleUpdateTwin", "scheduleDeviceMethod"]
    jobId: NotRequired[str | None]
    queryCondition: NotRequired[str | None]
    startTime: NotRequired[str | None]
    maxExecutionTimeInSeconds: NotRequired[Annotated[int, Meta(ge=1, le=2_592_000)] | None]
    updateTwin: NotRequired[TwinPatch | None]
    cloudToDeviceMethod: NotRequired[Method | None]


class JobStatistics(TypedDict):
    deviceCount: int
    failedCount: int
    succeededCount: int
    runningCount: int
    pendingCount: int


class Job(TypedDict):
    """A job; of an export or import only its id is told, and the rest by `/jobs/{id}`."""

    jobId: str
    type: Literal["scheduleUpdateTwin", "scheduleDeviceMethod", "unknown"]
    status: Literal["queued", "scheduled", "running", "completed", "failed", "cancelled", "unknown"]
    queryCondition: str | None
    createdTime: Moment | None
    startTime: Moment | None
    endTime: Moment | None
    maxExecutionTimeInSeconds: int | None
    updateTwin: NotRequired[dict[str, Any]]
    cloudToDeviceMethod: NotRequired[dict[str, Any]]
    failureReason: str | None
    statusMessage: None
    deviceJobStatistics: NotRequired[JobStatistics]


class NewTransfer(TypedDict):
    """An export of the registry, or an import; to and from places that the operator allowed."""

    type: Literal["export", "import"]
    outputBlobContainerUri: Annotated[str, Meta(max_length=2048)]
    inputBlobContainerUri: NotRequired[str | None]
    inputBlobName: NotRequired[str | None]
    outputBlobName: NotRequired[str | None]
    includeConfigurations: NotRequired[bool | None]
    configurationsBlobName: NotRequired[str | None]
    excludeKeysInExport: NotRequired[bool | None]


class Transfer(TypedDict):
    """An export or import; of its addresses what is not secret."""

    jobId: str
    startTimeUtc: Moment
    endTimeUtc: NotRequired[Moment]
    type: Literal["export", "import"]
    status: Literal["enqueued", "running", "completed", "failed", "cancelled"]
    progress: int
    outputBlobContainerUri: str
    inputBlobContainerUri: NotRequired[str]
    inputBlobName: NotRequired[str]
    outputBlobName: NotRequired[str]
    includeConfigurations: bool
    configurationsBlobName: NotRequired[str]
    excludeKeysInExport: bool
    failureReason: str | None
    useSecondaryStorageAsSource: bool
