"""`/twins/{id}` and `/twins/{id}/modules/{module}`.

Source: SERVICE-50 to SERVICE-54, docs/spec/twin.md.
"""

from collections.abc import Awaitable
from typing import Protocol

from msgspec import UNSET, UnsetType
from starlette.responses import Response

from affinage.domain.errors import Malformed
from affinage.domain.names import TwinKey
from affinage.domain.principal import Principal
from affinage.domain.row import TwinRow
from affinage.domain.twin import TwinPatch
from affinage.domain.values import JsonObject, is_object
from affinage.frontends.http.answers import json_answer
from affinage.frontends.http.bodies import read_object
from affinage.frontends.http.etags import ANY, guarded
from affinage.frontends.service_api.calls import Call, Services


class Write(Protocol):
    def __call__(
        self, key: TwinKey, change: TwinPatch, *, if_match: str | None, by: Principal
    ) -> Awaitable[TwinRow]: ...


async def read(services: Services, call: Call) -> Response:
    """GET a twin."""
    return _shown(await services.twins.get(call.key, by=call.by))


async def patch(services: Services, call: Call) -> Response:
    """PATCH a twin: merge into tags and desired."""
    return await _written(services.twins.patch, call)


async def replace(services: Services, call: Call) -> Response:
    """PUT a twin: replace tags, desired or both."""
    return await _written(services.twins.replace, call)


async def _written(write: Write, call: Call) -> Response:
    key, change = call.key, _change(await read_object(call.request))

    async def written(etag: str | None) -> TwinRow:
        # To write a twin it must exist in any case.
        return await write(key, change, if_match=None if etag == ANY else etag, by=call.by)

    return _shown(await guarded(call.request, written))


def _change(body: JsonObject) -> TwinPatch:
    """What a body asks for; everything else that a twin shows is ignored, clients echo it."""
    properties = body.get("properties")
    if properties is not None and not is_object(properties):
        raise Malformed("properties must be an object")
    return TwinPatch(_section(body, "tags"), _section(properties or {}, "desired"))


def _section(members: JsonObject, name: str) -> JsonObject | UnsetType | None:
    if name not in members:
        return UNSET
    section = members[name]
    if section is not None and not is_object(section):
        raise Malformed(f"{name} must be an object or null")
    return section


def _shown(row: TwinRow) -> Response:
    document = row.document()
    if row.module is not None:
        del document["capabilities"]  # rows of a query have it
    return json_answer(document)
