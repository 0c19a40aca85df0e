"""A hub as a process of its own, and how a test reaches, stops and hurries it.

Decided here: the life of the process, and the connection strings that clients are given. What a
client may then ask is the hub's to say: this is the hub that is served in production, with a clock
that can be moved.
"""

import asyncio
import json
import selectors
import signal
import ssl
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Self, TypeVar

from affinage.adapters.system.clock import wall_time
from affinage.apps.keys import Keys
from affinage.apps.place import authority
from affinage.clients.device import DeviceOptions
from affinage.clients.service import ServiceClient
from affinage.clients.trust import trust
from affinage.domain.names import TwinKey
from affinage.domain.values import JsonObject, JsonValue
from affinage.protocol.connection_strings import ConnectionString
from affinage.testing.addresses import HTTPS_PORT, MQTT_PORT, place_of_its_own
from affinage.testing.waiting import PATIENCE_S

Result = TypeVar("Result")

OWNER: Final = "iothubowner"
"""The policy that may do everything."""

_LOG_TAIL: Final = 2000
"""Characters of the log that a hub which does not start is remembered by."""


class NoHub(Exception):
    """The hub did not start; the message says what it last logged."""


@contextmanager
def running_hub(data: Path | None = None, **settings: Any) -> Iterator["RunningHub"]:
    """Run a hub at an address of its own until the block ends.

    Args:
        data: its data folder, made if it is not there; None for one that goes with the hub.
        settings: others of the settings file, as ``throttle="S1"``.

    Raises:
        NoHub: it did not start.
    """
    with TemporaryDirectory(prefix="affinage-") as folder:
        place = place_of_its_own()
        with RunningHub(data or Path(folder) / "hub", *place, settings=settings) as hub:
            yield hub


@dataclass
class RunningHub:
    """A hub at ``address``, under that name and ``names``; `with` ends it."""

    data: Path
    address: str
    https_port: int = HTTPS_PORT
    """The SDKs insist on this one; 0 is any free one, which it then keeps."""
    mqtt_port: int = MQTT_PORT
    names: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Others of the settings file."""
    ready_line: str = field(default="", init=False)
    _ahead_s: float = field(default=0.0, init=False)
    _aged_s: float = field(default=0.0, init=False)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    # Its life

    def start(self) -> None:
        """Return once devices and back ends may come; raise NoHub if that never comes."""
        self.launch()
        self.ready_line = self._heard()
        if not self.ready_line.startswith("ready "):
            raise NoHub(f"the hub did not start: {self.log.read_text()[-_LOG_TAIL:]}")
        ports = [int(url.rpartition(":")[2]) for url in self.ready_line.split()[1:]]
        self.https_port, self.mqtt_port = ports

    def launch(self) -> None:
        """Start it, and do not wait."""
        self.data.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  # our own program
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
            )

    def restart(self) -> None:
        """Have it end as for a new release, and start again where it was."""
        self.stop()
        self.start()

    def kill(self) -> None:
        """End it as a power cut does."""
        self._process.kill()
        self._reap()

    def stop(self) -> tuple[int, str]:
        """Ask it to end; its exit status, and what else it has printed since it was ready."""
        self.terminate()
        return self._reap()

    def terminate(self) -> None:
        """Ask it to end, and do not wait."""
        self._process.send_signal(signal.SIGTERM)

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    @property
    def command(self) -> list[str]:
        """How it is started: its settings, and how far its clocks have been moved by now."""
        settings = {
            "data": str(self.data),
            "host": self.address,
            "hostnames": [self.address, *self.names],
            "https_port": self.https_port,
            "mqtt_port": self.mqtt_port,
            **self.settings,
        }
        order = {"settings": settings, "ahead": self._ahead_s, "aged": self._aged_s}
        return [sys.executable, "-m", "affinage.testing.serving", json.dumps(order)]

    @property
    def log(self) -> Path:
        """What it and those before it have logged, a JSON object a line."""
        return self.data.with_suffix(".log")

    # Its time

    def advance(self, seconds: float) -> datetime:
        """Have that much time pass in the hub at once; gives the time that it then has, in UTC.

        Messages expire, jobs begin, throttles and budgets recover, drift is corrected. Tokens do
        not age by it: SDKs make them by this machine's clock. See `age_tokens`.
        """
        return self._move(seconds, 0.0)

    def age_tokens(self, seconds: float) -> None:
        """Have every token grow older by that much: those made earlier expire sooner.

        An SDK that goes on making tokens by this machine's clock is refused if that is more than
        they last, and five minutes.
        """
        self._move(0.0, seconds)

    def _move(self, ahead_s: float, aged_s: float) -> datetime:
        assert self._process.stdin is not None
        move = json.dumps({"ahead": ahead_s, "aged": aged_s})
        self._process.stdin.write(f"{move}\n".encode())
        self._process.stdin.flush()
        now = datetime.fromisoformat(self._heard())
        self._ahead_s += ahead_s
        self._aged_s += aged_s
        return now

    # How to reach it

    @property
    def has_sdk_ports(self) -> bool:
        """Whether it listens on the only ports that most SDKs know, 443 and 8883."""
        return (self.https_port, self.mqtt_port) == (HTTPS_PORT, MQTT_PORT)

    @property
    def ca_file(self) -> Path:
        """The authority that clients have to believe, in PEM."""
        return authority(self.data)

    @property
    def context(self) -> ssl.SSLContext:
        """The same, for clients in Python."""
        return trust(self.ca_file)

    @property
    def environment(self) -> dict[str, str]:
        """What has SDKs and our commands, in a process that starts with it, believe the hub."""
        ca_file = str(self.ca_file)
        return {
            "REQUESTS_CA_BUNDLE": ca_file,
            "NODE_EXTRA_CA_CERTS": ca_file,
            "AFFINAGE_CA_FILE": ca_file,
            "AFFINAGE_CONNECTION_STRING": self.connection_string(),
            "AFFINAGE_HTTPS_PORT": str(self.https_port),
        }

    def policy(self, name: str = OWNER) -> ConnectionString:
        return Keys(self.data).of_policy(name)

    def identity(self, device: str, module: str | None = None) -> ConnectionString:
        return Keys(self.data).of_identity(TwinKey(device, module))

    def connection_string(self, policy: str = OWNER) -> str:
        """Of a shared-access policy, as service SDKs take it."""
        return self.policy(policy).text

    def device(self, name: str, *, tags: JsonObject | None = None, **identity: JsonValue) -> str:
        """Create a device; gives its connection string, as device SDKs take it.

        Args:
            name: its id.
            tags: those of its twin.
            identity: other members of the document, as ``capabilities={"iotEdge": True}``.
        """
        self.operate(lambda hub: hub.create_device({"deviceId": name, **identity}))
        if tags is not None:
            self.operate(lambda hub: hub.patch_twin(name, {"tags": tags}))
        return self.identity(name).text

    def module(self, device: str, name: str) -> str:
        """Create a module of a device; gives its connection string."""
        self.operate(lambda hub: hub.create_module({"deviceId": device, "moduleId": name}))
        return self.identity(device, name).text

    def operate(self, work: Callable[[ServiceClient], Awaitable[Result]]) -> Result:
        """Do one thing with our own client, from a test that is no coroutine: ``work(client)``."""

        async def done() -> Result:
            async with self.operator() as client:
                return await work(client)

        with ThreadPoolExecutor(1) as apart:  # the caller may be in an event loop, after all
            return apart.submit(asyncio.run, done()).result()

    def operator(self, **options: Any) -> ServiceClient:
        """Our own client of the service API; close it, or use it as an async context."""
        return ServiceClient(
            self.policy(),
            context=self.context,
            clock=lambda: wall_time().timestamp(),
            port=self.https_port,
            **options,
        )

    def device_options(self, **options: Any) -> DeviceOptions:
        """For our own `DeviceClient`."""
        return DeviceOptions(self.context, self.mqtt_port, **options)

    # Its pipes

    def _heard(self) -> str:
        """The next line that it prints; empty if none comes."""
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as ear:  # `select` knows no descriptor beyond 1023
            ear.register(self._process.stdout, selectors.EVENT_READ)
            is_heard = ear.select(PATIENCE_S)
        return self._process.stdout.readline().decode().strip() if is_heard else ""

    def _reap(self) -> tuple[int, str]:
        rest, _ = self._process.communicate(timeout=PATIENCE_S)
        return self._process.returncode, (rest or b"").decode()
