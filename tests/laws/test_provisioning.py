"""What holds of provisioning, whatever the enrollments and the hubs."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from affinage.domain.provisioning.allocation import allocated
from affinage.domain.provisioning.registration import Assignment
from affinage.domain.provisioning.reprovisioning import Move, plan
from fakes.enrolled import create

HUBS = [f"hub{number}.test" for number in range(5)]
LINKED = st.dictionaries(st.sampled_from(HUBS), st.integers(1, 1000), min_size=1)
IDS = st.from_regex(r"[a-z0-9.]{0,8}[a-z0-9]", fullmatch=True)
POLICIES = st.fixed_dictionaries(
    {"updateHubAssignment": st.booleans(), "migrateDeviceData": st.just(True)}
)
VERSIONS = st.sampled_from(["", "2017-11-15", "2018-09-01", "2021-06-01"])


@given(LINKED, IDS)
def test_the_same_registration_twice_is_the_same_assignment(
    linked: dict[str, int], name: str
) -> None:
    """PROV-30, PROV-51"""
    of = create()
    first = allocated(of, name, linked, None)
    assert allocated(of, name, linked, None) == allocated(of, name, linked, first) == first


@given(LINKED, st.sampled_from(HUBS), IDS)
def test_a_hub_more_moves_only_whom_it_gets(linked: dict[str, int], new: str, name: str) -> None:
    """PROV-30: who is new to both goes where it went, or to the new one."""
    of = create()
    more = {new: 1, **linked}
    assert allocated(of, name, more, None) in (allocated(of, name, linked, None), new)


@given(st.lists(st.sampled_from(HUBS), min_size=1), POLICIES, VERSIONS)
def test_registering_twice_does_what_was_done_once(
    hubs: list[str], policy: Any, version: str
) -> None:
    """PROV-51 to PROV-54: wherever a device was sent before, a second time it stays."""
    of, at = create(reprovisionPolicy=policy), None
    for hub in hubs:
        at = plan(at, hub, "dev1", of.reprovisioning, version).to
        again = plan(at, hub, "dev1", of.reprovisioning, version)
        assert (again.move, again.to) == (Move.STAY, at)
        assert isinstance(at, Assignment)
        assert at.first_hub == hubs[0]
