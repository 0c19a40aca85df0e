"""Every change that a twin admits."""

from collections.abc import Callable

import pytest
from msgspec import UNSET

from affinage.domain import twin as twins
from affinage.domain.errors import EtagMismatch, Invalid, TooLarge, VersionMismatch
from affinage.domain.names import TwinKey
from affinage.domain.stamps import Stamp, by_name
from affinage.domain.twin import (
    DesiredChanged,
    Section,
    Twin,
    TwinPatch,
    check_etag,
    etag_text,
    new_twin,
    report,
    substitute,
    write_desired,
)
from affinage.domain.values import JsonObject

KEY = TwinKey("pump-1")
OLD = new_twin(0, {"site": {"city": "Lyon"}}, {"rate": 5, "alarm": {"high": 90, "low": 1}})


def patch(twin: Twin, change: TwinPatch, at: int = 9) -> tuple[Twin, tuple[DesiredChanged, ...]]:
    return twins.patch(KEY, twin, change, at=at)


def desired(twin: Twin, change: JsonObject | None) -> Twin:
    return patch(twin, TwinPatch(desired=change))[0]


def counters(twin: Twin) -> tuple[int, int, int, int]:
    return twin.etag, twin.version, twin.desired.version, twin.reported.version


def test_a_new_twin_is_empty_at_version_one() -> None:
    """TWIN-2."""
    twin = new_twin(7)
    assert twin == Twin({}, Section({}, Stamp(7), 1), Section({}, Stamp(7), 1), 1, 2)
    assert etag_text(twin.etag) == "AAAAAAAAAAE="
    assert new_twin(7, {}, {}) == twin


def test_what_a_twin_is_created_with_is_desired_version_one() -> None:
    """TWIN-2, TWIN-9."""
    twin = new_twin(7, {"line": 4}, {"a": {"b": 1}, "c": None, "$version": 8, "$metadata": {}})
    fresh = Stamp(7, 1)
    stamps = Stamp(7, 1, [Stamp(7, 1, [fresh])])
    assert twin.tags == {"line": 4}
    assert twin.desired == Section({"a": {"b": 1}}, stamps, 1)
    assert counters(twin) == (1, 2, 1, 1)


@pytest.mark.parametrize(
    ("tags", "values"), [({"a b": 1}, None), (None, {"a.b": 1}), ({"x": {"": 1}}, {})]
)
def test_a_twin_is_not_created_with_what_none_may_hold(
    tags: JsonObject | None, values: JsonObject | None
) -> None:
    """TWIN-15."""
    with pytest.raises(Invalid, match="of the new twin"):
        new_twin(0, tags, values)


@pytest.mark.parametrize(
    ("etag", "text"), [(1, "AAAAAAAAAAE="), (2, "AAAAAAAAAAI="), (2**63, "gAAAAAAAAAA=")]
)
def test_an_etag_is_spelled_as_base64_of_eight_bytes(etag: int, text: str) -> None:
    """TWIN-24."""
    assert etag_text(etag) == text


def test_a_write_may_be_on_the_condition_of_the_etag() -> None:
    """TWIN-13."""
    check_etag(KEY, OLD, "AAAAAAAAAAE=")
    check_etag(KEY, OLD, None)
    with pytest.raises(EtagMismatch, match=r"^ETag mismatch for device ID 'pump-1'$"):
        check_etag(KEY, OLD, "AAAAAAAAAAI=")


def test_a_patch_merges_both_sections_and_moves_etag_and_version_once() -> None:
    """TWIN-4, TWIN-5, TWIN-10."""
    told: JsonObject = {"alarm": {"high": 91, "low": None}}
    twin, _ = patch(OLD, TwinPatch({"line": 4}, told))
    assert twin.tags == {"site": {"city": "Lyon"}, "line": 4}
    assert twin.desired.values == {"rate": 5, "alarm": {"high": 91}}
    assert counters(twin) == (2, 3, 2, 1)


def test_the_device_is_told_the_patch_as_it_was_written() -> None:
    """TWIN-6."""
    told: JsonObject = {"rate": 5, "gone": None, "alarm": {"low": None}}
    _, events = patch(OLD, TwinPatch(desired=told))
    assert events == (DesiredChanged(KEY, told, 2),)


def test_a_patch_of_tags_alone_moves_no_version_of_desired_and_tells_nobody() -> None:
    """TWIN-5, TWIN-6, TWIN-10."""
    twin, events = patch(OLD, TwinPatch({"site": None}))
    assert (twin.tags, events) == ({}, ())
    assert counters(twin) == (2, 3, 1, 1)
    assert twin.desired is OLD.desired


def test_the_same_values_again_move_the_version() -> None:
    """TWIN-5."""
    twin = desired(OLD, OLD.desired.values)
    assert twin.desired.values == OLD.desired.values
    assert counters(twin) == (2, 3, 2, 1)
    assert counters(desired(OLD, {})) == (2, 3, 2, 1)


def test_a_patch_that_names_no_section_changes_nothing() -> None:
    """TWIN-10."""
    assert patch(OLD, TwinPatch()) == (OLD, ())
    assert substitute(KEY, OLD, TwinPatch(), at=9) == (OLD, ())


def test_a_null_below_a_missing_name_makes_an_empty_object() -> None:
    """TWIN-4."""
    assert desired(new_twin(0), {"a": {"b": None}}).desired.values == {"a": {}}
    assert desired(new_twin(0), {"a": None}).desired.values == {}


@pytest.mark.parametrize("write", [twins.patch, substitute])
def test_a_null_clears_a_section_and_tells_what_is_gone(
    write: Callable[..., tuple[Twin, tuple[DesiredChanged, ...]]],
) -> None:
    """TWIN-8."""
    twin, events = write(KEY, OLD, TwinPatch(tags=None, desired=None), at=9)
    assert (twin.tags, twin.desired) == ({}, Section({}, Stamp(9, 2), 2))
    assert events == (DesiredChanged(KEY, {"rate": None, "alarm": None}, 2),)
    assert counters(twin) == (2, 3, 2, 1)


@pytest.mark.parametrize("write", [twins.patch, substitute])
def test_marks_at_the_root_of_desired_are_ignored(
    write: Callable[..., tuple[Twin, tuple[DesiredChanged, ...]]],
) -> None:
    """TWIN-9."""
    echo = {**OLD.desired.values, "rate": 6, "$metadata": {"rate": {}}, "$version": 1}
    twin, events = write(KEY, OLD, TwinPatch(desired=echo), at=9)
    assert twin.desired.values == {**OLD.desired.values, "rate": 6}
    assert "$version" not in events[0].patch


@pytest.mark.parametrize(
    "change",
    [
        TwinPatch({"$version": 1}),
        TwinPatch(desired={"a": {"$version": 1}}),
        TwinPatch(desired={"$other": 1}),
        TwinPatch({"good": 1}, {"bad name": 1}),
    ],
)
def test_any_other_mark_is_refused(change: TwinPatch) -> None:
    """TWIN-9, TWIN-15, TWIN-22."""
    for write in (twins.patch, substitute):
        with pytest.raises(Invalid, match="has invalid characters"):
            write(KEY, OLD, change, at=9)


def test_a_replacement_takes_the_place_of_the_section_that_is_given() -> None:
    """TWIN-11, TWIN-7."""
    twin, events = substitute(KEY, OLD, TwinPatch(desired={"alarm": {"high": 90}}), at=9)
    alarm = Stamp(9, 2, [Stamp(0, 1)])
    assert twin.desired == Section({"alarm": {"high": 90}}, Stamp(9, 2, [alarm]), 2)
    assert events == (DesiredChanged(KEY, {"rate": None, "alarm": {"low": None}}, 2),)
    assert twin.tags is OLD.tags
    assert counters(twin) == (2, 3, 2, 1)


def test_a_replacement_holds_no_null() -> None:
    """TWIN-11."""
    twin, _ = substitute(KEY, OLD, TwinPatch({"a": None}, {"b": {"c": None}}), at=9)
    assert (twin.tags, twin.desired.values) == ({}, {"b": {}})


def test_an_equal_replacement_moves_the_version_and_tells_an_empty_patch() -> None:
    """TWIN-5, TWIN-11."""
    twin, events = substitute(KEY, OLD, TwinPatch(desired=dict(OLD.desired.values)), at=9)
    assert (events[0].patch, events[0].version) == ({}, 2)
    assert twin.desired.stamps.inner == OLD.desired.stamps.inner


def test_the_hub_writes_and_tells_the_difference() -> None:
    """TWIN-12."""
    wanted: JsonObject = {"alarm": {"high": 90, "low": 2}}
    twin, events = write_desired(KEY, OLD, wanted, at=9)
    assert twin.desired.values == wanted
    assert events == (DesiredChanged(KEY, {"rate": None, "alarm": {"low": 2}}, 2),)
    assert counters(twin) == (2, 3, 2, 1)


def test_where_nothing_differs_the_hub_writes_nothing() -> None:
    """TWIN-12."""
    twin, events = write_desired(KEY, OLD, {"alarm": {"low": 1, "high": 90}, "rate": 5}, at=9)
    assert twin is OLD
    assert events == ()


def test_what_the_hub_writes_holds_no_null_and_keeps_what_is_equal() -> None:
    """TWIN-12, TWIN-23."""
    wanted: JsonObject = {"rate": {"a": None}, "alarm": {"high": 90, "low": 1}}
    twin, _ = write_desired(KEY, OLD, wanted, at=9)
    assert twin.desired.values["rate"] == {}
    assert twin.desired.values["alarm"] is OLD.desired.values["alarm"]


def test_the_hub_too_writes_only_what_a_twin_may_hold() -> None:
    """TWIN-15, TWIN-20."""
    with pytest.raises(Invalid, match=r"^desired of pump-1: a: nan is not"):
        write_desired(KEY, OLD, {"a": float("nan")}, at=9)
    with pytest.raises(TooLarge, match=r"^desired of pump-1 would take 32769 of 32768 bytes$"):
        write_desired(KEY, OLD, full(32_769), at=9)


def test_of_what_was_admitted_before_only_the_size_is_looked_at() -> None:
    """TWIN-20."""
    admitted, _ = write_desired(KEY, OLD, {"a": {"b": 1}}, at=9, is_admitted=True)
    assert admitted == write_desired(KEY, OLD, {"a": {"b": 1}}, at=9)[0]
    with pytest.raises(TooLarge, match=r"^desired of pump-1 would take 32769 of 32768 bytes$"):
        write_desired(KEY, OLD, full(32_769), at=9, is_admitted=True)


def test_a_report_moves_its_version_and_the_twins_and_no_etag() -> None:
    """TWIN-14."""
    twin = report(KEY, OLD, {"fw": {"version": "1.1", "old": None}}, at=9)
    stamps = Stamp(9, 0, [Stamp(9, 0, [9])])
    assert twin.reported == Section({"fw": {"version": "1.1"}}, stamps, 2)
    assert counters(twin) == (1, 3, 1, 2)
    assert counters(report(KEY, twin, {}, at=9)) == (1, 4, 1, 3)


def test_a_report_may_be_on_the_condition_of_a_version() -> None:
    """TWIN-14."""
    assert report(KEY, OLD, {"a": 1}, expected=1, at=9).reported.version == 2
    with pytest.raises(VersionMismatch, match=r"^reported of pump-1 is at 1, not 0$"):
        report(KEY, OLD, {"a": 1}, expected=0, at=9)


@pytest.mark.parametrize("change", [{"$version": 1}, {"a": float("inf")}, {"a": [None]}])
def test_a_report_of_what_no_twin_may_hold_is_refused(change: JsonObject) -> None:
    """TWIN-14, TWIN-22."""
    with pytest.raises(Invalid, match=r"^reported of pump-1: "):
        report(KEY, OLD, change, at=9)
    assert report(KEY, OLD, {}, at=9).reported.values == {}


def full(size: int) -> JsonObject:
    """An object of exactly ``size`` bytes."""
    pieces, rest = divmod(size, 1024)
    values: JsonObject = {f"k{n:03}": "x" * 1020 for n in range(pieces)}
    return {**values, "r": "x" * (rest - 1)} if rest else values


def test_a_section_may_take_its_limit_and_not_a_byte_more() -> None:
    """TWIN-20."""
    assert report(KEY, OLD, full(32_768), at=9).reported.version == 2
    with pytest.raises(TooLarge, match=r"^reported of pump-1 would take 32769 of 32768 bytes$"):
        report(KEY, OLD, full(32_769), at=9)
    assert patch(new_twin(0), TwinPatch(full(8192), full(32_768)))[0].version == 3
    with pytest.raises(TooLarge, match=r"^tags of pump-1 would take 8193 of 8192 bytes$"):
        patch(new_twin(0), TwinPatch(full(8193)))


def test_the_limit_is_of_the_result_and_not_of_the_patch() -> None:
    """TWIN-20."""
    twin = desired(new_twin(0), full(32_768))
    assert desired(twin, {"k000": None, "k" * 24: "x" * 1000}).desired.version == 3
    with pytest.raises(TooLarge, match="would take 32769 of 32768 bytes"):
        desired(twin, {"k000": "x" * 1021})


def test_a_part_that_is_not_named_stays_the_very_same() -> None:
    """TWIN-23."""
    twin = desired(OLD, {"rate": 6})
    assert twin.desired.values["alarm"] is OLD.desired.values["alarm"]
    new, old = (by_name(one.desired.stamps, one.desired.values) for one in (twin, OLD))
    assert new["alarm"] is old["alarm"]
    assert twin.reported is OLD.reported
    assert twin.tags is OLD.tags


def test_the_tags_of_a_twin_may_be_cleared_alone() -> None:
    """TWIN-8."""
    twin, events = patch(OLD, TwinPatch(tags=None, desired=UNSET))
    assert (twin.tags, events, twin.desired) == ({}, (), OLD.desired)
