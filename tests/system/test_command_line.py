"""The program as it is installed: processes on free ports, stopped by the signals people send."""

import json
import os
import select
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from fakes.reader import Reader

pytestmark = pytest.mark.system

PROGRAM: Final = str(Path(sysconfig.get_path("scripts")) / "affinage")
PATIENCE_S: Final = 30
PAGE: Final = Path(__file__).parents[2] / "docs/howto/operate.md"

FIRMWARE: Final = {
    "fwVersion": "2.0.0",
    "fwPackageURI": "https://files.example/cave.bin",
    "fwPackageCheckValue": "1f",
}
CURRENT: Final = (
    "SELECT deviceId FROM devices WHERE configurations.[[firmware-2]].status = 'Applied'"
    " AND properties.reported.firmware.currentFwVersion = '2.0.0'"
)


class Shell:
    """Runs commands in one folder, as a person in a terminal does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if "AFFINAGE" not in name}
        self.environment = kept

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PROGRAM, *words],
            cwd=self.folder,
            env=self.environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )

    def json(self, *words: str) -> Any:
        done = self.run(*words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @contextmanager
    def started(self, *words: str, until: str, status: int = 0) -> Iterator[Path]:
        """A command that runs on, from the line with ``until`` in it; then Ctrl-C ends it.

        Gives the file with what it tells on stderr.
        """
        told = self.folder / f"{words[0]}.stderr"
        with told.open("w") as stderr:
            process = subprocess.Popen(
                [PROGRAM, *words],
                cwd=self.folder,
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=stderr,
                bufsize=0,  # or a line could wait in a buffer where select does not look
            )
        with process:
            try:
                _wait_for(process, until)
                yield told
                process.send_signal(signal.SIGINT)
                process.communicate(timeout=PATIENCE_S)
            finally:
                process.kill()
        assert process.returncode == status, told.read_text()


def _wait_for(process: subprocess.Popen[bytes], text: str) -> None:
    assert process.stdout is not None
    line = ""
    while text not in line:
        ready, _, _ = select.select([process.stdout], [], [], PATIENCE_S)
        line = process.stdout.readline().decode() if ready else ""
        assert line, f"it never said {text!r}"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_firmware_goes_to_a_fleet_from_the_command_line(shell: Shell) -> None:
    serve = ("serve", "--https-port", "0", "--mqtt-port", "0")
    simulate = ("simulate", "--count", "5", "--tag", "ring=canary", "--pace", "0.005")
    with shell.started(*serve, until="ready"), shell.started(*simulate, until="connected 5/5"):
        shell.json("device", "create", "bystander", "--tag", "ring=production")
        setting = f"properties.desired.firmware={json.dumps(FIRMWARE)}"
        words = ("--target", "tags.ring = 'canary'", "--priority", "10")
        rule = ("config", "create", "--id", "firmware-2", "--set", setting, *words)
        shell.json(*rule, "--metric", f"current={CURRENT}")
        watched = shell.json("config", "watch", "firmware-2", "--until", "current=5")
        assert watched == {"targeted": 5, "applied": 5, "current": 5}
        shown = shell.json("config", "show", "firmware-2")
        assert shown["systemMetrics"]["results"] == {"targetedCount": 5, "appliedCount": 5}
        assert shown["metrics"]["results"] == {"current": 5}
        counted = shell.json(
            "query",
            "SELECT properties.reported.firmware.currentFwVersion AS version, COUNT() AS n"
            " FROM devices WHERE tags.ring = 'canary'"
            " GROUP BY properties.reported.firmware.currentFwVersion",
        )
        assert counted == [{"version": "2.0.0", "n": 5}]
        untouched = shell.json("twin", "show", "bystander")["properties"]["desired"]
        assert "firmware" not in untouched


def test_another_folder_reaches_the_hub_by_the_environment(shell: Shell, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with shell.started("serve", "--https-port", "0", "--mqtt-port", "0", until="ready"):
        place = json.loads((tmp_path / "affinage-data/place.json").read_text())
        owner = shell.run("connection-string").stdout.strip()
        other = Shell(elsewhere)
        refused = other.run("device", "list")
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "AFFINAGE_CONNECTION_STRING" in refused.stderr
        other.environment |= {
            "AFFINAGE_CONNECTION_STRING": owner,
            "AFFINAGE_CA_FILE": str(tmp_path / "affinage-data/tls/ca.pem"),
            "AFFINAGE_HTTPS_PORT": str(place["https_port"]),
        }
        assert other.json("device", "list") == []
        del other.environment["AFFINAGE_CA_FILE"]
        assert "AFFINAGE_CA_FILE" in other.run("device", "list").stderr


def test_an_interrupted_watch_says_that_it_did_not_see_what_it_was_to_wait_for(
    shell: Shell,
) -> None:
    with shell.started("serve", "--https-port", "0", "--mqtt-port", "0", until="ready"):
        shell.json("config", "create", "--id", "fan", "--set", "properties.desired.fan=3")
        watch = ("config", "watch", "fan")
        with shell.started(*watch, until="targeted 0/0"):
            pass
        with shell.started(*watch, "--until", "targeted=1", until="targeted", status=1) as told:
            pass
        assert "stopped before fan had targeted=1" in told.read_text()


def test_a_reader_that_goes_away_is_no_mishap(shell: Shell) -> None:
    with shell.started("serve", "--https-port", "0", "--mqtt-port", "0", until="ready"):
        shell.run("device", "create", "--count", "100")
        pipe = f"{PROGRAM} query 'SELECT * FROM devices' --json | {sys.executable} -c ''"
        done = subprocess.run(
            ["/bin/sh", "-c", pipe],
            cwd=shell.folder,
            env=shell.environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        assert "Traceback" not in done.stderr


def test_a_folder_has_one_hub(shell: Shell) -> None:
    serve = ("serve", "--https-port", "0", "--mqtt-port", "0")
    with shell.started(*serve, until="ready"):
        second = shell.run(*serve)
        assert (second.returncode, second.stdout) == (1, "")
        assert "in use" in second.stderr


def test_a_days_work_is_as_it_is_told(tmp_path: Path) -> None:
    with Reader(tmp_path) as reader:
        reader.follow(PAGE)
