"""`/jobs/v2`: scheduled jobs, each a twin update or a method for all twins that meet a condition.

Source: docs/spec/jobs.md.
"""

from typing import Final

from starlette.responses import Response

from affinage.domain.errors import JobNotFound
from affinage.domain.values import JsonObject
from affinage.frontends.http.answers import json_answer
from affinage.frontends.http.bodies import read_object
from affinage.frontends.http.calls import Call
from affinage.frontends.http.pages import continuation, last_in, page_headers, page_size, token_of
from affinage.frontends.service_api.calls import Services
from affinage.services.pages import DEFAULT_PAGE

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
        after=last_in(continuation(call.request)),
        limit=page_size(call.request, DEFAULT_PAGE),
        by=call.by,
    )
    headers = page_headers(page.item_type, token_of(page.continuation))
    return json_answer(page.rows, headers=headers)


def _elsewhere(name: str) -> JsonObject:
    """What is said of an export or import: that `/jobs` knows more. Source: JOB-23."""
    return {"jobId": name, "type": "unknown", "status": "unknown", **dict.fromkeys(_UNKNOWN)}
