"""What ids may be."""

import pytest

from affinage.domain.errors import Invalid
from affinage.domain.names import (
    TwinKey,
    check_configuration_id,
    check_group_name,
    check_id,
    checked_key,
)

ADMITTED = "azAZ09-:.+%_#*?!(),=@;$'"


def test_a_key_is_read_as_it_is_spelled() -> None:
    for key in (TwinKey("d"), TwinKey("d", "m"), TwinKey("d", "$edgeAgent")):
        assert TwinKey.parse(key.path) == key


def test_a_twin_is_spelled_as_its_device_or_below_it() -> None:
    assert TwinKey("pump-1").path == "pump-1"
    assert TwinKey("pump-1", "valve").path == "pump-1/valve"


@pytest.mark.parametrize("value", [ADMITTED, "a", "x" * 128, "$edgeAgent", ".."])
def test_an_id_of_admitted_characters_is_given_back(value: str) -> None:
    """IDENTITY-1."""
    assert check_id("a device", value) == value


@pytest.mark.parametrize(
    "value", ["", "a b", "a/b", "é", "a\n", "\n", "a\0", "a&b", "a\\b", "\ud800"]
)
def test_an_id_with_anything_else_is_refused(value: str) -> None:
    """IDENTITY-1."""
    with pytest.raises(Invalid, match=r"cannot be the id of a module: it may hold letters, digits"):
        check_id("a module", value)


def test_an_id_of_a_character_too_many_is_refused_with_both_numbers() -> None:
    """IDENTITY-1."""
    with pytest.raises(Invalid, match=r"^the id of a device has 129 of 128 characters$"):
        check_id("a device", "x" * 129)


@pytest.mark.parametrize("value", ["az09-+%_*!'", "x" * 128])
def test_a_configuration_has_a_narrower_id(value: str) -> None:
    """IDENTITY-24."""
    assert check_configuration_id(value) == value


@pytest.mark.parametrize("value", ["", "A", "a.b", "a:b", "a b", "$a", "x" * 129, "a\n"])
def test_a_configuration_with_another_id_is_refused(value: str) -> None:
    """IDENTITY-24."""
    with pytest.raises(Invalid, match="id of a configuration"):
        check_configuration_id(value)


@pytest.mark.parametrize("value", ["a", "early-2.x_y", "x" * 128])
def test_a_groups_name_of_admitted_characters_is_given_back(value: str) -> None:
    """GROUP-1"""
    assert check_group_name(value) == value


@pytest.mark.parametrize("value", ["", "A", "a b", "a'b", "é", "x" * 129])
def test_any_other_name_of_a_group_is_refused(value: str) -> None:
    """GROUP-1"""
    with pytest.raises(Invalid, match="a group"):
        check_group_name(value)


def test_a_key_is_made_of_ids_alone() -> None:
    """IDENTITY-1."""
    assert checked_key("d", None) == TwinKey("d")
    assert checked_key("d", "$m") == TwinKey("d", "$m")
    for device, module in (("a b", None), ("a", "b c"), ("a", "")):
        with pytest.raises(Invalid):
            checked_key(device, module)
