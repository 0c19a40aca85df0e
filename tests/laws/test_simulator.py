"""What must hold of a simulated device whatever happens to it."""

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from affinage.apps.simulator.device import new_device
from affinage.apps.simulator.faults import NO_FAULTS, Faults, Kind, Risk
from affinage.apps.simulator.firmware import TRANSITIONS, Status
from affinage.apps.simulator.profile import profile_of
from affinage.apps.simulator.signals import OperatorHolds, OperatorReleases, Report
from fakes.bench import Bench, wished

VERSIONS = st.sampled_from(["1.0.0", "2.0.0", "2.0.1", "3.0.0"])
WAITS = st.tuples(st.just("wait"), st.sampled_from([1, 10, 20, 30, 120]))
WISHES = st.tuples(st.just("desire"), VERSIONS)
HAPPENINGS = st.one_of(
    WISHES,
    WAITS,
    st.tuples(st.sampled_from(["lose", "connect"]), st.none()),
    st.tuples(st.sampled_from(["restart", "release", "forget"]), st.none()),
    st.tuples(st.just("insecure"), VERSIONS),
    st.tuples(st.just("hold"), st.sampled_from([1, 50, 200])),
)
HISTORIES = st.lists(HAPPENINGS, max_size=12)
FAULTS = st.builds(Faults, st.lists(st.builds(Risk, st.sampled_from(Kind)), max_size=3).map(tuple))


class Witness(Bench):
    """Looks at every report of a device as it is made."""

    def __init__(self, faults: Faults = NO_FAULTS) -> None:
        super().__init__(new_device(profile_of("pump-1", 7), faults=faults), self.look)
        self.seen = [Status.CURRENT]

    def look(self, command: object) -> None:
        if isinstance(command, Report):
            told: Any = command.patch.get("firmware", {})
            held = self.device.firmware.slots[self.device.firmware.active]
            assert told.get("currentFwVersion", held) == held, "told a version that it lacks"
            if "fwUpdateStatus" in told:
                self.seen.append(Status(told["fwUpdateStatus"]))

    def meet(self, happening: str, given: Any) -> None:
        match happening:
            case "desire":
                self.desire(wished(given))
            case "insecure":
                self.desire(wished(given, "http://files.example/cave.bin"))
            case "forget":
                self.desire({"firmware": None})
            case "wait":
                self.run(given)
            case "lose":
                self.lose_connection()
            case "connect" if self.device.boots_on is None and not self.device.is_dead:
                self.connect()
            case "restart" if self.device.boots_on is None:
                self.start_anew()
            case "hold":
                self.take(OperatorHolds("Berthe", self.now + timedelta(seconds=given)))
            case "release":
                self.take(OperatorReleases())
            case _:
                pass  # it cannot happen to this device now


def live(faults: Faults, history: list[tuple[str, Any]]) -> Witness:
    witness = Witness(faults)
    witness.connect()
    for happening, given_ in history:
        witness.meet(happening, given_)
    return witness


@given(FAULTS, HISTORIES)
def test_no_device_tells_a_version_that_its_active_slot_lacks(
    faults: Faults, history: list[tuple[str, Any]]
) -> None:
    """FIRMWARE-7: looked at, at every report; there is one at the end at the latest."""
    witness = live(faults, history)
    witness.run()
    held = witness.device.firmware.slots[witness.device.firmware.active]
    assert held
    assert witness.told["currentFwVersion"] == held or not witness.is_connected


@given(HISTORIES, VERSIONS)
def test_without_faults_every_device_ends_current_with_what_is_desired(
    history: list[tuple[str, Any]], version: str
) -> None:
    """FIRMWARE-1, FIRMWARE-9, FIRMWARE-10, FIRMWARE-12, FIRMWARE-16, FIRMWARE-18"""
    witness = live(NO_FAULTS, history)
    witness.desire(wished(version, "https://files.example/the-last.bin"))
    witness.run()  # power that is off comes back
    witness.connect()
    witness.run()
    assert witness.told["currentFwVersion"] == version
    assert witness.told["fwUpdateStatus"] == "current"
    assert witness.told["fwUpdateSubstatus"] == witness.told["pendingFwVersion"] == ""


@given(FAULTS, HISTORIES)
def test_the_same_faults_and_events_give_the_same_history(
    faults: Faults, history: list[tuple[str, Any]]
) -> None:
    """FIRMWARE-13"""
    one, other = live(faults, history), live(faults, history)
    assert one.commands == other.commands
    assert one.device == other.device


@given(FAULTS, HISTORIES)
def test_a_status_follows_only_where_the_table_leads(
    faults: Faults, history: list[tuple[str, Any]]
) -> None:
    """FIRMWARE-6; a connection that comes back may tell of several moves at once."""
    connected = [step for step in history if step[0] not in {"lose", "connect", "restart"}]
    witness = live(faults, connected)
    witness.run()
    for before, after in zip(witness.seen, witness.seen[1:], strict=False):
        starts_over = (before, after) == (Status.ROLLED_BACK, Status.CURRENT)
        woke_up = (before, after) == (Status.APPLYING, Status.REBOOTING)
        allowed = {before, *TRANSITIONS[before].values()}
        assert after in allowed or starts_over or woke_up
