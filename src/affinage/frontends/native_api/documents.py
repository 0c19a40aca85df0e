"""The shapes of what this door takes and gives, for its OpenAPI document.

Nothing is decoded by them: bodies are checked where their meaning is known.
"""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from msgspec import Meta

Pem = Annotated[str, Meta(description="A certificate, as -----BEGIN CERTIFICATE----- and so on.")]
Moment = Annotated[str, Meta(description="ISO 8601, UTC.")]


class Problem(TypedDict):
    """What was refused, and why: RFC 9457."""

    type: Annotated[str, Meta(description="urn:affinage:problem: and the error's code.")]
    title: str
    status: int
    detail: str
    instance: Annotated[str, Meta(description="The request's id, as in the hub's log.")]


class Metric(TypedDict):
    """One number of a configuration, with its time and the query behind it."""

    name: str
    custom: bool
    query: str
    count: int | None
    countedAt: Moment | None
    by: str | None


class Metrics(TypedDict):
    configuration: str
    metrics: list[Metric]


class Rows(TypedDict):
    """A page; ``next`` asks for the one behind it, null if there is none."""

    rows: list[dict[str, Any]]
    next: str | None


class NewMessage(TypedDict, total=False):
    """A message for a device: with one of ``body``, ``bodyBase64`` and ``payload``."""

    body: str
    bodyBase64: str
    payload: Any
    properties: dict[str, str] | None
    messageId: Annotated[str, Meta(max_length=128)] | None
    correlationId: str | None
    userId: str | None
    to: str | None
    contentType: str | None
    contentEncoding: str | None
    ack: Literal["none", "positive", "negative", "full"] | None
    ttlSeconds: Annotated[int, Meta(ge=60, le=172_800)] | None
    expiry: Moment | None


class SentMessage(TypedDict):
    """It is kept until it is delivered, or has expired."""

    messageId: str
    enqueuedAt: Moment
    expiresAt: Moment


class Finding(TypedDict):
    check: str
    severity: Literal["ok", "warning", "problem"]
    what: str
    nextStep: str
    details: list[str]


class Examination(TypedDict):
    """What the doctor has found so far; ``endedAt`` is null while it looks."""

    number: int
    begunAt: Moment
    endedAt: Moment | None
    done: int
    total: int
    severity: Literal["ok", "warning", "problem"]
    findings: list[Finding]


class Content(TypedDict, total=False):
    """One of the three, by path below the twin, for each module in the last."""

    deviceContent: dict[str, Any] | None
    moduleContent: dict[str, Any] | None
    modulesContent: dict[str, dict[str, Any]] | None


class Counted(TypedDict):
    """Results that were counted so far, and the queries whose rows they count."""

    results: dict[str, int]
    queries: dict[str, str]


class Configuration(TypedDict):
    """An automatic configuration or an edge deployment, and what its author should know."""

    id: str
    schemaVersion: str | None
    labels: dict[str, str] | None
    content: Content
    contentType: NotRequired[str]
    targetCondition: str
    createdTimeUtc: Moment
    lastUpdatedTimeUtc: Moment
    priority: int
    systemMetrics: Counted
    metrics: Counted
    etag: str
    warnings: NotRequired[list[str]]


class NewMetrics(TypedDict, total=False):
    queries: dict[str, str] | None


class NewConfiguration(TypedDict, total=False):
    """What is not named becomes empty, but for the content, which never changes."""

    id: str | None
    schemaVersion: str | None
    labels: dict[str, str] | None
    content: Content | None
    contentType: str | None
    targetCondition: str | None
    priority: int | None
    metrics: NewMetrics | None


class WithLabel(TypedDict):
    """The ids of a page's configurations whose label has this text; null is those without it."""

    label: str
    value: str | None
    configurations: list[str]


class Configurations(TypedDict):
    """A page; with ``groupBy`` also one group for each text of the label."""

    rows: list[Configuration]
    groups: NotRequired[list[WithLabel]]
    next: str | None


class NewGroup(TypedDict):
    """A condition that has a name; ``condition`` is what follows WHERE, for devices."""

    condition: str
    description: NotRequired[str]


class NamedBy(TypedDict):
    """Whose conditions name it themselves."""

    configurations: list[str]
    groups: list[str]


class Group(TypedDict):
    """A group, and how many devices were in it at ``countedAt``."""

    name: str
    condition: str
    description: str
    createdAt: Moment
    updatedAt: Moment
    etag: str
    namedBy: NamedBy
    count: int | None
    countedAt: Moment | None
    by: str | None


class Groups(TypedDict):
    """A page; ``next`` asks for the one behind it, null if there is none."""

    rows: list[Group]
    next: str | None


class File(TypedDict):
    """What a device uploaded; its name begins with the device's."""

    name: str
    size: Annotated[int, Meta(description="Bytes.")]
    updatedAt: str


class Files(TypedDict):
    """A page; ``next`` asks for the one behind it, null if there is none."""

    rows: list[File]
    next: str | None


class Actor(TypedDict):
    kind: Literal["device", "policy", "operator", "hub"]
    name: str
    door: str
    requestId: str


class AuditEntry(TypedDict):
    """Who changed what; its hash is of all that it says, the hash before it included."""

    number: int
    at: Moment
    actor: Actor
    action: str
    subject: str
    before: str | None
    after: str | None
    previous: str
    hash: str


class Anchor(TypedDict):
    """The last entry that is not kept any more; 0 and zeros if all are."""

    number: int
    hash: str


class AuditPage(TypedDict):
    """Newest first; ``next`` goes into ``after``, null if there is no more."""

    entries: list[AuditEntry]
    next: str | None
    anchor: Anchor


class Event(TypedDict):
    """What happened; what else it has depends on its kind."""

    offset: int
    kind: Literal["telemetry", "twin", "device", "connection", "hub"]
    at: Moment
    deviceId: NotRequired[str]
    moduleId: NotRequired[str]
    change: NotRequired[str]
    by: NotRequired[dict[str, str]]
    patch: NotRequired[dict[str, Any]]
    version: NotRequired[int]
    lost: NotRequired[int]
    properties: NotRequired[dict[str, str | None]]
    systemProperties: NotRequired[dict[str, str | None]]
    bodyIs: NotRequired[Literal["json", "text", "base64"]]
    body: NotRequired[Any]


class EventPage(TypedDict):
    """``next`` goes into ``after``, also if nothing came."""

    events: list[Event]
    next: int
    oldest: int
    lost: Annotated[int, Meta(description="Events after `after` that are not kept any more.")]


Right = Literal[
    "RegistryRead",
    "RegistryWrite",
    "ServiceConnect",
    "DeviceConnect",
    "ServiceConfig",
    "EnrollmentRead",
    "EnrollmentWrite",
    "RegistrationStatusRead",
    "RegistrationStatusWrite",
]


class Policy(TypedDict):
    """A shared-access policy; its keys only to who asks for them."""

    name: str
    rights: list[Right]
    etag: str
    primaryKey: NotRequired[str]
    secondaryKey: NotRequired[str]


class Policies(TypedDict):
    policies: list[Policy]


class PolicyWanted(TypedDict, total=False):
    """Of a new policy at least its rights; of a changed one what shall be otherwise."""

    name: str
    rights: Annotated[list[Right], Meta(min_length=1)]
    etag: Annotated[str, Meta(description="Ignored: If-Match is what counts.")]
    primaryKey: Annotated[str, Meta(description="Base64 of 16 to 64 bytes.")]
    secondaryKey: Annotated[str, Meta(description="Base64 of 16 to 64 bytes.")]


class Certificate(TypedDict):
    """A certificate authority that devices are known by, and what its certificate says."""

    name: str
    isVerified: bool
    verificationCode: Annotated[str | None, Meta(description="What a proof must name.")]
    createdAt: Moment
    updatedAt: Moment
    etag: str
    subjectName: str
    issuerName: str
    sha1Thumbprint: str
    sha256Thumbprint: str
    notBeforeUtc: Moment
    notAfterUtc: Moment
    serialNumber: str
    version: int
    certificate: Pem


class Certificates(TypedDict):
    certificates: list[Certificate]


class CertificateWanted(TypedDict, total=False):
    """Of a new authority its certificate; of a changed one what shall be otherwise."""

    name: str
    certificate: Pem
    isVerified: Annotated[bool, Meta(description="False withdraws trust; a proof gives it.")]
    etag: Annotated[str, Meta(description="Ignored: If-Match is what counts.")]


class Possession(TypedDict):
    """A certificate that the authority signed, whose common name is the code."""

    certificate: Pem


class Rotation(TypedDict):
    """Which key is made anew; swap makes none and has them change places."""

    key: Literal["primary", "secondary", "swap"]


class Retirement(TypedDict, total=False):
    """Why a device leaves for good; or that it comes back."""

    reason: Annotated[str, Meta(max_length=128)] | None
    undo: bool | None


class Replacement(TypedDict):
    """The id of the device that takes the place."""

    new: Annotated[str, Meta(min_length=1)]


class DeviceStatus(TypedDict):
    """A device, as far as it is in service; ``retiredAt`` is null if it is."""

    deviceId: str
    status: Literal["enabled", "disabled"]
    statusReason: str | None
    retiredAt: Moment | None
    tags: dict[str, Any]


class Replaced(TypedDict):
    """Both devices, as they are then."""

    old: DeviceStatus
    new: DeviceStatus


class Retired(TypedDict):
    """A page; ``next`` asks for the one behind it, null if there is none."""

    rows: list[DeviceStatus]
    next: str | None


class Document(TypedDict, total=False):
    """An OpenAPI document."""

    openapi: str
    info: dict[str, Any]
    paths: dict[str, Any]
    components: dict[str, Any]
