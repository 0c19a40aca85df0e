"""Errors as clients of blob storage read them: XML, and a code in a header.

Source: UPLOAD-15.
"""

from datetime import datetime
from typing import Final
from xml.sax.saxutils import escape

from starlette.responses import Response

from affinage.domain import errors
from affinage.frontends.http import problems

XML: Final = "application/xml"

CODES: Final[dict[type[Exception], tuple[int, str]]] = {
    errors.Unauthorized: (401, "AuthenticationFailed"),
    errors.Disabled: (403, "AccountIsDisabled"),
    errors.Forbidden: (403, "AuthorizationFailure"),
    errors.Malformed: (400, "InvalidInput"),
    errors.Missing: (400, "MissingRequiredQueryParameter"),
    errors.MethodNotAllowed: (405, "UnsupportedHttpVerb"),
    errors.Invalid: (400, "InvalidQueryParameterValue"),
    errors.NoSuchPath: (404, "ResourceNotFound"),
    errors.NotFound: (400, "InvalidBlockList"),
    errors.BlobExists: (409, "BlobAlreadyExists"),
    errors.Conflict: (409, "ResourceTypeMismatch"),
    errors.TooManyUploads: (409, "BlockCountExceedsLimit"),
    errors.TooLarge: (413, "RequestBodyTooLarge"),
    errors.Throttled: (503, "ServerBusy"),
    errors.Unavailable: (503, "ServerBusy"),
    Exception: (500, "InternalError"),
}
"""Kind of error to status and code; a kind that is not here is told as its parent."""


def refused(error: Exception, *, request_id: str, at: datetime) -> Response:
    """The answer to a request that was refused, or that failed."""
    status, code = next(CODES[kind] for kind in type(error).__mro__ if kind in CODES)
    text = f"{problems.told(error)}\nRequestId:{request_id}\nTime:{at:%Y-%m-%dT%H:%M:%S.%fZ}"
    body = (
        '<?xml version="1.0" encoding="utf-8"?>'
        f"<Error><Code>{code}</Code><Message>{escape(text)}</Message></Error>"
    )
    headers = {"x-ms-error-code": code, **problems.advice(error)}
    return Response(body, status, headers, media_type=XML)
