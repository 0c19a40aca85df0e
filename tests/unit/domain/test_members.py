"""Members of a body are of their type, or refused by name."""

import pytest

from affinage.domain.errors import Malformed
from affinage.domain.members import (
    member_flag,
    member_object,
    member_text,
    member_texts,
)
from affinage.domain.values import JsonObject


def test_what_is_absent_or_null_is_nothing() -> None:
    """PROV-5"""
    bodies: list[JsonObject] = [{}, {"a": None}]
    for body in bodies:
        assert (member_object(body, "a"), member_text(body, "a")) == ({}, None)
        assert (member_flag(body, "a", True), member_texts(body, "a")) == (True, ())


def test_what_is_of_its_type_is_given() -> None:
    """PROV-5"""
    assert member_object({"a": {"b": 1}}, "a") == {"b": 1}
    assert (member_text({"a": "x"}, "a"), member_flag({"a": False}, "a", True)) == ("x", False)
    assert member_texts({"a": ["x", "y"]}, "a") == ("x", "y")


def test_what_is_of_another_type_is_refused_by_name() -> None:
    """PROV-5"""
    with pytest.raises(Malformed, match="a must be an object"):
        member_object({"a": 1}, "a")
    with pytest.raises(Malformed, match=r"in\.a must be a string"):
        member_text({"a": 1}, "a", "in.")
    with pytest.raises(Malformed, match="a must be true or false"):
        member_flag({"a": 1}, "a", True)
    with pytest.raises(Malformed, match="a must be an array"):
        member_texts({"a": "x"}, "a")
    with pytest.raises(Malformed, match="a must be an array of strings"):
        member_texts({"a": [1]}, "a")
