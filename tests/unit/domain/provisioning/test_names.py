"""Names are compared in any case, and those of groups are told from those of devices."""

import pytest

from affinage.domain.errors import Invalid
from affinage.domain.provisioning.names import (
    check_group_id,
    check_registration_id,
    enrollment_key,
    is_group_key,
)


def test_a_registration_id_is_in_lower_case_and_a_groups_as_it_is_spelled() -> None:
    """PROV-1, PROV-2"""
    assert (check_registration_id("Press-7"), check_group_id("Press-7")) == ("press-7", "Press-7")


def test_a_group_and_a_device_of_one_name_are_two() -> None:
    """PROV-2"""
    group, device = (enrollment_key("Press", is_group=kind) for kind in (True, False))
    assert (group, device) == ("group/press", "press")
    assert (is_group_key(group), is_group_key(device)) == (True, False)


@pytest.mark.parametrize("name", ["a.", "group/a", "a" * 129])
def test_a_name_that_nothing_can_have_is_refused(name: str) -> None:
    """PROV-1"""
    with pytest.raises(Invalid):
        check_registration_id(name)
