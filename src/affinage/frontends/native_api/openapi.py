"""`/openapi/{door}`: what each door over HTTPS offers, for programs.

Source: NATIVE-50.
"""

from starlette.responses import Response

from affinage.domain.errors import NotFound
from affinage.domain.principal import Right
from affinage.frontends.native_api.calls import Call, Services, tagged


async def show(services: Services, call: Call) -> Response:
    """GET the OpenAPI document of a door."""
    call.by.require(Right.REGISTRY_READ | Right.SERVICE_CONNECT)
    door = call.segment("door")
    if door not in services.documents:
        raise NotFound(f"no door {door}: there are {', '.join(services.documents)}")
    return tagged(call.request, services.documents[door])
