"""The JSON of a configuration, from a file and options: what is asked for, nothing of a hub."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import typer

from affinage.apps.cli.assignments import flat, texts_by_name
from affinage.apps.cli.output import member
from affinage.domain.conditions import is_of_modules
from affinage.domain.values import JsonObject, is_object

CONTAINERS: Final = ("deviceContent", "moduleContent", "modulesContent")

_SENT: Final = (
    "id",
    "schemaVersion",
    "labels",
    "content",
    "contentType",
    "targetCondition",
    "priority",
)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What options say of a configuration; None and empty where they say nothing."""

    target: str | None
    priority: int | None
    metrics: dict[str, str]
    labels: dict[str, str]

    @classmethod
    def read(
        cls,
        target: str | None,
        priority: int | None,
        metrics: Sequence[str] | None,
        labels: Sequence[str] | None,
    ) -> Self:
        """BadParameter where one is not name=value."""
        return cls(
            target,
            priority,
            texts_by_name(metrics, "--metric"),
            texts_by_name(labels, "--label"),
        )

    @property
    def is_empty(self) -> bool:
        return self.target is None and self.priority is None and not (self.metrics or self.labels)


def new_rule(
    given: JsonObject, name: str | None, wishes: Wishes, settings: Sequence[str] | None
) -> JsonObject:
    """The configuration that shall be created: what the file has, and the options over it.

    Raises:
        BadParameter: it has no id, or settings beside a content that is not for them.
    """
    rule = changed(described(given), wishes)
    if name is not None:
        rule["id"] = name
    if not isinstance(rule.get("id"), str):
        raise typer.BadParameter("the configuration has no id: say --id", param_hint="--id")
    if settings:
        rule["content"] = _content(rule, flat(settings, "--set"))
    return rule


def changed(rule: JsonObject, wishes: Wishes) -> JsonObject:
    """What a PUT sends: of what ``rule`` shows all that may be sent, with the wishes over it."""
    sent = {name: rule[name] for name in _SENT if rule.get(name) is not None}
    if wishes.target is not None:
        sent["targetCondition"] = wishes.target
    if wishes.priority is not None:
        sent["priority"] = wishes.priority
    sent["labels"] = _over(rule.get("labels"), wishes.labels)
    sent["metrics"] = {"queries": _over(member(rule, "metrics", "queries"), wishes.metrics)}
    return sent


def described(document: JsonObject) -> JsonObject:
    """A whole configuration, where the document may be a content alone, or named metrics bare.

    Azure's tools take files like these: `{"content": …}`, `{"deviceContent": …}`.
    """
    if any(name in document for name in CONTAINERS):
        return {"content": document}
    return document


def _content(rule: JsonObject, settings: JsonObject) -> JsonObject:
    content = rule.get("content")
    content = content if is_object(content) else {}
    of_modules = is_of_modules(str(rule.get("targetCondition") or ""))
    container = "moduleContent" if of_modules else "deviceContent"
    inner = content.get(container)
    return {**content, container: {**(inner if is_object(inner) else {}), **settings}}


def _over(given: object, wished: dict[str, str]) -> JsonObject:
    """Both, a wish winning; an empty one takes away."""
    named = {**(given if is_object(given) else {}), **wished}
    return {name: text for name, text in named.items() if text != ""}
