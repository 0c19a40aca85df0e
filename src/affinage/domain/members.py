"""Members of a request's body: of the right type, or refused with their names."""

from affinage.domain.errors import Malformed
from affinage.domain.values import JsonObject, is_object


def member_object(body: JsonObject, name: str) -> JsonObject:
    """A member that is an object; one that is absent or null is empty; Malformed."""
    value = body.get(name)
    if value is None:
        return {}
    if not is_object(value):
        raise Malformed(f"{name} must be an object")
    return value


def member_text(body: JsonObject, name: str, within: str = "") -> str | None:
    """A member that is a string; None if it is absent or null; Malformed."""
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise Malformed(f"{within}{name} must be a string")
    return value


def member_flag(body: JsonObject, name: str, default: bool = False) -> bool:
    """A member that is true or false; absent or null is the default; Malformed."""
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise Malformed(f"{name} must be true or false")
    return default if value is None else value


def member_texts(body: JsonObject, name: str) -> tuple[str, ...]:
    """A member that is an array of strings; absent or null is empty; Malformed."""
    value = body.get(name)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise Malformed(f"{name} must be an array")
    found = [one for one in value if isinstance(one, str)]
    if len(found) != len(value):
        raise Malformed(f"{name} must be an array of strings")
    return tuple(found)
