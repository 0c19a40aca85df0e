"""`/jobs/v2`: scheduled jobs, each a twin update or a method for all twins that meet a condition.

Source: docs/spec/jobs.md.
"""

import base64
import binascii
from typing import Final

from starlette.responses import Response

from affinage.domain.errors import Invalid, JobNotFound
from affinage.domain.values import JsonObject
from affinage.frontends.http.answers import json_answer
from affinage.frontends.http.bodies import read_object
from affinage.frontends.http.calls import Call
from affinage.frontends.service_api.calls import Services
from affinage.frontends.service_api.queries import CONTINUATION, ITEM_TYPE, page_size

_UNKNOWN: Final = (
    *("queryCondition", "createdTime", "startTime", "endTime"),
    *("maxExecutionTimeInSeconds", "failureReason", "statusMessage"),
)
"""Members of a job that an export or import does not have."""


async def create(services: Services, call: Call) -> Response:
    """PUT a job; it begins when its time has come."""
    body = await read_object(call.request)
    return json_answer(await services.jobs.create(call.name, body, by=call.by))


async def read(services: Services, call: Call) -> Response:
    """GET a job, and how far it is."""
    try:
        found = await services.jobs.get(call.name, by=call.by)
    except JobNotFound:
        if not services.transfers.knows(call.name):
            raise
        found = _elsewhere(call.name)
    return json_answer(found)


async def cancel(services: Services, call: Call) -> Response:
    """POST nothing, to have no further target begun."""
    return json_answer(await services.jobs.cancel(call.name, by=call.by))


async def list_all(services: Services, call: Call) -> Response:
    """GET a page of the jobs, of a kind and a status if they are named."""
    asked = call.request.query_params
    page = await services.jobs.page(
        kind=asked.get("jobType"),
        status=asked.get("jobStatus"),
        after=_id_in(call.request.headers.get(CONTINUATION)),
        limit=page_size(call.request),
        by=call.by,
    )
    headers = {ITEM_TYPE: "JobResponse"}
    if page.next is not None:
        headers[CONTINUATION] = base64.urlsafe_b64encode(page.next.encode()).decode()
    return json_answer(page.documents, headers=headers)


def _elsewhere(name: str) -> JsonObject:
    """What is said of an export or import: that `/jobs` knows more. Source: JOB-23."""
    return {"jobId": name, "type": "unknown", "status": "unknown", **dict.fromkeys(_UNKNOWN)}


def _id_in(token: str | None) -> str | None:
    if not token:
        return None
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise Invalid("the continuation token is none of this hub's") from None
