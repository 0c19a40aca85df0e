"""The shapes of what this door takes and gives, for its OpenAPI document.

Nothing is decoded by them: bodies are checked where their meaning is known, and members that the
hub does not know are ignored.
"""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from msgspec import Meta

Moment = Annotated[str, Meta(description="ISO 8601, UTC; 0001-01-01T00:00:00Z is never.")]
Etag = Annotated[str, Meta(description="Changes with what it is the etag of.")]
AuthType = Literal["sas", "selfSigned", "certificateAuthority", "none"]
Text = Annotated[str, Meta(max_length=128)]


class SymmetricKey(TypedDict):
    primaryKey: str | None
    secondaryKey: str | None


class Thumbprints(TypedDict):
    primaryThumbprint: str | None
    secondaryThumbprint: str | None


class Authentication(TypedDict):
    symmetricKey: SymmetricKey
    x509Thumbprint: Thumbprints
    type: AuthType


class Capabilities(TypedDict):
    iotEdge: bool


class Module(TypedDict):
    """A module identity."""

    moduleId: str
    managedBy: str | None
    deviceId: str
    generationId: str
    etag: Etag
    connectionState: Literal["Connected", "Disconnected"]
    connectionStateUpdatedTime: Moment
    lastActivityTime: Moment
    cloudToDeviceMessageCount: int
    authentication: Authentication


class Device(TypedDict):
    """A device identity."""

    deviceId: str
    generationId: str
    etag: Etag
    connectionState: Literal["Connected", "Disconnected"]
    status: Literal["enabled", "disabled"]
    statusReason: str | None
    connectionStateUpdatedTime: Moment
    statusUpdatedTime: Moment
    lastActivityTime: Moment
    cloudToDeviceMessageCount: int
    authentication: Authentication
    capabilities: Capabilities
    deviceScope: NotRequired[str]
    parentScopes: list[str]


class NewAuthentication(TypedDict):
    """Both keys or neither, which makes two; or thumbprints."""

    symmetricKey: NotRequired[SymmetricKey | None]
    x509Thumbprint: NotRequired[Thumbprints | None]
    type: NotRequired[AuthType | None]


class NewDevice(TypedDict):
    """What can be written of a device identity; whatever else a GET shows is ignored."""

    status: NotRequired[Literal["enabled", "disabled"] | None]
    statusReason: NotRequired[Text | None]
    authentication: NotRequired[NewAuthentication | None]
    capabilities: NotRequired[Capabilities | None]
    deviceScope: NotRequired[str | None]
    parentScopes: NotRequired[list[str] | None]


class NewModule(TypedDict):
    """What can be written of a module identity."""

    managedBy: NotRequired[str | None]
    authentication: NotRequired[NewAuthentication | None]


class DeviceStatistics(TypedDict):
    totalDeviceCount: int
    enabledDeviceCount: int
    disabledDeviceCount: int


class ServiceStatistics(TypedDict):
    connectedDeviceCount: int


class Desired(TypedDict):
    desired: NotRequired[dict[str, Any] | None]


class TwinPatch(TypedDict):
    """What is merged, or put in place of what is there; null deletes."""

    tags: NotRequired[dict[str, Any] | None]
    properties: NotRequired[Desired | None]


class Properties(TypedDict):
    desired: dict[str, Any]
    reported: dict[str, Any]


class Status(TypedDict):
    status: Literal["Targeted", "Applied"]


class Twin(TypedDict):
    """The twin of a device or module."""

    deviceId: str
    moduleId: NotRequired[str]
    etag: Etag
    deviceEtag: Etag
    status: Literal["enabled", "disabled"]
    statusReason: NotRequired[str]
    statusUpdateTime: Moment
    connectionState: Literal["Connected", "Disconnected"]
    lastActivityTime: Moment
    cloudToDeviceMessageCount: int
    authenticationType: AuthType
    x509Thumbprint: Thumbprints
    modelId: str
    version: int
    tags: NotRequired[dict[str, Any]]
    properties: Properties
    configurations: NotRequired[dict[str, Status]]
    capabilities: NotRequired[Capabilities]
    deviceScope: NotRequired[str]
    parentScopes: NotRequired[list[str]]


class Query(TypedDict):
    query: Annotated[str, Meta(max_length=8192, description="SELECT … FROM … WHERE …")]


class Metrics(TypedDict):
    results: dict[str, int]
    queries: dict[str, str]


class NewMetrics(TypedDict):
    queries: NotRequired[dict[str, str] | None]


class Content(TypedDict):
    """One of them is filled: the kind of the configuration."""

    deviceContent: NotRequired[dict[str, Any] | None]
    moduleContent: NotRequired[dict[str, Any] | None]
    modulesContent: NotRequired[dict[str, dict[str, Any]] | None]


class Configuration(TypedDict):
    """An automatic configuration of devices or modules, or an edge deployment."""

    id: str
    schemaVersion: str | None
    labels: dict[str, str] | None
    content: Content
    contentType: NotRequired[str]
    targetCondition: str
    createdTimeUtc: Moment
    lastUpdatedTimeUtc: Moment
    priority: int
    systemMetrics: Metrics
    metrics: Metrics
    etag: Etag


class NewConfiguration(TypedDict):
    id: NotRequired[str | None]
    schemaVersion: NotRequired[str | None]
    labels: NotRequired[dict[str, str] | None]
    content: NotRequired[Content | None]
    contentType: NotRequired[str | None]
    targetCondition: NotRequired[str | None]
    priority: NotRequired[int | None]
    metrics: NotRequired[NewMetrics | None]


class Trial(TypedDict):
    """Texts to be tried: a target condition, and queries of metrics."""

    targetCondition: NotRequired[str | None]
    customMetricQueries: NotRequired[dict[str, str] | None]


class TrialResult(TypedDict):
    """What is wrong with them; nothing where it is empty."""

    targetConditionError: str | None
    customMetricQueryErrors: dict[str, str]


class BulkEntry(TypedDict):
    id: str
    moduleId: NotRequired[str | None]
    importMode: NotRequired[str | None]
    eTag: NotRequired[str | None]
    twinETag: NotRequired[str | None]
    status: NotRequired[str | None]
    statusReason: NotRequired[Text | None]
    authentication: NotRequired[NewAuthentication | None]
    capabilities: NotRequired[Capabilities | None]
    deviceScope: NotRequired[str | None]
    parentScopes: NotRequired[list[str] | None]
    tags: NotRequired[dict[str, Any] | None]
    properties: NotRequired[dict[str, Any] | None]


class BulkError(TypedDict):
    deviceId: str
    moduleId: str | None
    errorCode: int
    errorStatus: str
    operation: str


class BulkResult(TypedDict):
    """What was refused; all other entries have taken effect."""

    isSuccessful: bool
    errors: list[BulkError]
    warnings: list[dict[str, Any]]


class BulkRefusal(TypedDict, total=False):
    """Either a result, where something was refused, or a refusal of everything."""

    isSuccessful: bool
    errors: list[BulkError]
    warnings: list[dict[str, Any]]
    Message: str
    ExceptionMessage: str


class IdentityName(TypedDict):
    id: str
    moduleId: NotRequired[str | None]


class KeysToMake(TypedDict):
    """Whose keys shall be made anew, and which of the two."""

    policyKey: Literal["primaryKey", "secondaryKey", "both"]
    devices: Annotated[list[IdentityName], Meta(max_length=100)]


class MadeKeys(TypedDict):
    """The keys that were made; null is one that stays."""

    id: str
    moduleId: str | None
    primaryKey: str | None
    secondaryKey: str | None


class KeptKeys(TypedDict):
    """An identity that keeps its keys, and why."""

    id: str
    moduleId: str | None
    errorCode: int
    errorStatus: str


class NewKeys(TypedDict):
    policyKey: Literal["primaryKey", "secondaryKey", "both"]
    rotatedKeys: list[MadeKeys]
    errors: list[KeptKeys]


class NewKeysRefusal(TypedDict, total=False):
    """Either a result, where nobody has new keys, or a refusal of everything."""

    policyKey: str
    rotatedKeys: list[MadeKeys]
    errors: list[KeptKeys]
    Message: str
    ExceptionMessage: str


class PatchStep(TypedDict):
    """One step of a JSON Patch."""

    op: Literal["add", "replace", "remove"]
    path: str
    value: NotRequired[Any]


class Purged(TypedDict):
    """How many messages have left a queue."""

    totalMessagesPurged: int
    deviceId: str
    moduleId: str | None


class Fate(TypedDict):
    """What became of a message."""

    originalMessageId: str
    enqueuedTimeUtc: Annotated[str, Meta(description="When it left its queue: ISO 8601, UTC.")]
    statusCode: Literal["Success", "Expired", "DeliveryCountExceeded", "Rejected", "Purged"]
    description: str
    deviceId: str
    deviceGenerationId: str
    moduleId: NotRequired[str]


class File(TypedDict):
    """A file that a device has uploaded."""

    deviceId: str
    blobUri: str
    blobName: str
    lastUpdatedTime: Moment
    blobSizeInBytes: int
    enqueuedTimeUtc: Moment
