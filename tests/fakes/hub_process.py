"""`affinage serve` as a process of its own, over one data folder: started, killed, started again.

It prints its log into a file beside the data folder, and the ready line to us.
"""

import json
import os
import select
import signal
import ssl
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from affinage.adapters.system.clock import wall_time
from affinage.apps.keys import Keys
from affinage.apps.place import authority
from affinage.clients.device import DeviceOptions
from affinage.clients.service import ServiceClient
from affinage.clients.trust import trust
from affinage.domain.names import TwinKey
from affinage.protocol.connection_strings import ConnectionString

AFFINAGE: Final = Path(sys.executable).with_name("affinage")

PATIENCE_S: Final = 60
"""How long a process may take over its start or its end, on a machine that is busy."""


@dataclass
class HubProcess:
    """A hub at ``address``, under that name and ``names``; `with` kills it in the end."""

    data: Path
    address: str
    names: tuple[str, ...] = ()
    https_port: int = 443
    mqtt_port: int = 8883
    program: tuple[str, ...] = (str(AFFINAGE),)
    options: tuple[str, ...] = ()
    """Of `affinage serve`, besides those."""
    ready_line: str = field(default="", init=False)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def launch(self) -> None:
        """Start it, and do not wait."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=log)

    def start(self) -> None:
        """Return once devices may come."""
        self.launch()
        assert self._process.stdout is not None
        is_heard, _, _ = select.select([self._process.stdout], [], [], PATIENCE_S)
        self.ready_line = self._process.stdout.readline().decode() if is_heard else ""
        assert self.ready_line.startswith("ready "), f"no hub: {self.log.read_text()[-2000:]}"

    def kill(self) -> None:
        """End it as a power cut does."""
        self._process.kill()
        self._reap()

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> tuple[int, str]:
        """Ask it to end; its exit status, and what else it has printed since it was ready."""
        self.terminate()
        return self._reap()

    def terminate(self) -> None:
        """Ask it to end, and do not wait."""
        self._process.send_signal(signal.SIGTERM)

    def _reap(self) -> tuple[int, str]:
        rest, _ = self._process.communicate(timeout=PATIENCE_S)
        return self._process.returncode, (rest or b"").decode()

    @property
    def command(self) -> list[str]:
        named = [f"--hostname={name}" for name in (self.address, *self.names)]
        ports = [f"--https-port={self.https_port}", f"--mqtt-port={self.mqtt_port}"]
        return [
            *self.program,
            "serve",
            f"--data={self.data}",
            f"--host={self.address}",
            *named,
            *ports,
            *self.options,
        ]

    @property
    def log(self) -> Path:
        """What it and those before it have logged, a JSON object a line."""
        return self.data.with_suffix(".log")

    def events(self, name: str, since: int = 0) -> list[dict[str, Any]]:
        """What the log tells of one kind of event, from that byte of it on."""
        with self.log.open("rb") as log:
            log.seek(since)
            lines = [json.loads(line) for line in log if line.startswith(b"{")]
        return [event for event in lines if event["event"] == name]

    @property
    def resident_bytes(self) -> int:
        """The memory that it takes now."""
        pages = Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    # How to reach it

    @property
    def ca_file(self) -> Path:
        return authority(self.data)

    @property
    def context(self) -> ssl.SSLContext:
        return trust(self.ca_file)

    def policy(self, name: str = "iothubowner") -> ConnectionString:
        return Keys(self.data).of_policy(name)

    def identity(self, device: str, module: str | None = None) -> ConnectionString:
        return Keys(self.data).of_identity(TwinKey(device, module))

    def operator(self, **options: Any) -> ServiceClient:
        return ServiceClient(
            self.policy(),
            context=self.context,
            clock=lambda: wall_time().timestamp(),
            port=self.https_port,
            **options,
        )

    def device_options(self, **options: Any) -> DeviceOptions:
        return DeviceOptions(self.context, self.mqtt_port, **options)


def affinage(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one command of the command line to its end."""
    return subprocess.run(
        [AFFINAGE, *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env=os.environ | environment,
    )
