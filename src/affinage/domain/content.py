"""What a configuration writes: from its containers to paths and values, twin by twin.

Decides which content is admissible and what it means; who wins, and when, is not decided here.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from affinage.domain.errors import Invalid, InvalidContent, TooLarge
from affinage.domain.manifest import check_manifest
from affinage.domain.paths import Keys, place, prefixes
from affinage.domain.twin import MAX_PROPERTIES
from affinage.domain.values import JsonObject, JsonValue, check_patch, check_size, is_object


class Kind(StrEnum):
    """What a configuration writes to."""

    DEVICE = "device"
    MODULE = "module"
    EDGE = "edge"


CONTAINERS: Final = {
    "deviceContent": Kind.DEVICE,
    "moduleContent": Kind.MODULE,
    "modulesContent": Kind.EDGE,
}
"""Every member that content may have, and the kind of configuration that it makes."""

ROOT: Final = "properties.desired"

ANY_MODULE: Final = ""
"""In place of a module's id, which is never empty: whichever modules the condition selects."""


class Write(NamedTuple):
    """One path of a content: what lies there becomes exactly ``value``; None removes it."""

    path: Keys
    value: JsonValue
    key: str
    """The path as `Twin.owned` has it: dotted, below desired, '' for all of it."""


Writes = Mapping[str | None, tuple[Write, ...]]
"""By module id; None is the device's own twin, ANY_MODULE every module that is selected."""


def admitted(content: object) -> JsonObject:
    """The containers that hold something, as they were given, checked against every limit.

    Args:
        content: the member as it came; None and absent are a content without effect.

    Raises:
        InvalidContent: more than one container, a path that is not below desired, two paths one
            above the other, a value that no twin may hold, an incomplete manifest.

    Source: CONFIGURATION-3 to CONFIGURATION-9, EDGE-1 to EDGE-3.
    """
    given = _object("content", {} if content is None else content)
    containers: JsonObject = {name: inner for name, inner in given.items() if inner}
    if unknown := containers.keys() - CONTAINERS:
        raise InvalidContent(f"content has no {min(unknown)}: it has {', '.join(CONTAINERS)}")
    if len(containers) > 1:
        raise InvalidContent(f"content has {len(containers)} of 1 containers")
    if modules := containers.get("modulesContent"):
        check_manifest(_object("modulesContent", modules))
    for module, written in writes(containers).items():
        _check_fits(module, written)
    return containers


def kind(content: JsonObject) -> Kind:
    """What an admitted content writes to; DEVICE if it has no container at all."""
    return next((CONTAINERS[name] for name in content), Kind.DEVICE)


def writes(content: JsonObject) -> Writes:
    """The content's writes by twin; a twin that it names without a path has none.

    Raises:
        InvalidContent: see `admitted`, which also checks limits.

    Source: CONFIGURATION-4 to CONFIGURATION-7.
    """
    return {
        module: written
        for name, container in content.items()
        for module, written in _READERS[CONTAINERS[name]](_object(name, container)).items()
    }


def _of_device(container: JsonObject) -> Writes:
    return {None: _expanded("deviceContent", container)}


def _of_modules(container: JsonObject) -> Writes:
    return {ANY_MODULE: _expanded("moduleContent", container)}


def _of_edge(container: JsonObject) -> Writes:
    found: dict[str | None, tuple[Write, ...]] = {}
    for module, paths in container.items():
        what = f"modulesContent of {module}"
        found[module] = tuple(_read(what, _object(what, paths)))
    return found


_READERS: Final[dict[Kind, Callable[[JsonObject], Writes]]] = {
    Kind.DEVICE: _of_device,
    Kind.MODULE: _of_modules,
    Kind.EDGE: _of_edge,
}


def _expanded(what: str, container: JsonObject) -> tuple[Write, ...]:
    """All of desired stands for its members, so that properties of others stay."""
    found = tuple(_read(what, container))
    if len(found) == 1 and not found[0].path:
        members = container[ROOT]
        assert is_object(members)  # checked while it was read
        return tuple(_write((name,), value) for name, value in members.items())
    return found


def _read(what: str, container: JsonObject) -> Iterable[Write]:
    paths = {dotted: _path(what, dotted) for dotted in container}
    for path in paths.values():
        if above := set(prefixes(path)[:-1]).intersection(paths.values()):
            upper, lower = (".".join((ROOT, *one)) for one in (min(above), path))
            raise InvalidContent(f"{what}: {upper} lies above {lower}; give one of them")
    for dotted, path in paths.items():
        if not path:
            _object(f"{what}: {ROOT}", container[dotted])
        yield _write(path, container[dotted])


def _path(what: str, dotted: str) -> Keys:
    if dotted == ROOT:
        return ()
    if not dotted.startswith(f"{ROOT}."):
        raise InvalidContent(f"{what}: {dotted!r} must be {ROOT} or begin with {ROOT}.")
    return tuple(dotted.removeprefix(f"{ROOT}.").split("."))


def _write(path: Keys, value: JsonValue) -> Write:
    return Write(path, _without_nulls(value), ".".join(path))


def _without_nulls(value: JsonValue) -> JsonValue:
    """A null inside an object says that there is nothing: no twin can hold one."""
    if not is_object(value):
        return value
    return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}


def _check_fits(module: str | None, written: tuple[Write, ...]) -> None:
    """What the content alone makes of an empty twin must be a twin's desired."""
    what = f"content for {module}" if module else "content"
    values: JsonObject = {}
    try:
        for write in written:
            check_patch(what, _nested(write.path, write.value))
            values = place(values, write.path, write.value)
        check_size(what, values, MAX_PROPERTIES)
    except (Invalid, TooLarge) as error:
        raise InvalidContent(str(error)) from None


def _nested(path: Keys, value: JsonValue) -> JsonObject:
    for name in reversed(path):
        value = {name: value}
    assert is_object(value)  # a path has a name, or the root is an object
    return value


def _object(what: str, value: object) -> JsonObject:
    if not is_object(value):
        raise InvalidContent(f"{what} must be an object")
    return value
