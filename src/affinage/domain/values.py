"""JSON values: the types, the one way to merge them, and the limits of what a twin may hold."""

import math
import re
from collections.abc import Mapping
from typing import Final, TypeAlias, TypeGuard

from affinage.domain.errors import Invalid, TooLarge

JsonObject: TypeAlias = dict[str, "JsonValue"]
JsonValue: TypeAlias = bool | int | float | str | list["JsonValue"] | JsonObject | None

MAX_DEPTH: Final = 10
"""Levels of objects and arrays below a section's root."""

MAX_KEY: Final = 1024
"""Bytes of UTF-8 in one key."""

MAX_STRING: Final = 4096
"""Bytes of UTF-8 in one string value."""

MIN_INTEGER: Final = -(2**52)
MAX_INTEGER: Final = 2**52 - 1

_CONTROL: Final = re.compile("[\x00-\x1f\x80-\x9f]")
_ILLEGAL_KEY: Final = re.compile("[\x00-\x1f\x80-\x9f.$# ]")


def is_object(value: object) -> TypeGuard[JsonObject]:
    return isinstance(value, dict)


def merge(target: JsonValue, patch: JsonValue) -> JsonValue:
    """Apply a JSON merge patch: objects merge, null deletes, the rest replaces.

    Sub-objects that the patch does not name are shared with ``target``, so that an unchanged
    part of the result *is* the part of the target. Neither argument is changed.

    Source: RFC 7396 §2, whose pseudo-code this is.
    """
    if not is_object(patch):
        return patch
    merged = dict(target) if is_object(target) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif is_object(value):
            merged[key] = merge(merged.get(key), value)
        else:
            merged[key] = value
    return merged


def difference(old: JsonObject, new: JsonObject) -> JsonObject:
    """The smallest merge patch that makes ``old`` into ``new``; `{}` if they are equal.

    Law: ``merge(old, difference(old, new)) == new``, for values that hold no null.
    """
    patch: JsonObject = {key: None for key in old if key not in new}
    for key, value in new.items():
        before = old.get(key)
        if before is value:
            continue
        if is_object(value) and is_object(before):
            if inner := difference(before, value):
                patch[key] = inner
        elif key not in old or not same(before, value):
            patch[key] = value
    return patch


def same(one: JsonValue, other: JsonValue) -> bool:
    """Equal as JSON: unlike Python, true is not 1, in arrays and objects too."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if is_object(one) and is_object(other):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def size_bytes(value: JsonValue) -> int:
    """Count keys and values, not the JSON around them.

    A string takes its UTF-8 bytes less control characters, a number 8, a boolean 4, a null 0.

    Source: TWIN-20.
    """
    match value:
        case str():
            return len(value) if value.isascii() and value.isprintable() else _utf8(value)
        case bool():
            return 4
        case int() | float():
            return 8
        case dict():
            return sum(size_bytes(key) + size_bytes(inner) for key, inner in value.items())
        case list():
            return sum(map(size_bytes, value))
        case None:
            return 0


def _utf8(value: str) -> int:
    return len(_CONTROL.sub("", value).encode())


def check_size(what: str, values: JsonObject, limit: int) -> None:
    """Raise TooLarge, with both numbers, if ``values`` take more than ``limit`` bytes."""
    if (size := size_bytes(values)) > limit:
        raise TooLarge(f"{what} would take {size} of {limit} bytes")


def check_patch(what: str, patch: Mapping[str, JsonValue]) -> None:
    """Refuse a patch that no twin may hold, whatever it is merged into.

    Args:
        what: how messages name the section, as ``desired of pump-1``.
        patch: where a null deletes; nulls inside arrays are refused.

    Raises:
        Invalid: a key, a string, a number, or the depth is outside the limits. The message says
            where, which limit, and both numbers.

    Source: TWIN-15 to TWIN-19.
    """
    for key, value in patch.items():
        _check_key(what, key)
        if value is not None:
            _check(f"{what}: {key}", value, 1, null_allowed=True)


def _check_key(what: str, key: str) -> None:
    if _ILLEGAL_KEY.search(key):
        raise Invalid(
            f"{what}: the name {key!r} has invalid characters: it must not contain control"
            " characters, '.', '$', '#', or ' '"
        )
    if not key:
        raise Invalid(f"{what}: a name must not be empty")
    if len(key) > MAX_KEY // 4 and (size := len(key.encode())) > MAX_KEY:
        raise Invalid(f"{what}: the name {key[:40]!r}… takes {size} of {MAX_KEY} bytes")


def _check(where: str, value: JsonValue, depth: int, *, null_allowed: bool) -> None:
    match value:
        case None:
            if not null_allowed:
                raise Invalid(f"{where}: an array must not contain null")
        case bool():
            pass
        case int():
            if not MIN_INTEGER <= value <= MAX_INTEGER:
                raise Invalid(f"{where}: {value} is outside {MIN_INTEGER}…{MAX_INTEGER}")
        case float():
            if not math.isfinite(value):
                raise Invalid(f"{where}: {value} is not a finite number")
        case str():
            _check_string(where, value)
        case _:
            _check_inner(where, value, depth, null_allowed=null_allowed)


def _check_string(where: str, value: str) -> None:
    if len(value) > MAX_STRING // 4 and (size := len(value.encode(errors="replace"))) > MAX_STRING:
        raise Invalid(f"{where}: a string of {size} of {MAX_STRING} bytes")


def _check_inner(
    where: str, value: "list[JsonValue] | JsonObject", depth: int, *, null_allowed: bool
) -> None:
    if depth > MAX_DEPTH:
        raise Invalid(f"{where}: {depth} levels deep, of {MAX_DEPTH}")
    if isinstance(value, list):
        for index, element in enumerate(value):
            _check(f"{where}[{index}]", element, depth + 1, null_allowed=False)
        return
    for key, inner in value.items():
        _check_key(where, key)
        _check(f"{where}.{key}", inner, depth + 1, null_allowed=null_allowed)
