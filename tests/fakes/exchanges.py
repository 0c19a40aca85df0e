"""A page's examples of HTTP, sent to a hub as they stand: a block that asks, a block that answers.

A request is a line such as `PUT /devices/pump-1`, headers, an empty line and a body; the token and
the version are added. An answer begins with its status; of headers those that are named are looked
at. `"…"` stands for any value; an object with the member `"…"` may have others, an array that ends
with it may go on.
"""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import httpx

from affinage.domain.values import is_object
from fakes.hub import Hub

ANYTHING: Final = "…"
PATIENCE: Final = 200
"""How often a GET is repeated until it shows what it should: counting and sweeping take time."""

_BLOCK: Final = re.compile(r"^```http\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_STATUS: Final = re.compile(r"[1-5][0-9]{2}\b")


@dataclass(frozen=True)
class Message:
    first: str
    headers: dict[str, str]
    body: Any
    """None where there is none."""


@dataclass(frozen=True)
class Exchange:
    request: Message
    answer: Message

    async def take_place(self, hub: Hub) -> None:
        """Send the request; AssertionError if the answer is another."""
        given = await self._ask(hub)
        patience = PATIENCE if self.request.first.startswith("GET") else 0
        while (problem := self._problem(given)) and patience:
            patience -= 1
            hub.clock.advance(0.1)
            await asyncio.sleep(0)
            given = await self._ask(hub)
        assert not problem, f"{self.request.first}: {problem}\n{given.status_code} {given.text}"

    async def _ask(self, hub: Hub) -> httpx.Response:
        method, path = self.request.first.split()
        version = {} if path.startswith("/affinage/") else {"api-version": "2021-04-12"}
        headers = {"Authorization": hub.token(), **self.request.headers}
        url = httpx.URL(path).copy_merge_params(version)
        return await hub.client.request(method, url, headers=headers, json=self.request.body)

    def _problem(self, given: httpx.Response) -> str:
        if given.status_code != int(self.answer.first.split()[0]):
            return f"not {self.answer.first}"
        for name, value in self.answer.headers.items():
            if value not in (ANYTHING, f'"{ANYTHING}"') and given.headers.get(name) != value:
                return f"{name} is {given.headers.get(name)}"
            if name not in given.headers:
                return f"no {name}"
        if self.answer.body is None:
            return "a body" if given.content else ""
        return difference(self.answer.body, given.json(), "the body")


def exchanges(page: str) -> Iterator[Exchange]:
    """The examples of a page, in order; ValueError if a request has no answer."""
    messages = [_message(text) for text in _BLOCK.findall(page)]
    for request, answer in zip(messages[::2], messages[1::2], strict=True):
        if _STATUS.match(request.first) or not _STATUS.match(answer.first):
            raise ValueError(f"{request.first} has no answer")
        yield Exchange(request, answer)


def difference(expected: Any, given: Any, where: str) -> str:
    """Where the two differ first; empty if they do not."""
    if expected == ANYTHING:
        return ""
    if is_object(expected) and is_object(given):
        return _of_objects(expected, given, where)
    if isinstance(expected, list) and isinstance(given, list):
        return _of_arrays(expected, given, where)
    return "" if expected == given else f"{where} is {given!r}, not {expected!r}"


def _of_objects(expected: dict[str, Any], given: dict[str, Any], where: str) -> str:
    named = expected.keys() - {ANYTHING}
    if missing := named - given.keys():
        return f"{where} has no {sorted(missing)[0]}"
    if ANYTHING not in expected and (more := given.keys() - named):
        return f"{where} has {sorted(more)[0]} too"
    found = (difference(expected[name], given[name], f"{where}.{name}") for name in named)
    return next(filter(None, found), "")


def _of_arrays(expected: list[Any], given: list[Any], where: str) -> str:
    goes_on = expected[-1:] == [ANYTHING]
    first = expected[:-1] if goes_on else expected
    if len(given) < len(first) or (len(given) > len(first) and not goes_on):
        return f"{where} has {len(given)} elements"
    pairs = enumerate(zip(first, given, strict=False))
    found = (difference(one, other, f"{where}[{place}]") for place, (one, other) in pairs)
    return next(filter(None, found), "")


def _message(text: str) -> Message:
    head, _, body = text.partition("\n\n")
    first, *lines = head.strip().splitlines()
    headers = dict(line.split(": ", 1) for line in lines)
    return Message(first, headers, json.loads(body) if body.strip() else None)
