"""`affinage job`: every verb, against a hub."""

import pytest

from fakes.command_line import CommandLine

LATER = ("--start", "2100-01-01T00:00:00Z")
LYON = ("--where", "tags.site = 'lyon'")


@pytest.fixture(autouse=True, scope="module")
def fleet(affinage: CommandLine) -> None:
    affinage.ok("device", "create", "--count", "2", "--prefix", "j", "--tag", "site=lyon")
    affinage.ok("device", "create", "other")
    affinage.ok("module", "create", "other", "logger")


def test_a_twin_update_is_waited_for(affinage: CommandLine) -> None:
    """JOB-8"""
    answer = affinage.ok("job", "create", "rate", *LYON, "--desired", "rate=6", "--wait")
    rows = dict(line.split(maxsplit=1) for line in answer.lines if not line.startswith(" "))
    assert (rows["id"], rows["status"], rows["targets"]) == ("rate", "completed", "2")
    assert (rows["succeeded"], rows["failed"]) == ("2", "0")
    assert answer.err.splitlines()[-1] == "succeeded 2/2  failed 0/2"
    asked = "SELECT deviceId FROM devices WHERE properties.desired.rate = 6"
    assert [row["deviceId"] for row in affinage.json("query", asked)] == ["j-00000", "j-00001"]


def test_in_json_its_end_is_all_that_is_said(affinage: CommandLine) -> None:
    answer = affinage.ok("job", "create", "quiet", *LYON, "--tag", "seen=1", "--wait", "--json")
    assert answer.document["deviceJobStatistics"]["succeededCount"] == 2
    assert answer.err == ""


def test_a_method_that_failed_somewhere_exits_1_and_tells_how_to_see_why(
    affinage: CommandLine,
) -> None:
    """JOB-15"""
    answer = affinage("job", "create", "reboot", *LYON, "--method", "reboot", "--wait")
    assert answer.status == 1
    assert "job reboot failed on 2 of 2 targets" in answer.err
    query = answer.err.splitlines()[-1].strip()
    assert query.startswith('affinage query "')
    rows = affinage.json("query", query.split('"')[1])
    assert {row["status"] for row in rows} == {"failed"}
    assert affinage("job", "show", "reboot", "--wait").status == 1


def test_modules_are_meant_where_it_is_said(affinage: CommandLine) -> None:
    """JOB-3"""
    words = ("--modules", "--desired", "level=3", "--wait", "--json")
    for name, where in (("m1", "*"), ("m2", "moduleId = 'logger'")):
        job = affinage.ok("job", "create", name, "--where", where, *words).document
        assert job["deviceJobStatistics"]["succeededCount"] == 1
    twin = affinage.json("twin", "show", "other", "--module", "logger")
    assert twin["properties"]["desired"]["level"] == 3


def test_one_that_is_to_come_is_listed_shown_and_cancelled(affinage: CommandLine) -> None:
    """JOB-9, JOB-11"""
    words = ("--method", "reboot", "--payload", '{"delay": 3}', "--within", "60")
    made = affinage.json("job", "create", "later", *LYON, *words, *LATER)
    assert (made["status"], made["maxExecutionTimeInSeconds"]) == ("scheduled", 60)
    assert made["cloudToDeviceMethod"]["payload"] == {"delay": 3}
    assert "later" in affinage.ok("job", "list", "--status", "scheduled").out
    assert "later" not in affinage.ok("job", "list", "--type", "scheduleUpdateTwin").out
    assert "scheduled" in affinage.ok("job", "show", "later").out
    assert affinage.ok("job", "cancel", "later").err == "job later is cancelled\n"
    ended = affinage("job", "show", "later", "--wait")
    assert (ended.status, "job later is cancelled" in ended.err) == (1, True)


def test_a_patch_in_a_file_is_what_is_written(affinage: CommandLine) -> None:
    patch = '{"tags": {"wave": "one"}}'
    made = affinage.ok(
        "job", "create", "filed", *LYON, "--patch", "-", "--json", *LATER, stdin=patch
    )
    assert made.document["updateTwin"] == {"etag": "*", "tags": {"wave": "one"}}
    assert "wave" in affinage.ok("job", "show", "filed").out
    affinage.ok("job", "cancel", "filed")


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--method", "m", "--tag", "a=1"),
        ("--tag", "a=1", "--payload", "3"),
        ("--method", "m", "--payload", "{x"),
    ],
)
def test_a_job_does_one_thing(affinage: CommandLine, words: tuple[str, ...]) -> None:
    assert affinage("job", "create", "odd", *LYON, *words).status == 2


def test_what_cannot_be_is_told(affinage: CommandLine) -> None:
    assert "`affinage job list`" in affinage("job", "show", "nobody").err
    affinage.ok("job", "create", "twice", *LYON, "--tag", "a=1", *LATER)
    again = affinage("job", "create", "twice", *LYON, "--tag", "a=1")
    assert (again.status, "choose another id" in again.err) == (1, True)
    broken = affinage("job", "create", "broken", "--where", "tags.", "--tag", "a=1")
    assert (broken.status, "queryCondition" in broken.err) == (1, True)
