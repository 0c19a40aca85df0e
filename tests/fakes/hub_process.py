"""`affinage serve` as a process of its own, over one data folder: started, killed, started again.

It prints its log into a file beside the data folder, and the ready line to us.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from affinage.testing.hubs import RunningHub
from affinage.testing.waiting import PATIENCE_S as PATIENCE_S

AFFINAGE: Final = Path(sys.executable).with_name("affinage")


@dataclass
class HubProcess(RunningHub):
    """A hub as its operators start it: its clock is the machine's, and nobody moves that."""

    program: tuple[str, ...] = (str(AFFINAGE),)
    options: tuple[str, ...] = ()
    """Of `affinage serve`, besides those."""

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

    @property
    def peak_bytes(self) -> int:
        """The most memory that it ever took."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return 1024 * int(status.partition("VmHWM:")[2].split()[0])


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
