"""The shapes of documents that registering devices send and are given, for the OpenAPI document."""

from typing import Any

from msgspec import UNSET, Struct, UnsetType


class Tpm(Struct):
    """What is known of a device's TPM."""

    endorsementKey: str  # noqa: N815
    storageRootKey: str | UnsetType | None = UNSET  # noqa: N815


class Registration(Struct):
    """Who wants to be assigned to a hub, and what it tells whoever assigns it."""

    registrationId: str | UnsetType = UNSET  # noqa: N815
    payload: Any = UNSET
    tpm: Tpm | UnsetType | None = UNSET


class Operation(Struct):
    """A registration under way, or what came of it."""

    operationId: str  # noqa: N815
    status: str
    registrationState: dict[str, Any] | UnsetType = UNSET  # noqa: N815


class Refusal(Struct):
    """Why a request was refused."""

    errorCode: int  # noqa: N815
    trackingId: str  # noqa: N815
    message: str
    timestampUtc: str  # noqa: N815
    authenticationKey: str | UnsetType = UNSET  # noqa: N815
    keyName: str | UnsetType = UNSET  # noqa: N815
