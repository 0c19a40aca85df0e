"""Two writers with one etag, at once, over a hub's HTTPS door: exactly one wins, always.

Many pairs race at the same time, each for a thing of its own, so that winners and losers of
different things share commits.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import pytest

from affinage.adapters.system.clock import wall_time
from affinage.protocol.tokens import make_token
from fakes.hub_process import HubProcess

PAIRS: Final = 25
FEW: Final = 8
"""Pairs for what a hub has few of."""

WON: Final = {200, 202}
LOST: Final = 412
CONTENT: Final = {"deviceContent": {"properties.desired.a": 1}}


@dataclass(frozen=True)
class Prize:
    """A kind of thing that has an etag; ``{n}`` is which one, ``{by}`` who writes."""

    path: str
    body: dict[str, Any] | list[Any]
    """What a writer writes; ``BY`` in it stands for who it is."""
    shown: tuple[str, ...]
    """Where, in what is read, stands who wrote it."""
    method: str = "PUT"
    made: dict[str, Any] = field(default_factory=dict)
    """What is created, in this order: path to body."""
    pairs: int = PAIRS


BY: Final = "{by}"
DEVICE: Final[dict[str, Any]] = {"/devices/{kind}-{n}": {}}
MODULE: Final = DEVICE | {"/devices/{kind}-{n}/modules/m": {}}
TAGS: Final = {"tags": {"by": BY}}

PRIZES: Final = {
    "device": Prize("/devices/{kind}-{n}", {"statusReason": BY}, ("statusReason",), made=DEVICE),
    "module": Prize(
        "/devices/{kind}-{n}/modules/m", {"managedBy": BY}, ("managedBy",), made=MODULE
    ),
    "twin": Prize("/twins/{kind}-{n}", TAGS, ("tags", "by"), "PATCH", DEVICE),
    "replaced-twin": Prize("/twins/{kind}-{n}", TAGS, ("tags", "by"), made=DEVICE),
    "module-twin": Prize("/twins/{kind}-{n}/modules/m", TAGS, ("tags", "by"), "PATCH", MODULE),
    "digital-twin": Prize(
        "/digitaltwins/{kind}-{n}",
        [{"op": "add", "path": "/by", "value": BY}],
        ("$metadata", "by", "desiredValue"),
        "PATCH",
        DEVICE,
    ),
    "configuration": Prize(
        "/configurations/{kind}-{n}",
        {"content": CONTENT, "targetCondition": "", "labels": {"by": BY}},
        ("labels", "by"),
        made={"/configurations/{kind}-{n}": {"content": CONTENT, "targetCondition": ""}},
        pairs=FEW,
    ),
    "group": Prize(
        "/affinage/v1/groups/{kind}-{n}",
        {"condition": f"tags.by = '{BY}'"},
        ("condition",),
        made={"/affinage/v1/groups/{kind}-{n}": {"condition": "tags.by = 'nobody'"}},
        pairs=FEW,
    ),
    "policy": Prize(
        "/affinage/v1/policies/{kind}-{n}",
        {"rights": ["ServiceConnect"], "primaryKey": BY * 8},
        ("primaryKey",),
        made={"/affinage/v1/policies/{kind}-{n}": {"rights": ["ServiceConnect"]}},
        pairs=FEW,
    ),
}


@pytest.fixture(scope="module")
def hub(shared_address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with HubProcess(tmp_path_factory.mktemp("races") / "data", shared_address) as hub:
        yield hub


@asynccontextmanager
async def back_end(hub: HubProcess) -> AsyncIterator[httpx.AsyncClient]:
    """As many connections as there are writers."""
    string = hub.policy()
    expiry = int(wall_time().timestamp()) + 600
    token = make_token(string.host, string.key or "", expiry, string.policy)
    async with httpx.AsyncClient(
        base_url=f"https://{hub.address}:{hub.https_port}",
        headers={"Authorization": token},
        params={"api-version": "2021-04-12"},
        verify=hub.context,
        timeout=30,
    ) as client:
        yield client


def filled(text: Any, **given: object) -> Any:
    """The text with everything in its place, also within objects and arrays."""
    match text:
        case str():
            for name, value in given.items():
                text = text.replace(f"{{{name}}}", str(value))
            return text
        case dict():
            return {filled(name, **given): filled(one, **given) for name, one in text.items()}
        case list():
            return [filled(one, **given) for one in text]
        case _:
            return text


async def race(client: httpx.AsyncClient, kind: str, prize: Prize, n: int) -> None:
    """Make one thing, and have two write it with the etag that both have read."""
    for path, body in filled(prize.made, kind=kind, n=n).items():
        assert (await client.put(path, json=body)).status_code in {200, 201}
    path = filled(prize.path, kind=kind, n=n)
    read = await client.get(path)
    etag = read.headers.get("etag") or f'"{read.json()["etag"]}"'
    bodies = {by: filled(prize.body, by=by) for by in ("anna", "bert")}
    headers = {"If-Match": etag}
    answers = await asyncio.gather(
        *(client.request(prize.method, path, json=one, headers=headers) for one in bodies.values())
    )
    won = [by for by, one in zip(bodies, answers, strict=True) if one.status_code in WON]
    assert (len(won), {one.status_code for one in answers} - WON) == (1, {LOST})
    shown: Any = (await client.get(path, params={"keys": "true"})).json()
    for name in prize.shown:
        shown = shown[name]
    assert won[0] in shown


@pytest.mark.parametrize("kind", PRIZES)
def test_of_two_writers_with_one_etag_exactly_one_wins(hub: HubProcess, kind: str) -> None:
    """IDENTITY-18, TWIN-13, DIGITAL-9, GROUP-8"""

    async def race_all() -> None:
        async with back_end(hub) as client:
            prize = PRIZES[kind]
            await asyncio.gather(*(race(client, kind, prize, n) for n in range(prize.pairs)))

    asyncio.run(race_all())
