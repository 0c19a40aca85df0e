"""No bytes that a client sends make the service API fail, and none let a stranger in."""

import asyncio
import json
from typing import Any, Final, NamedTuple

from hypothesis import example, given
from hypothesis import strategies as st
from starlette.types import Message

from affinage.frontends.service_api.app import OPERATIONS, create_app
from fakes.hub import API_VERSION, Hub, running_hub

MEMBERS: Final = [
    *("id", "deviceId", "moduleId", "authentication", "symmetricKey", "primaryKey", "type"),
    *("status", "capabilities", "iotEdge", "deviceScope", "parentScopes", "managedBy"),
    *("tags", "properties", "desired", "query", "importMode", "eTag", "labels", "priority"),
    *("content", "deviceContent", "modulesContent", "properties.desired.a", "$edgeAgent"),
    *("policyKey", "devices", "op", "path", "value", "methodName", "twinETag"),
    *("targetCondition", "metrics", "queries", "customMetricQueries", "schemaVersion"),
]


class Sent(NamedTuple):
    method: str
    path: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes


ids = st.sampled_from(
    [b"pump-1", b"c-1", b"%", b"%2F", b"%zz", b"%00", b"\xff", b"..", b"a" * 200, b"%24edgeAgent"]
) | st.binary(max_size=6)
paths = st.builds(
    lambda path, one, other, end: path.replace(b"{id}", one).replace(b"{module}", other) + end,
    st.sampled_from([path.encode() for path in OPERATIONS]),
    ids,
    ids,
    st.sampled_from([b"", b"/", b"//", b"/x"]),
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(MEMBERS) | st.text(max_size=4), inner, max_size=5)
    ),
    max_leaves=12,
)
objects = st.dictionaries(st.sampled_from(MEMBERS), values, max_size=5)
bodies = (objects | st.lists(objects, max_size=3) | values).map(
    lambda value: json.dumps(value).encode()
) | st.binary(max_size=40)
names = st.sampled_from(
    [b"if-match", b"x-ms-max-item-count", b"x-ms-continuation", b"content-length"]
)
texts = st.binary(max_size=8) | st.sampled_from([b"*", b'W/"x"', b"-1", b"9" * 30, b'""', b",,"])
headers = st.lists(st.tuples(names, texts), max_size=2)
methods = st.sampled_from(["GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "BREW"])
requests = st.lists(st.builds(Sent, methods, paths, headers, bodies), min_size=1, max_size=6)

NOBODY_THOUGHT_OF: Final = [
    Sent("PUT", b"/devices/a", [], b'{"authentication":{"type":"sas","symmetricKey":[]}}'),
    Sent(
        "PUT", b"/configurations/a", [], b'{"content":{"deviceContent":{"properties.desired":1}}}'
    ),
    Sent("PUT", b"/configurations/b", [], b'{"content":{"modulesContent":{"$edgeAgent":[]}}}'),
    Sent("POST", b"/devices", [], b'[{"id":"a","importMode":7,"eTag":1}]'),
    Sent("POST", b"/devices", [], b'[{"id":"a","importMode":"updateTwin","twinETag":[1]}]'),
    Sent("POST", b"/devices/keys/regenerate", [], b'{"policyKey":"both","devices":[{"id":[]}]}'),
    Sent("PATCH", b"/digitaltwins/pump-1", [], b'[{"op":"add","path":"/a/a","value":[null]}]'),
    Sent("PATCH", b"/digitaltwins/pump-1", [], b'[{"op":"add","path":"/~/","value":{"":{}}}]'),
    Sent("POST", b"/digitaltwins/pump-1/commands/%00", [(b"content-length", b"0")], b""),
    Sent("POST", b"/devices/pump-1/applyConfigurationContent", [], b'{"moduleContent":[]}'),
]


async def status(hub: Hub, asked: Sent, authorization: bytes) -> int:
    """The status of the answer."""
    answered: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": asked.body, "more_body": False}

    async def send(message: Message) -> None:
        answered.append(message)

    scope: dict[str, Any] = {
        "type": "http",
        "method": asked.method,
        "path": "/",
        "raw_path": asked.path,
        "query_string": f"api-version={API_VERSION}&top=2".encode(),
        "headers": [(b"authorization", authorization), *asked.headers],
    }
    await create_app(hub.services)(scope, receive, send)
    return int(answered[0]["status"])


@given(requests)
@example(NOBODY_THOUGHT_OF)
def test_no_request_makes_the_hub_fail(asked: list[Sent]) -> None:
    """SERVICE-24 is for what nobody has thought of."""

    async def ask() -> None:
        async with running_hub() as hub:
            await hub.device("pump-1")
            for one in asked:
                assert await status(hub, one, hub.token().encode()) < 500

    asyncio.run(ask())


@given(requests, st.binary(max_size=30) | st.just(b"SharedAccessSignature sr=a&sig=AA%3D&se=9"))
def test_no_stranger_is_let_in(asked: list[Sent], authorization: bytes) -> None:
    """SERVICE-5"""

    async def ask() -> None:
        async with running_hub() as hub:
            for one in asked:
                assert await status(hub, one, authorization) == 401

    asyncio.run(ask())
