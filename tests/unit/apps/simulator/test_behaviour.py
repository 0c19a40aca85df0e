"""What a simulated device does of its own accord; whole histories are in tests/scenarios."""

from datetime import timedelta

from affinage.apps.simulator.behaviour import step
from affinage.apps.simulator.device import Device, new_device
from affinage.apps.simulator.faults import Faults, Kind, Risk
from affinage.apps.simulator.firmware import Status
from affinage.apps.simulator.profile import Profile
from affinage.apps.simulator.signals import (
    Connected,
    ConnectionLost,
    DesiredPatched,
    Disconnect,
    OperatorHolds,
    OperatorReleases,
    PowerBack,
    PowerOff,
    Report,
    SetTimer,
    TimerDue,
)
from fakes.bench import START, Bench, wished


def device(*kinds: Kind) -> Device:
    faults = Faults(tuple(map(Risk, kinds)))
    return new_device(Profile("CC-1", "42", "B"), faults=faults)


def bench(*kinds: Kind) -> Bench:
    """A device that is connected, and has told the hub all about itself."""
    own = Bench(device(*kinds))
    own.connect()
    return own


def test_a_new_twin_is_told_everything_in_one_report() -> None:
    """FIRMWARE-2"""
    (report,) = bench().reports
    assert {*report} == {"deviceInfo", "hardware", "firmware", "software", "network"}


def test_a_twin_that_lacks_nothing_is_told_nothing() -> None:
    """FIRMWARE-2"""
    one = bench()
    one.reported["somebody"] = {"elses": 1}
    one.lose_connection()
    one.connect()
    assert len(one.reports) == 1


def test_an_update_is_told_in_ten_reports_and_takes_110_seconds() -> None:
    """FIRMWARE-5"""
    one = bench()
    one.desire(wished("2.8.5"))
    one.run(110)
    assert len(one.reports) == 1 + 10
    assert one.told == {
        "currentFwVersion": "2.8.5",
        "pendingFwVersion": "",
        "fwUpdateStatus": "current",
        "fwUpdateSubstatus": "",
        "lastFwUpdateStartTime": "2026-03-02T08:00:00Z",
        "lastFwUpdateEndTime": "2026-03-02T08:01:50Z",
    }


def test_desired_firmware_that_was_there_first_is_taken_up_on_connecting() -> None:
    """FIRMWARE-1"""
    one = Bench(device())
    one.desire(wished("2.0.0"))
    one.connect()
    assert one.told["fwUpdateStatus"] == "downloading"


def test_an_older_notification_is_ignored() -> None:
    """FIRMWARE-1"""
    one = bench()
    one.take(DesiredPatched(wished("2.0.0"), one.version))
    assert one.told["fwUpdateStatus"] == "current"


def test_a_notification_without_a_connection_is_ignored() -> None:
    untouched = device()
    assert step(untouched, DesiredPatched(wished("2"), 9), START) == (untouched, ())


def test_an_equal_version_changes_nothing() -> None:
    """FIRMWARE-9"""
    one = bench()
    one.desire(wished("1.0.0", "http://not.even.secure"))
    assert len(one.reports) == 1


def test_an_update_to_the_same_version_goes_on() -> None:
    """FIRMWARE-10"""
    one = bench()
    one.desire(wished("2.0.0"))
    one.run(20)
    one.desire(wished("2.0.0", "https://elsewhere.example/cave.bin"))
    one.run(10)
    assert one.told["fwUpdateStatus"] == "verifying"


def test_a_new_wish_replaces_a_download() -> None:
    """FIRMWARE-10"""
    one = bench()
    one.desire(wished("2.0.0"))
    one.run(20)
    one.desire(wished("3.0.0"))
    assert (one.told["pendingFwVersion"], one.told["fwUpdateStatus"]) == ("3.0.0", "downloading")
    one.run(29)
    assert one.told["fwUpdateSubstatus"] == "Start downloading"


def test_a_wish_for_what_is_held_ends_a_download() -> None:
    """FIRMWARE-9, FIRMWARE-10"""
    one = bench()
    one.desire(wished("2.0.0"))
    one.desire(wished("1.0.0"))
    one.run(1000)
    assert (one.told["fwUpdateStatus"], one.told["pendingFwVersion"]) == ("current", "")


def test_what_is_being_written_is_finished_before_the_next() -> None:
    """FIRMWARE-10"""
    one = bench()
    one.desire(wished("2.0.0"))
    one.run_until(Status.APPLYING)
    one.desire(wished("1.0.0"))
    one.run(70)
    assert one.told["currentFwVersion"] == "2.0.0"
    one.run(110)
    assert one.told["currentFwVersion"] == "1.0.0"


def test_a_failed_section_is_not_tried_again() -> None:
    """FIRMWARE-11, FIRMWARE-15"""
    one = bench(Kind.HARDWARE)
    one.desire(wished("2.0.0"))
    one.run(1000)
    told = len(one.reports)
    one.lose_connection()
    one.connect()
    one.desire(wished("2.0.0"))
    assert len(one.reports) == told
    assert one.told["fwUpdateStatus"] == "rolledback"


def test_a_failed_section_that_differs_is_tried_again() -> None:
    """FIRMWARE-11"""
    one = bench(Kind.POWER_OLD_SLOT)
    one.desire(wished("2.0.0"))
    one.run(1000)
    one.desire(wished("2.0.0", "https://elsewhere.example/cave.bin"))
    one.run(110)
    assert one.told["currentFwVersion"] == "2.0.0"


def test_a_version_and_a_failure_survive_a_restart() -> None:
    """FIRMWARE-12"""
    one = bench(Kind.HARDWARE)
    one.desire(wished("2.0.0"))
    one.run(1000)
    told = len(one.reports)
    one.start_anew()
    assert len(one.reports) == told
    assert one.device.has_failed


def test_a_failure_is_forgotten_where_something_else_is_desired_after_a_restart() -> None:
    """FIRMWARE-12"""
    one = bench(Kind.HARDWARE)
    one.desire(wished("2.0.0"))
    one.run(1000)
    one.lose_connection()
    one.desire(wished("2.0.1"))
    one.start_anew()
    assert one.told["fwUpdateStatus"] == "downloading"


def test_an_update_under_way_is_begun_anew_after_a_restart() -> None:
    """FIRMWARE-12"""
    one = bench()
    one.desire(wished("2.0.0"))
    one.run_until(Status.APPLYING)
    one.start_anew()
    assert one.told["fwUpdateStatus"] == "downloading"
    one.run(110)
    assert one.told["currentFwVersion"] == "2.0.0"


def test_other_sections_are_acknowledged_with_their_status() -> None:
    """FIRMWARE-14"""
    one = bench()
    one.desire({"software": {"recipe": "comté"}, "unknown": {"x": 1}})
    assert one.reports[1:] == [{"software": {"recipe": "comté", "status": "current"}}]


def test_work_that_needs_no_connection_goes_on_without_one() -> None:
    """FIRMWARE-16"""
    one = bench()
    one.desire(wished("2.0.0"))
    one.run_until(Status.VERIFYING)
    one.lose_connection()
    one.run(20)
    one.connect()
    assert one.told["fwUpdateStatus"] == "applying"


def test_a_download_waits_for_its_connection() -> None:
    """FIRMWARE-16"""
    one = bench()
    one.desire(wished("2.0.0"))
    one.run(10)
    one.lose_connection()
    one.run(1000)
    one.connect()
    assert one.told["fwUpdateSubstatus"] == "Resumed downloading"
    one.run(20)
    assert one.told["fwUpdateStatus"] == "verifying"


def test_a_second_loss_is_no_loss() -> None:
    offline = device()
    assert step(offline, ConnectionLost(), START) == (offline, ())


def test_a_device_without_power_connects_to_nothing() -> None:
    """FIRMWARE-8"""
    one = bench()
    one.desire(wished("2.0.0"))
    one.run_until(Status.REBOOTING)
    dark = one.device
    assert step(dark, Connected({}, {}, 9), one.now) == (dark, ())


def test_power_that_was_never_off_does_not_come_back() -> None:
    running = bench().device
    assert step(running, PowerBack(), START) == (running, ())


def test_power_loss_keeps_the_old_slot_or_starts_the_new() -> None:
    """FIRMWARE-17"""
    for kind, slot, version in (
        (Kind.POWER_OLD_SLOT, 0, "1.0.0"),
        (Kind.POWER_NEW_SLOT, 1, "2.0.0"),
    ):
        one = bench(kind)
        one.desire(wished("2.0.0"))
        one.run(1000)
        assert PowerOff(20, slot) in one.commands
        assert one.told["currentFwVersion"] == version


def test_an_operator_holds_off_an_update_until_the_release() -> None:
    """FIRMWARE-18"""
    one = bench()
    one.take(OperatorHolds("Berthe", START + timedelta(hours=1)))
    one.desire(wished("2.0.0"))
    assert one.told["fwUpdateStatus"] == "current"
    assert one.told["fwUpdateSubstatus"] == "Held by Berthe until 2026-03-02T09:00:00Z"
    one.take(OperatorReleases())
    assert one.told["fwUpdateStatus"] == "downloading"


def test_a_hold_ends_by_itself() -> None:
    """FIRMWARE-18"""
    one = bench()
    one.take(OperatorHolds("Berthe", START + timedelta(hours=1)))
    one.run(3600)
    assert one.told["fwUpdateSubstatus"] == ""


def test_a_fault_does_not_end_the_hold_of_somebody_else() -> None:
    one = bench(Kind.OPERATOR)
    one.take(OperatorHolds("Berthe", START + timedelta(hours=1)))
    one.desire(wished("2.0.0"))
    assert str(one.told["fwUpdateSubstatus"]).startswith("Held by Berthe")


def test_a_dead_device_answers_nothing() -> None:
    """FIRMWARE-19"""
    one = bench(Kind.SILENCE)
    one.desire(wished("2.0.0"))
    one.run(30)
    assert one.commands[-1] == Disconnect(None)
    dead = one.device
    assert step(dead, Connected({}, {}, 9), one.now) == (dead, ())


def test_an_early_timer_is_set_again() -> None:
    one = bench()
    one.desire(wished("2.0.0"))
    _, commands = step(one.device, TimerDue(), START + timedelta(seconds=29))
    assert commands == (SetTimer(1),)


def test_a_timer_that_nobody_waits_for_does_nothing() -> None:
    idle = bench().device
    assert step(idle, TimerDue(), START) == (idle, ())


def test_a_step_leaves_the_device_before_it_untouched() -> None:
    before = bench().device
    after, commands = step(before, DesiredPatched(wished("2.0.0"), 2), START)
    assert before.firmware.status is Status.CURRENT
    assert after.firmware.status is Status.DOWNLOADING
    assert [type(command) for command in commands] == [Report, Report, SetTimer]


def test_an_insecure_package_is_an_error_and_nothing_is_fetched() -> None:
    """FIRMWARE-4"""
    one = bench()
    one.desire(wished("2.0.0", "http://files.example/cave.bin"))
    assert (one.told["fwUpdateStatus"], one.device.firmware.started) == ("error", "")
    one.run(5)
    assert one.told["fwUpdateStatus"] == "rolledback"


def test_a_download_that_a_fault_cut_off_is_resumed() -> None:
    """FIRMWARE-16"""
    one = bench(Kind.CONNECTION)
    one.desire(wished("2.0.0"))
    one.run(15)
    assert one.commands[-1] == Disconnect(20)
    one.run(1000)
    assert one.told["currentFwVersion"] == "2.0.0"


def test_a_fault_holds_the_machine_for_a_while() -> None:
    """FIRMWARE-18"""
    one = bench(Kind.OPERATOR)
    one.desire(wished("2.0.0"))
    assert str(one.told["fwUpdateSubstatus"]).startswith("Held by an operator at the machine")
    one.run(60)
    assert one.told["fwUpdateStatus"] == "downloading"


def test_a_hold_without_a_connection_is_told_over_the_next() -> None:
    """FIRMWARE-18"""
    one = Bench(device())
    one.take(OperatorHolds("Berthe", START + timedelta(hours=1)))
    assert one.reports == []
    one.connect()
    assert str(one.told["fwUpdateSubstatus"]).startswith("Held by Berthe")
