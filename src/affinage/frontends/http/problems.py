"""Errors as the HTTP doors say them: one table from error class to number, name and status.

Decided here: what a client is told of a refusal. Not here: who is refused, and why.

Source: docs/reference/errors.md, SERVICE-20 to SERVICE-24.
"""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final, NamedTuple, TypedDict

import msgspec
from msgspec import Meta
from starlette.responses import Response

from affinage.domain import errors
from affinage.domain.values import JsonObject
from affinage.frontends.http.answers import json_answer


class Code(NamedTuple):
    """An error's number and name; both are part of the API."""

    number: int
    name: str

    @property
    def status(self) -> int:
        return self.number // 1000


class Refusal(TypedDict):
    """Why a request was refused."""

    Message: Annotated[str, Meta(description="ErrorCode:, the error's name, a semicolon, a text.")]
    ExceptionMessage: Annotated[str, Meta(description="What to look for in the hub's log.")]


SERVER_ERROR: Final = Code(500001, "ServerError")
_NOTHING: Final[Mapping[str, str]] = {}

CODES: Final[dict[type[Exception], Code]] = {
    errors.Invalid: Code(400004, "ArgumentInvalid"),
    errors.InvalidOperation: Code(400003, "InvalidOperation"),
    errors.Missing: Code(400005, "ArgumentNull"),
    errors.Malformed: Code(400006, "IotHubFormatError"),
    errors.NotJson: Code(400012, "DeserializationError"),
    errors.InvalidTargetCondition: Code(400401, "InvalidConfigurationTargetCondition"),
    errors.InvalidContent: Code(400402, "InvalidConfigurationContent"),
    errors.ImmutableContent: Code(400403, "CannotModifyImmutableConfigurationContent"),
    errors.InvalidMetric: Code(400404, "InvalidConfigurationCustomMetricsQuery"),
    errors.InvalidDeviceScope: Code(400028, "InvalidDeviceScope"),
    errors.DefinedTwice: Code(400011, "DeviceDefinedMultipleTimes"),
    errors.InvalidPolicyKey: Code(400035, "InvalidPolicyKey"),
    errors.InvalidJsonPatch: Code(400505, "InvalidDigitalTwinJsonPatch"),
    errors.InvalidPatchValue: Code(400506, "InvalidDigitalTwinPayload"),
    errors.InvalidPatchStep: Code(400507, "InvalidDigitalTwinPatch"),
    errors.InvalidPatchPath: Code(400508, "InvalidDigitalTwinPatchPath"),
    errors.SystemModule: Code(401100, "SystemModuleModifyUnauthorizedAccess"),
    errors.UnknownApiVersion: Code(400001, "InvalidProtocolVersion"),
    errors.MethodNotAllowed: Code(405000, "GenericMethodNotAllowed"),
    errors.Unauthorized: Code(401003, "IotHubUnauthorized"),
    errors.Forbidden: Code(401002, "IotHubUnauthorizedAccess"),
    errors.Disabled: Code(403012, "DeviceDisabled"),
    errors.NotFound: Code(404000, "GenericNotFound"),
    errors.DeviceNotFound: Code(404001, "DeviceNotFound"),
    errors.ModuleNotFound: Code(404010, "ModuleNotFound"),
    errors.DeviceNotOnline: Code(404103, "DeviceNotOnline"),
    errors.DeviceLeft: Code(404104, "DeviceConnectionClosedRemotely"),
    errors.JobNotFound: Code(404002, "JobNotFound"),
    errors.CertificateNotFound: Code(404008, "CertificateNotFound"),
    errors.ConfigurationNotFound: Code(404301, "ConfigurationNotFound"),
    errors.EnrollmentNotFound: Code(404201, "EnrollmentNotFound"),
    errors.RegistrationNotFound: Code(404202, "RegistrationNotFound"),
    errors.Conflict: Code(409000, "GenericConflict"),
    errors.EtagMismatch: Code(412001, "PreconditionFailed"),
    errors.VersionMismatch: Code(412001, "PreconditionFailed"),
    errors.DeviceExists: Code(409001, "DeviceAlreadyExists"),
    errors.ModuleExists: Code(409301, "ModuleAlreadyExistsOnDevice"),
    errors.JobExists: Code(409104, "JobAlreadyExists"),
    errors.ConfigurationExists: Code(409401, "ConfigurationAlreadyExists"),
    errors.EnrollmentExists: Code(409201, "EnrollmentAlreadyExists"),
    errors.LockLost: Code(412002, "DeviceMessageLockLost"),
    # A twin's section that is too large is an argument like any other; 413 is of whole requests.
    errors.TooLarge: Code(400004, "ArgumentInvalid"),
    errors.TooManyEntries: Code(413002, "TooManyDevices"),
    errors.TooManyModules: Code(413003, "TooManyModulesOnDevice"),
    errors.TooManyJobs: Code(403003, "JobQuotaExceeded"),
    errors.TooManyConfigurations: Code(413101, "ConfigurationCountLimitExceeded"),
    errors.TooManyCalls: Code(403800, "DeviceMaximumInflightMethodExceeded"),
    errors.NoUploads: Code(400014, "DefaultStorageEndpointNotConfigured"),
    errors.NoSuchUpload: Code(400015, "InvalidFileUploadCorrelationId"),
    errors.UploadExpired: Code(400016, "ExpiredFileUploadCorrelationId"),
    errors.NoBlob: Code(400020, "InvalidStorageEndpointOrBlob"),
    errors.BlobExists: Code(409000, "GenericConflict"),
    errors.TooManyUploads: Code(403006, "DeviceMaximumActiveFileUploadLimitExceeded"),
    errors.TooManyMessages: Code(403004, "DeviceMaximumQueueDepthExceeded"),
    errors.MessageTooLarge: Code(413001, "MessageTooLarge"),
    errors.TooManyEnrollments: Code(403201, "EnrollmentQuotaExceeded"),
    errors.TooManyPolicies: Code(403002, "IotHubQuotaExceeded"),
    errors.TooManyHubs: Code(403002, "IotHubQuotaExceeded"),
    errors.TooManyCertificates: Code(403002, "IotHubQuotaExceeded"),
    errors.BodyTooLarge: Code(413000, "GenericRequestEntityTooLarge"),
    errors.Throttled: Code(429001, "ThrottlingException"),
    errors.Unavailable: Code(503001, "ServiceUnavailable"),
    errors.NoAnswer: Code(504101, "GatewayTimeout"),
    errors.BadAnswer: Code(502000, "GenericBadGateway"),
}
"""Of each class; a class that is not here has its nearest ancestor's."""


def code(error: Exception) -> Code:
    """The code of an error; of one that nobody raised on purpose, SERVER_ERROR."""
    return next((CODES[kind] for kind in type(error).__mro__ if kind in CODES), SERVER_ERROR)


def problem(
    error: Exception, *, request_id: str, at: datetime, also: Mapping[str, str] = _NOTHING
) -> Response:
    """The answer to a request that was refused, or that failed.

    Of an error that nobody raised on purpose it tells nothing but the request's id. ``also`` are
    members that some clients look for besides.

    Source: SERVICE-20 to SERVICE-23.
    """
    found = code(error)
    text = told(error)
    # Clients split at semicolons: the text must have none of its own.
    body = {
        "Message": f"ErrorCode:{found.name};{text.replace(';', ',')}",
        "ExceptionMessage": _tracking(request_id, at),
        **also,
    }
    headers = {"iothub-errorcode": found.name, **advice(error)}
    return json_answer(body, status=found.status, headers=headers)


def routed_problem(error: Exception, *, request_id: str, at: datetime) -> Response:
    """The same of a request that went on to a device: its message is a string that holds JSON.

    Source: METHOD-10.
    """
    found = code(error)
    plain = numbered(found.number, told(error), tracking_id(request_id, at), at)
    message = {**plain, "info": {"timeout": "00:00:00"}}
    body = {"Message": msgspec.json.encode(message).decode(), "ExceptionMessage": ""}
    headers = {"iothub-errorcode": found.name, **advice(error)}
    return json_answer(body, status=found.status, headers=headers)


def numbered(number: int, text: str, tracking: str, at: datetime) -> JsonObject:
    """An error as those clients read it that look for its number: what devices are told, too."""
    return {
        "errorCode": number,
        "trackingId": tracking,
        "message": text,
        "timestampUtc": f"{at:%Y-%m-%dT%H:%M:%S.%f}Z",
    }


def tracking_id(request_id: str, at: datetime, *, gate: int = 1) -> str:
    """A request's id as the field spells it; ``gate`` is 0 for MQTT."""
    return f"{request_id.replace('-', '')}-G:{gate}-TimeStamp:{at:%m/%d/%Y %H:%M:%S}"


def told(error: Exception) -> str:
    """What a client is told: nothing of an error that nobody raised on purpose."""
    return "the hub failed, its log says why" if code(error) is SERVER_ERROR else str(error)


def advice(error: Exception) -> dict[str, str]:
    """Headers that say what to do about it."""
    match error:
        case errors.Throttled():
            return {"Retry-After": str(math.ceil(error.retry_after_s))}
        case errors.NoAnswer() | errors.BadAnswer():
            return {}  # to ask again is not the same as to have asked once
        case errors.Unavailable():
            return {"Retry-After": "1"}
        case errors.MethodNotAllowed():
            return {"Allow": ", ".join(error.allowed)}
        case errors.BodyTooLarge():
            return {"Connection": "close"}  # or the rest of the body would have to be read
        case _:
            return {}


def _tracking(request_id: str, at: datetime) -> str:
    return f"Tracking ID:{tracking_id(request_id, at)}"
