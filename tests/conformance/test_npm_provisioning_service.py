"""azure-iot-provisioning-service for Node.js, unmodified, over HTTPS: what a back end can do."""

import json
import os
import re
import subprocess
from typing import Final

import pytest

import node
from fakes.enrolling import authority_of_today
from fakes.hub_process import HubProcess

pytestmark = pytest.mark.conformance

SCRIPT: Final = node.PROJECT / "enrollments.js"
CASES: Final = re.findall(r"^  '(.+)': async", SCRIPT.read_text(), re.MULTILINE)
PATIENCE_S: Final = 60


@pytest.fixture(scope="module")
def told(hub: HubProcess) -> dict[str, str | None]:
    """By case, what went wrong; None where it went well."""
    program, modules = node.node(), node.INSTALLED / "node_modules"
    if program is None or not (modules / "azure-iot-provisioning-service").exists():
        pytest.skip("Node.js or its packages are not installed: make .venv/npm")
    given = {
        "NODE_PATH": str(modules),
        "CONNECTION_STRING": hub.policy("provisioningserviceowner").text,
        "CERTIFICATE": authority_of_today("Plant").pem,
    }
    done = subprocess.run(
        [program, SCRIPT],
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env=os.environ | hub.environment | given,
    )
    assert done.returncode == 0, done.stderr
    said = [json.loads(line) for line in done.stdout.splitlines()]
    return {one["case"]: one["error"] for one in said}


@pytest.mark.parametrize("case", CASES)
def test_the_sdk_does(told: dict[str, str | None], case: str) -> None:
    """PROV-4, PROV-12, PROV-20 to PROV-28"""
    assert told[case] is None, told[case]
