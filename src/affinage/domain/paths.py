"""Places in a JSON object: find, place and remove what lies at a path, sharing all the rest."""

from typing import TypeAlias

from affinage.domain.values import JsonObject, JsonValue, is_object

Keys: TypeAlias = tuple[str, ...]
"""Names from the root down; `()` is the root itself."""


def find(values: JsonObject, path: Keys) -> JsonValue:
    """What lies at the path, or None if nothing does."""
    found: JsonValue = values
    for name in path:
        found = found.get(name) if is_object(found) else None
    return found


def place(values: JsonObject, path: Keys, value: JsonValue) -> JsonObject:
    """The object with exactly ``value`` at the path; whatever is in the way gives way.

    Args:
        values: not changed; what the path does not touch is shared with the result.
        path: at the root, ``value`` must be an object.
        value: None removes what is there, and makes nothing on the way.
    """
    if value is None:
        return remove(values, path)
    if not path:
        assert is_object(value)  # nothing else can be a whole section
        return value
    name, *rest = path
    inner = values.get(name)
    below = inner if is_object(inner) else {}
    return {**values, name: place(below, tuple(rest), value) if rest else value}


def remove(values: JsonObject, path: Keys) -> JsonObject:
    """The object without what lies at the path; the same object if nothing does."""
    if not path:
        return {}
    if find(values, path) is None:
        return values
    name, *rest = path
    if not rest:
        return {key: value for key, value in values.items() if key != name}
    inner = values[name]
    assert is_object(inner)  # something was found below it
    return {**values, name: remove(inner, tuple(rest))}


def prefixes(path: Keys) -> tuple[Keys, ...]:
    """The paths above it, from the root down, and last itself."""
    return tuple(path[:length] for length in range(len(path) + 1))
