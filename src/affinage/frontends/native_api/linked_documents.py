"""The shapes of documents about linked hubs, for the OpenAPI document."""

from typing import Annotated, NotRequired, TypedDict

from msgspec import Meta


class LinkedHub(TypedDict):
    """A hub that devices are given to; of this one itself only its weight means anything."""

    host: str
    weight: Annotated[int, Meta(ge=1, le=1000)]
    isOwn: bool
    etag: str
    policy: NotRequired[str]
    port: NotRequired[int]
    certificate: NotRequired[str | None]


class Hubs(TypedDict):
    hubs: list[LinkedHub]


class LinkWanted(TypedDict, total=False):
    """Of a new link at least its connection string; of a changed one what shall be otherwise."""

    connectionString: Annotated[str, Meta(description="Of a policy of that hub.")]
    weight: Annotated[int, Meta(ge=1, le=1000)]
    port: Annotated[int, Meta(ge=1, le=65535)]
    certificate: Annotated[str | None, Meta(description="PEM of the authority that it is of.")]
