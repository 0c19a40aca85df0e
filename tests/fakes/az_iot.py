"""`az iot`, as a hub sees it: the requests of its commands, and what it reads of the answers.

A command is a table of requests. In any text of one, `$name` stands for what an earlier answer was
kept as, and `$d` for a device that no other command touches; an object with a member `**` has the
members of that as well. What the extension reads of an answer is listed beside it, as paths: it
fails where one of them is missing.
"""

import http.client
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from string import Template
from typing import Any, Final, Self

from affinage.adapters.system.clock import wall_time
from affinage.protocol.tokens import make_token
from affinage.testing.hubs import RunningHub
from affinage.testing.waiting import wait_until

API_VERSION: Final = "2024-03-31"
HEADERS: Final = {
    "Accept": "application/json",
    "Content-Type": "application/json; charset=utf-8",
    "User-Agent": "IoTPlatformCliExtension/0.25.0 msrest_azure/0.6.4",
    "accept-language": "en-US",
    "x-ms-client-request-id": "4f1b3a52-a7c1-11ef-9a5c-0242ac110002",
}
"""What msrest sends with every request."""

ANY_ETAG: Final = '"*"'
"""How the extension spells it where the user gave none."""


@dataclass(frozen=True)
class Ask:
    """One request, and what becomes of its answer."""

    method: str
    path: str
    body: Any = None
    if_match: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200
    reads: tuple[str, ...] = ()
    """Paths that the extension indexes without looking; `3` is the fourth of a list."""
    finds: Mapping[str, Any] = field(default_factory=dict)
    """Paths, and what a user then sees there."""
    keeps: Mapping[str, str] = field(default_factory=dict)
    """Names for later requests, and the paths of what they stand for; "" is the whole answer."""
    until: tuple[str, ...] = ()
    """Statuses that it is asked again for, until one of them is answered."""

    def told(self, status: int) -> Self:
        return replace(self, status=status)

    def read(self, *paths: str) -> Self:
        return replace(self, reads=paths)

    def find(self, found: Mapping[str, Any] | None = None, **more: Any) -> Self:
        return replace(self, finds={**(found or {}), **more})

    def keep(self, **names: str) -> Self:
        return replace(self, keeps=names)

    def wait(self, *statuses: str) -> Self:
        return replace(self, until=statuses)


@dataclass(frozen=True)
class Command:
    """What the user typed, and what then went over the line."""

    typed: str
    asks: tuple[Ask, ...]

    def __str__(self) -> str:
        return self.typed


def az(typed: str, *asks: Ask) -> Command:
    return Command(typed, asks)


def get(path: str, **more: Any) -> Ask:
    return Ask("GET", path, **more)


def put(path: str, body: Any, if_match: str | None = None) -> Ask:
    return Ask("PUT", path, body, if_match)


def patch(path: str, body: Any, if_match: str | None = ANY_ETAG) -> Ask:
    return Ask("PATCH", path, body, if_match)


def post(path: str, body: Any = None, **headers: str) -> Ask:
    return Ask("POST", path, body, headers={n.replace("_", "-"): v for n, v in headers.items()})


def delete(path: str, if_match: str | None = ANY_ETAG) -> Ask:
    return Ask("DELETE", path, if_match=if_match, status=204)


def query(text: str, **headers: str) -> Ask:
    """Of the extension's one way to ask; see its paging in test_az_iot_twins.py."""
    return post("/devices/query", {"query": text}, Cache_Control="no-cache", **headers)


def run(command: Command, hub: RunningHub, device: str, **known_before: str) -> None:
    """Say what the command says, and look at the answers as it does; AssertionError."""
    known: dict[str, Any] = {"d": device, **known_before}
    for ask in command.asks:
        told, answer, headers = _answered(hub, _filled(ask, known))
        assert told == ask.status, (ask, answer)
        for path in ask.reads:
            at(answer, _text(path, known))
        for path, wanted in ask.finds.items():
            assert at(answer, _text(path, known)) == filled_in(wanted, known), (ask, path)
        found = {"headers": headers, "body": answer}
        for name, path in ask.keeps.items():
            known[name] = at(found, f"body.{path}" if not path.startswith("headers") else path)


def at(answer: Any, path: str) -> Any:
    """What is at a path of dotted words; a word in `[…]` may have dots."""
    words = [bare or dotted for dotted, bare in re.findall(r"\[([^\]]+)\]|([^.\[\]]+)", path)]
    for word in words:
        try:
            answer = len(answer) if word == "length()" else answer[_key(answer, word)]
        except (KeyError, IndexError, TypeError):
            raise AssertionError(f"no {path} in {answer}") from None
    return answer


def _key(answer: Any, word: str) -> Any:
    return int(word) if isinstance(answer, list) else word


def _answered(hub: RunningHub, ask: Ask) -> tuple[int, Any, dict[str, str]]:
    """The answer, or the first one that has a status worth waiting for."""
    answers = [_send(hub, ask)]

    def has_come() -> bool:
        answers.append(_send(hub, ask))
        return answers[-1][1].get("status") in ask.until

    if ask.until:
        wait_until(has_come)
    return answers[-1]


def _send(hub: RunningHub, ask: Ask) -> tuple[int, Any, dict[str, str]]:
    policy = hub.policy()
    assert policy.key is not None
    expiry = int(wall_time().timestamp()) + 360
    token = make_token(policy.host, policy.key, expiry, policy.policy)
    headers = {**HEADERS, **ask.headers, "Authorization": token}
    if ask.if_match is not None:
        headers["If-Match"] = ask.if_match
    line = http.client.HTTPSConnection(hub.address, hub.https_port, context=hub.context)
    body = None if ask.body is None else json.dumps(ask.body)
    line.request(
        ask.method, f"{ask.path}{_joint(ask.path)}api-version={API_VERSION}", body, headers
    )
    answer = line.getresponse()
    text = answer.read()
    line.close()
    return answer.status, json.loads(text) if text else None, dict(answer.getheaders())


def _joint(path: str) -> str:
    return "&" if "?" in path else "?"


def _filled(ask: Ask, known: Mapping[str, Any]) -> Ask:
    return replace(
        ask,
        path=_text(ask.path, known),
        body=filled_in(ask.body, known),
        if_match=None if ask.if_match is None else _text(ask.if_match, known),
        headers={name: _text(text, known) for name, text in ask.headers.items()},
    )


def filled_in(value: Any, known: Mapping[str, Any]) -> Any:
    """``value``, with what is known in the places that name it."""
    match value:
        case str() if value[:1] == "$" and value[1:] in known:
            return known[value[1:]]
        case str():
            return _text(value, known)
        case dict():
            members = {_text(key, known): filled_in(inner, known) for key, inner in value.items()}
            return {**members.pop("**", {}), **members}
        case list():
            return [filled_in(inner, known) for inner in value]
        case _:
            return value


def _text(text: str, known: Mapping[str, Any]) -> str:
    return Template(text).safe_substitute(known)
