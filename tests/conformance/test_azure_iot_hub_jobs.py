"""azure-iot-hub for Python, unmodified, over HTTPS: scheduled jobs.

What of the SDK is covered, and what is not: docs/reference/conformance.md.
"""

from datetime import UTC, datetime
from types import ModuleType
from typing import Any, Final

import pytest

from fakes.hub_process import HubProcess
from fakes.sdk import wait_until

pytestmark = pytest.mark.conformance

LATER: Final = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def jobs(hub: HubProcess) -> Any:
    sdk = pytest.importorskip("azure.iot.hub")
    return sdk.IoTHubJobManager.from_connection_string(hub.policy("service").text)


@pytest.fixture
def exceptions() -> Any:
    """Of what the SDK is made of."""
    return pytest.importorskip("msrest.exceptions")


def update(models: ModuleType, device: str, **more: Any) -> Any:
    """A job that tags a device."""
    return models.JobRequest(
        job_id=f"job-{device}"[:64],
        type="scheduleUpdateTwin",
        query_condition=f"deviceId = '{device}'",
        update_twin=models.Twin(tags={"job": "done"}, etag="*"),
        max_execution_time_in_seconds=60,
        **more,
    )


def test_a_twin_is_written_by_a_job(
    jobs: Any, registry: Any, models: ModuleType, device: str, exceptions: Any
) -> None:
    asked = update(models, device)
    assert jobs.create_scheduled_job(asked.job_id, asked).job_id == asked.job_id
    wait_until(lambda: jobs.get_scheduled_job(asked.job_id).status == "completed")
    done = jobs.get_scheduled_job(asked.job_id)
    assert (done.type, done.device_job_statistics.succeeded_count) == ("scheduleUpdateTwin", 1)
    assert registry.get_twin(device).tags == {"job": "done"}
    with pytest.raises(exceptions.HttpOperationError) as refusal:
        jobs.create_scheduled_job(asked.job_id, asked)
    assert refusal.value.response.headers["iothub-errorcode"] == "JobAlreadyExists"


def test_a_job_that_waits_is_cancelled(
    jobs: Any, registry: Any, models: ModuleType, device: str
) -> None:
    asked = update(models, device, start_time=LATER)
    jobs.create_scheduled_job(asked.job_id, asked)
    waiting = jobs.get_scheduled_job(asked.job_id)
    assert (waiting.status, waiting.start_time) == ("scheduled", LATER)
    assert jobs.cancel_scheduled_job(asked.job_id).status == "cancelled"
    assert not registry.get_twin(device).tags


def test_the_sdk_cannot_read_the_list_of_jobs_that_any_hub_answers(
    jobs: Any, exceptions: Any
) -> None:
    """It expects an object where the hubs of the field answer an array."""
    with pytest.raises(exceptions.DeserializationError):
        jobs.query_scheduled_jobs("scheduleUpdateTwin", "completed")


def test_a_job_that_is_none_is_not_found(jobs: Any, exceptions: Any) -> None:
    for asked in (jobs.get_scheduled_job, jobs.cancel_scheduled_job):
        with pytest.raises(exceptions.HttpOperationError) as refusal:
            asked("none")
        assert refusal.value.response.headers["iothub-errorcode"] == "JobNotFound"
