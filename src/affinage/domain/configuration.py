"""A configuration: which twins it targets, what it writes there, and how its success is counted.

Decides what may be created and changed, and how the wire shows it. What it does to a twin is in
`reconcile`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from affinage.domain.conditions import (
    check_groups,
    check_metrics,
    collection_of,
    is_of_modules,
    parse_condition,
    system_queries,
)
from affinage.domain.conditions import test_queries as test_queries
from affinage.domain.content import ANY_MODULE, Write, admitted, writes
from affinage.domain.content import Kind as Kind
from affinage.domain.content import kind as kind_of
from affinage.domain.errors import ImmutableContent, Invalid, Malformed
from affinage.domain.etags import check_etag, etag_text
from affinage.domain.groups import NO_GROUPS, Groups
from affinage.domain.members import member_text
from affinage.domain.moments import Millis, iso
from affinage.domain.names import check_configuration_id
from affinage.domain.query.parse import parse_query
from affinage.domain.query.syntax import Path, Query, groups, paths
from affinage.domain.values import JsonObject, JsonValue, is_object, same

MAX_CONFIGURATIONS: Final = 100
"""Configurations and deployments in one hub, where the hub is not set up otherwise."""

MAX_PRIORITY: Final = 2**31 - 1


class Configuration(Struct, frozen=True, array_like=True):
    """One configuration. Immutable: every change is a new one."""

    id: str
    generation: int
    """Grows with every (re)creation of any configuration: the same id again is another one."""
    etag: int
    """Grows by one with every change, from 1; see `etags.etag_text`."""
    schema_version: str | None
    labels: dict[str, str] | None
    content: dict[str, Any]
    """The containers that hold something, as they were given."""
    target_condition: str
    priority: int
    created_at: Millis
    updated_at: Millis
    metrics: dict[str, str]
    """Custom metrics: name to query."""
    content_type: str | None = None
    tombstone: bool = False
    """Deleted, and kept until every device that carried it has been reconciled."""

    @property
    def kind(self) -> Kind:
        """What it writes to; one without content goes by its condition, and has no effect."""
        if not self.content and is_of_modules(self.target_condition):
            return Kind.MODULE
        return kind_of(self.content)


def create(name: str, body: JsonObject, *, generation: int, at: Millis) -> Configuration:
    """The configuration that a PUT asks for.

    Args:
        name: its id, as the path of the request has it.
        body: as it came; what the hub itself keeps (times, etag, results) is ignored.
        generation: higher than that of any configuration before.
        at: when.

    Raises:
        Invalid: an id or a priority outside its limits; Malformed: a member of a wrong type.
        InvalidContent, InvalidTargetCondition, InvalidMetric: what the message says.

    Source: CONFIGURATION-1 to CONFIGURATION-14.
    """
    check_configuration_id(name)
    given = _read(name, body)
    return _checked(
        Configuration(
            id=name,
            generation=generation,
            etag=1,
            content=admitted(body.get("content")),
            content_type=member_text(body, "contentType"),
            created_at=at,
            updated_at=at,
            **given,
        )
    )


def update(
    current: Configuration, body: JsonObject, *, if_match: str | None, at: Millis
) -> Configuration:
    """The configuration after a PUT on it: what may change is replaced as a whole.

    Args:
        current: as it is stored.
        body: as it came; labels and metrics that it does not have become empty.
        if_match: the etag that the caller last saw; ANY or None to write over whatever is there.
        at: when.

    Raises:
        EtagMismatch: ``if_match`` is not the configuration's etag. Nothing has changed.
        ImmutableContent: the body has a content, and another. Nothing has changed.
        Invalid and its kin: see `create`. Nothing has changed.

    Source: CONFIGURATION-17 to CONFIGURATION-19.
    """
    check_etag(f"configuration ID '{current.id}'", current.etag, if_match)
    given = _read(current.id, body)
    content = body.get("content")
    if content is not None and not same(admitted(content), current.content):
        raise ImmutableContent(
            f"the content of configuration {current.id} cannot change; make a new configuration"
        )
    return _checked(replace(current, etag=current.etag + 1, updated_at=at, **given))


def touched(current: Configuration, *, at: Millis) -> Configuration:
    """The configuration whose condition means something else now, by a change of a group.

    Source: GROUP-6.
    """
    return replace(current, etag=current.etag + 1, updated_at=at)


def named_groups(configuration: Configuration) -> frozenset[str]:
    """The groups that its target condition or a metric of its own names itself."""
    condition = parse_condition(configuration.target_condition, configuration.kind)
    default = collection_of(configuration.kind)
    queries = [parse_query(text, default=default) for text in configuration.metrics.values()]
    named = groups(condition) if condition else frozenset[str]()
    return named.union(*map(groups, queries))


def check_known(configuration: Configuration, known: Groups) -> None:
    """Refuse one that names groups as they cannot be asked.

    Raises:
        InvalidTargetCondition, InvalidMetric: see `conditions.check_groups`.
    """
    one = configuration
    check_groups(one.target_condition, one.metrics, one.kind, known)


def buried(current: Configuration, *, at: Millis) -> Configuration:
    """Its tombstone: in force nowhere, and kept until no device carries it.

    Source: CONFIGURATION-21.
    """
    return replace(current, etag=current.etag + 1, updated_at=at, tombstone=True)


def document(
    configuration: Configuration,
    *,
    system_results: Mapping[str, int],
    custom_results: Mapping[str, int],
) -> JsonObject:
    """The configuration as the service API shows it, with the counts that the caller has.

    Source: CONFIGURATION-20, CONFIGURATION-15.
    """
    shown = configuration
    queries = system_queries(shown.id, shown.kind, shown.target_condition)
    wire: dict[str, Any] = {
        "id": shown.id,
        "schemaVersion": shown.schema_version,
        "labels": shown.labels,
        "content": shown.content,
        "contentType": shown.content_type,
        "targetCondition": shown.target_condition,
        "createdTimeUtc": iso(shown.created_at),
        "lastUpdatedTimeUtc": iso(shown.updated_at),
        "priority": shown.priority,
        "systemMetrics": {"results": {**system_results}, "queries": queries},
        "metrics": {"results": {**custom_results}, "queries": shown.metrics},
        "etag": etag_text(shown.etag),
    }
    if shown.content_type is None:
        del wire["contentType"]
    return wire


def warnings(configuration: Configuration, known: Groups = NO_GROUPS) -> tuple[str, ...]:
    """What its author should know: that its condition reads what its own content changes.

    Twins would leave by obeying, and come back when what has a lower priority takes over.

    Source: CONFIGURATION-23.
    """
    kind, name = configuration.kind, configuration.id
    condition = parse_condition(configuration.target_condition, kind)
    if condition is None or configuration.tombstone:
        return ()
    place = ANY_MODULE if kind is Kind.MODULE else None
    written = writes(configuration.content).get(place, ())
    read = sorted(paths(known.expanded(condition)), key=str)
    return tuple(text for path in read if (text := _circle(name, path, written)))


def _circle(name: str, path: Path, written: Iterable[Write]) -> str | None:
    """Why a path should not be read by a condition whose content is that, or None."""
    what = f"the condition of {name} reads {'.'.join(map(str, path))},"
    match path:
        case ("configurations", str(own), *_) if own == name:
            return f"{what} its own status"
        case ("properties", "desired", *steps) if found := _beside(steps, written):
            return f"{what} and its content writes {found}"
        case ("properties", "reported", *steps) if found := _beside(steps, written):
            return f"{what} which devices change when they do what its content writes to {found}"
    return None


def _beside(steps: Sequence[str | int], written: Iterable[Write]) -> str | None:
    """The first path written that lies at, above or below the steps."""
    for write in written:
        if all(one == other for one, other in zip(steps, write.path, strict=False)):
            return f"properties.desired.{write.key}"
    return None


def counted(configuration: Configuration) -> tuple[Query, ...]:
    """The queries whose rows are its metrics, generated and custom; those without text left out.

    Source: CONFIGURATION-13, CONFIGURATION-15.
    """
    generated = system_queries(configuration.id, configuration.kind, configuration.target_condition)
    texts = (*generated.values(), *configuration.metrics.values())
    default = collection_of(configuration.kind)
    return tuple(parse_query(text, default=default) for text in texts if text)


def _checked(configuration: Configuration) -> Configuration:
    parse_condition(configuration.target_condition, configuration.kind)
    check_metrics(configuration.metrics, configuration.kind)
    return configuration


def _read(name: str, body: JsonObject) -> dict[str, Any]:
    """What a client may set, at creation and later."""
    if (named := member_text(body, "id")) not in (None, name):
        raise Invalid(f"the body is of configuration {named!r}, the request of {name!r}")
    return {
        "schema_version": member_text(body, "schemaVersion"),
        "labels": _labels(body),
        "target_condition": member_text(body, "targetCondition") or "",
        "priority": _priority(body.get("priority")),
        "metrics": _texts("metrics.queries", _members(body, "metrics").get("queries")) or {},
    }


def _labels(body: JsonObject) -> dict[str, str] | None:
    return _texts("labels", body.get("labels"))


def _members(body: JsonObject, name: str) -> JsonObject:
    value = body.get(name) or {}
    if not is_object(value):
        raise Malformed(f"{name} must be an object")
    return value


def _texts(what: str, value: JsonValue) -> dict[str, str] | None:
    if value is None:
        return None
    if not is_object(value):
        raise Malformed(f"{what} must be an object")
    texts = {name: text for name, text in value.items() if isinstance(text, str)}
    if len(texts) < len(value):
        raise Malformed(f"{what}: {min(value.keys() - texts.keys())!r} must be a string")
    return texts


def _priority(value: JsonValue) -> int:
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int):
        raise Malformed("priority must be a whole number")
    if not 0 <= value <= MAX_PRIORITY:
        raise Invalid(f"priority {value} is outside 0…{MAX_PRIORITY}")
    return value
