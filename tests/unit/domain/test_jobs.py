"""domain/jobs.py"""

from typing import Any

import pytest

from affinage.domain.errors import Invalid, Malformed, Missing, TooLarge
from affinage.domain.jobs import EXECUTION_S, Event, Job, Kind, Status, created, document, step
from affinage.domain.query.syntax import Collection
from affinage.domain.values import JsonObject

AT = 1_000_000_000_000
NOW = "2001-09-09T01:46:40Z"

PATCH: JsonObject = {"tags": {"a": 1}}
UPDATE: JsonObject = {"type": "scheduleUpdateTwin", "updateTwin": PATCH}
METHOD: JsonObject = {
    "type": "scheduleDeviceMethod",
    "cloudToDeviceMethod": {"methodName": "stop", "responseTimeoutInSeconds": 7},
}


def made(**body: Any) -> Job:
    return created("j", {**UPDATE, **body}, at=AT)


def test_a_job_is_what_was_asked_and_begins_now() -> None:
    """JOB-3, JOB-4, JOB-5, JOB-6"""
    job = made(jobId="j")
    assert (job.kind, job.status, job.start_at) == (Kind.UPDATE_TWIN, Status.QUEUED, AT)
    assert (job.target_condition, job.collection) == (None, Collection.DEVICES)
    assert (job.max_s, job.patch.tags, job.if_match, job.deadline) == (
        EXECUTION_S,
        {"a": 1},
        None,
        None,
    )
    stop = created("j", METHOD, at=AT).method
    assert (stop.name, stop.response_timeout_s) == ("stop", 7)


@pytest.mark.parametrize("text", ["tags.a = 'x'", 'tags.a = "x"', "GROUP('early')"])
def test_a_condition_is_what_follows_where(text: str) -> None:
    """JOB-3"""
    assert made(queryCondition=text).target_condition is not None


def test_modules_are_asked_for_by_name() -> None:
    """JOB-3"""
    job = made(queryCondition="FROM devices.modules WHERE moduleId = 'valve'")
    assert (job.collection, job.target_condition is None) == (Collection.MODULES, False)


@pytest.mark.parametrize("start", [None, "", "2001-01-01T00:00:00Z", "2001-09-09T03:46:40+02:00"])
def test_what_is_past_begins_now(start: str | None) -> None:
    """JOB-4"""
    assert made(startTime=start).status is Status.QUEUED


def test_what_is_to_come_is_scheduled() -> None:
    """JOB-4, JOB-7"""
    job = made(startTime="2001-09-09T01:46:41")
    assert (job.status, job.start_at) == (Status.SCHEDULED, AT + 1000)


@pytest.mark.parametrize(("etag", "wanted"), [("*", None), ('"AAE="', "AAE="), ("AAE=", "AAE=")])
def test_an_etag_guards_each_twin(etag: str, wanted: str | None) -> None:
    """JOB-6"""
    assert made(updateTwin={**PATCH, "etag": etag}).if_match == wanted


def test_an_older_name_of_the_kind_is_read() -> None:
    """JOB-2"""
    assert made(type="scheduleTwinUpdate").kind is Kind.UPDATE_TWIN


@pytest.mark.parametrize(
    ("body", "error", "told"),
    [
        ({"jobId": "k"}, Invalid, "jobId in the body is 'k', in the path 'j'"),
        ({"type": None}, Missing, "type is missing"),
        ({"type": "x"}, Invalid, "none of scheduleUpdateTwin, scheduleDeviceMethod"),
        ({"queryCondition": 1}, Malformed, "queryCondition must be a string"),
        ({"queryCondition": "tags.a ="}, Invalid, "queryCondition: "),
        ({"queryCondition": "a = 1 GROUP BY a"}, Invalid, "queryCondition: "),
        ({"queryCondition": "a" * 8193}, Invalid, "has 8193 of 8192 characters"),
        ({"updateTwin": None}, Missing, "updateTwin is missing"),
        ({"updateTwin": []}, Malformed, "updateTwin must be an object"),
        ({"updateTwin": {"tags": {"a.b": 1}}}, Invalid, "a.b"),
        ({"updateTwin": {"tags": {f"t{n}": "x" * 4000 for n in range(3)}}}, TooLarge, "of 8192"),
        ({"startTime": 5}, Malformed, "startTime must be a string"),
        ({"startTime": "tomorrow"}, Malformed, "no ISO 8601 moment"),
        ({"maxExecutionTimeInSeconds": "5"}, Malformed, "must be a whole number"),
        ({"maxExecutionTimeInSeconds": True}, Malformed, "must be a whole number"),
        ({"maxExecutionTimeInSeconds": 0}, Invalid, "0 is outside 1…2592000"),
        ({"maxExecutionTimeInSeconds": 2_592_001}, Invalid, "is outside"),
        ({"type": "scheduleDeviceMethod"}, Missing, "cloudToDeviceMethod is missing"),
    ],
)
def test_what_cannot_be_done_is_refused(body: Any, error: type[Exception], told: str) -> None:
    """JOB-1 to JOB-6"""
    with pytest.raises(error, match=told):
        made(**body)


def test_a_method_that_cannot_be_run_is_refused() -> None:
    """JOB-6"""
    with pytest.raises(Missing, match="methodName"):
        created("j", {**METHOD, "cloudToDeviceMethod": {}}, at=AT)


def test_a_job_goes_through_its_states_and_stays_at_the_end() -> None:
    """JOB-7"""
    job = made(startTime="2001-09-09T01:46:41", maxExecutionTimeInSeconds=5)
    states = [job]
    for event in (Event.DUE, Event.BEGUN, Event.DONE):
        states.append(step(states[-1], event, at=AT + 2000))
    assert [one.status for one in states] == ["scheduled", "queued", "running", "completed"]
    assert (states[2].begun_at, states[2].deadline) == (AT + 2000, AT + 7000)
    assert [one.ended_at for one in states] == [None, None, None, AT + 2000]
    for event in Event:
        with pytest.raises(Invalid, match=f"job j is completed: it cannot be {event}"):
            step(states[-1], event, at=AT)


@pytest.mark.parametrize("event", [Event.LATE, Event.BROKEN, Event.CANCELLED])
def test_a_running_job_may_end_otherwise(event: Event) -> None:
    """JOB-7, JOB-9, JOB-18"""
    running = step(made(), Event.BEGUN, at=AT)
    job = step(running, event, at=AT, failure="why")
    assert (job.status.is_end, job.failure) == (True, "why")


def test_its_document_has_what_was_asked_and_counts_once_it_has_begun() -> None:
    """JOB-8"""
    job = made()
    assert document(job) == {
        "jobId": "j",
        "type": "scheduleUpdateTwin",
        "status": "queued",
        "queryCondition": "",
        "createdTime": NOW,
        "startTime": NOW,
        "endTime": None,
        "maxExecutionTimeInSeconds": 3600,
        "updateTwin": PATCH,
        "failureReason": None,
        "statusMessage": None,
    }
    begun = document(step(job, Event.BEGUN, at=AT), running=0)
    assert begun["deviceJobStatistics"] == {
        "deviceCount": 0,
        "failedCount": 0,
        "succeededCount": 0,
        "runningCount": 0,
        "pendingCount": 0,
    }
    assert (
        document(created("j", METHOD, at=AT))["cloudToDeviceMethod"]
        == METHOD["cloudToDeviceMethod"]
    )
