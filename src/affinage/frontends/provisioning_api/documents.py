"""The shapes of what this door takes and gives, for its OpenAPI document.

Nothing is decoded by them: bodies are checked where their meaning is known, and members that the
hub does not know are ignored.
"""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from msgspec import Meta

Moment = Annotated[str, Meta(description="ISO 8601, UTC.")]
Etag = Annotated[str, Meta(description="Changes with what it is the etag of; in quotes.")]
Status = Literal["enabled", "disabled"]
Policy = Literal["hashed", "geoLatency", "static", "custom"]


class Refusal(TypedDict):
    errorCode: int
    trackingId: str
    message: str
    timestampUtc: Moment


class SymmetricKey(TypedDict):
    primaryKey: NotRequired[str | None]
    secondaryKey: NotRequired[str | None]


class Tpm(TypedDict):
    endorsementKey: str
    storageRootKey: NotRequired[str | None]


class Certificate(TypedDict):
    certificate: NotRequired[str | None]
    info: NotRequired[dict[str, Any] | None]


class Certificates(TypedDict):
    primary: NotRequired[Certificate | None]
    secondary: NotRequired[Certificate | None]


class References(TypedDict):
    primary: NotRequired[str | None]
    secondary: NotRequired[str | None]


class X509(TypedDict):
    """One of these."""

    clientCertificates: NotRequired[Certificates | None]
    signingCertificates: NotRequired[Certificates | None]
    caReferences: NotRequired[References | None]


class Attestation(TypedDict):
    """What a device proves itself with."""

    type: Literal["symmetricKey", "x509", "tpm"]
    symmetricKey: NotRequired[SymmetricKey | None]
    x509: NotRequired[X509 | None]
    tpm: NotRequired[Tpm | None]


class Capabilities(TypedDict):
    iotEdge: NotRequired[bool | None]


class Desired(TypedDict):
    desired: NotRequired[dict[str, Any] | None]


class InitialTwin(TypedDict):
    """What the twin of a new device begins with."""

    tags: NotRequired[dict[str, Any] | None]
    properties: NotRequired[Desired | None]


class Reprovision(TypedDict):
    updateHubAssignment: NotRequired[bool | None]
    migrateDeviceData: NotRequired[bool | None]


class Custom(TypedDict):
    webhookUrl: str
    apiVersion: str


class NewEnrollment(TypedDict):
    attestation: Attestation
    capabilities: NotRequired[Capabilities | None]
    provisioningStatus: NotRequired[Status | None]
    reprovisionPolicy: NotRequired[Reprovision | None]
    allocationPolicy: NotRequired[Policy | None]
    iotHubHostName: NotRequired[str | None]
    iotHubs: NotRequired[list[str] | None]
    customAllocationDefinition: NotRequired[Custom | None]
    initialTwin: NotRequired[InitialTwin | None]


class NewIndividual(NewEnrollment):
    registrationId: NotRequired[str | None]
    deviceId: NotRequired[str | None]
    optionalDeviceInformation: NotRequired[dict[str, Any] | None]


class NewGroup(NewEnrollment):
    enrollmentGroupId: NotRequired[str | None]


class Registration(TypedDict):
    """What became of a device that came."""

    registrationId: str
    createdDateTimeUtc: Moment
    lastUpdatedDateTimeUtc: Moment
    status: Literal["unassigned", "assigning", "assigned", "failed", "disabled"]
    etag: str
    assignedHub: NotRequired[str]
    deviceId: NotRequired[str]
    substatus: NotRequired[str]
    errorCode: NotRequired[int]
    errorMessage: NotRequired[str]
    payload: NotRequired[Any]
    symmetricKey: NotRequired[dict[str, Any]]
    x509: NotRequired[dict[str, Any]]
    tpm: NotRequired[dict[str, Any]]


class Individual(NewIndividual):
    """An individual enrollment."""

    etag: Etag
    createdDateTimeUtc: Moment
    lastUpdatedDateTimeUtc: Moment
    registrationState: NotRequired[Registration]


class Group(NewGroup):
    """An enrollment group."""

    etag: Etag
    createdDateTimeUtc: Moment
    lastUpdatedDateTimeUtc: Moment


class Query(TypedDict):
    query: str


Mode = Literal["create", "update", "updateIfMatchETag", "delete"]


class Individuals(TypedDict):
    enrollments: Annotated[list[NewIndividual], Meta(min_length=1, max_length=10)]
    mode: Mode


class Groups(TypedDict):
    enrollmentGroups: Annotated[list[NewGroup], Meta(min_length=1, max_length=10)]
    mode: Mode


class IndividualError(TypedDict):
    registrationId: str
    errorCode: int
    errorStatus: str


class GroupError(TypedDict):
    enrollmentGroupId: str
    errorCode: int
    errorStatus: str


class IndividualsResult(TypedDict):
    isSuccessful: bool
    errors: list[IndividualError]


class GroupsResult(TypedDict):
    isSuccessful: bool
    errors: list[GroupError]
