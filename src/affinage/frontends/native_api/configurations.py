"""`/configurations`: as the service API has them, by label, and with what their author should know.

Source: NATIVE-30, NATIVE-31, CONFIGURATION-40, CONFIGURATION-41.
"""

from functools import partial

from starlette.responses import Response

from affinage.domain.labels import grouped, label_of, wanted
from affinage.domain.values import JsonObject
from affinage.frontends.http.answers import empty_answer, json_answer
from affinage.frontends.http.bodies import read_object
from affinage.frontends.http.etags import guarded, quoted
from affinage.frontends.native_api.calls import Call, Services


async def list_all(services: Services, call: Call) -> Response:
    """GET a page of the configurations by id: those with all of some labels, or by a label."""
    asked = call.request.query_params
    group_by = asked.get("groupBy")
    label = label_of(group_by) if group_by else None
    page = await services.configurations.page(
        wanted(asked.getlist("label")),
        after=call.after,
        limit=call.limit,
        by=call.by,
    )
    groups = {} if label is None else {"groups": _by_label(page.rows, label)}
    return json_answer({"rows": page.rows, **groups, "next": page.continuation})


async def read(services: Services, call: Call) -> Response:
    """GET a configuration, and what its author should know of it."""
    name = call.segment("id")
    return await _shown(services, call, await services.configurations.get(name, by=call.by))


async def write(services: Services, call: Call) -> Response:
    """PUT a configuration: without an etag create it, with one change it."""
    name, body = call.segment("id"), await read_object(call.request)
    put = partial(services.configurations.put, name, body, by=call.by)
    return await _shown(services, call, await guarded(call.request, put))


async def delete(services: Services, call: Call) -> Response:
    """DELETE a configuration; what it set leaves the devices."""
    gone = partial(services.configurations.delete, call.segment("id"), by=call.by)
    await guarded(call.request, gone)
    return empty_answer()


async def _shown(services: Services, call: Call, document: JsonObject) -> Response:
    told = await services.warnings.of(str(document["id"]), by=call.by)
    headers = {"ETag": quoted(document["etag"])}
    return json_answer({**document, "warnings": [*told]}, headers=headers)


def _by_label(rows: list[JsonObject], label: str) -> list[JsonObject]:
    return [
        {"label": label, "value": value, "configurations": [one["id"] for one in some]}
        for value, some in grouped(rows, label)
    ]
