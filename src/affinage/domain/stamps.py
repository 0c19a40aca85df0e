"""When, and by which version, each part of a section was last written: `$metadata`, compactly.

A tree of small integers beside the tree of values; it is rendered as `$metadata` only when read.
"""

from typing import Any

from msgspec import Struct

from affinage.domain.moments import Millis, iso
from affinage.domain.values import JsonObject, JsonValue


class Stamp(Struct, frozen=True, array_like=True, gc=False):
    """When a value was last written; ``inner`` has one more for each member of an object.

    ``version`` is the section's version that wrote it, 0 where the wire shows none (reported,
    and a section never written).
    """

    at: Millis
    version: int = 0
    inner: "list[Stamp | Millis] | dict[str, Stamp | Millis]" = []
    """In the order of the object's members, for a fleet would hold every name twice; by name in
    stores of before. A leaf without a version is its moment alone."""


def whole(stamp: Stamp | Millis) -> Stamp:
    return stamp if isinstance(stamp, Stamp) else Stamp(stamp)


def by_name(stamp: Stamp | Millis | None, value: JsonValue) -> dict[str, Stamp | Millis]:
    """The stamps of an object's members; none of anything else."""
    if not (isinstance(stamp, Stamp) and isinstance(value, dict)):
        return {}
    if isinstance(stamp.inner, dict):
        return dict(stamp.inner)
    return dict(zip(value, stamp.inner, strict=True))


def restamp(
    stamp: Stamp | Millis | None,
    old: JsonValue,
    patch: JsonObject,
    result: JsonObject,
    fresh: Stamp,
) -> Stamp:
    """The stamps after ``patch`` has been merged into ``old``, giving ``result``.

    Every leaf that the patch touched is stamped ``fresh``, and so is every object above one.
    What it deleted loses its stamp; what it did not name keeps its own.

    Source: TWIN-7.
    """
    before = old if isinstance(old, dict) else {}
    inner = by_name(stamp, before)
    leaf = fresh if fresh.version else fresh.at
    for key, value in patch.items():
        written = result.get(key)
        if value is None:
            inner.pop(key, None)
        elif isinstance(value, dict) and isinstance(written, dict):
            inner[key] = restamp(inner.get(key), before.get(key), value, written, fresh)
        else:
            inner[key] = leaf
    return Stamp(fresh.at, fresh.version, [inner[key] for key in result])


def render(stamp: Stamp | Millis, value: JsonValue) -> dict[str, Any]:
    """`$metadata` of a value as the service API shows it.

    Source: TWIN-7.
    """
    own = whole(stamp)
    shown: dict[str, Any] = {"$lastUpdated": iso(own.at)}
    if own.version:
        shown["$lastUpdatedVersion"] = own.version
    if isinstance(value, dict):
        for key, inner in by_name(own, value).items():
            shown[key] = render(inner, value[key])
    return shown
