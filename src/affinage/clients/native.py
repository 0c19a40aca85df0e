"""What a back end says to a hub at its own door, `/affinage/v1`; see `service` for everything else.

Documents are plain JSON, as the native API spells them. Every refusal is a ServiceError, whose code
is the last word of the problem's type.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from typing import Final
from urllib.parse import quote, urlencode

from affinage.clients.answers import ServiceError, parsed
from affinage.clients.feed import Reader, Told
from affinage.clients.http import Response
from affinage.clients.service import ServiceClient
from affinage.domain.values import JsonObject, JsonValue, is_object

PREFIX: Final = "/affinage/v1"

PAGE: Final = 1_000
"""Rows that are fetched at a time."""

Query = Mapping[str, str | Sequence[str]]
"""A name with several texts stands once for each."""

_OK: Final = 200
_EMPTY: Final = 204


class NativeClient:
    """The same access as that of the service client, which is closed by who opened it."""

    def __init__(self, service: ServiceClient) -> None:
        self._service = service

    async def metrics(self, configuration: str) -> list[JsonObject]:
        """Each metric with its query, its count, when and by what it was counted."""
        return await self._listed("configurations", configuration, "metrics")

    def rows(self, configuration: str, metric: str) -> AsyncIterator[JsonObject]:
        """Every row behind a number, fetched as they are needed."""
        return self._rows("configurations", configuration, "metrics", metric, "rows")

    def configurations(self, labels: Sequence[str] = ()) -> AsyncIterator[JsonObject]:
        """Those with all of these labels, each ``name=text`` or ``name``; by their ids."""
        return self._rows("configurations", query={"label": labels})

    async def get_configuration(self, configuration: str) -> JsonObject:
        """As the service API has it, with what its author should know in ``warnings``."""
        return await self._document("GET", "configurations", configuration)

    def groups(self) -> AsyncIterator[JsonObject]:
        """All named groups, by their names."""
        return self._rows("groups")

    async def get_group(self, name: str) -> JsonObject:
        return await self._document("GET", "groups", name)

    async def put_group(self, group: JsonObject, *, if_match: str | None = None) -> JsonObject:
        """Create the group ``group["name"]``, or with an etag (``*`` is any) change it."""
        path = ("groups", str(group["name"]))
        return await self._document("PUT", *path, body=group, if_match=if_match)

    async def delete_group(self, name: str, *, if_match: str | None = None) -> None:
        await self._document("DELETE", "groups", name, if_match=if_match)

    def members(self, group: str) -> AsyncIterator[JsonObject]:
        """The twins of the devices that are in it now."""
        return self._rows("groups", group, "members")

    def files(self, device: str | None = None) -> AsyncIterator[JsonObject]:
        """What devices have uploaded, or one of them, by name."""
        return self._rows("files", query={"device": device} if device else {})

    async def file(self, name: str) -> AsyncGenerator[bytes, None]:
        """What is in a file, piece by piece.

        Raises:
            ServiceError: the hub refuses.
            Unavailable: the connection was lost; what came is not the whole.
        """
        async with self._service.stream(f"{PREFIX}/files/{quote(name, safe='')}") as answer:
            if answer.status != _OK:
                raise _error(await answer.whole())
            async with aclosing(answer.pieces()) as pieces:
                async for piece in pieces:
                    yield piece

    async def delete_file(self, name: str) -> None:
        await self._document("DELETE", "files", name)

    async def retire(self, device: str, *, reason: str = "", undo: bool = False) -> JsonObject:
        """Take a device out of service, or back in; gives its identity, without keys."""
        body: JsonObject = {"reason": reason, "undo": undo}
        return await self._document("POST", "devices", device, "retire", body=body)

    def retired(self) -> AsyncIterator[JsonObject]:
        """The devices that were taken out of service for good, by their ids."""
        return self._rows("retired")

    async def replace(self, old: str, new: str) -> JsonObject:
        """Have ``new`` take the place of ``old``, which is retired; gives what it took."""
        return await self._document("POST", "devices", old, "replace", body={"new": new})

    async def send_message(
        self, device: str, message: JsonObject, *, module: str | None = None
    ) -> JsonObject:
        """Send ``{"body": …}`` to a device or module; gives its id, and when it ends."""
        inner = () if module is None else ("modules", module)
        path = ("devices", device, *inner, "messages")
        return await self._document("POST", *path, body=message)

    async def begin_examination(self) -> JsonObject:
        """Have the doctor begin, or join the examination that is under way."""
        return await self._document("POST", "doctor")

    async def examination(self) -> JsonObject:
        """The examination that is under way, or was last."""
        return await self._document("GET", "doctor")

    async def audit(self, **wanted: str) -> AsyncIterator[JsonObject]:
        """Pages of the audit log, newest first, fetched as they are needed.

        ``wanted`` are actor, action, subject, since, until; each page has ``entries`` and
        ``anchor``.
        """
        after: JsonValue = "0"
        while after is not None:
            query = {**wanted, "limit": str(PAGE), "after": str(after)}
            page = await self._document("GET", "audit", query=query)
            yield page
            after = page["next"]

    async def audited(self, number: int) -> JsonObject:
        """One entry of the audit log."""
        return await self._document("GET", "audit", str(number))

    async def events(self, after: str, **wanted: str) -> JsonObject:
        """A page of events behind an offset, or ``latest``; ``wanted`` are kind and device.

        It has ``events``, ``next`` to go on after, and how many were ``lost``.
        """
        query = {"after": after, "limit": str(PAGE), **wanted}
        return await self._document("GET", "events", query=query)

    async def follow(self, after: str, **wanted: str) -> AsyncGenerator[Told, None]:
        """Events behind an offset, as they come, and how many were ``lost``; see `events`.

        It holds nothing: while its reader takes none, the hub sends none. It ends when the hub
        ends it, after an hour at most; go on after the last that came.

        Raises:
            ServiceError: the hub refuses.
            Unavailable: the connection was lost.
        """
        asked = urlencode({"after": after, **wanted})
        async with self._service.stream(f"{PREFIX}/events/stream?{asked}") as answer:
            if answer.status != _OK:
                raise _error(await answer.whole())
            reader = Reader()
            async with aclosing(answer.pieces()) as pieces:
                async for piece in pieces:
                    for told in reader.feed(piece):
                        yield told

    async def policies(self) -> list[JsonObject]:
        """Every shared-access policy, by name, without its keys."""
        return await self._listed("policies")

    async def policy(self, name: str, *, with_keys: bool = False) -> JsonObject:
        return await self._document("GET", "policies", name, query=_keys(with_keys))

    async def put_policy(
        self, name: str, body: JsonObject, *, if_match: str | None, with_keys: bool = False
    ) -> JsonObject:
        """Create one, or with an etag (``*`` is any) change it."""
        return await self._document(
            "PUT", "policies", name, query=_keys(with_keys), body=body, if_match=if_match
        )

    async def certificates(self) -> list[JsonObject]:
        """Every certificate authority, by name."""
        return await self._listed("certificates")

    async def certificate(self, name: str) -> JsonObject:
        return await self._document("GET", "certificates", name)

    async def put_certificate(
        self, name: str, body: JsonObject, *, if_match: str | None
    ) -> JsonObject:
        """Bring a certificate authority, or with an etag (``*`` is any) change one."""
        return await self._document("PUT", "certificates", name, body=body, if_match=if_match)

    async def challenge_certificate(self, name: str) -> JsonObject:
        """Ask for the code that a proof of possession must name."""
        return await self._document("POST", "certificates", name, "challenge", if_match="*")

    async def verify_certificate(self, name: str, proof: str) -> JsonObject:
        """Show a certificate, in PEM, that the authority signed for its code."""
        path: tuple[str, ...] = ("certificates", name, "verify")
        body: JsonObject = {"certificate": proof}
        return await self._document("POST", *path, body=body, if_match="*")

    async def delete_certificate(self, name: str) -> None:
        await self._document("DELETE", "certificates", name, if_match="*")

    async def linked_hubs(self) -> list[JsonObject]:
        """Every hub that devices are given to, by host, without its key."""
        return await self._listed("provisioning", "hubs")

    async def link_hub(self, host: str, body: JsonObject, *, if_match: str | None) -> JsonObject:
        """Link a hub, or with an etag (``*`` is any) change how it is linked."""
        return await self._document(
            "PUT", "provisioning", "hubs", host, body=body, if_match=if_match
        )

    async def unlink_hub(self, host: str, *, if_match: str | None = None) -> None:
        await self._document("DELETE", "provisioning", "hubs", host, if_match=if_match)

    async def delete_policy(self, name: str, *, if_match: str | None = None) -> None:
        await self._document("DELETE", "policies", name, if_match=if_match)

    async def regenerate(self, name: str, key: str, *, with_keys: bool = False) -> JsonObject:
        """Make a policy's ``primary`` or ``secondary`` key anew, or ``swap`` them."""
        path = ("policies", name, "keys", "regenerate")
        return await self._document("POST", *path, query=_keys(with_keys), body={"key": key})

    async def _rows(self, *segments: str, query: Query | None = None) -> AsyncIterator[JsonObject]:
        after: JsonValue = None
        while True:
            behind = {"after": str(after)} if after else {}
            asked = {**(query or {}), "limit": str(PAGE), **behind}
            page = await self._document("GET", *segments, query=asked)
            rows, after = page["rows"], page["next"]
            for row in rows if isinstance(rows, list) else ():
                if is_object(row):
                    yield row
            if after is None:
                return

    async def _document(
        self,
        method: str,
        *segments: str,
        query: Query | None = None,
        body: JsonObject | None = None,
        if_match: str | None = None,
    ) -> JsonObject:
        path = "".join(f"/{quote(segment, safe='')}" for segment in segments)
        asked = f"?{urlencode(query, doseq=True)}" if query else ""
        response = await self._service.exchange(
            method, f"{PREFIX}{path}{asked}", body, if_match=if_match
        )
        document = {} if response.status == _EMPTY else parsed(response)
        if response.is_refusal or not is_object(document):
            raise _error(response)
        return document

    async def _listed(self, *segments: str) -> list[JsonObject]:
        """The objects in the member that is named as the last of the segments."""
        found = (await self._document("GET", *segments))[segments[-1]]
        return [one for one in found if is_object(one)] if isinstance(found, list) else []


def _keys(with_keys: bool) -> Mapping[str, str]:
    return {"keys": "true"} if with_keys else {}


def _error(response: Response) -> ServiceError:
    document = parsed(response)
    members = document if is_object(document) else {}
    code = str(members.get("type", "")).rpartition(":")[2]
    return ServiceError(response.status, code or "Unknown", str(members.get("detail", "")))
