"""The twin: what a device should be, what it says it is, and how we label it.

Every change a twin admits is a function here: values in, a new twin out. Sections change alone:
what a patch does not name keeps its value, its stamp and its object in memory.
"""

import base64
from typing import Any, Final

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from affinage.domain.errors import EtagMismatch, Malformed, VersionMismatch
from affinage.domain.etags import ANY
from affinage.domain.moments import Millis
from affinage.domain.names import TwinKey
from affinage.domain.stamps import Stamp, restamp
from affinage.domain.values import JsonObject, check_patch, check_size, difference, is_object, merge

MAX_TAGS: Final = 8 * 1024
"""Bytes, as `size_bytes` counts them, that the tags of a twin may take."""

MAX_PROPERTIES: Final = 32 * 1024
"""Bytes, as `size_bytes` counts them, that desired, and likewise reported, may take."""


class Section(Struct, frozen=True, array_like=True, gc=False):
    """Desired or reported properties: values, how often they changed, when each part did."""

    values: dict[str, Any]
    stamps: Stamp
    version: int = 1


class Twin(Struct, frozen=True, array_like=True, gc=False):
    """One device's or module's document. Immutable: every change is a new twin."""

    tags: dict[str, Any]
    desired: Section
    reported: Section
    etag: int = 1
    """Counts changes of tags and desired; see `etag_text`."""
    version: int = 2
    """Counts every change, reported ones included."""
    model_id: str = ""
    statuses: dict[str, str] = {}
    """`configurations` on the wire: id to `Targeted` or `Applied`."""
    owned: dict[str, str] = {}
    """Paths in force: dotted path below desired ('' is all of it) to the configuration's id."""


class DesiredChanged(Struct, frozen=True):
    """Event: the device must be told ``patch``, which made version ``version`` of desired."""

    key: TwinKey
    patch: JsonObject
    version: int


class TwinPatch(Struct, frozen=True):
    """What a back end writes: UNSET leaves a section alone, None clears it."""

    tags: JsonObject | UnsetType | None = UNSET
    desired: JsonObject | UnsetType | None = UNSET


Changed = tuple[Twin, tuple[DesiredChanged, ...]]
"""A new twin, and what its device must be told, in order."""


def new_twin(at: Millis, tags: JsonObject | None = None, desired: JsonObject | None = None) -> Twin:
    """The twin of a new identity; what it is created with counts as desired's version 1.

    Raises:
        Invalid, TooLarge: see `patch`.

    Source: TWIN-2.
    """
    blank = Section({}, Stamp(at))
    twin = Twin({}, blank, blank)
    if tags:
        twin = replace(twin, tags=_written("tags of the new twin", {}, tags, MAX_TAGS))
    if given := without_marks(desired):
        values = _written("desired of the new twin", {}, given, MAX_PROPERTIES)
        stamps = restamp(None, {}, given, values, Stamp(at, 1))
        twin = replace(twin, desired=Section(values, stamps))
    return twin


def etag_text(etag: int) -> str:
    """A twin's etag as the wire has it: base64 of eight bytes, big-endian."""
    return base64.b64encode(etag.to_bytes(8, "big")).decode()


def check_etag(key: TwinKey, twin: Twin, if_match: str | None) -> None:
    """Raise EtagMismatch unless ``if_match`` is the twin's etag, ANY or None.

    Source: TWIN-13.
    """
    if if_match not in (None, ANY, etag_text(twin.etag)):
        raise EtagMismatch(f"ETag mismatch for device ID '{key.path}'")


def patch(key: TwinKey, twin: Twin, change: TwinPatch, *, at: Millis) -> Changed:
    """Merge into tags and desired; desired's version moves even if no value does.

    Raises:
        Invalid: a name, a value or the depth is outside the limits. Nothing has changed.
        TooLarge: a section would pass MAX_TAGS or MAX_PROPERTIES. Nothing has changed.

    Source: TWIN-4 to TWIN-6, TWIN-8 to TWIN-10.
    """
    tags = _patched(f"tags of {key.path}", twin.tags, change.tags, MAX_TAGS)
    told = without_marks(change.desired)
    desired = _patched(f"desired of {key.path}", twin.desired.values, told, MAX_PROPERTIES)
    return _rewritten(key, twin, tags=tags, desired=desired, told=told, at=at)


def substitute(key: TwinKey, twin: Twin, change: TwinPatch, *, at: Millis) -> Changed:
    """Replace tags, desired or both; the device is told the difference, nulls included.

    Raises:
        Invalid, TooLarge: see `patch`.

    Source: TWIN-11.
    """
    tags = _patched(f"tags of {key.path}", {}, change.tags, MAX_TAGS)
    given = without_marks(change.desired)
    desired = _patched(f"desired of {key.path}", {}, given, MAX_PROPERTIES)
    return _rewritten(key, twin, tags=tags, desired=desired, at=at)


def write_desired(
    key: TwinKey, twin: Twin, values: JsonObject, *, at: Millis, is_admitted: bool = False
) -> Changed:
    """Make desired exactly ``values``, telling the device the difference; equal writes nothing.

    Args:
        is_admitted: whether all in it is the twin's own or an admitted content's, at the path
            that was admitted; then only its size can be too much.

    Raises:
        Invalid, TooLarge: see `patch`.

    Source: TWIN-12.
    """
    old = twin.desired.values
    told = difference(old, values)
    if not told:
        return twin, ()
    # Merged, not taken as it stands: what is equal stays the same object, and no null gets in.
    what = f"desired of {key.path}"
    if not is_admitted:
        check_patch(what, told)
    desired = _merged(what, old, told, MAX_PROPERTIES)
    return _rewritten(key, twin, desired=desired, told=told, at=at)


def report(
    key: TwinKey, twin: Twin, change: JsonObject, *, expected: int | None = None, at: Millis
) -> Twin:
    """Merge into reported; its version moves even if no value does, the etag does not.

    Args:
        expected: the version of reported that the device last saw, or None for any.

    Raises:
        VersionMismatch: ``expected`` is not reported's version. Nothing has changed.
        Invalid, TooLarge: see `patch`.

    Source: TWIN-14.
    """
    section = twin.reported
    if expected is not None and expected != section.version:
        raise VersionMismatch(f"reported of {key.path} is at {section.version}, not {expected}")
    values = _written(f"reported of {key.path}", section.values, change, MAX_PROPERTIES)
    stamps = restamp(section.stamps, section.values, change, values, Stamp(at))
    reported = Section(values, stamps, section.version + 1)
    return replace(twin, reported=reported, version=twin.version + 1)


def patch_of(document: JsonObject) -> TwinPatch:
    """What a document asks for; everything else that a twin shows is ignored, clients echo it.

    Raises:
        Malformed: a section is neither an object nor null.
    """
    properties = document.get("properties")
    if properties is not None and not is_object(properties):
        raise Malformed("properties must be an object")
    return TwinPatch(_named(document, "tags"), _named(properties or {}, "desired"))


def without_marks(given: JsonObject | UnsetType | None) -> JsonObject | UnsetType | None:
    """Clients echo whole twins: `$metadata` and `$version` at the root mean nothing."""
    if not is_object(given):
        return given
    return {name: value for name, value in given.items() if name not in ("$metadata", "$version")}


def _named(members: JsonObject, name: str) -> JsonObject | UnsetType | None:
    if name not in members:
        return UNSET
    section = members[name]
    if section is not None and not is_object(section):
        raise Malformed(f"{name} must be an object or null")
    return section


def _patched(
    what: str, values: JsonObject, change: JsonObject | UnsetType | None, limit: int
) -> JsonObject | UnsetType:
    if isinstance(change, UnsetType):
        return UNSET
    return {} if change is None else _written(what, values, change, limit)


def _written(what: str, values: JsonObject, change: JsonObject, limit: int) -> JsonObject:
    check_patch(what, change)
    return _merged(what, values, change, limit)


def _merged(what: str, values: JsonObject, change: JsonObject, limit: int) -> JsonObject:
    result = merge(values, change)
    assert is_object(result)  # a merge with an object is an object
    check_size(what, result, limit)
    return result


def _rewritten(
    key: TwinKey,
    twin: Twin,
    *,
    tags: JsonObject | UnsetType = UNSET,
    desired: JsonObject | UnsetType = UNSET,
    told: JsonObject | UnsetType | None = UNSET,
    at: Millis,
) -> Changed:
    """The twin with new sections, one etag and one version on; or itself if neither is new."""
    if tags is UNSET and desired is UNSET:
        return twin, ()
    twin = replace(twin, etag=twin.etag + 1, version=twin.version + 1)
    if not isinstance(tags, UnsetType):
        twin = replace(twin, tags=tags)
    if isinstance(desired, UnsetType):
        return twin, ()
    old = twin.desired
    change = told if is_object(told) else difference(old.values, desired)
    version = old.version + 1
    stamps = restamp(old.stamps, old.values, change, desired, Stamp(at, version))
    twin = replace(twin, desired=Section(desired, stamps, version))
    return twin, (DesiredChanged(key, change, version),)
