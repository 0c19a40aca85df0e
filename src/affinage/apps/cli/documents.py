"""Files that say what shall be: read from YAML or JSON, and checked before a hub hears of them.

A document is one of ours, with `kind`, `metadata.name` and `spec`, or a configuration in JSON as
Azure's tools have it. What cannot be read is a wrong use of the command: it exits 2.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, cast

import typer
import yaml

from affinage.apps.cli.assignments import STDIN, read_text
from affinage.apps.cli.enrolling import as_enrollment
from affinage.apps.cli.output import member
from affinage.apps.cli.rules import CONTAINERS
from affinage.domain import groups
from affinage.domain.configuration import create as as_configuration
from affinage.domain.content import Kind as Content
from affinage.domain.errors import AffinageError, Invalid
from affinage.domain.names import TwinKey, check_id
from affinage.domain.twin import TwinPatch, new_twin, patch
from affinage.domain.values import JsonObject, JsonValue, is_object

SUFFIXES: Final = (".yaml", ".yml", ".json")
"""Of the files in a folder that are read; all others are left alone."""

OPTION: Final = "--filename"


class Kind(StrEnum):
    """What a document may be of, in the order in which they are written."""

    GROUP = "Group"
    DEVICE = "Device"
    CONFIGURATION = "Configuration"
    DEPLOYMENT = "Deployment"
    ENROLLMENT = "Enrollment"


@dataclass(frozen=True, slots=True)
class Document:
    """One thing as it shall be, and where that is said."""

    kind: Kind
    name: str
    body: JsonObject
    """As the hub is told it."""
    file: Path
    is_alone: bool
    """Whether the file has no other document."""

    @property
    def what(self) -> str:
        return f"{self.kind} {self.name}"


def read_all(paths: Iterable[Path]) -> list[Document]:
    """Every document of the files, and of the files in the folders, in the order of writing.

    Raises:
        BadParameter: names each document that cannot be, and why; or a file that cannot be read.
    """
    found: list[Document] = []
    problems: list[str] = []
    for file in _files(paths):
        given = [*_loaded(file, OPTION)]
        for position, one in enumerate(given, start=1):
            try:
                found.append(_document(one, file, is_alone=len(given) == 1))
            except AffinageError as error:
                problems.append(f"{file}, document {position}: {error}")
    problems += _twice(found)
    if problems:
        raise typer.BadParameter("\n".join(problems), param_hint=OPTION)
    if not found:
        raise typer.BadParameter("there is no document", param_hint=OPTION)
    order = [*Kind]
    return sorted(found, key=lambda one: order.index(one.kind))


def read_rule(file: Path, option: str) -> JsonObject:
    """A configuration in a file: a document of ours, or what Azure's tools take there.

    Raises:
        BadParameter: it cannot be read, or has not one object.
    """
    match [*_loaded(file, option)]:
        case [dict() as one] if "kind" in one:
            try:
                return _document(one, file, is_alone=True).body
            except AffinageError as error:
                raise typer.BadParameter(f"{file}: {error}", param_hint=option) from None
        case [dict() as one]:
            return one
        case _:
            raise typer.BadParameter(f"{file} must hold one object", param_hint=option)


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path != STDIN and path.is_dir():
            yield from sorted(one for one in path.rglob("*") if one.suffix in SUFFIXES)
        else:
            yield path


def _loaded(file: Path, option: str) -> Iterator[JsonValue]:
    """The documents of a file; a list is as many as it has places."""
    text = read_text(file, option)
    try:
        several = [json.loads(text)] if file.suffix == ".json" else [*yaml.safe_load_all(text)]
        plain = [json.loads(json.dumps(one, allow_nan=False)) for one in several]
    except (ValueError, TypeError, RecursionError, yaml.YAMLError) as error:
        raise typer.BadParameter(f"{file} cannot be read: {error}", param_hint=option) from None
    for one in plain:
        if isinstance(one, list):
            yield from one
        elif one is not None:
            yield cast(JsonValue, one)


def _document(given: JsonValue, file: Path, *, is_alone: bool) -> Document:
    if not is_object(given):
        raise Invalid("a document is an object")
    if "kind" not in given:
        return _of_azure(given, file, is_alone=is_alone)
    try:
        kind = Kind(str(given["kind"]))
    except ValueError:
        raise Invalid(f"kind {given['kind']!r} is none of {', '.join(Kind)}") from None
    unknown = given.keys() - {"apiVersion", "kind", "metadata", "spec"}
    if unknown:
        raise Invalid(f"{kind} has no {min(unknown)}: it has metadata and spec")
    name = member(given, "metadata", "name")
    if not isinstance(name, str):
        raise Invalid(f"{kind} needs metadata.name, a text")
    spec = given.get("spec")
    if not is_object(spec):
        raise Invalid(f"{kind} {name} needs a spec, an object")
    labels = member(given, "metadata", "labels")
    body = _READERS[kind](name, spec, labels)
    return Document(kind, name, body, file, is_alone)


def _of_azure(given: JsonObject, file: Path, *, is_alone: bool) -> Document:
    """A configuration as Azure's tools write it, with its id; what the hub keeps is left out."""
    name = given.get("id")
    if not isinstance(name, str) or "content" not in given:
        raise Invalid("it has neither kind, metadata and spec, nor id and content")
    kind = Kind.DEPLOYMENT if member(given, "content", "modulesContent") else Kind.CONFIGURATION
    return Document(kind, name, _rule(name, given), file, is_alone)


def _configuration(name: str, spec: JsonObject, labels: JsonValue) -> JsonObject:
    return _rule(name, _with_content(name, spec, labels))


def _deployment(name: str, spec: JsonObject, labels: JsonValue) -> JsonObject:
    body = _rule(name, _with_content(name, spec, labels))
    if as_configuration(name, body, generation=1, at=0).kind is not Content.EDGE:
        raise Invalid(f"Deployment {name} needs a modulesContent")
    return body


def _with_content(name: str, spec: JsonObject, labels: JsonValue) -> JsonObject:
    """The content may stand in the spec as it is; labels with the metadata."""
    inside: JsonObject = {key: spec[key] for key in CONTAINERS if key in spec}
    outside: JsonObject = {key: value for key, value in spec.items() if key not in inside}
    if inside:
        outside["content"] = inside
    if labels is not None:
        outside["labels"] = labels
    unknown = outside.keys() - _RULE
    if unknown:
        raise Invalid(f"the spec of {name} has no {min(unknown)}: it has {', '.join(_RULE)}")
    return outside


_RULE: Final = ("targetCondition", "priority", "content", "labels", "metrics", "schemaVersion")


def _rule(name: str, given: JsonObject) -> JsonObject:
    """What a PUT sends, checked; metrics may be named bare."""
    body: JsonObject = {key: given[key] for key in _RULE if given.get(key) is not None}
    metrics = given.get("metrics")
    if is_object(metrics):
        queries = metrics.get("queries") if "queries" in metrics else metrics
        body["metrics"] = {"queries": queries or {}}
    body["id"] = name
    as_configuration(name, body, generation=1, at=0)
    return body


def _group(name: str, spec: JsonObject, labels: JsonValue) -> JsonObject:
    _check_members(f"group {name}", spec, ("condition", "description"))
    groups.create(name, spec, at=0)
    return {"description": "", **spec, "name": name}


def _device(name: str, spec: JsonObject, labels: JsonValue) -> JsonObject:
    """What of its twin is written: nulls delete, what is not named stays."""
    check_id("a device", name)
    _check_members(f"device {name}", spec, ("tags", "desired"))
    tags, desired = (spec.get(section, {}) for section in ("tags", "desired"))
    if not (is_object(tags) and is_object(desired)):
        raise Invalid(f"tags and desired of device {name} must be objects")
    patch(TwinKey(name), new_twin(0), TwinPatch(tags, desired), at=0)
    return {"tags": tags, "desired": desired}


def _enrollment(name: str, spec: JsonObject, labels: JsonValue) -> JsonObject:
    """As provisioning has it; ``group`` tells a group from an individual enrollment."""
    is_group = spec.get("group", False)
    if not isinstance(is_group, bool):
        raise Invalid(f"group of Enrollment {name} must be true or false")
    body: JsonObject = {key: value for key, value in spec.items() if key != "group"}
    as_enrollment(name, body, is_group=is_group)
    return {**body, "group": is_group}


def _check_members(what: str, spec: JsonObject, known: tuple[str, ...]) -> None:
    if unknown := spec.keys() - {*known}:
        raise Invalid(f"the spec of {what} has no {min(unknown)}: it has {', '.join(known)}")


_READERS: Final = {
    Kind.GROUP: _group,
    Kind.DEVICE: _device,
    Kind.CONFIGURATION: _configuration,
    Kind.DEPLOYMENT: _deployment,
    Kind.ENROLLMENT: _enrollment,
}


def _twice(found: Iterable[Document]) -> list[str]:
    """Configurations and deployments have their ids in common."""
    seen: dict[tuple[str, str], Document] = {}
    problems = []
    for one in found:
        kind = Kind.CONFIGURATION if one.kind is Kind.DEPLOYMENT else one.kind
        before = seen.setdefault((kind, one.name), one)
        if before is not one:
            problems.append(f"{one.what} is in {before.file} and in {one.file}")
    return problems
