"""When, and by which version, each part of a section was last written: `$metadata`, compactly.

A tree of small integers beside the tree of values; it is rendered as `$metadata` only when read.
"""

from typing import Any

from msgspec import Struct

from affinage.domain.moments import Millis, iso
from affinage.domain.values import JsonObject


class Stamp(Struct, frozen=True, array_like=True, gc=False):
    """When a value was last written; ``inner`` has one more for each member of an object.

    ``version`` is the section's version that wrote it, 0 where the wire shows none (reported,
    and a section never written).
    """

    at: Millis
    version: int = 0
    inner: dict[str, "Stamp | Millis"] = {}
    """A leaf without a version is its moment alone: a fleet has ten of them for each device."""


def whole(stamp: Stamp | Millis) -> Stamp:
    return stamp if isinstance(stamp, Stamp) else Stamp(stamp)


def restamp(
    stamp: Stamp | Millis | None, patch: JsonObject, result: JsonObject, fresh: Stamp
) -> Stamp:
    """The stamps after ``patch`` has been merged, giving ``result``.

    Every leaf that the patch touched is stamped ``fresh``, and so is every object above one.
    What it deleted loses its stamp; what it did not name keeps its own.

    Source: TWIN-7.
    """
    inner = dict(stamp.inner) if isinstance(stamp, Stamp) else {}
    leaf = fresh if fresh.version else fresh.at
    for key, value in patch.items():
        written = result.get(key)
        if value is None:
            inner.pop(key, None)
        elif isinstance(value, dict) and isinstance(written, dict):
            inner[key] = restamp(inner.get(key), value, written, fresh)
        else:
            inner[key] = leaf
    return Stamp(fresh.at, fresh.version, inner)


def render(stamp: Stamp) -> dict[str, Any]:
    """`$metadata` as the service API shows it.

    Source: TWIN-7.
    """
    shown: dict[str, Any] = {"$lastUpdated": iso(stamp.at)}
    if stamp.version:
        shown["$lastUpdatedVersion"] = stamp.version
    for key, inner in stamp.inner.items():
        shown[key] = render(whole(inner))
    return shown
