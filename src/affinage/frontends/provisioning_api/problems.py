"""Errors as this door says them.

Source: docs/spec/provisioning.md, PROV-25.
"""

from datetime import datetime

from starlette.responses import Response

from affinage.domain.errors import Forbidden, Unauthorized
from affinage.frontends.http.answers import json_answer
from affinage.frontends.http.problems import CODES, Code, advice, code, numbered, told


def number(error: Exception) -> Code:
    """The code of an error; strangers have the same as who lacks a right."""
    return CODES[Forbidden] if isinstance(error, Unauthorized) else code(error)


def refused(error: Exception, *, request_id: str, at: datetime) -> Response:
    """The answer to a request that was refused, or that failed."""
    found = number(error)
    body = numbered(found.number, told(error), request_id, at)
    return json_answer(body, status=found.status, headers=advice(error))
