"""Direct methods at the HTTP doors: what is sent and answered, and how a refusal is told.

What goes wrong on the way to a device has a form of its own, which clients know.

Source: docs/spec/methods.md.
"""

from collections.abc import Awaitable, Coroutine
from typing import Annotated, Any, NotRequired, Protocol, TypedDict

from msgspec import Meta
from starlette.responses import Response

from affinage.domain import method
from affinage.domain.errors import AffinageError
from affinage.domain.method import MethodRequest, requested
from affinage.domain.names import TwinKey
from affinage.domain.principal import Principal
from affinage.frontends.http.answers import json_answer
from affinage.frontends.http.bodies import read_object
from affinage.frontends.http.calls import Call
from affinage.frontends.http.problems import routed_problem
from affinage.frontends.http.waiting import while_connected
from affinage.ports.clock import Clock


class Method(TypedDict):
    """A direct method to run."""

    methodName: str
    payload: NotRequired[Any]
    responseTimeoutInSeconds: NotRequired[Annotated[int, Meta(ge=5, le=300)] | None]
    connectTimeoutInSeconds: NotRequired[Annotated[int, Meta(ge=0, le=300)] | None]


class MethodResult(TypedDict):
    """What the device or module answered."""

    status: int
    payload: Any


class Invoke(Protocol):
    def __call__(
        self, key: TwinKey, request: MethodRequest, *, by: Principal
    ) -> Coroutine[Any, Any, method.MethodResult]: ...


async def routed(call: Call, clock: Clock, answer: Awaitable[Response]) -> Response:
    """An answer that a device is asked for; a refusal is told as `routed_problem` does."""
    try:
        return await answer
    except AffinageError as error:
        return routed_problem(error, request_id=call.by.request_id, at=clock.now())


async def invoked(call: Call, invoke: Invoke) -> Response:
    """What the device or module that the path names answers to the method in the body.

    Raises:
        Invalid and its kin: the body is no method; else what ``invoke`` raises.
        ClientDisconnect: whoever asked went away.
    """
    key, request = call.key, requested(await read_object(call.request))
    result = await while_connected(call.request, invoke(key, request, by=call.by))
    return json_answer({"status": result.status, "payload": result.payload})
