"""What a back end says to a hub over HTTPS: registry, twins, queries, configurations, jobs.

Documents are plain JSON, spelled as the service API spells them; nothing of them is decided here.
Every refusal of the hub is a ServiceError with its status, code and text.
"""

import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Final, Self, cast
from urllib.parse import quote, urlencode

from affinage.clients.answers import (
    ServiceError,
    continuation,
    paging,
    parsed,
    refusal,
    rows_in,
    rows_of,
)
from affinage.clients.http import Connections, Origin, Response, Streamed
from affinage.domain.values import JsonObject, JsonValue, is_object
from affinage.protocol.connection_strings import ConnectionString
from affinage.protocol.identities import API_VERSION
from affinage.protocol.tokens import make_token

HTTPS_PORT: Final = 443

MAX_BULK: Final = 100
"""Entries in one bulk request."""

MAX_ROTATED: Final = 100
"""Identities in one request for new keys."""

TOKEN_LIFE_S: Final = 3600
"""Seconds that a token lasts; a new one is made when half of them have passed."""


__all__ = ["ServiceClient", "ServiceError"]


class ServiceClient:
    """A policy's access to a hub; close it in the end, or use it as an async context.

    Args:
        string: of a shared-access policy.
        context: whom to believe, from `trust`.
        clock: seconds since 1970, UTC.
        port: of the hub's HTTPS door.
        address: where to connect to; None for the host of the connection string, which the hub
            has to prove to be in either case.
        timeout_s: how long one request may take.

    Each method raises ServiceError if the hub refuses; Unavailable if it cannot be reached or
    does not answer in time, when a write may have happened; ssl.SSLError if it is not the hub.
    """

    def __init__(
        self,
        string: ConnectionString,
        *,
        context: ssl.SSLContext,
        clock: Callable[[], float],
        port: int = HTTPS_PORT,
        address: str | None = None,
        timeout_s: float = 60.0,
    ) -> None:
        assert string.key is not None, "the connection string of a policy has a key"
        self._string = string
        self._clock = clock
        origin = Origin(string.gateway or string.host, port, context, address)
        self._connections = Connections(origin, timeout_s=timeout_s)
        self._token = ""
        self._renew_at = 0.0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._connections.close()

    # Identities

    async def create_device(self, identity: JsonObject) -> JsonObject:
        """Create the device ``identity["deviceId"]``; gives it as stored, its keys included."""
        return await self._document("PUT", _path("devices", identity["deviceId"]), identity)

    async def update_device(self, identity: JsonObject, *, if_match: str = "*") -> JsonObject:
        path = _path("devices", identity["deviceId"])
        return await self._document("PUT", path, identity, if_match=if_match)

    async def get_device(self, device: str) -> JsonObject:
        return await self._document("GET", _path("devices", device))

    async def list_devices(self, *, top: int = 1000) -> list[JsonObject]:
        """Some devices, in no order; `query` gives all."""
        return await self._documents("GET", "/devices", query={"top": str(top)})

    async def delete_device(self, device: str, *, if_match: str | None = None) -> None:
        await self._call("DELETE", _path("devices", device), if_match=if_match)

    async def bulk(self, entries: Iterable[JsonObject]) -> JsonObject:
        """Up to MAX_BULK registry operations; the result says which of them failed.

        A result with ``isSuccessful`` false is given back, not raised: the others took effect.
        """
        response = await self._send("POST", "/devices", [*entries])
        result = parsed(response)
        if is_object(result) and "isSuccessful" in result:
            return result
        raise refusal(response)

    async def regenerate_keys(self, which: str, identities: Iterable[JsonObject]) -> JsonObject:
        """New keys for up to MAX_ROTATED identities; the result says who has none, and why.

        Args:
            which: ``primaryKey``, ``secondaryKey`` or ``both``.
            identities: each with an ``id`` and, of a module, a ``moduleId``.
        """
        body: JsonObject = {"policyKey": which, "devices": [*identities]}
        response = await self._send("POST", "/devices/keys/regenerate", body)
        result = parsed(response)
        if is_object(result) and "rotatedKeys" in result:
            return result
        raise refusal(response)

    async def create_module(self, identity: JsonObject) -> JsonObject:
        path = _path("devices", identity["deviceId"], "modules", identity["moduleId"])
        return await self._document("PUT", path, identity)

    async def get_module(self, device: str, module: str) -> JsonObject:
        return await self._document("GET", _path("devices", device, "modules", module))

    async def list_modules(self, device: str) -> list[JsonObject]:
        return await self._documents("GET", _path("devices", device, "modules"))

    async def delete_module(self, device: str, module: str, *, if_match: str | None = None) -> None:
        path = _path("devices", device, "modules", module)
        await self._call("DELETE", path, if_match=if_match)

    # Twins

    async def get_twin(self, device: str, module: str | None = None) -> JsonObject:
        return await self._document("GET", _twin(device, module))

    async def patch_twin(
        self,
        device: str,
        patch: JsonObject,
        *,
        module: str | None = None,
        if_match: str | None = None,
    ) -> JsonObject:
        """Merge ``{"tags": …, "properties": {"desired": …}}``; gives the whole new twin."""
        return await self._document("PATCH", _twin(device, module), patch, if_match=if_match)

    async def replace_twin(
        self,
        device: str,
        twin: JsonObject,
        *,
        module: str | None = None,
        if_match: str | None = None,
    ) -> JsonObject:
        """Write over the sections that ``twin`` has; gives the whole new twin."""
        return await self._document("PUT", _twin(device, module), twin, if_match=if_match)

    def query(self, text: str, *, page_size: int = 100) -> AsyncIterator[JsonObject]:
        """Every row that ``text`` selects, fetched in pages of ``page_size`` as they are needed."""
        return rows_of(lambda behind: self._page(text, behind, page_size))

    async def page(
        self, text: str, behind: str = "", *, size: int = 100
    ) -> tuple[list[JsonObject], str]:
        """Some rows that ``text`` selects, and what to continue with; empty after the last page."""
        response = await self._page(text, behind, size)
        return rows_in(response), continuation(response)

    async def _page(self, text: str, behind: str, size: int) -> Response:
        headers = paging(behind, size)
        return await self._call("POST", "/devices/query", {"query": text}, headers=headers)

    # Methods and messages

    async def invoke(
        self, device: str, method: JsonObject, *, module: str | None = None
    ) -> JsonObject:
        """Have a device run ``{"methodName": …, "payload": …}``; gives its status and payload.

        It is waited for as long as the request's own timeouts say.

        Raises:
            ServiceError: `DeviceNotOnline` if it was not asked; with 502 or 504, or as
                `DeviceConnectionClosedRemotely`, it may have run the method.
        """
        path = f"{_twin(device, module)}/methods"
        response = await self._send("POST", path, method, patience_s=_patience_s(method))
        result = parsed(response)
        if response.is_refusal or not is_object(result):
            raise refusal(response)
        return result

    async def purge(self, device: str) -> int:
        """Let all messages go that wait for a device; how many that were."""
        answer = await self._document("DELETE", _path("devices", device, "commands"))
        purged = answer.get("totalMessagesPurged")
        return purged if isinstance(purged, int) else 0

    # Jobs

    async def create_job(self, job: JsonObject) -> JsonObject:
        """Make the scheduled job ``job["jobId"]``; gives it as it is now."""
        return await self._document("PUT", _path("jobs", "v2", job["jobId"]), job)

    async def get_job(self, job: str) -> JsonObject:
        """A job, and how far it is."""
        return await self._document("GET", _path("jobs", "v2", job))

    async def cancel_job(self, job: str) -> JsonObject:
        """Have no further target begun; gives the job as it is now."""
        return await self._document("POST", f"{_path('jobs', 'v2', job)}/cancel")

    def list_jobs(
        self, *, kind: str = "", status: str = "", page_size: int = 100
    ) -> AsyncIterator[JsonObject]:
        """The jobs of a type and a status, by id; empty is any."""
        asked = {"jobType": kind, "jobStatus": status}
        query = {name: text for name, text in asked.items() if text}

        def ask(behind: str) -> Awaitable[Response]:
            headers = paging(behind, page_size)
            return self._call("GET", "/jobs/v2/query", headers=headers, query=query)

        return rows_of(ask)

    async def create_transfer(self, transfer: JsonObject) -> JsonObject:
        """Begin an export or an import of the registry; gives it as it is now."""
        return await self._document("POST", "/jobs/create", transfer)

    async def get_transfer(self, transfer: str) -> JsonObject:
        return await self._document("GET", _path("jobs", transfer))

    # Configurations

    async def create_configuration(self, configuration: JsonObject) -> JsonObject:
        path = _path("configurations", configuration["id"])
        return await self._document("PUT", path, configuration)

    async def update_configuration(
        self, configuration: JsonObject, *, if_match: str = "*"
    ) -> JsonObject:
        """Replace all of it but the content, which never changes."""
        path = _path("configurations", configuration["id"])
        return await self._document("PUT", path, configuration, if_match=if_match)

    async def get_configuration(self, configuration: str) -> JsonObject:
        return await self._document("GET", _path("configurations", configuration))

    async def list_configurations(self) -> list[JsonObject]:
        """All of them, the oldest first."""
        return await self._documents("GET", "/configurations")

    async def delete_configuration(
        self, configuration: str, *, if_match: str | None = None
    ) -> None:
        await self._call("DELETE", _path("configurations", configuration), if_match=if_match)

    async def test_queries(
        self, target_condition: str, metrics: Mapping[str, str] | None = None
    ) -> JsonObject:
        """What is wrong with a target condition and metric queries; nothing is stored."""
        document: JsonObject = {
            "targetCondition": target_condition,
            "customMetricQueries": {**(metrics or {})},
        }
        return await self._document("POST", "/configurations/testQueries", document)

    # Statistics

    async def device_statistics(self) -> JsonObject:
        return await self._document("GET", "/statistics/devices")

    async def service_statistics(self) -> JsonObject:
        return await self._document("GET", "/statistics/service")

    # Other doors of the hub

    async def exchange(
        self,
        method: str,
        target: str,
        body: JsonValue = None,
        *,
        if_match: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """One request to any path, sent as it is; also a refusal is given back."""
        condition = {} if if_match is None else {"If-Match": _quoted(if_match)}
        return await self._exchange(method, target, body, {**condition, **(headers or {})})

    def stream(self, target: str) -> AbstractAsyncContextManager[Streamed]:
        """A GET of any path whose answer is read as it comes; also a refusal is given back."""
        return self._connections.stream(target, {"Authorization": self._authorization()})

    async def _document(
        self, method: str, path: str, body: JsonValue = None, *, if_match: str | None = None
    ) -> JsonObject:
        response = await self._call(method, path, body, if_match=if_match)
        document = parsed(response)
        if not is_object(document):
            raise refusal(response)
        return document

    async def _documents(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None
    ) -> list[JsonObject]:
        return rows_in(await self._call(method, path, query=query))

    async def _call(
        self,
        method: str,
        path: str,
        body: JsonValue = None,
        *,
        if_match: str | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Response:
        condition = {} if if_match is None else {"If-Match": _quoted(if_match)}
        response = await self._send(
            method, path, body, headers={**condition, **(headers or {})}, query=query
        )
        if response.is_refusal:
            raise refusal(response)
        return response

    async def _send(
        self,
        method: str,
        path: str,
        body: JsonValue = None,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        patience_s: float = 0.0,
    ) -> Response:
        target = f"{path}?{urlencode({**(query or {}), 'api-version': API_VERSION})}"
        return await self._exchange(method, target, body, headers or {}, patience_s)

    async def _exchange(
        self,
        method: str,
        target: str,
        body: JsonValue,
        headers: Mapping[str, str],
        patience_s: float = 0.0,
    ) -> Response:
        sent = {"Authorization": self._authorization(), **headers}
        payload = b""
        if body is not None:
            sent["Content-Type"] = "application/json; charset=utf-8"
            payload = json.dumps(body, ensure_ascii=False).encode()
        ask = self._connections.request
        return await ask(method, target, sent, payload, patience_s=patience_s)

    def _authorization(self) -> str:
        now = self._clock()
        if now >= self._renew_at:
            string = self._string
            expiry = int(now) + TOKEN_LIFE_S
            self._token = make_token(string.host, cast(str, string.key), expiry, string.policy)
            self._renew_at = now + TOKEN_LIFE_S / 2
        return self._token


def _path(*segments: JsonValue) -> str:
    return "".join(f"/{quote(str(segment), safe='')}" for segment in segments)


def _twin(device: str, module: str | None) -> str:
    return _path("twins", device) if module is None else _path("twins", device, "modules", module)


def _patience_s(method: JsonObject) -> float:
    """How long the hub itself waits for a device."""
    times = (method.get("responseTimeoutInSeconds", 30), method.get("connectTimeoutInSeconds", 0))
    return float(sum(time for time in times if isinstance(time, int)))


def _quoted(etag: str) -> str:
    return etag if etag == "*" else f'"{etag}"'
