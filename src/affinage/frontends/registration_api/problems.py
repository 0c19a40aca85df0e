"""Refusals as a registering device is told them over HTTPS.

Source: docs/spec/registering.md, REGISTER-22 to REGISTER-24, REGISTER-33.
"""

from datetime import datetime
from typing import Final

from starlette.responses import Response

from affinage.domain.errors import Challenged
from affinage.frontends.http.answers import json_answer
from affinage.frontends.http.problems import advice
from affinage.frontends.http.registrations import refusal

KEY_NAME: Final = "registration"
"""What clients name the key of a token by."""


def refused(error: Exception, *, request_id: str, at: datetime) -> Response:
    """The answer to a request that was refused, or that failed."""
    told = refusal(error, request_id=request_id, at=at)
    headers = advice(error)
    if told.retry_after_s is not None:
        headers["Retry-After"] = str(told.retry_after_s)
    body = told.body
    if isinstance(error, Challenged):  # REGISTER-33
        body = {**body, "authenticationKey": error.authentication_key, "keyName": KEY_NAME}
    return json_answer(body, status=told.status, headers=headers)
