"""The budget of what reconciling writes."""

from msgspec.structs import replace

from affinage.domain.allowance import Allowance
from affinage.domain.values import JsonObject, JsonValue
from affinage.services.fleet.guards import MAX_SITES, Guards
from fakes.clock import FixedClock
from fakes.commits import device

SMALL = Allowance(hub_per_s=4, hub_burst=4, site_per_s=1, site_burst=2, site_tag="tags.where")


class Counted:
    """A budget and its clock; who asks is a device at a site."""

    def __init__(self, allowance: Allowance = SMALL) -> None:
        self.clock = FixedClock()
        self.guards = Guards(self.clock, allowance)

    def take(self, *sites: JsonValue) -> list[bool]:
        tags: list[JsonObject] = [{} if site is None else {"where": site} for site in sites]
        return [self.guards.take(device("d", each)) for each in tags]


def test_a_site_has_as_many_tokens_as_are_saved_up_and_then_its_rate() -> None:
    """RECONCILE-24"""
    counted = Counted()
    assert counted.take("lyon", "lyon", "lyon") == [True, True, False]
    counted.clock.advance(1)
    assert counted.take("lyon", "lyon") == [True, False]


def test_all_sites_together_have_the_hubs() -> None:
    """RECONCILE-24"""
    counted = Counted()
    assert counted.take("a", "b", "c", None, "d") == [True, True, True, True, False]
    counted.clock.advance(0.25)
    assert counted.take("d", "d") == [True, False]


def test_one_that_its_site_refuses_costs_the_hub_nothing() -> None:
    """RECONCILE-24"""
    counted = Counted()
    counted.take("a", "a", "a", "a", "a")
    assert counted.take(None, None, None) == [True, True, False]
    assert (counted.guards.taken, counted.guards.refused) == (4, 4)


def test_a_device_without_the_tag_draws_on_the_hubs_only() -> None:
    """RECONCILE-25"""
    counted = Counted()
    assert counted.take({"an": "object"}, None, None, None) == [True] * 4
    assert counted.guards.site_of(device("d", {"where": 7})) == "7"


def test_the_site_that_was_written_longest_ago_gives_its_bucket_away() -> None:
    """RECONCILE-25"""
    counted = Counted(replace(SMALL, hub_burst=2 * MAX_SITES))
    assert counted.take("old", "old", "old") == [True, True, False]
    counted.take(*range(MAX_SITES - 1))
    assert counted.guards.rooms().admits("old") is False
    counted.take("one more")
    assert counted.guards.rooms().admits("old") is True


def test_rooms_plan_with_what_there_is_and_take_nothing() -> None:
    """RECONCILE-28"""
    counted = Counted()
    rooms = counted.guards.rooms()
    asked = ("lyon", "lyon", "lyon", None, None, None)
    assert [rooms.admits(site) for site in asked] == [True, True, False, True, True, False]
    assert counted.take("lyon") == [True]
    assert counted.guards.rooms().admits("lyon") is True
