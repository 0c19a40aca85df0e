"""`/devices/{id}/modules/$edgeHub/…Scope`: what an edge device's own hub asks of those below it.

Source: DEVICE-40 to DEVICE-45.
"""

from collections.abc import Coroutine
from typing import Any
from urllib.parse import quote, urlencode

from starlette.responses import Response

from affinage.domain.errors import AffinageError, Invalid, Malformed, Missing
from affinage.domain.members import member_text
from affinage.domain.names import TwinKey, check_id, checked_key
from affinage.domain.values import JsonObject
from affinage.frontends.device_api.calls import Services
from affinage.frontends.http.answers import json_answer
from affinage.frontends.http.bodies import read_object
from affinage.frontends.http.calls import Call
from affinage.frontends.http.numbers import natural
from affinage.frontends.http.pages import last_in, token_of
from affinage.frontends.http.problems import problem, told
from affinage.services.edge_scopes import MAX_PAGE, Told


async def list_own(services: Services, call: Call) -> Response:
    """GET an edge device with its children and all their modules, page by page."""
    return await _answered(services, call, _list_own(services, call))


async def read_own(services: Services, call: Call) -> Response:
    """GET the edge device, one of its children, or a module of theirs."""
    return await _answered(services, call, _read_own(services, call))


async def list_below(services: Services, call: Call) -> Response:
    """POST for an edge device that is somewhere below: the same of that one."""
    return await _answered(services, call, _list_below(services, call))


async def read_below(services: Services, call: Call) -> Response:
    """POST for an edge device that is somewhere below: one identity that is below that."""
    return await _answered(services, call, _read_below(services, call))


async def _answered(
    services: Services, call: Call, asked: Coroutine[Any, Any, JsonObject]
) -> Response:
    try:
        return json_answer(await asked)
    except AffinageError as error:
        at, said = services.clock.now(), {"ErrorMessage": told(error)}
        return problem(error, request_id=call.by.request_id, at=at, also=said)


async def _list_own(services: Services, call: Call) -> JsonObject:
    asked = call.request.query_params
    size = _number(asked.get("deviceCount"))
    after = _place(asked.get("continuationToken"))
    page = await services.scopes.page(call.key, size=size, after=after, by=call.by)
    return _shown(page, _link(call, page.last, size))


async def _read_own(services: Services, call: Call) -> JsonObject:
    asked = call.request.query_params
    target = _target(asked.get("targetDeviceId"), asked.get("targetModuleId"))
    return _shown(await services.scopes.one(call.key, target, by=call.by))


async def _list_below(services: Services, call: Call) -> JsonObject:
    body = await read_object(call.request)
    size = body.get("pageSize")
    if not isinstance(size, int | None) or isinstance(size, bool):
        raise Malformed("pageSize must be an integer")
    page = await services.scopes.page(
        call.key,
        edge=_edge(body),
        size=MAX_PAGE if size is None else size,
        after=_place(member_text(body, "continuationLink")),
        by=call.by,
    )
    return _shown(page, token_of(page.last))


async def _read_below(services: Services, call: Call) -> JsonObject:
    body = await read_object(call.request)
    target = _target(member_text(body, "targetDeviceId"), member_text(body, "targetModuleId"))
    return _shown(await services.scopes.one(call.key, target, edge=_edge(body), by=call.by))


def _shown(found: Told, link: str | None = None) -> JsonObject:
    return {"devices": [*found.devices], "modules": [*found.modules], "continuationLink": link}


def _edge(body: JsonObject) -> str:
    """Whom a chain of edge devices begins with, which goes upwards: `d[/module];parent;…`."""
    chain = member_text(body, "authChain")
    if not chain:
        raise Missing("authChain is missing")
    return check_id("a device", chain.partition(";")[0].partition("/")[0])


def _target(device: str | None, module: str | None) -> TwinKey:
    if not device:
        raise Missing("targetDeviceId is missing")
    return checked_key(device, module or None)


def _number(text: str | None) -> int:
    if not text:
        return MAX_PAGE
    number = natural(text)
    if number is None:
        raise Invalid(f"deviceCount must be an integer from 1, not {text[:40]!r}")
    return number


def _link(call: Call, last: str | None, size: int) -> str | None:
    """The next page, as the path and the query that it is asked for by."""
    if last is None:
        return None
    asked = {
        "deviceCount": size,
        "continuationToken": token_of(last),
        "api-version": call.request.query_params.get("api-version", ""),
    }
    key = call.key
    path = f"/devices/{quote(key.device, safe='')}/modules/{quote(key.module or '', safe='')}"
    return f"{path}/devicesAndModulesInDeviceScope?{urlencode(asked)}"


def _place(token: str | None) -> str | None:
    """The child that a page was ended by."""
    last = last_in(token)
    return None if last is None else check_id("a device", last)
