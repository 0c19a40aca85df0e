"""Which configurations come before another at a path that both write."""

import pytest

from affinage.domain.configuration import buried
from affinage.domain.outranking import meeting, outranking
from affinage.domain.query.syntax import to_text
from affinage.domain.rulebook import Rulebook
from affinage.domain.values import JsonObject
from fakes.reconciling import configured, rulebook

FAN: JsonObject = {"properties.desired.fan.speed": 1}


def found(book: Rulebook, name: str = "new") -> list[tuple[str, str]]:
    rules = outranking(book.rules[name], book.rules.values())
    return [(one.by.id, one.path) for one in rules]


@pytest.mark.parametrize(
    "content",
    [
        {"properties.desired.fan.speed": 2},
        {"properties.desired.fan.speed.max": 2},
        {"properties.desired.fan": 2},
        {"properties.desired": {"fan": 2}},
    ],
)
def test_a_higher_priority_at_above_or_below_a_path_outranks(content: JsonObject) -> None:
    """CONFIGURATION-40"""
    high = configured("high", content, priority=5)
    new = configured("new", {"properties.desired.fan.speed": {"max": 1}, "properties.desired.x": 1})
    assert found(rulebook(high, new)) == [("high", "properties.desired.fan.speed")]
    assert found(rulebook(high, new), "high") == []


def test_who_does_not_win_or_writes_elsewhere_does_not_outrank() -> None:
    """CONFIGURATION-40"""
    book = rulebook(
        configured("new", FAN, priority=3),
        configured("low", FAN, priority=2),
        configured("elsewhere", {"properties.desired.pump": 1}, priority=9),
        configured("nobody", FAN, "", priority=9),
        buried(configured("gone", FAN, priority=9), at=1),
        configured("modules", FAN, kind="module", priority=9),
    )
    assert found(book) == []


def test_the_highest_priority_is_first() -> None:
    """CONFIGURATION-40"""
    names = {"a": 7, "b": 9, "c": 8}
    rules = [configured(name, FAN, priority=priority) for name, priority in names.items()]
    assert [name for name, _ in found(rulebook(configured("new", FAN), *rules))] == ["b", "c", "a"]


def test_a_path_of_a_module_is_told_with_the_module() -> None:
    agent: JsonObject = {"$edgeAgent": {"properties.desired.modules.m": {"settings": {}}}}
    book = rulebook(
        configured("new", agent, kind="edge"), configured("high", agent, kind="edge", priority=1)
    )
    assert found(book) == [("high", "properties.desired.modules.m of $edgeAgent")]


def test_the_twins_that_meet_several_can_be_asked_for() -> None:
    """CONFIGURATION-40"""
    book = rulebook(
        configured("a", FAN, "tags.a = 1 OR tags.b = 1"),
        configured("b", FAN, "GROUP('early')"),
        configured("m", FAN, "FROM devices.modules WHERE moduleId = 'm'", kind="module"),
        configured("e", {"$edgeAgent": {}}, "tags.a = 1", kind="edge"),
    ).rules
    assert to_text(meeting(book["a"], book["b"])) == (
        "SELECT deviceId FROM devices WHERE (tags.a = 1 OR tags.b = 1) AND GROUP('early')"
    )
    assert to_text(meeting(book["m"])) == (
        "SELECT deviceId, moduleId FROM devices.modules WHERE moduleId = 'm'"
    )
    assert to_text(meeting(book["e"])).endswith("capabilities.iotEdge = true AND tags.a = 1")


def test_all_of_a_module_is_a_path_too() -> None:
    own: JsonObject = {"$edgeAgent": {}, "m": {"properties.desired": {"a": 1}}}
    part: JsonObject = {"$edgeAgent": {}, "m": {"properties.desired.b": 1}}
    book = rulebook(
        configured("new", own, kind="edge"), configured("high", part, kind="edge", priority=1)
    )
    assert found(book) == [("high", "properties.desired of m")]
