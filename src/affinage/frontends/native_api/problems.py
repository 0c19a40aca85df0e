"""Errors as this door says them: problem details, whose type is the error's code.

Source: RFC 9457; NATIVE-3, NATIVE-4.
"""

from datetime import datetime
from typing import Final

import msgspec
from starlette.responses import Response

from affinage.domain.errors import AffinageError
from affinage.frontends.http.problems import advice, code, told

PROBLEM: Final = "application/problem+json"

TYPE: Final = "urn:affinage:problem:{}"


def refused(error: Exception, *, request_id: str, at: datetime) -> Response:
    """The answer to a request that was refused, or that failed."""
    kind = error.code if isinstance(error, AffinageError) else AffinageError.code
    status = code(error).status
    body = {
        "type": TYPE.format(kind),
        "title": kind.replace("_", " ").capitalize(),
        "status": status,
        "detail": told(error),
        "instance": f"urn:uuid:{request_id}",
    }
    return Response(msgspec.json.encode(body), status, advice(error), media_type=PROBLEM)
