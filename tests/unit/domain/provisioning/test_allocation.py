"""Which hub a device gets."""

from collections import Counter
from typing import Any

import pytest

from affinage.domain.errors import Invalid
from affinage.domain.provisioning.allocation import allocated, candidates
from affinage.domain.provisioning.enrollment import Enrollment
from fakes.enrolled import create

LINKED = {"one.test": 1, "two.test": 3}


def hub(of: Enrollment, name: str = "dev1", current: str | None = None) -> str:
    return allocated(of, name, LINKED, current)


@pytest.mark.parametrize("policy", ["hashed", "geoLatency", None])
def test_each_hub_has_the_share_of_its_weight(policy: str | None) -> None:
    """PROV-30, PROV-31"""
    of = create(allocationPolicy=policy)
    found = Counter(hub(of, f"dev{number}") for number in range(2000))
    assert 0.2 < found["one.test"] / 2000 < 0.3


def test_a_device_stays_where_it_may_be() -> None:
    """PROV-30"""
    of = create()
    assert {hub(of, f"dev{number}", "one.test") for number in range(50)} == {"one.test"}
    moved = create(iotHubs=["TWO.test"])
    assert hub(moved, current="one.test") == "two.test"


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ({"iotHubs": ["two.test", "one.test"]}, "two.test"),
        ({"iotHubHostName": "one.test", "iotHubs": ["two.test"]}, "one.test"),
    ],
)
def test_a_static_one_is_the_first_that_is_named(named: Any, expected: str) -> None:
    """PROV-32"""
    of = create(allocationPolicy="static", **named)
    assert hub(of, current="one.test") == expected


def test_a_static_one_that_names_none_is_the_only_one() -> None:
    """PROV-32"""
    of = create(allocationPolicy="static")
    assert allocated(of, "dev1", {"one.test": 1}, None) == "one.test"
    with pytest.raises(Invalid, match="which of 2 hubs"):
        hub(of)


def test_what_is_not_linked_is_no_candidate() -> None:
    """PROV-33"""
    assert candidates(create(iotHubs=["three.test", "one.test"]), LINKED) == {"one.test": 1}
    with pytest.raises(Invalid, match="names no hub that is linked"):
        hub(create(iotHubs=["three.test"]))
