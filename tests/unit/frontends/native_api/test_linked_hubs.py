from typing import Any, Final

import pytest

from fakes.hub import HOST, Hub, running_hub
from fakes.looped import looped

HUBS: Final = "/affinage/v1/provisioning/hubs"
KEY: Final = "c2l4dGVlbiBieXRlcyBvciBtb3Jl"
STRING: Final = f"HostName=h2.test;SharedAccessKeyName=link;SharedAccessKey={KEY}"


async def link(hub: Hub, **more: Any) -> Any:
    return await hub.ask("PUT", f"{HUBS}/h2.test", body={"connectionString": STRING, **more})


@looped
async def test_a_hub_is_linked_read_changed_and_taken_away() -> None:
    """LINK-1, LINK-2, LINK-5, LINK-6."""
    async with running_hub() as hub:
        made = await link(hub, weight=2)
        assert (made.status_code, made.json()["weight"]) == (200, 2)
        assert made.headers["etag"] == f'"{made.json()["etag"]}"'
        assert KEY not in made.text
        read = await hub.ask("GET", f"{HUBS}/H2.test")
        assert read.json() == made.json()
        listed = (await hub.ask("GET", HUBS)).json()["hubs"]
        assert {one["host"]: one["isOwn"] for one in listed} == {HOST: True, "h2.test": False}
        gone = await hub.ask("DELETE", f"{HUBS}/h2.test", headers={"If-Match": "*"})
        assert gone.status_code == 204
        assert (await hub.ask("GET", f"{HUBS}/h2.test")).status_code == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"connectionString": 1}, 400),
        ({"connectionString": "HostName=h3.test;SharedAccessKeyName=a;SharedAccessKey=AAAA"}, 400),
        ({"connectionString": STRING, "weight": "1"}, 400),
        ({"connectionString": STRING, "port": 0}, 400),
        ({"connectionString": STRING, "certificate": "none"}, 400),
        ([], 400),
    ],
)
@looped
async def test_what_is_no_link_is_refused(body: Any, status: int) -> None:
    """LINK-1 to LINK-3."""
    async with running_hub() as hub:
        assert (await hub.ask("PUT", f"{HUBS}/h2.test", body=body)).status_code == status


@looped
async def test_a_link_that_is_there_wants_an_etag() -> None:
    async with running_hub() as hub:
        await link(hub)
        assert (await link(hub)).status_code == 409
        wrong = await hub.ask(
            "PUT", f"{HUBS}/h2.test", body={"weight": 3}, headers={"If-Match": '"MQ=="'}
        )
        assert wrong.status_code == 412
