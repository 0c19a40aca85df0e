"""What has to be written for a thing to be as a document says: nothing, if it is so already.

Decides that from the document and the thing as the hub shows it. A second look after what it
decides finds nothing to do.
"""

import json
import shlex
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from affinage.apps.cli.documents import Document, Kind
from affinage.apps.cli.enrolling import differences, merged
from affinage.apps.cli.output import member
from affinage.domain.configuration import Configuration
from affinage.domain.configuration import create as as_configuration
from affinage.domain.errors import ImmutableContent
from affinage.domain.values import JsonObject, JsonValue, difference, is_object, merge, same

SHOWN: Final = 40
"""Characters of a value that are shown of what changes."""


class Action(StrEnum):
    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of one document."""

    document: Document
    action: Action
    changes: tuple[str, ...] = ()
    """For a person: ``priority: 3 → 5``."""
    etag: str | None = None
    """Of what it was compared with: only if it is still that, it is written."""
    patch: JsonObject | None = None
    """Of a device: what of its twin is another. Of an enrollment: all that it shall be."""

    @property
    def shown(self) -> JsonObject:
        one = self.document
        return {
            "kind": str(one.kind),
            "name": one.name,
            "action": str(self.action),
            "changes": [*self.changes],
        }


def step(document: Document, current: JsonObject | None, taken: Collection[str] = ()) -> Step:
    """What has to be done.

    Args:
        current: the thing as the hub shows it; None if there is none.
        taken: ids of configurations, for the way out of changed content.

    Raises:
        ImmutableContent: it is a configuration with another content; says the way out.

    Source: APPLY-4, APPLY-5.
    """
    if current is None:
        return Step(document, Action.CREATED)
    patch: JsonObject | None = None
    match document.kind:
        case Kind.GROUP:
            changes = tuple(_of_group(document, current))
        case Kind.DEVICE:
            patch = _patch(document, current)
            changes = tuple(_of_twin(patch, current))
        case Kind.ENROLLMENT:
            patch = merged(document.body, current)
            changes = tuple(_of_enrollment(document, current))
        case _:
            changes = tuple(_of_rule(document, current, taken))
    action = Action.CHANGED if changes else Action.UNCHANGED
    return Step(document, action, changes, str(current["etag"]), patch)


def _of_group(document: Document, current: JsonObject) -> Iterator[str]:
    for name in ("condition", "description"):
        yield from _change(name, current.get(name), document.body[name])


def _of_enrollment(document: Document, current: JsonObject) -> Iterator[str]:
    name, body = document.name, document.body
    for what, before, after in differences(name, body, current, is_group=bool(body["group"])):
        yield from _change(what, before, after)


def _patch(document: Document, current: JsonObject) -> JsonObject:
    """Of the tags and desired properties that the document names those that are not so yet.

    A section without any is left out: an empty patch of desired would be told to the device.
    """
    patch: JsonObject = {}
    if tags := _told(member(current, "tags"), document.body["tags"]):
        patch["tags"] = tags
    if desired := _told(member(current, "properties", "desired"), document.body["desired"]):
        patch["properties"] = {"desired": desired}
    return patch


def _told(before: JsonValue, wanted: JsonValue) -> JsonObject:
    before = before if is_object(before) else {}
    after = merge(before, wanted)
    assert is_object(after)  # a merge with an object is an object
    return difference(before, after)


def _of_twin(patch: JsonObject, current: JsonObject) -> Iterator[str]:
    for path in (("tags",), ("properties", "desired")):
        told = member(patch, *path)
        if told is not None:
            yield from _leaves(path[-1], member(current, *path), told)


def _leaves(path: str, before: JsonValue, told: JsonValue) -> Iterator[str]:
    if not (is_object(told) and told and is_object(before)):
        yield from _change(path, before, told)
        return
    for name, value in told.items():
        yield from _leaves(f"{path}.{name}", member(before, name), value)


def _of_rule(document: Document, current: JsonObject, taken: Collection[str]) -> Iterator[str]:
    wanted, found = (_read(document.name, one) for one in (document.body, current))
    if not same(wanted.content, found.content):
        raise ImmutableContent(_way_out(document, wanted, found, taken))
    for name, of in _FIELDS.items():
        yield from _change(name, of(found), of(wanted))
    if wanted.schema_version is not None:
        yield from _change("schemaVersion", found.schema_version, wanted.schema_version)


_FIELDS: Final[dict[str, Any]] = {
    "targetCondition": lambda one: one.target_condition,
    "priority": lambda one: one.priority,
    "labels": lambda one: one.labels or {},
    "metrics": lambda one: one.metrics,
}


def _read(name: str, body: JsonObject) -> Configuration:
    return as_configuration(name, body, generation=1, at=0)


def _change(name: str, before: JsonValue, after: JsonValue) -> Iterator[str]:
    """What differs, member by member where both are objects: alike beginnings tell nothing."""
    if is_object(before) and before and is_object(after) and after:
        for one in {**before, **after}:
            yield from _change(f"{name}.{one}", before.get(one), after.get(one))
    elif not same(before, after):
        yield f"{name}: {_short(before)} → {_short(after)}"


def _short(value: JsonValue) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def _way_out(
    document: Document, wanted: Configuration, found: Configuration, taken: Collection[str]
) -> str:
    """The command that makes a new configuration which wins over this one."""
    name = _next_name(document.name, taken)
    noun = "deployment" if document.kind is Kind.DEPLOYMENT else "config"
    options = ["--id", name, "--priority", str(max(wanted.priority, found.priority) + 1)]
    settings = wanted.content.get("deviceContent")
    if document.is_alone or not settings:
        words = [noun, "create", str(document.file) if document.is_alone else "FILE", *options]
    else:
        values = (f"{path}={json.dumps(value)}" for path, value in settings.items())
        sets = [word for value in values for word in ("--set", value)]
        words = [noun, "create", *options, "--target", wanted.target_condition, *sets]
    where = "" if document.is_alone or settings else ", with the document alone in FILE"
    return (
        f"the content of {document.what} cannot change: make a new one that wins over it{where}:\n"
        f"    affinage {shlex.join(words)}"
    )


def _next_name(name: str, taken: Collection[str]) -> str:
    """The name with the next number behind it that nobody has: ``fan`` is ``fan-2``."""
    stem, _, last = name.rpartition("-")
    stem, number = (stem, int(last)) if stem and last.isdecimal() else (name, 1)
    while (found := f"{stem}-{number + 1}") in taken:
        number += 1
    return found
