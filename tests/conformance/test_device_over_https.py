"""Devices over HTTPS: both device SDKs, unmodified, and the clients of Azure Blob Storage."""

import json
import os
import subprocess
from functools import partial
from hashlib import sha1
from types import ModuleType
from typing import Any, Final

import pytest
import requests

import node
from affinage.adapters.system.clock import wall_time
from affinage.clients.native import NativeClient
from affinage.clients.service import ServiceClient
from affinage.domain.policy import OWNER
from affinage.domain.values import JsonObject
from affinage.protocol.tokens import make_token
from fakes.hub_process import HubProcess
from fakes.node_device import installed
from fakes.sdk import ITS_WARNINGS, Connect
from fakes.tls import ders, self_signed

pytestmark = [pytest.mark.conformance, *ITS_WARNINGS]

SIZE: Final = 9 * 1024 * 1024
"""Bytes of a file: three blocks, as Node.js's client cuts them."""

NOTICES: Final = "messages/serviceBound/filenotifications"


async def _send(device: str, document: JsonObject, client: ServiceClient) -> None:
    await NativeClient(client).send_message(device, document)


def uploaded(hub: HubProcess, blob: str) -> bytes:
    return (hub.data.with_name("uploads") / blob).read_bytes()


def noticed(hub: HubProcess) -> Any:
    """The next file that a back end is told of; it takes notice."""
    expiry = int(wall_time().timestamp()) + 600
    headers = {"Authorization": make_token(hub.address, hub.policy().key or "", expiry, OWNER)}
    asked: dict[str, Any] = {"headers": headers, "verify": str(hub.ca_file), "timeout": 30}
    url, version = f"https://{hub.address}/{NOTICES}", "?api-version=2021-04-12"
    answer = requests.get(url + version, **asked)
    lock = answer.headers["ETag"].strip('"')
    assert requests.delete(f"{url}/{lock}{version}", **asked).status_code == 204
    return answer.json()


@pytest.fixture
def storage() -> ModuleType:
    module: ModuleType = pytest.importorskip(
        "azure.storage.blob", reason="the storage client is not installed"
    )
    return module


def test_a_python_device_uploads_a_file_whole_and_in_blocks(
    hub: HubProcess, connect: Connect, storage: ModuleType, device: str
) -> None:
    """UPLOAD-2, UPLOAD-11, UPLOAD-22"""
    client = connect(device)
    for name, body in (("small.txt", b"all is well"), ("a b/large ü.bin", os.urandom(SIZE))):
        place = client.get_storage_info_for_blob(name)
        url = f"https://{place['hostName']}/{place['containerName']}/{place['blobName']}"
        more = {"max_single_put_size": SIZE // 2, "max_block_size": SIZE // 4}
        blob = storage.BlobClient.from_blob_url(
            url + place["sasToken"], connection_verify=str(hub.ca_file), **more
        )
        with blob:
            blob.upload_blob(body)
            client.notify_blob_upload_status(place["correlationId"], True, 200, "OK")
            with pytest.raises(Exception, match="AuthenticationFailed"):
                blob.upload_blob(b"again", overwrite=True)
        assert uploaded(hub, f"{device}/{name}") == body
        told = noticed(hub)
        assert (told["blobName"], told["blobSizeInBytes"]) == (f"{device}/{name}", len(body))


def test_an_upload_goes_on_after_the_hub_was_killed(
    hub: HubProcess, connect: Connect, storage: ModuleType, device: str
) -> None:
    """UPLOAD-4, UPLOAD-12, UPLOAD-22"""
    client = connect(device)
    place = client.get_storage_info_for_blob("log")
    url = f"https://{place['hostName']}/{place['containerName']}/{place['blobName']}"
    with storage.BlobClient.from_blob_url(
        url + place["sasToken"], connection_verify=str(hub.ca_file)
    ) as blob:
        blob.stage_block("a", b"before, ")
        hub.kill()
        hub.start()
        blob.stage_block("b", b"after")
        blob.commit_block_list([storage.BlobBlock("a"), storage.BlobBlock("b")])
    client.notify_blob_upload_status(place["correlationId"], True, 200, "OK")
    hub.kill()
    assert uploaded(hub, f"{device}/log") == b"before, after"
    hub.start()
    assert noticed(hub)["blobName"] == f"{device}/log"


def test_a_python_device_is_told_that_it_has_too_many_uploads(
    connect: Connect, device: str
) -> None:
    """UPLOAD-4"""
    client = connect(device)
    for number in range(10):
        client.get_storage_info_for_blob(str(number))
    with pytest.raises(Exception, match="Unexpected failure") as refused:
        client.get_storage_info_for_blob("one more")
    assert "403" in str(refused.value.__cause__)


@pytest.fixture
def by_certificate(hub: HubProcess, registry: Any, device: str) -> dict[str, Any]:
    """The device, known by its certificate from now on."""
    pem = self_signed(device).read_text()
    [der] = ders(self_signed(device))
    thumbprint, identity = sha1(der).hexdigest().upper(), registry.get_device(device)
    registry.update_device_with_x509(device, identity.etag, thumbprint, thumbprint, "enabled")
    string = f"HostName={hub.address};DeviceId={device};x509=true"
    return {"device": string, "certificate": {"cert": pem, "key": pem}}


@pytest.mark.parametrize("proof", ["key", "certificate"])
def test_a_node_device_does_all_that_it_can_over_https(
    hub: HubProcess, device: str, proof: str, request: pytest.FixtureRequest
) -> None:
    """DEVICE-1, DEVICE-10 to DEVICE-12, DEVICE-20 to DEVICE-22, UPLOAD-11"""
    for body in ("complete", "reject", "abandon"):
        document: JsonObject = {"body": body, "messageId": body, "properties": {"Line": "4"}}
        hub.operate(partial(_send, device, document))
    shown: dict[str, Any] = {"device": hub.identity(device).text}
    if proof == "certificate":
        shown = request.getfixturevalue("by_certificate")
    place = {
        **shown,
        "ca": hub.ca_file.read_text(),
        "file": {"name": "node/file.bin", "size": SIZE},
    }
    run = subprocess.run(
        [installed(), node.PROJECT / "device_http.js"],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ
        | {
            "NODE_PATH": str(node.INSTALLED / "node_modules"),
            "NODE_EXTRA_CA_CERTS": str(hub.ca_file),
            "PLACE": json.dumps(place),
        },
    )
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    assert told["settle"] == {
        "complete": ["complete", "abandon"],
        "reject": ["reject"],
        "abandon": ["abandon"],
    }
    assert told["heard"][0]["messageId"] == "complete"
    assert uploaded(hub, f"{device}/node/file.bin") == b"x" * SIZE
    assert noticed(hub)["blobName"] == f"{device}/node/file.bin"
    page: Any = hub.operate(lambda client: NativeClient(client).events("0", device=device))
    sent = [one for one in page["events"] if one["kind"] == "telemetry"]
    assert [one["body"] for one in sent] == [{"level": 1}, '{"level": 2}', "text"]
    assert sent[0]["properties"] == {"Zone": "a b", "empty": ""}
    assert (sent[0]["systemProperties"]["message-id"], sent[1]["properties"]["Zone"]) == (
        "one",
        "4",
    )
