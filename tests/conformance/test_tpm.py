"""A device with a TPM: swtpm and tpm2-tools of Debian, as the public clients use a chip.

It registers over HTTPS: it is challenged, takes the key up, signs with it; then it takes up the key
for its hub, and connects with a token that its chip has signed.
"""

import base64
import json
import ssl
from collections.abc import Iterator
from http.client import HTTPSConnection
from typing import Any, Final
from urllib.parse import quote

import pytest

from affinage.adapters.system.clock import wall_time
from affinage.testing.waiting import wait_until
from fakes.enrolling import enroll, scope_of
from fakes.hub_process import HubProcess
from fakes.sdk import ITS_WARNINGS
from fakes.swtpm import EK, SRK, Swtpm, is_installed, running_swtpm

pytestmark = [pytest.mark.conformance, *ITS_WARNINGS]

NAME: Final = "with-a-tpm"
VERSION: Final = "api-version=2019-03-31"


@pytest.fixture(scope="module")
def chip(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swtpm]:
    if not is_installed():
        pytest.skip("swtpm and tpm2-tools are not installed")
    with running_swtpm(tmp_path_factory.mktemp("chip"), (2421, 2422)) as chip:
        yield chip


@pytest.fixture(scope="module")
def tpm(chip: Swtpm) -> dict[str, str]:
    """What a device tells of its chip."""
    named = {"endorsementKey": EK, "storageRootKey": SRK}
    return {name: base64.b64encode(chip.public(of)).decode() for name, of in named.items()}


def token(chip: Swtpm, resource: str, name: str = "") -> str:
    """Signed by the chip; nobody outside of it has the key."""
    signed, expiry = quote(resource, safe=""), int(wall_time().timestamp()) + 3600
    signature = base64.b64encode(chip.hmac(f"{signed}\n{expiry}".encode())).decode()
    text = f"SharedAccessSignature sr={signed}&sig={quote(signature, safe='')}&se={expiry}"
    return f"{text}&skn={name}" if name else text


def ask(
    hub: HubProcess, method: str, path: str, body: Any = None, authorization: str = ""
) -> tuple[int, Any]:
    context = ssl.create_default_context(cafile=hub.ca_file)
    connection = HTTPSConnection(hub.address, hub.https_port, context=context)
    headers = {"Authorization": authorization} if authorization else {}
    whole = f"/{scope_of(hub)}/registrations/{NAME}{path}?{VERSION}"
    connection.request(method, whole, None if body is None else json.dumps(body), headers)
    answer = connection.getresponse()
    told = json.loads(answer.read())
    connection.close()
    return answer.status, told


def test_a_device_registers_with_its_tpm_and_connects(
    hub: HubProcess, chip: Swtpm, tpm: dict[str, str], device_sdk: Any
) -> None:
    enroll(hub, NAME, {"attestation": {"type": "tpm", "tpm": {**tpm}}})
    asking = {"registrationId": NAME, "tpm": tpm}
    status, challenge = ask(hub, "PUT", "/register", asking)
    assert (status, challenge["keyName"]) == (401, "registration")
    chip.activate(base64.b64decode(challenge["authenticationKey"]))
    hub.kill()
    hub.start()  # whoever was challenged may answer the next process
    proof = token(chip, f"{scope_of(hub)}/registrations/{NAME}", "registration")
    status, begun = ask(hub, "PUT", "/register", asking, proof)
    assert status == 202
    state = assigned(hub, begun["operationId"], proof)
    chip.activate(base64.b64decode(state["tpm"]["authenticationKey"]))
    client = device_sdk.IoTHubDeviceClient.create_from_sastoken(
        token(chip, f"{state['assignedHub']}/devices/{state['deviceId']}"),
        server_verification_cert=hub.ca_file.read_text(),
    )
    client.connect()
    assert client.get_twin()["reported"] == {"$version": 1}
    client.shutdown()


def assigned(hub: HubProcess, operation: str, proof: str) -> Any:
    """What the operation comes to."""
    results: list[Any] = []

    def is_there() -> bool:
        status, told = ask(hub, "GET", f"/operations/{operation}", None, proof)
        results.append(told)
        return status == 200

    wait_until(is_there)
    assert results[-1]["status"] == "assigned", results[-1]
    return results[-1]["registrationState"]


def test_who_has_not_the_chip_is_refused(hub: HubProcess, tpm: dict[str, str]) -> None:
    other = base64.b64encode(b"another chip's key").decode()
    enroll(hub, NAME, {"attestation": {"type": "tpm", "tpm": {**tpm}}})
    for shown in ({"tpm": {**tpm, "endorsementKey": other}}, {}):
        status, told = ask(hub, "PUT", "/register", {"registrationId": NAME, **shown})
        assert (status, told["errorCode"]) == (401, 401002)
        assert "authenticationKey" not in told
    forged = "SharedAccessSignature sr=a&sig=AAAA&se=1900000000"
    status, _ = ask(hub, "PUT", "/register", {"registrationId": NAME, "tpm": tpm}, forged)
    assert status == 401
