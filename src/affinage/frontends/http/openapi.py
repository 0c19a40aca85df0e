"""An OpenAPI document of a door: from its table of operations, and what is said of each.

Paths, methods and parameters in a path are the table's, summaries the operations' docstrings,
schemas the types of documents. So what is told is what is there; what an answer really looks like
is held against this document by tests that send whatever it allows.

Source: https://spec.openapis.org/oas/v3.1.0
"""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

OPENAPI: Final = "3.1.0"
JSON: Final = "application/json"
SCHEMES: Final[Mapping[str, Any]] = {
    "sharedAccessSignature": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "A token that is signed with a key of a shared-access policy.",
    }
}

_PARAMETER: Final = re.compile(r"\{(\w+)\}")
_SCHEMA: Final = "#/components/schemas/{name}"
_READS: Final = ("GET", "HEAD")

Schema = Mapping[str, Any]
"""A JSON Schema."""

Table = Mapping[str, Mapping[str, Callable[..., Any]]]
"""Operations by path, by method."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a request, in its query string or its header."""

    name: str
    what: str
    schema: Schema
    where: str = "query"
    is_required: bool = False

    @property
    def document(self) -> Schema:
        return {
            "name": self.name,
            "in": self.where,
            "description": self.what,
            "required": self.is_required,
            "schema": self.schema,
        }


@dataclass(frozen=True, slots=True)
class Described:
    """What an operation takes and gives, as far as its path and its docstring do not say."""

    gives: Any = None
    """The type of its answer; None if that has no body."""
    takes: Any = None
    """The type of its body; None if it has none."""
    status: int = 200
    parameters: tuple[Parameter, ...] = ()
    media_type: str = JSON
    """Of the answer."""
    also: Mapping[int, Any] = field(default_factory=dict)
    """Other statuses than ``status`` that are no refusals, and the types of their answers."""
    refusals: tuple[int, ...] = ()
    """Statuses besides those that every operation of its method may have."""


_BARE: Final = Described()


@dataclass(frozen=True, slots=True)
class Door:
    """What is the same for all operations of a door."""

    title: str
    what: str
    version: str
    refusal: Any
    """The type of the answer to whatever is refused."""
    refusal_media_type: str
    prefix: str = ""
    parameters: tuple[Parameter, ...] = ()
    names: Mapping[str, Schema] = field(default_factory=dict)
    """The schemas of the parameters in paths."""


def document(
    door: Door, operations: Table, described: Mapping[str, Mapping[str, Described]]
) -> Schema:
    """The whole document; of an operation that is not described, what its path says."""
    kinds = [door.refusal, *_kinds(described)]
    schemas, components = msgspec.json.schema_components(kinds, ref_template=_SCHEMA)
    page = _Page(door, {repr(kind): one for kind, one in zip(kinds, schemas, strict=True)})
    return {
        "openapi": OPENAPI,
        "info": {"title": door.title, "description": door.what, "version": door.version},
        "security": [{name: []} for name in SCHEMES],
        "paths": {
            door.prefix + path: {
                method.lower(): page.operation(
                    method, path, described.get(path, {}).get(method, _BARE), operation
                )
                for method, operation in methods.items()
            }
            for path, methods in operations.items()
        },
        "components": {"schemas": components, "securitySchemes": SCHEMES},
    }


def _kinds(described: Mapping[str, Mapping[str, Described]]) -> Iterator[Any]:
    for methods in described.values():
        for one in methods.values():
            yield from (kind for kind in (one.gives, one.takes, *one.also.values()) if kind)


@dataclass(frozen=True, slots=True)
class _Page:
    door: Door
    schemas: Mapping[str, Schema]
    """By what they are the schemas of."""

    def operation(
        self, method: str, path: str, one: Described, operation: Callable[..., Any]
    ) -> Schema:
        summary, _, text = (inspect.getdoc(operation) or "").partition("\n")
        in_path = [_in_path(name, self.door.names[name]) for name in _PARAMETER.findall(path)]
        others = [parameter.document for parameter in (*self.door.parameters, *one.parameters)]
        told: dict[str, Any] = {
            "operationId": "_".join([method.lower(), *re.findall(r"\w+", path)]),
            "summary": summary.removeprefix(f"{method} "),
            "parameters": [*in_path, *others],
            "responses": self._answers(method, one),
        }
        if text.strip():
            told["description"] = text.strip()
        if one.takes is not None:
            told["requestBody"] = {"required": True, "content": self._content(one.takes, JSON)}
        return told

    def _answers(self, method: str, one: Described) -> Schema:
        good = {one.status: one.gives, **one.also}
        answers = {status: self._good(kind, one.media_type) for status, kind in good.items()}
        refused = {
            "description": "Refused.",
            "content": self._content(self.door.refusal, self.door.refusal_media_type),
        }
        answers |= dict.fromkeys(_refusals(method, one) - good.keys(), refused)
        return {str(status): answers[status] for status in sorted(answers)}

    def _good(self, kind: Any, media_type: str) -> Schema:
        content = {} if kind is None else {"content": self._content(kind, media_type)}
        return {"description": "Done.", **content}

    def _content(self, kind: Any, media_type: str) -> Schema:
        return {media_type: {"schema": self.schemas[repr(kind)]}}


def _in_path(name: str, schema: Schema) -> Schema:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _refusals(method: str, one: Described) -> set[int]:
    found = {400, 401, 404, 429, 503, *one.refusals}
    if method not in _READS:
        found |= {409, 412}
    return found | {413} if one.takes is not None else found
