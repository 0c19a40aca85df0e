"""Another hub that devices are given to, asked over its service API with a policy of its own.

Only what that API has is done: what a device reported cannot be written there, and is left to the
device to report again.
"""

import ssl
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, TypeVar

from affinage.clients.service import ServiceClient, ServiceError
from affinage.domain.errors import Invalid, Unavailable
from affinage.domain.principal import Principal
from affinage.domain.values import JsonObject, JsonValue, is_object
from affinage.ports.clock import Clock
from affinage.ports.hubs import Reach, TwinContent, Wanted

TIMEOUT_S: Final = 30.0
"""For each request."""

TRIES: Final = 5
"""How often credentials are written when others write the identity at the same time."""

_NOT_FOUND, _CHANGED = 404, 412
_FAULTS: Final = (400, 409, 413)
"""Statuses of a request that can never succeed; all others may pass, or an operator mends."""

_EXISTS: Final = ("409001", "DeviceAlreadyExists")
"""How hubs say it in the result of a bulk request."""

_There = TypeVar("_There")


class Dialling:
    """Implements `ports.hubs.Dial`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def __call__(self, reach: Reach) -> "HttpHub":
        client = ServiceClient(
            reach.string,
            context=_context(reach.certificate),
            clock=lambda: self._clock.now().timestamp(),
            port=reach.port,
            timeout_s=TIMEOUT_S,
        )
        return HttpHub(reach.string.host, client)


def _context(certificate: str | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cadata=certificate)
    except (ssl.SSLError, ValueError):
        raise Invalid("certificate is no certificate in PEM") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class HttpHub:
    """Implements `ports.hubs.LinkedHub`; ``client`` is closed by who made it."""

    def __init__(self, host: str, client: ServiceClient) -> None:
        self._host, self._client = host.lower(), client

    @property
    def host(self) -> str:
        return self._host

    async def find(self, device_id: str, *, by: Principal) -> TwinContent | None:
        twin = await self._asked(partial(self._client.get_twin, device_id), _NOT_FOUND)
        if twin is None:
            return None
        properties = _object(twin.get("properties"))
        desired, reported = (_plain(properties.get(one)) for one in ("desired", "reported"))
        return TwinContent(_plain(twin.get("tags")), desired, reported)

    async def provision(self, wanted: Wanted, *, by: Principal) -> None:
        for _ in range(TRIES):
            get = partial(self._client.get_device, wanted.device_id)
            found = await self._asked(get, _NOT_FOUND)
            if found is None:
                is_done = await self._created(wanted)
            else:
                is_done = await self._renewed(found, wanted)
            if is_done:
                return
        raise Unavailable(f"{self._host}: {wanted.device_id} is being written by others")

    async def remove(self, device_id: str, *, by: Principal) -> None:
        await self._asked(partial(self._client.delete_device, device_id), _NOT_FOUND)

    async def close(self) -> None:
        await self._client.close()

    async def _created(self, wanted: Wanted) -> bool:
        """Create it with its twin, at once; False if somebody else has just made it."""
        entry: JsonObject = {
            "id": wanted.device_id,
            "importMode": "create",
            "status": "enabled",
            "authentication": wanted.authentication,
            "capabilities": {"iotEdge": wanted.iot_edge},
            "tags": wanted.twin.tags,
            "properties": {"desired": wanted.twin.desired},
        }
        result = _object(await self._asked(partial(self._client.bulk, [entry])))
        if result.get("isSuccessful") is True:
            return True
        error = _object(_first(result.get("errors")))
        if str(error.get("errorCode")) in _EXISTS:
            return False
        raise Invalid(f"{self._host} refuses {wanted.device_id}: {_told(error)}")

    async def _renewed(self, found: JsonObject, wanted: Wanted) -> bool:
        """Write its credentials, and nothing else; False if it was written meanwhile."""
        changed = {**found, "authentication": wanted.authentication}
        etag = str(found.get("etag"))
        update = partial(self._client.update_device, changed, if_match=etag)
        return await self._asked(update, _CHANGED, _NOT_FOUND) is not None

    async def _asked(self, ask: Callable[[], Awaitable[_There]], *passing: int) -> _There | None:
        """What the hub answers; None if it refuses with one of the statuses in ``passing``."""
        try:
            return await ask()
        except ServiceError as error:
            if error.status in passing:
                return None
            kind = Invalid if error.status in _FAULTS else Unavailable
            told = f"{error.status} {error.code}: {error.message[:200]}"
            raise kind(f"{self._host} answers {told}") from None
        except ssl.SSLError as error:
            raise Unavailable(
                f"{self._host} does not prove to be that host: {error.reason}"
            ) from None


def _object(value: JsonValue) -> JsonObject:
    return value if is_object(value) else {}


def _first(value: JsonValue) -> JsonValue:
    return value[0] if isinstance(value, list) and value else None


def _plain(value: JsonValue) -> JsonObject:
    """A section without what a hub adds to it."""
    return {name: one for name, one in _object(value).items() if not name.startswith("$")}


def _told(error: JsonObject) -> str:
    return str(error.get("errorStatus") or error.get("errorCode") or "no reason given")[:200]
