"""Whatever changes something at this door leaves an entry in the audit log: no operation escapes.

An operation that is not in WRITES has a reason not to be.
"""

from typing import Any, Final

import pytest

from affinage.frontends.service_api.app import OPERATIONS
from affinage.ports.store import Table
from fakes.hub import Hub, running_hub
from fakes.looped import looped
from fakes.reconciling import whole

CONTENT: Final = {"deviceContent": {"properties.desired.a": 1}}
TAGS: Final = {"tags": {"a": 1}}

WRITES: Final[dict[tuple[str, str], Any]] = {
    ("POST", "/devices"): [{"id": "new"}, {"id": "d", "importMode": "updateTwin", **TAGS}],
    ("POST", "/devices/keys/regenerate"): {"policyKey": "both", "devices": [{"id": "d"}]},
    ("PUT", "/devices/{id}"): {"statusReason": "seen"},
    ("PUT", "/devices/{id}/modules/{module}"): {"managedBy": "me"},
    ("PATCH", "/twins/{id}"): TAGS,
    ("PUT", "/twins/{id}"): TAGS,
    ("PATCH", "/twins/{id}/modules/{module}"): TAGS,
    ("PUT", "/twins/{id}/modules/{module}"): TAGS,
    ("PATCH", "/digitaltwins/{id}"): [{"op": "add", "path": "/a", "value": 1}],
    ("POST", "/devices/{id}/applyConfigurationContent"): {
        "modulesContent": {"$edgeAgent": {"properties.desired": whole("n")}}
    },
    ("PUT", "/configurations/{id}"): {"content": CONTENT, "priority": 7},
    ("DELETE", "/configurations/{id}"): None,
    ("DELETE", "/devices/{id}/modules/{module}"): None,
    ("DELETE", "/devices/{id}"): None,
}
"""In an order in which all of them can be done; each on d, or on what else has that name."""

NO_WRITES: Final = {
    ("POST", "/devices/query"): "it reads",
    ("POST", "/configurations/testQueries"): "it tries",
    ("POST", "/twins/{id}/methods"): "nothing of it is kept: AUDIT-2",
    ("POST", "/twins/{id}/modules/{module}/methods"): "likewise",
    ("POST", "/digitaltwins/{id}/commands/{command}"): "likewise",
    ("POST", "/digitaltwins/{id}/components/{component}/commands/{command}"): "likewise",
}

ELSEWHERE: Final = ("/jobs", "/messages", "/devices/{id}/commands")
"""Below these the tests of jobs and messages look."""


def entries(hub: Hub) -> int:
    return len(hub.fleet.saved(Table.AUDIT))


async def ask(hub: Hub, method: str, path: str, body: Any) -> None:
    given = path.format(id="d", module="m")
    answer = await hub.ask(method, given, body, etag="*")
    assert answer.is_success, answer.text


@looped
async def test_every_write_has_an_entry() -> None:
    """AUDIT-1"""
    async with running_hub() as hub:
        await hub.device("d", capabilities={"iotEdge": True})
        await hub.put("/devices/d/modules/m", {})
        await hub.put("/configurations/d", {"content": CONTENT})
        for (method, path), body in WRITES.items():
            before = entries(hub)
            await ask(hub, method, path, body)
            wanted = len(body) if path == "/devices" else 1
            assert entries(hub) == before + wanted, (method, path)


@looped
async def test_what_changes_nothing_has_none() -> None:
    """AUDIT-1"""
    async with running_hub() as hub:
        await hub.device("d")
        before = entries(hub)
        await ask(hub, "PATCH", "/twins/{id}", {})
        await ask(hub, "PATCH", "/digitaltwins/{id}", [])
        assert (await hub.ask("PATCH", "/twins/d", {"tags": 7})).status_code == 400
        assert entries(hub) == before


@pytest.mark.parametrize("path", OPERATIONS)
def test_no_operation_escapes(path: str) -> None:
    known = {*WRITES, *NO_WRITES}
    for method in OPERATIONS[path]:
        is_elsewhere = path.startswith(ELSEWHERE)
        assert method == "GET" or is_elsewhere or (method, path) in known, (method, path)
