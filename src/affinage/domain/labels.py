"""Labels of configurations: which have those that are asked for, and which share one."""

from collections.abc import Iterable, Mapping
from typing import Final

from affinage.domain.configuration import Configuration
from affinage.domain.errors import Invalid
from affinage.domain.values import JsonObject, is_object

_GROUP_BY: Final = "label:"


def wanted(texts: Iterable[str]) -> dict[str, str | None]:
    """``name=text`` as a label with its text, ``name`` as one with any (None).

    Raises:
        Invalid: there is no name, or one name twice.
    """
    found: dict[str, str | None] = {}
    for text in texts:
        name, is_given, value = text.partition("=")
        if not name or name in found:
            raise Invalid(f"label {text!r}: say a name once, as in wave=pilot, or wave for any")
        found[name] = value if is_given else None
    return found


def has(configuration: Configuration, labels: Mapping[str, str | None]) -> bool:
    """Whether it has all of these labels."""
    own = configuration.labels or {}
    return all(name in own and value in (None, own[name]) for name, value in labels.items())


def label_of(text: str) -> str:
    """The name in ``label:name``; Invalid if it is nothing of the kind."""
    name = text.removeprefix(_GROUP_BY)
    if not text.startswith(_GROUP_BY) or not name:
        raise Invalid(f"groupBy is {text!r}: it takes label: and a name, as in label:wave")
    return name


def grouped(
    documents: Iterable[JsonObject], label: str
) -> list[tuple[str | None, list[JsonObject]]]:
    """By the text of a label, in its order; last those that do not have it, under None."""
    found: dict[str | None, list[JsonObject]] = {}
    for one in documents:
        labels = one.get("labels")
        text = labels.get(label) if is_object(labels) else None
        found.setdefault(None if text is None else str(text), []).append(one)
    return sorted(found.items(), key=lambda pair: (pair[0] is None, pair[0] or ""))
