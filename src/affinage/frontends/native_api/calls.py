"""One request to the native API, as its operations see it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from affinage.domain.errors import Malformed
from affinage.domain.values import JsonObject
from affinage.frontends.http import calls
from affinage.frontends.http.answers import json_answer
from affinage.frontends.http.etags import quoted
from affinage.frontends.http.numbers import natural
from affinage.ports.clock import Clock
from affinage.ports.ids import Ids
from affinage.services.access import Access
from affinage.services.audit import Audit
from affinage.services.authorities import Authorities
from affinage.services.configurations import Configurations
from affinage.services.doctor import Doctor
from affinage.services.events import Events
from affinage.services.files import Files
from affinage.services.groups import Groups
from affinage.services.messages import Messages
from affinage.services.outranking import Warnings
from affinage.services.pages import DEFAULT_PAGE, Page
from affinage.services.policies import Policies
from affinage.services.provisioning.links import Links
from affinage.services.replacing import Replacing


@dataclass(frozen=True, slots=True)
class Services:
    """What the door needs of the hub."""

    access: Access
    audit: Audit
    authorities: Authorities
    events: Events
    configurations: Configurations
    warnings: Warnings
    replacing: Replacing
    doctor: Doctor
    files: Files
    groups: Groups
    messages: Messages
    policies: Policies
    links: Links
    documents: Mapping[str, JsonObject]
    """The OpenAPI document of each door."""
    clock: Clock
    ids: Ids
    streams: set[object] = field(default_factory=set)
    """One for each stream of events that is open."""


class Call(calls.Call):
    """A request, and what its query string says."""

    @property
    def after(self) -> str | None:
        """The `next` of the page before; None for the first page."""
        return self.request.query_params.get("after")

    @property
    def limit(self) -> int:
        """How many rows a page may have; Malformed."""
        return self.number("limit", DEFAULT_PAGE)

    def number(self, name: str, default: int) -> int:
        """A number in the query string; Malformed if it is none."""
        text = self.request.query_params.get(name) or str(default)
        number = natural(text)
        if number is None:
            raise Malformed(f"{name} must be a whole number, not {text[:40]!r}")
        return number

    def is_set(self, name: str) -> bool:
        """Whether a flag in the query string is true; Malformed if it is neither true nor false."""
        text = self.request.query_params.get(name) or "false"
        if text not in {"true", "false"}:
            raise Malformed(f"{name} must be true or false, not {text[:40]!r}")
        return text == "true"


Operation: TypeAlias = calls.Operation[Services, Call]


def paged(page: Page) -> Response:
    """The rows of a page, and what to ask for the next one with."""
    return json_answer({"rows": page.rows, "next": page.continuation})


def tagged(request: Request, document: JsonObject) -> Response:
    """A document with an etag of its content; 304 to who has it already.

    Source: NATIVE-5.
    """
    digest = hashlib.sha256(msgspec.json.encode(document, order="deterministic")).hexdigest()
    etag = quoted(digest[:16])
    headers: Mapping[str, str] = {"ETag": etag, "Cache-Control": "no-cache"}
    known = request.headers.get("if-none-match", "")
    if etag in (part.strip().removeprefix("W/") for part in known.split(",")):
        return Response(status_code=304, headers=headers)
    return json_answer(document, headers=headers)
