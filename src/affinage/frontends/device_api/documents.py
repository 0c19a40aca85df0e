"""The shapes of documents that devices send and are given, for this door's OpenAPI document."""

from typing import Annotated, Any, NotRequired, TypedDict

from msgspec import Meta

from affinage.frontends.http import problems


class Refusal(problems.Refusal):
    """Why a request was refused."""

    ErrorMessage: NotRequired[
        Annotated[str, Meta(description="The text alone, for the hubs of edge devices.")]
    ]


class NewUpload(TypedDict):
    """A file that a device has."""

    blobName: str


class Place(TypedDict):
    """Where it may send the file: `https://{hostName}/{containerName}/{blobName}{sasToken}`."""

    correlationId: str
    hostName: str
    containerName: str
    blobName: str
    sasToken: str


class Finished(TypedDict):
    """What became of it; the id may stand in the path instead."""

    correlationId: NotRequired[str | None]
    isSuccess: bool
    statusCode: NotRequired[Any]
    statusDescription: NotRequired[Any]


class InScope(TypedDict):
    """Identities of an edge device's scope, with their keys in the clear."""

    devices: list[dict[str, Any]]
    modules: list[dict[str, Any]]
    continuationLink: Annotated[
        str | None,
        Meta(description="The next page: of a GET its path and query, else to be sent back."),
    ]


class ScopeAsked(TypedDict):
    """Whose children are asked for."""

    authChain: Annotated[
        str, Meta(description="Edge devices upwards from the one it is about, between semicolons.")
    ]
    pageSize: NotRequired[int | None]
    continuationLink: NotRequired[str | None]


class IdentityAsked(TypedDict):
    """Who is asked for, and below whom."""

    authChain: str
    targetDeviceId: str
    targetModuleId: NotRequired[str | None]
