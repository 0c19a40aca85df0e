"""`/configurations`: the rules for twins, and a trial of their texts.

Source: SERVICE-70 to SERVICE-73, docs/spec/configuration.md.
"""

from functools import partial

from starlette.responses import Response

from affinage.domain.values import JsonObject
from affinage.frontends.http.answers import empty_answer, json_answer
from affinage.frontends.http.bodies import read_object
from affinage.frontends.http.calls import Call
from affinage.frontends.http.etags import guarded, quoted
from affinage.frontends.http.numbers import top
from affinage.frontends.service_api.calls import Services


async def read(services: Services, call: Call) -> Response:
    """GET a configuration."""
    return _shown(await services.configurations.get(call.name, by=call.by))


async def write(services: Services, call: Call) -> Response:
    """PUT a configuration: without an etag create it, with one change it."""
    name, body = call.name, await read_object(call.request)
    put = partial(services.configurations.put, name, body, by=call.by)
    return _shown(await guarded(call.request, put))


async def delete(services: Services, call: Call) -> Response:
    """DELETE a configuration."""
    gone = partial(services.configurations.delete, call.name, by=call.by)
    await guarded(call.request, gone)
    return empty_answer()


async def list_all(services: Services, call: Call) -> Response:
    """GET all configurations, or the first of them."""
    wanted = await services.configurations.list_all(top(call.request), by=call.by)
    return json_answer(wanted)


async def test_queries(services: Services, call: Call) -> Response:
    """POST a target condition and metrics, to be told what is wrong with them."""
    body = await read_object(call.request)
    return json_answer(await services.configurations.test_queries(body, by=call.by))


def _shown(document: JsonObject) -> Response:
    return json_answer(document, headers={"ETag": quoted(document["etag"])})
