"""Parts of a device's row, for who reads a million of them and needs a tag of each.

Decided here: which sections of a twin are decoded for which paths. What is in no section, as
`deviceId`, takes the whole row; that is not read here.
"""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, Final, Literal, Protocol, TypeAlias

import msgspec
from msgspec import Raw, Struct

from affinage.domain.query.syntax import Path, Undefined
from affinage.domain.row import walk
from affinage.domain.values import JsonValue

SectionName: TypeAlias = Literal["tags", "desired", "reported"]

_SECTIONS: Final[tuple[SectionName, ...]] = ("tags", "desired", "reported")


class Readable(Protocol):
    """What can be asked for the value at a path: a row, or a part of one."""

    def lookup(self, path: Path, /) -> JsonValue | Undefined: ...


class Excerpt(Struct, frozen=True, gc=False):
    """The sections of a device's twin that were asked for; it knows no other path."""

    twin: Any

    def lookup(self, path: Path) -> JsonValue | Undefined:
        """As `TwinRow.lookup`."""
        match path:
            case ("tags", *rest):
                return walk(self.twin.tags, rest)
            case (_, name, *rest):
                return walk(getattr(self.twin, str(name)).values, rest)
            case _:
                raise AssertionError(f"{path} is in no section")


def section_of(path: Path) -> SectionName | None:
    """The section of a twin that has all that a path names, or None."""
    match path:
        case ("tags", str(), *_):
            return "tags"
        case ("properties", "desired" | "reported" as name, str(first), *_) if first[:1] != "$":
            return name
        case _:
            return None


def reader(paths: Iterable[Path]) -> Callable[[bytes], Excerpt] | None:
    """What makes excerpts of devices' rows for these paths, or None if they need whole rows."""
    sections = {section_of(path) for path in paths}
    wanted = frozenset(name for name in sections if name is not None)
    return None if None in sections else _reader(wanted)


@cache
def _reader(wanted: frozenset[SectionName]) -> Callable[[bytes], Excerpt]:
    decode = _decoder(wanted).decode
    return lambda body: Excerpt(decode(body).twin)


class _Values(Struct, array_like=True, gc=False):
    """The first member of a `Section`."""

    values: dict[str, Any]


_SHAPES: Final[dict[SectionName, Any]] = {
    "tags": dict[str, Any],
    "desired": _Values,
    "reported": _Values,
}


def _decoder(wanted: frozenset[SectionName]) -> msgspec.msgpack.Decoder[Any]:
    """Of the first members of a `Device`, with those of a `Twin`, as far as they are wanted."""
    members = [(name, _SHAPES[name] if name in wanted else Raw) for name in _SECTIONS]
    twin = msgspec.defstruct("Twin", members, array_like=True, gc=False)
    device = [("id", Raw), ("identity", Raw), ("twin", twin)]
    return msgspec.msgpack.Decoder(msgspec.defstruct("Device", device, array_like=True, gc=False))
