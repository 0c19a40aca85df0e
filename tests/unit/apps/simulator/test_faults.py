"""Whom the risks of an update strike."""

import pytest

from affinage.apps.simulator.faults import Faults, Kind, Risk, faults_of, parse_risk
from affinage.domain.errors import Invalid

IDS = [f"pump-{number}" for number in range(1000)]


def victims(share: float) -> set[str]:
    risks = [Risk(Kind.SILENCE, share)]
    return {device for device in IDS if faults_of(device, {}, risks, seed=7).risks}


def test_a_share_strikes_about_so_many() -> None:
    assert 70 < len(victims(0.1)) < 130


def test_a_larger_share_strikes_the_same_devices_and_more() -> None:
    assert victims(0.1) < victims(0.3) < victims(1.0) == {*IDS}
    assert victims(0.0) == set()


def test_a_risk_with_labels_strikes_only_devices_that_carry_all_of_them() -> None:
    risk = Risk(Kind.HARDWARE, where=(("revision", "B"), ("ring", "canary")))
    assert faults_of("a", {"revision": "B", "ring": "canary"}, [risk], seed=1).risks == (risk,)
    assert faults_of("a", {"revision": "B"}, [risk], seed=1).risks == ()


def test_a_risk_with_a_version_strikes_only_updates_to_it() -> None:
    faults = Faults((Risk(Kind.HARDWARE, version="2.0.0"), Risk(Kind.SILENCE)))
    assert faults.strike(Kind.HARDWARE, "2.0.0")
    assert not faults.strike(Kind.HARDWARE, "2.0.1")
    assert faults.strike(Kind.SILENCE, "2.0.1")


@pytest.mark.parametrize(
    ("text", "risk"),
    [
        ("silence", Risk(Kind.SILENCE)),
        ("power-old-slot=0.02", Risk(Kind.POWER_OLD_SLOT, 0.02)),
        ("hardware:2.1.0@revision=B", Risk(Kind.HARDWARE, 1, (("revision", "B"),), "2.1.0")),
        ("operator=0.5:2@a=b@c=d", Risk(Kind.OPERATOR, 0.5, (("a", "b"), ("c", "d")), "2")),
    ],
)
def test_a_risk_is_read_as_people_write_it(text: str, risk: Risk) -> None:
    assert parse_risk(text) == risk


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("hail", "'hail' is no risk: it must be one of hardware, connection, "),
        ("silence=often", "the share of a risk must be from 0 to 1, not 'often'"),
        ("silence=1.5", "the share of a risk must be from 0 to 1, not '1.5'"),
        ("silence@ring", "'ring' is not a label and its value"),
        ("silence@=x", "'=x' is not a label and its value"),
    ],
)
def test_what_is_no_risk_is_refused_with_the_reason(text: str, problem: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_risk(text)
    assert str(caught.value).startswith(problem)
