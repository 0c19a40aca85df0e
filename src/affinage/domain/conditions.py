"""A configuration's texts in the query language: its target condition and its metrics.

Decides which texts are admissible, and what the generated metrics ask.
"""

import re
from collections.abc import Mapping
from typing import Final

from affinage.domain.content import Kind
from affinage.domain.errors import (
    InvalidMetric,
    InvalidTargetCondition,
    QuerySyntaxError,
    TooLarge,
    UnknownGroup,
)
from affinage.domain.groups import Groups
from affinage.domain.query.parse import parse_query, parse_target_condition
from affinage.domain.query.syntax import Collection, Expr
from affinage.domain.values import JsonObject, is_object

MAX_METRICS: Final = 5
"""Custom metrics in one configuration."""

MAX_METRIC_NAME: Final = 128
"""Characters in the name of a custom metric."""

_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f]")
_OF_MODULES: Final = re.compile(r"\s*from\s+devices\.modules\s+where\b\s*", re.IGNORECASE)


def parse_condition(text: str, kind: Kind) -> Expr | None:
    """The condition's tree; None if it is empty and so targets nothing.

    Raises:
        InvalidTargetCondition: it is not a condition, or has a double quote.

    Source: CONFIGURATION-10 to CONFIGURATION-12.
    """
    try:
        return parse_target_condition(text, modules=kind is Kind.MODULE)
    except QuerySyntaxError as error:
        raise InvalidTargetCondition(str(error)) from None


def collection_of(kind: Kind) -> Collection:
    """The rows that a condition of that kind is about, and a metric that names none."""
    return Collection.MODULES if kind is Kind.MODULE else Collection.DEVICES


def is_of_modules(text: str) -> bool:
    """Whether a condition says itself that it is over modules."""
    return bool(_OF_MODULES.match(text))


def check_metrics(queries: Mapping[str, str], kind: Kind, limit: int = MAX_METRICS) -> None:
    """Refuse too many metrics, a bad name, a text that is no query.

    Raises:
        InvalidMetric: says which metric, and why.

    Source: CONFIGURATION-13, CONFIGURATION-14.
    """
    if len(queries) > limit:
        raise InvalidMetric(f"metrics has {len(queries)} of {limit} queries")
    for name, text in queries.items():
        if _CONTROL.search(name) or not 1 <= len(name) <= MAX_METRIC_NAME:
            raise InvalidMetric(
                f"the name of a metric has {len(name)} of 1 to {MAX_METRIC_NAME} characters,"
                " none of them a control character"
            )
        check_metric(name, text, kind)


def check_metric(name: str, text: str, kind: Kind) -> None:
    """Raise InvalidMetric unless the text is a query; without FROM it is over the kind's twins."""
    try:
        parse_query(text, default=collection_of(kind))
    except QuerySyntaxError as error:
        raise InvalidMetric(f"metric {name}: {error}") from None


def check_groups(condition: str, queries: Mapping[str, str], kind: Kind, known: Groups) -> None:
    """Refuse a condition and metrics that name groups as they cannot be asked.

    Raises:
        InvalidTargetCondition, InvalidMetric: there is no such group, or with its groups written
            out it is too large.

    Source: GROUP-3, GROUP-5.
    """
    try:
        tree = parse_condition(condition, kind)
        if tree is not None:
            known.check(tree)
    except (UnknownGroup, TooLarge) as error:
        raise InvalidTargetCondition(f"the target condition: {error}") from None
    for name, text in queries.items():
        try:
            known.check(parse_query(text, default=collection_of(kind)))
        except (UnknownGroup, TooLarge) as error:
            raise InvalidMetric(f"metric {name}: {error}") from None


def system_queries(configuration: str, kind: Kind, condition: str) -> dict[str, str]:
    """The generated metrics of the configuration with that id: name to query.

    The texts are part of the API: tools send them back verbatim.

    Source: CONFIGURATION-15.
    """
    targeted = _TARGETED[kind]
    applied = _APPLIED[kind].format(configuration)
    queries = {"targetedCount": _targeted(targeted, condition), "appliedCount": applied}
    if kind is Kind.EDGE:
        queries["reportedSuccessfulCount"] = f"{applied}{_CURRENT} = 200"
        queries["reportedFailedCount"] = f"{applied}{_CURRENT} != 200"
    return queries


_TARGETED: Final = {
    Kind.DEVICE: ("select deviceId from devices", " where {}"),
    Kind.MODULE: ("select deviceId, moduleId from devices.modules", " where {}"),
    Kind.EDGE: ("select deviceId from devices where capabilities.iotEdge = true", " and ({})"),
}
"""What every condition, `*` too, targets; and what any other adds to it."""

_APPLIED: Final = {
    Kind.DEVICE: "select deviceId from devices where configurations.[[{}]].status = 'Applied'",
    Kind.MODULE: "select deviceId, moduleId from devices.modules"
    " where configurations.[[{}]].status = 'Applied'",
    Kind.EDGE: "select deviceId from devices.modules where moduleId = '$edgeAgent'"
    " and configurations.[[{}]].status = 'Applied'",
}

_CURRENT: Final = (
    " and properties.desired.$version = properties.reported.lastDesiredVersion"
    " and properties.reported.lastDesiredStatus.code"
)


def _targeted(parts: tuple[str, str], condition: str) -> str:
    everything, narrowed = parts
    bare = _OF_MODULES.sub("", condition, count=1).strip().removesuffix(";").rstrip()
    if not bare:
        return ""
    return everything if bare == "*" else everything + narrowed.format(bare)


def test_queries(body: JsonObject, known: Groups) -> JsonObject:
    """What is wrong with a target condition and metrics, before a configuration has them.

    Raises:
        InvalidMetric: a query is not a string in an object of strings.

    Source: CONFIGURATION-16.
    """
    condition = body.get("targetCondition") or ""
    queries = body.get("customMetricQueries") or {}
    if not (isinstance(condition, str) and is_object(queries)):
        raise InvalidMetric("targetCondition is a string, customMetricQueries an object of strings")
    kind = Kind.MODULE if is_of_modules(condition) else Kind.DEVICE
    problems = {name: _problem(name, text, kind, known) for name, text in queries.items()}
    return {
        "targetConditionError": _condition_problem(condition, kind, known),
        "customMetricQueryErrors": {name: text for name, text in problems.items() if text},
    }


def _condition_problem(condition: str, kind: Kind, known: Groups) -> str | None:
    try:
        check_groups(condition, {}, kind, known)
    except InvalidTargetCondition as error:
        return str(error)
    return None


def _problem(name: str, text: object, kind: Kind, known: Groups) -> str | None:
    try:
        check_metric(name, given := text if isinstance(text, str) else "", kind)
        check_groups("", {name: given}, kind, known)
    except InvalidMetric as error:
        return str(error)
    return None
