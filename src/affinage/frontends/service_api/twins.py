"""`/twins/{id}` and `/twins/{id}/modules/{module}`.

Source: SERVICE-50 to SERVICE-54, docs/spec/twin.md.
"""

from collections.abc import Awaitable
from functools import partial
from typing import Protocol

from starlette.responses import Response

from affinage.domain.names import TwinKey
from affinage.domain.principal import Principal
from affinage.domain.row import TwinRow
from affinage.domain.twin import TwinPatch, patch_of
from affinage.frontends.http.answers import json_answer
from affinage.frontends.http.bodies import read_object
from affinage.frontends.http.calls import Call
from affinage.frontends.http.etags import guarded
from affinage.frontends.service_api.calls import Services


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
    key, change = call.key, patch_of(await read_object(call.request))
    return _shown(await guarded(call.request, partial(write, key, change, by=call.by)))


def _shown(row: TwinRow) -> Response:
    document = row.document()
    if row.module is not None:
        del document["capabilities"]  # rows of a query have it
    return json_answer(document)
