"""How a fleet stands."""

from affinage.apps.simulator.driver import Sighting
from affinage.apps.simulator.firmware import Status
from affinage.apps.simulator.tally import Tally


def test_each_device_counts_once_with_its_newest_sighting() -> None:
    tally = Tally()
    tally.take(Sighting("a", Status.CURRENT, "", "1", is_online=True))
    tally.take(Sighting("b", Status.CURRENT, "", "1", is_online=True))
    tally.take(Sighting("a", Status.REBOOTING, "", "1", is_online=False, trouble="no hub"))
    tally.take(Sighting("b", Status.CURRENT, "", "2", is_online=False, is_dead=True))
    assert +tally.by_status == {Status.CURRENT: 1, Status.REBOOTING: 1}
    assert +tally.by_version == {"1": 1, "2": 1}
    assert (tally.online, tally.dead, tally.troubled) == (0, 1, 1)
    assert [*tally.latest] == ["a", "b"]
