"""A device's twin as a digital twin: properties and components, and JSON Patches of them.

Nothing more is stored than the twin: a component is an object with the marker `__t`, an
acknowledgement one of `value` and `ac` in reported. No model is looked up: nothing is held to one.

Source: docs/spec/digital-twins.md.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from affinage.domain.errors import (
    Invalid,
    InvalidJsonPatch,
    InvalidPatchPath,
    InvalidPatchStep,
    InvalidPatchValue,
    TooLarge,
)
from affinage.domain.moments import Millis, iso
from affinage.domain.row import TwinRow
from affinage.domain.stamps import Stamp, by_name, whole
from affinage.domain.twin import Section, Twin
from affinage.domain.values import JsonObject, JsonValue, difference, is_object

MAX_STEPS: Final = 100
"""Steps in one patch."""

MAX_MODEL_ID: Final = 2048
"""Characters in the id of a model."""

MARKER: Final = "__t"
"""What a component has as a member, with the value `c`."""

_MODEL_ID: Final = re.compile(
    r"dtmi:[A-Za-z_][A-Za-z0-9_]*(:[A-Za-z_][A-Za-z0-9_]*)*;[1-9][0-9]{0,8}(\.[0-9]{1,6})?"
)
_METADATA: Final = "$metadata"
_ACKNOWLEDGED: Final = {"av": "ackVersion", "ac": "ackCode", "ad": "ackDescription"}

Path = tuple[str, ...]
"""A property, or a component and a property of it."""

Stamps = Mapping[str, Stamp | Millis]


class Step(Struct, frozen=True):
    """What lies at ``path`` becomes ``value``; None removes it."""

    path: Path
    value: JsonValue
    is_new: bool
    """Whether there need be nothing yet."""


def check_model_id(text: str) -> str:
    """Give back the id of a model, '' for none, or raise Invalid.

    Source: DIGITAL-1.
    """
    if len(text) > MAX_MODEL_ID:
        raise TooLarge(f"a model id of {len(text)} of {MAX_MODEL_ID} characters")
    if text and not _MODEL_ID.fullmatch(text):
        raise Invalid(f"{text[:60]!r} is no id of a model, as dtmi:example:Pump;1")
    return text


def document(row: TwinRow) -> JsonObject:
    """The digital twin of a device.

    Source: DIGITAL-3 to DIGITAL-5.
    """
    twin = row.twin
    shown = _interface(_Half.of(twin.desired), _Half.of(twin.reported))
    metadata = shown.pop(_METADATA)
    assert is_object(metadata)  # every interface has it
    return {"$dtId": row.key.device, **shown, _METADATA: {"$model": twin.model_id, **metadata}}


class _Half(Struct, frozen=True):
    """Desired or reported, or a component's part of it."""

    values: JsonObject
    stamps: Stamps

    @classmethod
    def of(cls, section: Section) -> "_Half":
        return cls(section.values, by_name(section.stamps, section.values))

    def inner(self, name: str) -> "_Half":
        values = self.values.get(name)
        if not is_object(values):
            return _Half({}, {})
        return _Half(values, by_name(self.stamps.get(name), values))


def _interface(desired: _Half, reported: _Half) -> JsonObject:
    """The values and the `$metadata` of the root, or of one component."""
    shown: JsonObject = {}
    metadata: JsonObject = {}
    for name in [
        *reported.values,
        *(name for name in desired.values if name not in reported.values),
    ]:
        if name == MARKER:
            continue
        if _is_component(desired.values.get(name)) or _is_component(reported.values.get(name)):
            shown[name] = _interface(desired.inner(name), reported.inner(name))
            continue
        if name in reported.values:
            shown[name] = _reported(reported.values[name])
        metadata[name] = _told(name, desired, reported)
    return {**shown, _METADATA: metadata}


def _is_component(value: JsonValue) -> bool:
    return is_object(value) and value.get(MARKER) == "c"


def _is_acknowledgement(value: JsonValue) -> bool:
    return is_object(value) and "value" in value and "ac" in value


def _reported(value: JsonValue) -> JsonValue:
    return value["value"] if is_object(value) and _is_acknowledgement(value) else value


def _told(name: str, desired: _Half, reported: _Half) -> JsonObject:
    told: JsonObject = {}
    if name in desired.values:
        told["desiredValue"] = desired.values[name]
        told["desiredVersion"] = whole(desired.stamps[name]).version
    value = reported.values.get(name)
    if is_object(value) and _is_acknowledgement(value):
        told |= {wire: value[short] for short, wire in _ACKNOWLEDGED.items() if short in value}
    last = reported if name in reported.values else desired
    return {**told, "lastUpdateTime": iso(whole(last.stamps[name]).at)}


def steps(patch: JsonValue) -> list[Step]:
    """Read a JSON Patch of `add`, `replace` and `remove`.

    Raises:
        InvalidJsonPatch: it is none, has other operations, or more than MAX_STEPS.
        InvalidPatchPath: a path is neither `/property` nor `/component/property`.
        InvalidPatchValue: a value is missing, or null.

    Source: DIGITAL-6, DIGITAL-7.
    """
    if not isinstance(patch, list):
        raise InvalidJsonPatch("a JSON Patch is an array")
    if len(patch) > MAX_STEPS:
        raise InvalidJsonPatch(f"a JSON Patch of {len(patch)} of {MAX_STEPS} steps")
    return [_step(one) for one in patch]


def _step(one: JsonValue) -> Step:
    if not is_object(one) or one.get("op") not in ("add", "replace", "remove"):
        raise InvalidJsonPatch("each step has an op, which is add, replace or remove")
    path = _path(one.get("path"))
    if one["op"] == "remove":
        return Step(path, None, is_new=False)
    if one.get("value") is None:
        raise InvalidPatchValue(f"/{'/'.join(path)} must be given a value: remove takes one away")
    return Step(path, _written(one["value"]), is_new=one["op"] == "add")


def _path(text: JsonValue) -> Path:
    if not isinstance(text, str) or not text.startswith("/"):
        raise InvalidPatchPath("a path begins with /")
    names = tuple(name.replace("~1", "/").replace("~0", "~") for name in text[1:].split("/"))
    if len(names) > 2 or not all(names):  # noqa: PLR2004  # a component and its property
        raise InvalidPatchPath(f"{text[:60]!r} is neither /property nor /component/property")
    if any(name.startswith("$") or name == MARKER for name in names):
        raise InvalidPatchPath(f"{text[:60]!r} is no client's to write")
    return names


def _written(value: JsonValue) -> JsonValue:
    """The value as desired has it: a component, which comes with `$metadata`, gets its marker."""
    if not is_object(value) or _METADATA not in value:
        return value
    return {MARKER: "c"} | {name: one for name, one in value.items() if name != _METADATA}


def desired_patch(twin: Twin, wanted: Iterable[Step]) -> JsonObject:
    """The merge patch of desired that does what the steps say, one after another.

    Raises:
        InvalidPatchStep: one replaces or removes what is not there.
        InvalidPatchPath: one is within a property that is no component.

    Source: DIGITAL-7, DIGITAL-8.
    """
    old, new = twin.desired.values, {**twin.desired.values}
    touched: list[Path] = []
    for step in wanted:
        _take(step, twin, new)
        touched.append(step.path)
    return _patch(old, new, touched)


def _take(step: Step, twin: Twin, new: JsonObject) -> None:
    *above, name = step.path
    place, reported = new, twin.reported.values
    for component in above:
        place = new[component] = _component(component, new, reported)
        its = reported.get(component)
        reported = its if is_object(its) else {}
    if step.value is not None:
        if not step.is_new and name not in place and name not in reported:
            raise InvalidPatchStep(f"/{'/'.join(step.path)} is not there to be replaced")
        place[name] = step.value
    elif name in place:
        del place[name]
    else:
        raise InvalidPatchStep(f"/{'/'.join(step.path)} is not there to be removed")


def _component(name: str, desired: JsonObject, reported: JsonObject) -> JsonObject:
    """A copy of the component's desired; a new one if there is nothing of that name."""
    if any(name in half and not _is_component(half[name]) for half in (desired, reported)):
        raise InvalidPatchPath(f"{name} is a property, and no component")
    own = desired.get(name)
    return {**own} if is_object(own) else {MARKER: "c"}


def _patch(old: JsonObject, new: JsonObject, touched: Iterable[Path]) -> JsonObject:
    """The difference, and what was written with the value that it had: the device is told."""
    patch = difference(old, new)
    for names in touched:
        if (again := _written_again(names, old, new)) is not None:
            patch = _placed(patch, names, again)
    return patch


def _written_again(names: Path, old: JsonObject, new: JsonObject) -> JsonValue:
    """The value at the path if it is the same in both; None if not."""
    before, after = _at(names, old), _at(names, new)
    same = after is not None and not difference({"": before}, {"": after})
    return after if same else None


def _at(names: Path, values: JsonObject) -> JsonValue:
    value: JsonValue = values
    for name in names:
        value = value.get(name) if is_object(value) else None
    return value


def _placed(patch: JsonObject, names: Path, value: JsonValue) -> JsonObject:
    name, *rest = names
    if not rest:
        return {**patch, name: value}
    inner = patch.get(name)
    return {**patch, name: _placed(inner if is_object(inner) else {}, tuple(rest), value)}
