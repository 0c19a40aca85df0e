"""Which hub a command speaks to, and how: a data folder, the environment, or the folder at hand."""

import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import uvloop

from affinage.adapters.system.clock import SystemClock
from affinage.apps.keys import Keys
from affinage.apps.place import Place
from affinage.apps.settings import DEFAULT_DATA
from affinage.clients.device import MQTT_PORT
from affinage.clients.service import HTTPS_PORT, ServiceClient
from affinage.clients.trust import trust
from affinage.domain.errors import Invalid
from affinage.protocol.connection_strings import ConnectionString
from affinage.protocol.errors import ProtocolError

CONNECTION_STRING: Final = "AFFINAGE_CONNECTION_STRING"
CA_FILE: Final = "AFFINAGE_CA_FILE"
HTTPS: Final = "AFFINAGE_HTTPS_PORT"
MQTT: Final = "AFFINAGE_MQTT_PORT"

OWNER: Final = "iothubowner"
"""The policy that commands use over a data folder: it may do everything."""

MAX_PORT: Final = 65535

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reach:
    """How to reach one hub, with the right to ask it."""

    hub: ConnectionString
    context: ssl.SSLContext
    address: str | None
    https_port: int
    mqtt_port: int

    def service(self) -> ServiceClient:
        clock = SystemClock()
        return ServiceClient(
            self.hub,
            context=self.context,
            clock=lambda: clock.now().timestamp(),
            port=self.https_port,
            address=self.address,
        )


def ask(data: Path | None, work: Callable[[ServiceClient], Awaitable[T]]) -> T:
    """Run ``work`` with a client of the hub that is meant, and close the client."""
    found = reach(data)

    async def asked() -> T:
        async with found.service() as hub:
            return await work(hub)

    return uvloop.run(asked())


def ask_all(data: Path | None, rows: Callable[[ServiceClient], AsyncIterator[T]]) -> list[T]:
    """All that ``rows`` gives, as `ask`."""

    async def collected(hub: ServiceClient) -> list[T]:
        return [row async for row in rows(hub)]

    return ask(data, collected)


def reach(data: Path | None, environment: Mapping[str, str] = os.environ) -> Reach:
    """The hub over ``data``, else that of the environment, else the one over the folder at hand.

    Raises:
        Invalid: nothing says which hub is meant, or a variable cannot be read.
        OSError: the authority cannot be read.
        Unavailable: no hub has served from the data folder.
    """
    if data is not None:
        return _over(data)
    if text := environment.get(CONNECTION_STRING):
        return _named(text, environment)
    if DEFAULT_DATA.is_dir():
        return _over(DEFAULT_DATA)
    raise Invalid(
        f"no hub is named, and there is no folder {DEFAULT_DATA} here: say --data DIR,"
        f" or set {CONNECTION_STRING} and {CA_FILE}"
    )


def own_id_scope(data: Path | None, environment: Mapping[str, str] = os.environ) -> str:
    """What devices name that register at the hub of `reach`; Invalid, where no folder says it."""
    if data is None and environment.get(CONNECTION_STRING):
        raise Invalid(
            "say --id-scope: `affinage connection-string --id-scope`, where the hub is, prints it"
        )
    return Keys(data or DEFAULT_DATA).id_scope()


def _over(data: Path) -> Reach:
    place = Place.read(data)
    hub = Keys(data).of_policy(OWNER)
    context = trust(place.believed(data))
    return Reach(hub, context, place.address, place.https_port, place.mqtt_port)


def _named(text: str, environment: Mapping[str, str]) -> Reach:
    try:
        hub = ConnectionString.parse(text)
    except ProtocolError as error:
        raise Invalid(
            f"{CONNECTION_STRING}: {error}; `affinage connection-string` prints how one looks,"
            " HostName=…;SharedAccessKeyName=…;SharedAccessKey=…"
        ) from None
    if hub.policy is None:
        raise Invalid(f"{CONNECTION_STRING} is a device's: commands need that of a policy")
    authority_file = environment.get(CA_FILE)
    return Reach(
        hub,
        trust(Path(authority_file) if authority_file else None),
        None,
        _port(environment, HTTPS, HTTPS_PORT),
        _port(environment, MQTT, MQTT_PORT),
    )


def _port(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name) or str(default)
    if not (text.isdecimal() and 0 < int(text) <= MAX_PORT):
        raise Invalid(f"{name} is {text!r}, and must be a port from 1 to {MAX_PORT}")
    return int(text)
