"""`/enrollments` and `/enrollmentGroups`: who may come, and what becomes of who comes.

Source: docs/spec/provisioning.md, PROV-20 to PROV-24.
"""

from functools import partial
from typing import Final

from starlette.responses import Response

from affinage.domain.errors import Malformed, Missing
from affinage.domain.values import JsonObject, is_object
from affinage.frontends.http.answers import empty_answer, json_answer
from affinage.frontends.http.bodies import read_object
from affinage.frontends.http.etags import guarded
from affinage.frontends.provisioning_api.calls import Call, Services
from affinage.frontends.provisioning_api.pages import answer, asked
from affinage.frontends.provisioning_api.problems import number
from affinage.services.provisioning.bulk import Refused

MAX_BODY: Final = 4 * 1024 * 1024
"""Bytes of a bulk request: ten enrollments with certificates and initial twins."""


async def read(services: Services, call: Call) -> Response:
    """GET an enrollment, without its keys."""
    return _shown(await services.enrollments.get(call.name, is_group=call.of_groups, by=call.by))


async def write(services: Services, call: Call) -> Response:
    """PUT an enrollment: without an etag create it, with one change it."""
    name, body = call.name, await read_object(call.request)
    put = partial(services.enrollments.put, name, body, is_group=call.of_groups, by=call.by)
    return _shown(await guarded(call.request, put))


async def delete(services: Services, call: Call) -> Response:
    """DELETE an enrollment; the devices that came by it stay."""
    gone = partial(services.enrollments.delete, call.name, is_group=call.of_groups, by=call.by)
    await guarded(call.request, gone)
    return empty_answer()


async def show_attestation(services: Services, call: Call) -> Response:
    """POST to see the attestation of an enrollment, its keys included."""
    found = await services.enrollments.attestation(call.name, is_group=call.of_groups, by=call.by)
    return json_answer(found)


async def query(services: Services, call: Call) -> Response:
    """POST a query: a page of enrollments, and in its headers how to ask for the next one."""
    wanted = await asked(call)
    page = await services.enrollments.page(
        groups=call.of_groups, after=wanted.after, limit=wanted.limit, by=call.by
    )
    return answer(page, wanted)


async def bulk(services: Services, call: Call) -> Response:
    """POST several enrollments to be created, changed or deleted; each stands for itself."""
    body = await read_object(call.request, MAX_BODY)
    entries, mode = _entries(body, call), body.get("mode")
    if not isinstance(mode, str):
        raise Missing("mode must be create, update, updateIfMatchETag or delete")
    refused = await services.enrollments.bulk(entries, mode, is_group=call.of_groups, by=call.by)
    errors = [_told(one, call) for one in refused]
    return json_answer({"isSuccessful": not errors, "errors": errors})


def _entries(body: JsonObject, call: Call) -> list[JsonObject]:
    name = "enrollmentGroups" if call.of_groups else "enrollments"
    found = body.get(name)
    if not isinstance(found, list):
        raise Malformed(f"{name} must be an array")
    entries = [one for one in found if is_object(one)]
    if len(entries) < len(found):
        raise Malformed(f"{name} must be an array of objects")
    return entries


def _told(refused: Refused, call: Call) -> JsonObject:
    member = "enrollmentGroupId" if call.of_groups else "registrationId"
    return {
        member: refused.name,
        "errorCode": number(refused.error).number,
        "errorStatus": str(refused.error),
    }


def _shown(document: JsonObject) -> Response:
    return json_answer(document, headers={"ETag": str(document["etag"])})
