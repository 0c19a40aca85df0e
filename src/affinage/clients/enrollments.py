"""What a back end says to the service API of provisioning; see `service` for everything else.

Documents are plain JSON, as the API spells them. Every refusal is a ServiceError, whose code is the
number of the error.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Final
from urllib.parse import quote

from affinage.clients.answers import ServiceError, paging, parsed, rows_of
from affinage.clients.http import Response
from affinage.clients.service import ServiceClient
from affinage.domain.values import JsonObject, JsonValue, is_object

_VERSION: Final = "api-version=2021-10-01"


class EnrollmentClient:
    """The same access as that of the service client, which is closed by who opened it."""

    def __init__(self, service: ServiceClient) -> None:
        self._service = service

    def list_all(self, *, groups: bool) -> AsyncIterator[JsonObject]:
        """Every individual enrollment or every group, by id, fetched as they are needed."""
        return self._rows(f"{_kind(groups)}/query", {"query": "SELECT *"})

    async def get(self, name: str, *, group: bool, with_keys: bool = False) -> JsonObject:
        """An enrollment; its keys to who asks for them, and may."""
        path = f"{_kind(group)}/{quote(name, safe='')}"
        found = await self._document("GET", path)
        if with_keys:
            found["attestation"] = await self._document("POST", f"{path}/attestationmechanism")
        return found

    async def put(
        self, name: str, body: JsonObject, *, group: bool, if_match: str | None = None
    ) -> JsonObject:
        """Create it, or with an etag (``*`` is any) change it."""
        path = f"{_kind(group)}/{quote(name, safe='')}"
        return await self._document("PUT", path, body, if_match=if_match)

    async def delete(self, name: str, *, group: bool) -> None:
        await self._call("DELETE", f"{_kind(group)}/{quote(name, safe='')}")

    def registrations(self, group: str) -> AsyncIterator[JsonObject]:
        """Those of a group, by id."""
        return self._rows(f"/registrations/{quote(group, safe='')}/query", None)

    async def registration(self, name: str) -> JsonObject:
        return await self._document("GET", f"/registrations/{quote(name, safe='')}")

    async def forget(self, name: str) -> None:
        """Forget a registration; the device stays where it is."""
        await self._call("DELETE", f"/registrations/{quote(name, safe='')}")

    def _rows(self, path: str, body: JsonValue) -> AsyncIterator[JsonObject]:
        return rows_of(lambda behind: self._call("POST", path, body, headers=paging(behind)))

    async def _document(
        self, method: str, path: str, body: JsonValue = None, *, if_match: str | None = None
    ) -> JsonObject:
        response = await self._call(method, path, body, if_match=if_match)
        found = parsed(response)
        if not is_object(found):
            raise _refusal(response)
        return found

    async def _call(
        self,
        method: str,
        path: str,
        body: JsonValue = None,
        *,
        if_match: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        target, etag = f"{path}?{_VERSION}", if_match and if_match.strip('"')
        response = await self._service.exchange(
            method, target, body, if_match=etag, headers=headers
        )
        if response.is_refusal:
            raise _refusal(response)
        return response


def _kind(group: bool) -> str:
    return "/enrollmentGroups" if group else "/enrollments"


def _refusal(response: Response) -> ServiceError:
    told = parsed(response)
    told = told if is_object(told) else {}
    code, message = told.get("errorCode", "Unknown"), told.get("message", "")
    return ServiceError(response.status, str(code), str(message))
