"""azure-iot-hub for Python, unmodified, over HTTPS: the registry exported and imported.

What of the SDK is covered, and what is not: docs/reference/conformance.md.
"""

from collections.abc import Callable, Iterator
from functools import partial
from types import ModuleType
from typing import Any, Final

import pytest

import netns
from fakes.hub_process import HubProcess
from fakes.sdk import ITS_WARNINGS, client_of, wait_until

pytestmark = [pytest.mark.conformance, *ITS_WARNINGS]

EXPORT: Final = "export"
IMPORT: Final = "import"

Move = Callable[[], tuple[Any, Any]]


@pytest.fixture(scope="module")
def empty(hub: HubProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """Another hub, that may read what the first one has written; the SDKs trust both."""
    folder = tmp_path_factory.mktemp("empty")
    options = (f"--config={hub.data.parent / 'hub.toml'}",)
    with (
        HubProcess(folder / "data", netns.next_address(), options=options) as empty,
        pytest.MonkeyPatch.context() as patch,
    ):
        authorities = folder / "authorities.pem"
        authorities.write_text(hub.ca_file.read_text() + empty.ca_file.read_text())
        patch.setenv("REQUESTS_CA_BUNDLE", str(authorities))
        yield empty


@pytest.fixture
def sdk() -> Any:
    return pytest.importorskip("azure.iot.hub")


@pytest.fixture
def jobs(sdk: Any, hub: HubProcess) -> Any:
    return sdk.IoTHubJobManager.from_connection_string(hub.policy().text)


@pytest.fixture
def refused() -> Any:
    return pytest.importorskip("msrest.exceptions").HttpOperationError


def done(jobs: Any, asked: Any) -> Any:
    """The job, once it has ended."""
    made = jobs.create_import_export_job(asked)
    wait_until(lambda: jobs.get_import_export_job(made.job_id).status in ("completed", "failed"))
    return jobs.get_import_export_job(made.job_id)


@pytest.fixture
def move(sdk: Any, jobs: Any, models: ModuleType, blobs: str, empty: HubProcess) -> Move:
    """Export from the first hub and import into the other one: both jobs."""

    def move() -> tuple[Any, Any]:
        asked = partial(models.JobProperties, output_blob_container_uri=blobs)
        exported = done(jobs, asked(type=EXPORT, exclude_keys_in_export=False))
        there = sdk.IoTHubJobManager.from_connection_string(empty.policy().text)
        return exported, done(there, asked(type=IMPORT, input_blob_container_uri=blobs))

    return move


def test_what_one_hub_exports_another_imports(
    sdk: Any, registry: Any, device: str, empty: HubProcess, move: Move
) -> None:
    """TRANSFER-1, TRANSFER-9"""
    exported, imported = move()
    assert (exported.status, exported.progress, exported.type) == ("completed", 100, EXPORT)
    assert (imported.status, imported.failure_reason) == ("completed", None)
    theirs = sdk.IoTHubRegistryManager.from_connection_string(empty.policy().text)
    keys = [one.get_device(device).authentication.symmetric_key for one in (registry, theirs)]
    assert keys[0].primary_key
    assert keys[0] == keys[1]


def test_a_device_connects_to_the_hub_that_imported_it(
    hub: HubProcess, empty: HubProcess, device_sdk: ModuleType, device: str, move: Move
) -> None:
    """TRANSFER-9: with the key that the first hub made."""
    move()
    string = hub.identity(device).text.replace(hub.address, empty.address)
    client = client_of(device_sdk, string, empty.ca_file)
    client.connect()
    assert client.connected
    client.shutdown()


def test_exports_are_listed_and_one_that_has_ended_stays_so(
    jobs: Any, models: ModuleType, blobs: str, refused: Any
) -> None:
    """TRANSFER-4, TRANSFER-6"""
    asked = models.JobProperties(type=EXPORT, output_blob_container_uri=blobs)
    exported = done(jobs, asked)
    assert exported.job_id in [one.job_id for one in jobs.get_import_export_jobs()]
    assert jobs.cancel_import_export_job(exported.job_id)["status"] == "completed"
    for ask in (jobs.get_import_export_job, jobs.cancel_import_export_job):
        with pytest.raises(refused) as refusal:
            ask("none")
        assert refusal.value.response.headers["iothub-errorcode"] == "JobNotFound"


@pytest.mark.parametrize("uri", ["https://elsewhere.test/out?sig=s3cret", "file:///etc"])
def test_a_place_that_is_not_allowed_is_refused(
    jobs: Any, models: ModuleType, refused: Any, uri: str
) -> None:
    """TRANSFER-3, TRANSFER-5"""
    with pytest.raises(refused) as refusal:
        jobs.create_import_export_job(
            models.JobProperties(type=EXPORT, output_blob_container_uri=uri)
        )
    assert refusal.value.response.status_code == 400
    assert "s3cret" not in refusal.value.response.text
