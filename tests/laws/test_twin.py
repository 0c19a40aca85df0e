"""What holds for every twin, whatever has happened to it."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import example, given
from msgspec.structs import replace

from affinage.domain.device import ABSENT, Device
from affinage.domain.errors import Invalid
from affinage.domain.query.syntax import Path
from affinage.domain.row import TwinRow, walk
from affinage.domain.stamps import Stamp, by_name, whole
from affinage.domain.twin import Twin, TwinPatch, new_twin, patch, report, substitute
from affinage.domain.values import JsonObject, JsonValue, is_object, merge, same
from laws.strategies import (
    KEY,
    Write,
    after,
    born,
    changes,
    devices,
    histories,
    junk,
    lived,
    patches,
    statuses,
    values,
    writes,
)


class Stamped(NamedTuple):
    """A value with its stamp."""

    value: JsonValue
    stamp: Stamp

    def members(self) -> "dict[str, Stamped]":
        values = self.value if is_object(self.value) else {}
        known = by_name(self.stamp, self.value)
        return {name: Stamped(values[name], whole(inner)) for name, inner in known.items()}


NOTHING = Stamped(None, Stamp(0))


def stamps_of(value: JsonValue, stamp: Stamp) -> Iterator[tuple[JsonValue, Stamp]]:
    """Every value with its stamp; fails where one tree has what the other has not."""
    yield value, stamp
    members = value if is_object(value) else {}
    assert len(members) == len(stamp.inner)
    for name, inner in by_name(stamp, value).items():
        yield from stamps_of(members[name], whole(inner))


@given(born, histories)
def test_stamps_stand_beside_the_values(twin: Twin, history: Sequence[Write]) -> None:
    """TWIN-7."""
    twin = after(history, twin)
    for section in (twin.desired, twin.reported):
        for value, stamp in stamps_of(section.values, section.stamps):
            inner = [whole(below) for below in by_name(stamp, value).values()]
            assert all(stamp.at >= below.at for below in inner)
            assert all(stamp.version >= below.version for below in inner)
    assert twin.desired.stamps.version in (0, twin.desired.version)
    assert all(
        not stamp.version for _, stamp in stamps_of(twin.reported.values, twin.reported.stamps)
    )


@given(lived, patches)
@example(new_twin(0, None, {"a": {"b": 1, "c": 2}}), {"a": {"b": 3}})
def test_all_that_a_patch_names_is_stamped_and_nothing_else(twin: Twin, told: JsonObject) -> None:
    """TWIN-7, TWIN-23."""

    def check(named: JsonValue, old: Stamped, new: Stamped) -> None:
        assert (new.stamp.at, new.stamp.version) == (99, version)
        named = named if is_object(named) else {}
        before = old.members()
        for name, member in new.members().items():
            if name in named:
                check(named[name], before.get(name, NOTHING), member)
            else:
                assert member == before[name]

    version = twin.desired.version + 1
    written, _ = patch(KEY, twin, TwinPatch(desired=told), at=99)
    old, new = (Stamped(one.desired.values, one.desired.stamps) for one in (twin, written))
    check(told, old, new)
    assert [*stamps_of(written.desired.values, written.desired.stamps)]


@given(lived, writes)
def test_versions_grow_by_one_for_each_change(twin: Twin, write: Write) -> None:
    """TWIN-5, TWIN-10, TWIN-14."""
    written, events = write(twin, 99)
    desired = written.desired.version - twin.desired.version
    reported = written.reported.version - twin.reported.version
    etag = written.etag - twin.etag
    assert written.version - twin.version == etag + reported == (written is not twin)
    assert desired in ({0, etag} if etag else {0})
    assert desired == (written.desired is not twin.desired) == len(events)
    assert reported == (written.reported is not twin.reported)


@given(lived)
def test_an_empty_patch_changes_no_value_and_moves_the_version(twin: Twin) -> None:
    """TWIN-5, TWIN-14."""
    written, _ = patch(KEY, twin, TwinPatch(desired={}), at=99)
    told = report(KEY, written, {}, at=99)
    assert same(told.desired.values, twin.desired.values)
    assert same(told.reported.values, twin.reported.values)
    assert told.desired.version == twin.desired.version + 1
    assert told.reported.version == twin.reported.version + 1


@given(lived, patches, patches, patches)
def test_a_patch_read_back_is_the_merge(
    twin: Twin, tags: JsonObject, told: JsonObject, said: JsonObject
) -> None:
    """TWIN-4, TWIN-14."""
    written, _ = patch(KEY, twin, TwinPatch(tags, told), at=99)
    written = report(KEY, written, said, at=99)
    assert same(written.tags, merge(twin.tags, tags))
    assert same(written.desired.values, merge(twin.desired.values, told))
    assert same(written.reported.values, merge(twin.reported.values, said))


@given(lived, patches)
def test_a_replacement_read_back_is_what_was_given(twin: Twin, given: JsonObject) -> None:
    """TWIN-11."""
    written, _ = substitute(KEY, twin, TwinPatch(given, given), at=99)
    assert same(written.tags, merge({}, given))
    assert same(written.desired.values, merge({}, given))


@given(lived, values, values)
def test_sections_change_alone(twin: Twin, network: JsonObject, told: JsonObject) -> None:
    """TWIN-23."""
    before = TwinPatch(desired={"network": network})
    twin, _ = patch(KEY, twin, before, at=98)
    written, _ = patch(KEY, twin, TwinPatch(desired={"firmware": told}), at=99)
    assert written.desired.values["network"] is twin.desired.values["network"]
    old, new = (by_name(one.desired.stamps, one.desired.values) for one in (twin, written))
    assert new["network"] is old["network"]
    assert written.tags is twin.tags
    assert written.reported is twin.reported


@given(born, histories)
def test_who_merges_what_it_is_told_holds_desired(twin: Twin, history: Sequence[Write]) -> None:
    """TWIN-6, TWIN-8, TWIN-11, TWIN-12."""
    held: JsonValue = twin.desired.values
    version = twin.desired.version
    for write in history:
        twin, events = write(twin, 99)
        for event in events:
            assert event.version == version + 1
            held, version = merge(held, event.patch), event.version
    assert same(held, twin.desired.values)


@given(lived, junk())
def test_what_is_refused_changes_nothing(twin: Twin, bad: JsonObject) -> None:
    """TWIN-22."""
    before = msgspec.msgpack.encode(twin)
    for change in (TwinPatch({"a": 1}, bad), TwinPatch(bad, {"a": 1})):
        for write in (patch, substitute):
            with pytest.raises(Invalid):
                write(KEY, twin, change, at=99)
    with pytest.raises(Invalid):
        report(KEY, twin, bad, at=99)
    assert msgspec.msgpack.encode(twin) == before


@given(lived, changes)
def test_no_write_touches_the_twin_that_it_is_given(twin: Twin, change: TwinPatch) -> None:
    """TWIN-22."""
    before = msgspec.msgpack.encode((twin, change))
    patch(KEY, twin, change, at=99)
    substitute(KEY, twin, change, at=99)
    assert msgspec.msgpack.encode((twin, change)) == before


@given(devices())
def test_a_device_kept_as_bytes_comes_back_the_same(device: Device) -> None:
    row = msgspec.msgpack.encode(device)
    back = msgspec.msgpack.decode(row, type=Device)
    assert back == device
    assert msgspec.msgpack.encode(back) == row


def paths(value: JsonValue, path: Path = ()) -> Iterator[Path]:
    """Every path of a document, and beside and below each some that lead nowhere."""
    yield from ((*path, step) for step in ("$version", "$metadata", "missing", "0", 0, -1, 99))
    members = value.items() if is_object(value) else ()
    elements = enumerate(value) if isinstance(value, list) else ()
    for step, inner in (*members, *elements):
        yield (*path, step)
        yield from paths(inner, (*path, step))


@given(devices(), statuses)
def test_a_path_names_what_it_leads_to_in_the_document(
    device: Device, in_force: dict[str, str]
) -> None:
    """QUERY-4, TWIN-1."""
    device = replace(device, twin=replace(device.twin, statuses=in_force))
    for module in (None, *device.modules.values()):
        row = TwinRow(device, ABSENT, module)
        document = row.document()
        for path in paths(document):
            found, expected = row.lookup(path), walk(document, [*path])
            assert found is expected or found == expected, path
