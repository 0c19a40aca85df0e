from typing import Any

import pytest

from affinage.domain.content import ANY_MODULE, Kind, Write, admitted, kind, writes
from affinage.domain.errors import InvalidContent
from affinage.domain.values import JsonObject
from fakes.reconciling import whole

ROOT = "properties.desired"
AGENT: JsonObject = {"$edgeAgent": {ROOT: whole("filter")}}


def device(**paths: Any) -> JsonObject:
    return {"deviceContent": {f"{ROOT}.{path}": value for path, value in paths.items()}}


def test_only_containers_that_hold_something_are_kept() -> None:
    """CONFIGURATION-3"""
    given: JsonObject = {**device(a=1), "moduleContent": {}, "modulesContent": None}
    assert admitted(given) == device(a=1)
    assert admitted(None) == admitted({}) == {}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ([], "content must be an object"),
        ({"deviceContents": {"a": 1}}, "content has no deviceContents"),
        ({**device(a=1), "modulesContent": AGENT}, "2 of 1 containers"),
        ({"deviceContent": "a"}, "deviceContent must be an object"),
        ({"modulesContent": "a"}, "modulesContent must be an object"),
        ({"modulesContent": {**AGENT, "m": 1}}, "modulesContent of m must be an object"),
        ({"modulesContent": {**AGENT, "m/n": {}}}, "cannot be the id of a module"),
        ({"modulesContent": {"m": {}}}, "must have"),
    ],
)
def test_such_a_content_is_refused(content: object, problem: str) -> None:
    """CONFIGURATION-3, EDGE-1"""
    with pytest.raises(InvalidContent, match=problem):
        admitted(content)


@pytest.mark.parametrize("path", ["tags.a", "properties.desiredx", "properties", ""])
def test_a_path_is_below_desired(path: str) -> None:
    """CONFIGURATION-4"""
    with pytest.raises(InvalidContent, match=r"must be properties.desired or begin with"):
        admitted({"deviceContent": {path: 1}})


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (device(**{"a..b": 1}), "a name must not be empty"),
        (device(**{"a b": None}), "invalid characters"),
        (device(a={"$b": 1}), "invalid characters"),
        (device(a=[None]), "an array must not contain null"),
        (device(**{".".join("abcdefghijk"): {}}), "11 levels deep, of 10"),
        (device(**{f"k{n}": "x" * 4000 for n in range(9)}), "would take 36018 of 32768 bytes"),
        ({"modulesContent": {**AGENT, "m": {ROOT: {"a": 2**53}}}}, "content for m: a: 9007"),
    ],
)
def test_a_content_must_make_a_twin_by_itself(content: JsonObject, problem: str) -> None:
    """CONFIGURATION-8"""
    with pytest.raises(InvalidContent, match=problem):
        admitted(content)


def test_no_path_lies_above_another() -> None:
    """CONFIGURATION-7"""
    with pytest.raises(InvalidContent, match=r"desired.a lies above properties.desired.a.b.c"):
        admitted(device(**{"a": 1, "a.b.c": 2}))
    with pytest.raises(InvalidContent, match=r"desired lies above properties.desired.a"):
        admitted({"deviceContent": {ROOT: {"b": 1}, f"{ROOT}.a": 1}})
    assert admitted(device(**{"a.b": 1, "a.c": 2, "ab": 3}))


def test_a_null_removes_and_a_null_inside_is_nothing() -> None:
    """CONFIGURATION-5"""
    content = device(**{"a.b": None, "c": {"d": None, "e": [1], "f": {"g": None}}})
    assert writes(content)[None] == (
        Write(("a", "b"), None, "a.b"),
        Write(("c",), {"e": [1], "f": {}}, "c"),
    )


@pytest.mark.parametrize(("container", "key"), [("deviceContent", None), ("moduleContent", "")])
def test_all_of_desired_stands_for_its_members(container: str, key: str | None) -> None:
    """CONFIGURATION-6"""
    content: JsonObject = {container: {ROOT: {"a": {"b": 1}, "c": None}}}
    assert writes(admitted(content)) == {
        key: (Write(("a",), {"b": 1}, "a"), Write(("c",), None, "c"))
    }
    assert key in (None, ANY_MODULE)


def test_of_an_edge_module_it_is_all_of_desired() -> None:
    """CONFIGURATION-6"""
    content: JsonObject = {"modulesContent": {"$edgeAgent": {}, "m": {ROOT: {"a": 1}}}}
    assert writes(admitted(content)) == {"$edgeAgent": (), "m": (Write((), {"a": 1}, ""),)}


@pytest.mark.parametrize("value", [1, None, [1]])
def test_all_of_desired_takes_an_object(value: Any) -> None:
    """CONFIGURATION-6"""
    with pytest.raises(InvalidContent, match=r"properties.desired must be an object"):
        admitted({"deviceContent": {ROOT: value}})


def test_the_container_makes_the_kind() -> None:
    """CONFIGURATION-9"""
    assert kind({}) is kind(device(a=1)) is Kind.DEVICE
    assert kind({"moduleContent": {ROOT: {}}}) is Kind.MODULE
    assert kind({"modulesContent": AGENT}) is Kind.EDGE
