"""JSON values: the types, the one way to merge them, and the limits of what a twin may hold."""

import math
import re
from collections.abc import Iterable
from typing import Final, TypeAlias, TypeGuard

from affinage.domain.errors import Invalid, Malformed, TooLarge

JsonObject: TypeAlias = dict[str, "JsonValue"]
JsonValue: TypeAlias = bool | int | float | str | list["JsonValue"] | JsonObject | None

MAX_DEPTH: Final = 10
"""Levels of objects and arrays below a section's root."""

MAX_KEY: Final = 1024
"""Bytes of UTF-8 in one key."""

MAX_STRING: Final = 4096
"""Bytes of UTF-8 in one string value."""

MAX_VALUES: Final = 32_768
"""Values in a section, or in a patch of one: an empty array has no size, and yet takes memory."""

MAX_CONTROL: Final = 32_768
"""Bytes of control characters in a section: they are not in its size either."""

MIN_INTEGER: Final = -(2**52)
MAX_INTEGER: Final = 2**52 - 1

MAX_SHOWN: Final = 40
"""Characters of a name that a message quotes."""

_SHORT_KEY: Final = MAX_KEY // 4
"""Characters that surely take no more than MAX_KEY bytes."""

_SHORT_STRING: Final = MAX_STRING // 4

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
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
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
    return _measured(value)[0]


def _measured(value: JsonValue) -> tuple[int, int, int]:
    """The size, and what is not in it: how many values, and the bytes of control characters."""
    # A flat loop: this is half of what a write costs, and depth must not end it.
    size, texts, waiting = 0, list[str](), [value]
    for inner in waiting:
        if isinstance(inner, str):
            texts.append(inner)
        elif isinstance(inner, dict):
            texts += inner
            waiting += inner.values()
        elif isinstance(inner, list):
            waiting += inner
        elif isinstance(inner, bool):
            size += 4
        elif inner is not None:
            size += 8
    text = "".join(texts)
    whole = len(text.encode())
    kept = whole if text.isprintable() else len(_CONTROL.sub("", text).encode())
    return size + kept, len(waiting) - 1, whole - kept


def check_size(what: str, values: JsonObject, limit: int) -> None:
    """Raise TooLarge, with both numbers, if ``values`` take more than ``limit`` bytes.

    What takes none is limited, too: by MAX_VALUES and MAX_CONTROL.

    Source: TWIN-20, TWIN-26.
    """
    size, count, control = _measured(values)
    if size > limit:
        raise TooLarge(f"{what} would take {size} of {limit} bytes")
    _check_count(what, count)
    if control > MAX_CONTROL:
        told = f"{control} of {MAX_CONTROL} bytes of control characters"
        raise TooLarge(f"{what} would take {told}")


def check_patch(what: str, patch: JsonObject) -> None:
    """Refuse a patch that no twin may hold, whatever it is merged into.

    Args:
        what: how messages name the section, as ``desired of pump-1``.
        patch: where a null deletes; nulls inside arrays are refused.

    Raises:
        Malformed: it is not an object.
        Invalid: a key, a string, a number, or the depth is outside the limits. The message says
            where, which limit, and both numbers.
        TooLarge: it has more than MAX_VALUES values, of which none is looked at then.

    Source: TWIN-15 to TWIN-19, TWIN-26.
    """
    if not is_object(patch):
        raise Malformed(f"{what} must be an object")
    _check_count(what, _count(patch))
    trail: list[str | int] = []
    try:
        _check_inner(patch, trail, null_allowed=True)
    except Invalid as refused:
        raise Invalid(f"{what}{_place(trail)}: {refused}") from None


def _count(value: JsonObject) -> int:
    """The values within, at whatever depth."""
    waiting: list[JsonValue] = [*value.values()]
    for inner in waiting:
        if isinstance(inner, dict):
            waiting += inner.values()
        elif isinstance(inner, list):
            waiting += inner
    return len(waiting)


def _check_count(what: str, count: int) -> None:
    if count > MAX_VALUES:
        raise TooLarge(f"{what} would have {count} of {MAX_VALUES} values")


def _check_inner(
    value: list[JsonValue] | JsonObject, trail: list[str | int], *, null_allowed: bool
) -> None:
    """Check what is at the end of ``trail``, which is left where something was refused."""
    if len(trail) > MAX_DEPTH:
        raise Invalid(f"{len(trail)} levels deep, of {MAX_DEPTH}")
    members: Iterable[tuple[str | int, JsonValue]]
    if isinstance(value, dict):
        for key in value:
            if not (key.isalnum() and len(key) <= _SHORT_KEY):  # as nearly all are
                _check_key(key)
        members = value.items()
    else:
        members, null_allowed = enumerate(value), False
    for step, inner in members:
        if isinstance(inner, str) and len(inner) <= _SHORT_STRING and inner.isascii():
            continue
        trail.append(step)
        _check(inner, trail, null_allowed=null_allowed)
        trail.pop()


def _check(value: JsonValue, trail: list[str | int], *, null_allowed: bool) -> None:
    match value:
        case str():
            _check_string(value)
        case bool():
            pass
        case int():
            _check_integer(value)
        case float():
            if not math.isfinite(value):
                raise Invalid(f"{value} is not a finite number")
        case None:
            if not null_allowed:
                raise Invalid("an array must not contain null")
        case _:
            _check_inner(value, trail, null_allowed=null_allowed)


def _check_key(key: str) -> None:
    if _ILLEGAL_KEY.search(key):
        raise Invalid(
            f"the name {_short(key)!r} has invalid characters: it must not contain control"
            " characters, '.', '$', '#', or ' '"
        )
    if not key:
        raise Invalid("a name must not be empty")
    if (size := _encoded(key)) > MAX_KEY:
        raise Invalid(f"the name {_short(key)!r} takes {size} of {MAX_KEY} bytes")


def _check_string(value: str) -> None:
    if (size := _encoded(value)) > MAX_STRING:
        raise Invalid(f"the string takes {size} of {MAX_STRING} bytes")


def _check_integer(value: int) -> None:
    if not MIN_INTEGER <= value <= MAX_INTEGER:
        # In hexadecimal, since Python refuses to print thousands of digits in decimal.
        shown = value if value.bit_length() < MAX_SHOWN * 3 else _short(hex(value))
        raise Invalid(f"{shown} is outside {MIN_INTEGER}…{MAX_INTEGER}")


def _encoded(text: str) -> int:
    if text.isascii():
        return len(text)
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        raise Invalid(f"{_short(text)!r} holds half a surrogate pair") from None


def _place(trail: list[str | int]) -> str:
    steps = [f"[{step}]" if isinstance(step, int) else f".{_short(step)}" for step in trail]
    return ": " + "".join(steps).removeprefix(".") if steps else ""


def _short(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
