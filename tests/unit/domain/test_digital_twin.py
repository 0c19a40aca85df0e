"""Digital twins: how a twin is shown as one, and what JSON Patches make of its desired."""

from typing import Any

import pytest

from affinage.domain.device import ABSENT
from affinage.domain.digital_twin import (
    MAX_MODEL_ID,
    MAX_STEPS,
    check_model_id,
    desired_patch,
    document,
    steps,
)
from affinage.domain.errors import (
    AffinageError,
    Invalid,
    InvalidJsonPatch,
    InvalidPatchPath,
    InvalidPatchStep,
    InvalidPatchValue,
    TooLarge,
)
from affinage.domain.names import TwinKey
from affinage.domain.row import TwinRow
from affinage.domain.twin import Twin, TwinPatch, new_twin, patch, report
from affinage.domain.values import JsonObject, merge
from fakes.reconciling import a_device

KEY = TwinKey("pump-1")
PART: JsonObject = {"__t": "c"}


def twin_of(desired: JsonObject | None = None, reported: JsonObject | None = None) -> Twin:
    """Desired is written at 1 s, reported at 2 s."""
    twin = new_twin(0)
    if desired:
        twin, _ = patch(KEY, twin, TwinPatch(desired=desired), at=1000)
    return report(KEY, twin, reported, at=2000) if reported else twin


def shown(desired: JsonObject | None = None, reported: JsonObject | None = None) -> Any:
    device = a_device("pump-1").with_twin(KEY, twin_of(desired, reported))
    return document(TwinRow(device, ABSENT))


def patched(twin: Twin, *asked: JsonObject) -> Any:
    """The merge patch of desired."""
    return desired_patch(twin, steps([*asked]))


def op(name: str, path: str, **more: Any) -> JsonObject:
    return {"op": name, "path": path, **more}


@pytest.mark.parametrize(
    "text", ["", "dtmi:a;1", "dtmi:com:example:Thermostat;12", "dtmi:_a:b_2;999999999.123456"]
)
def test_a_model_id_is_given_back(text: str) -> None:
    """DIGITAL-1"""
    assert check_model_id(text) == text


@pytest.mark.parametrize(
    "text", ["pump", "dtmi:;1", "dtmi:a", "dtmi:a;0", "dtmi:a:1b;1", "dtmi:a;1 ", "dtmi:a;1\n"]
)
def test_another_text_is_no_model_id(text: str) -> None:
    """DIGITAL-1"""
    with pytest.raises(Invalid, match="no id of a model"):
        check_model_id(text)


def test_a_model_id_has_an_end() -> None:
    """DIGITAL-1"""
    longest = f"dtmi:{'a' * (MAX_MODEL_ID - 7)};1"
    assert check_model_id(longest) == longest
    with pytest.raises(TooLarge, match="2049 of 2048"):
        check_model_id(longest.replace(":", ":a"))


def test_an_empty_twin_is_an_empty_digital_twin() -> None:
    """DIGITAL-3"""
    assert shown() == {"$dtId": "pump-1", "$metadata": {"$model": ""}}


def test_values_are_what_is_reported() -> None:
    """DIGITAL-5"""
    found = shown(
        {"rate": 5, "wish": {"a": 1}},
        {"serial": "x", "rate": {"value": 4, "ac": 200, "av": 2, "ad": "done"}},
    )
    assert {name: found[name] for name in found if name[0] != "$"} == {"serial": "x", "rate": 4}
    assert found["$metadata"] == {
        "$model": "",
        "serial": {"lastUpdateTime": "1970-01-01T00:00:02Z"},
        "rate": {
            "desiredValue": 5,
            "desiredVersion": 2,
            "ackVersion": 2,
            "ackCode": 200,
            "ackDescription": "done",
            "lastUpdateTime": "1970-01-01T00:00:02Z",
        },
        "wish": {
            "desiredValue": {"a": 1},
            "desiredVersion": 2,
            "lastUpdateTime": "1970-01-01T00:00:01Z",
        },
    }


@pytest.mark.parametrize("value", [{"value": 1}, {"ac": 200}, {"a": 1}, [1]])
def test_what_is_no_acknowledgement_is_a_value(value: Any) -> None:
    """DIGITAL-5"""
    assert shown(None, {"p": value})["p"] == value


def test_a_component_has_its_properties_and_metadata() -> None:
    """DIGITAL-4"""
    found = shown({"fan": {**PART, "rate": 5}}, {"fan": {**PART, "rate": 4}, "pump": PART})
    assert found["fan"] == {
        "rate": 4,
        "$metadata": {
            "rate": {
                "desiredValue": 5,
                "desiredVersion": 2,
                "lastUpdateTime": "1970-01-01T00:00:02Z",
            }
        },
    }
    assert (found["pump"], found["$metadata"]) == ({"$metadata": {}}, {"$model": ""})


def test_a_component_may_be_one_on_one_side_alone() -> None:
    """DIGITAL-4"""
    assert shown({"fan": PART}, {"fan": 7})["fan"] == {"$metadata": {}}
    assert shown({"fan": {"rate": 1}}, {"fan": PART})["fan"]["$metadata"].keys() == {"rate"}


def test_properties_are_written() -> None:
    """DIGITAL-6, DIGITAL-8"""
    twin = twin_of({"a": 1, "b": {"c": 1, "d": 1}, "gone": 1}, {"seen": 1})
    asked = (
        op("add", "/new", value=[1]),
        op("replace", "/a", value=2),
        op("replace", "/b", value={"c": 2}),
        op("replace", "/seen", value=3),
        op("remove", "/gone"),
    )
    assert patched(twin, *asked) == {
        "new": [1],
        "a": 2,
        "b": {"c": 2, "d": None},
        "seen": 3,
        "gone": None,
    }


def test_components_are_written() -> None:
    """DIGITAL-8"""
    twin = twin_of({"fan": {**PART, "rate": 1, "mode": "eco"}, "old": PART}, {"pump": PART})
    asked = (
        op("replace", "/fan/rate", value=2),
        op("remove", "/fan/mode"),
        op("add", "/pump/rate", value=1),
        op("add", "/lamp", value={"on": True, "$metadata": {}}),
        op("add", "/door/open", value=False),
        op("remove", "/old"),
    )
    made = merge(twin.desired.values, patched(twin, *asked))
    assert made == {
        "fan": {**PART, "rate": 2},
        "pump": {**PART, "rate": 1},
        "lamp": {**PART, "on": True},
        "door": {**PART, "open": False},
    }


def test_what_is_replaced_in_a_component_may_be_reported_alone() -> None:
    """DIGITAL-8"""
    twin = twin_of(None, {"fan": {**PART, "rate": 1}})
    assert patched(twin, op("replace", "/fan/rate", value=2)) == {"fan": {**PART, "rate": 2}}


def test_steps_are_taken_one_after_another() -> None:
    """DIGITAL-8"""
    asked = op("add", "/a", value=1), op("replace", "/a", value=2), op("remove", "/a")
    assert patched(twin_of(), *asked[:2]) == {"a": 2}
    assert patched(twin_of(), *asked) == {}
    fan = op("add", "/fan/rate", value=1), op("remove", "/fan")
    assert patched(twin_of({"fan": {**PART, "rate": 1}}), *fan) == {"fan": None}


def test_the_same_value_is_written_again() -> None:
    """DIGITAL-9"""
    twin = twin_of({"a": 1, "fan": {**PART, "rate": 1, "mode": {"x": 1}}})
    assert patched(twin, op("replace", "/a", value=1)) == {"a": 1}
    both = op("replace", "/fan/rate", value=2), op("replace", "/fan/mode", value={"x": 1})
    assert patched(twin, *both) == {"fan": {"rate": 2, "mode": {"x": 1}}}
    assert patched(twin, both[1]) == {"fan": {"mode": {"x": 1}}}


@pytest.mark.parametrize("path", ["/a~1b", "/a~0b"])
def test_a_path_spells_a_slash_and_a_tilde(path: str) -> None:
    """DIGITAL-7"""
    name = path[1:].replace("~1", "/").replace("~0", "~")
    assert patched(twin_of(), op("add", path, value=1)) == {name: 1}


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({}, InvalidJsonPatch),
        (None, InvalidJsonPatch),
        (["add"], InvalidJsonPatch),
        ([{"path": "/a", "value": 1}], InvalidJsonPatch),
        ([op("move", "/a", **{"from": "/b"})], InvalidJsonPatch),
        ([op("test", "/a", value=1)], InvalidJsonPatch),
        ([op("remove", "/a")] * (MAX_STEPS + 1), InvalidJsonPatch),
        ([{"op": "remove"}], InvalidPatchPath),
        ([op("remove", "")], InvalidPatchPath),
        ([op("remove", "a")], InvalidPatchPath),
        ([op("remove", "/")], InvalidPatchPath),
        ([op("remove", "/a/b/c")], InvalidPatchPath),
        ([op("remove", "/a//b")], InvalidPatchPath),
        ([op("remove", "/$metadata/a")], InvalidPatchPath),
        ([op("add", "/a/__t", value="c")], InvalidPatchPath),
        ([op("add", "/a")], InvalidPatchValue),
        ([op("replace", "/a", value=None)], InvalidPatchValue),
    ],
)
def test_what_is_no_patch_is_refused(asked: Any, error: type[AffinageError]) -> None:
    """DIGITAL-6, DIGITAL-7"""
    with pytest.raises(AffinageError) as refusal:
        steps(asked)
    assert type(refusal.value) is error


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        (op("replace", "/b", value=1), InvalidPatchStep),
        (op("remove", "/b"), InvalidPatchStep),
        (op("remove", "/seen"), InvalidPatchStep),
        (op("replace", "/fan/b", value=1), InvalidPatchStep),
        (op("remove", "/fan/b"), InvalidPatchStep),
        (op("add", "/a/b", value=1), InvalidPatchPath),
        (op("add", "/seen/b", value=1), InvalidPatchPath),
    ],
)
def test_what_is_not_there_is_neither_replaced_nor_removed(
    asked: JsonObject, error: type[AffinageError]
) -> None:
    """DIGITAL-7, DIGITAL-8"""
    with pytest.raises(error):
        patched(twin_of({"a": 1, "fan": PART}, {"seen": 1}), asked)
