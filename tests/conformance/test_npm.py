"""azure-iothub for Node.js, unmodified, over HTTPS: what a back end can do.

The cases are in npm/cases, in its own language; one process runs them all, and says of each how it
went. What of the SDK is covered, and what is not: docs/reference/conformance.md.
"""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest

import node
from affinage.testing.hubs import RunningHub, running_hub
from fakes.hub_process import HubProcess
from fakes.sdk import ITS_WARNINGS, client_of

pytestmark = [pytest.mark.conformance, *ITS_WARNINGS]

POLICIES: Final = ("iothubowner", "service", "device", "registryRead", "registryReadWrite")
PATIENCE_S: Final = 240
"""How long all cases together may take, on a machine that is busy."""

MODEL: Final = "dtmi:com:example:Pump;1"
PLUGGED: Final = {"serial": "P-17", "thermostat": {"__t": "c", "temperature": 21}}
"""What the device of that model reports: a property, and a component."""

CASES: Final = [
    name
    for file in sorted((node.PROJECT / "cases").glob("*.js"))
    for name in re.findall(r"^  '(.+)': async", file.read_text(), re.MULTILINE)
]
PAGE: Final = (Path(__file__).parents[2] / "docs/reference/conformance.md").read_text()
SECTION: Final = PAGE.partition("## azure-iothub 1.16, Node.js")[2].partition("\n## ")[0]
ROWS: Final = dict(re.findall(r"^\| `(\w+\.\w+)` \| (.+) \|$", SECTION, re.MULTILINE))


@dataclass(frozen=True)
class Run:
    """What a run of all cases said."""

    errors: dict[str, str | None]
    """By case; None where it went well."""
    called: set[str]
    """The methods that cases called, as `Registry.create`."""


@pytest.fixture(scope="module")
def throttled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    with running_hub(tmp_path_factory.mktemp("throttled") / "hub", throttle="S1") as hub:
        yield hub


@contextmanager
def devices(hub: HubProcess, device_sdk: ModuleType) -> Iterator[None]:
    """A device and its module that answer methods, one with a model that does, and one that hears
    them and does not answer."""
    connect = partial(client_of, device_sdk, ca_file=hub.ca_file)
    answering = [
        connect(hub.device("answers")),
        connect(hub.module("answers", "valve")),
        connect(hub.device("plugged"), product_info=MODEL),
    ]
    silent = connect(hub.device("silent"))
    for client in answering:
        client.on_method_request_received = partial(answer, client, device_sdk)
    silent.on_method_request_received = lambda _: None
    for client in (*answering, silent):
        client.connect()
    answering[2].patch_twin_reported_properties(PLUGGED)
    yield
    for client in (*answering, silent):
        client.shutdown()


def answer(client: Any, device_sdk: ModuleType, request: Any) -> None:
    """As a device, tell what was asked, with a status of its own."""
    told = {"ran": request.name, "with": request.payload}
    client.send_method_response(
        device_sdk.MethodResponse.create_from_method_request(request, 1000, told)
    )


@pytest.fixture(scope="module")
def run(
    hub: HubProcess,
    device_sdk: ModuleType,
    throttled: RunningHub,
    blobs: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Run:
    """One run of all cases."""
    authorities = tmp_path_factory.mktemp("npm") / "authorities.pem"
    authorities.write_text(hub.ca_file.read_text() + throttled.ca_file.read_text())
    place = {
        "host": hub.address,
        "key": hub.policy().key,
        "policies": {name: hub.policy(name).text for name in POLICIES},
        "blobs": blobs,
        "throttled": throttled.policy().text,
    }
    with devices(hub, device_sdk):
        said = script("run.js", HUB=json.dumps(place), NODE_EXTRA_CA_CERTS=str(authorities))
    *cases, last = map(json.loads, said.splitlines())
    return Run({one["case"]: one["error"] for one in cases}, set(last["called"]))


def script(name: str, **environment: str) -> str:
    """Run a script of npm/; what it printed."""
    program = node.node()
    if program is None or not (node.INSTALLED / "node_modules/azure-iothub").exists():
        pytest.skip("Node.js or its packages are not installed: make .venv/npm")
    environment["NODE_PATH"] = str(node.INSTALLED / "node_modules")
    done = subprocess.run(
        [program, node.PROJECT / name],
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env=os.environ | environment,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("case", CASES)
def test_npm(run: Run, case: str) -> None:
    assert case in run.errors, "it did not run"
    if error := run.errors[case]:
        pytest.fail(error, pytrace=False)


def test_no_case_is_lost(run: Run) -> None:
    assert sorted(run.errors) == sorted(CASES)


def test_every_method_is_in_the_page() -> None:
    surface: dict[str, list[str]] = json.loads(script("surface.js"))
    methods = {f"{kind}.{name}" for kind, names in surface.items() for name in names}
    assert methods == ROWS.keys()


@pytest.mark.parametrize("method", sorted(ROWS))
def test_what_the_page_says_is_covered_is_called(run: Run, method: str) -> None:
    assert (method in run.called) == ROWS[method].startswith("covered")
