"""Named groups: a condition that has a name, and what a condition means that names groups.

Decides what may be created and changed, and which text stands behind `GROUP('name')`. Who is in a
group is nowhere written: whoever meets its condition is, now.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from affinage.domain.errors import Invalid, Malformed, Missing, TooLarge, UnknownGroup
from affinage.domain.etags import check_etag, etag_text
from affinage.domain.moments import Millis, iso
from affinage.domain.names import check_group_name
from affinage.domain.query import syntax
from affinage.domain.query.parse import parse_target_condition
from affinage.domain.query.syntax import Expr, InGroup, Query, operands
from affinage.domain.values import JsonObject

MAX_GROUPS: Final = 1_000
"""Groups in one hub."""

MAX_DESCRIPTION: Final = 512
"""Characters."""

MAX_NESTING: Final = 8
"""Groups in one another: one that names none is 1."""

MAX_NODES: Final = 10_000
"""Parts of a condition with all its groups written out: paths, constants, operators."""

MAX_LEVELS: Final = 150
"""Levels of these parts: evaluating one takes up to three of the interpreter's thousand frames."""


class Group(Struct, frozen=True, array_like=True):
    """One group. Immutable: every change is a new one."""

    name: str
    etag: int
    """Grows by one with every change, from 1; see `etags.etag_text`."""
    condition: str
    """As it was given."""
    description: str
    created_at: Millis
    updated_at: Millis


def create(name: str, body: JsonObject, *, at: Millis) -> Group:
    """The group that a PUT asks for.

    Raises:
        Missing: there is no condition; Malformed: a member of a wrong type.
        Invalid: a name or a description outside its limits; QuerySyntaxError: no condition.

    Source: GROUP-1, GROUP-2.
    """
    check_group_name(name)
    condition, description = _read(name, body)
    return Group(name, 1, condition, description, at, at)


def update(current: Group, body: JsonObject, *, if_match: str | None, at: Millis) -> Group:
    """The group after a PUT on it; a description that the body does not have becomes empty.

    Raises:
        EtagMismatch: ``if_match`` is not the group's etag. Nothing has changed.
        Invalid and its kin: see `create`. Nothing has changed.

    Source: GROUP-8.
    """
    check_etag(f"group '{current.name}'", current.etag, if_match)
    condition, description = _read(current.name, body)
    return replace(
        current,
        etag=current.etag + 1,
        condition=condition,
        description=description,
        updated_at=at,
    )


def document(group: Group) -> JsonObject:
    """The group as the native API shows it."""
    return {
        "name": group.name,
        "condition": group.condition,
        "description": group.description,
        "createdAt": iso(group.created_at),
        "updatedAt": iso(group.updated_at),
        "etag": etag_text(group.etag),
    }


class _Size(NamedTuple):
    """Of a condition with its groups written out."""

    nodes: int = 1
    levels: int = 1
    nesting: int = 0


class Groups:
    """All groups, by name. Immutable: adding or removing one gives another book."""

    def __init__(self, by_name: Mapping[str, Group] | None = None) -> None:
        self.by_name: Mapping[str, Group] = by_name or {}
        self._read: dict[str, Expr] = {}
        self._written_out: dict[str, Expr] = {}
        self._sizes: dict[str, _Size] = {}

    def with_group(self, group: Group) -> "Groups":
        """The book with that group in place of what had its name."""
        return Groups({**self.by_name, group.name: group})

    def without(self, name: str) -> "Groups":
        """The book without that group."""
        return Groups({other: one for other, one in self.by_name.items() if other != name})

    def expanded(self, expr: Expr) -> Expr:
        """The expression with every group written out; one that is not there stays as it is.

        Source: GROUP-4.
        """
        return self._expanded(expr) if syntax.groups(expr) else expr

    def expanded_query(self, query: Query) -> Query:
        """The query with every group in its condition written out."""
        if query.condition is None or not syntax.groups(query.condition):
            return query
        return syntax.with_condition(query, self._expanded(query.condition))

    def names(self, direct: Iterable[str]) -> frozenset[str]:
        """Those groups, those that they name, and so on; also such as are not there."""
        found, waiting = set[str](), [*direct]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self._named(name)
        return frozenset(found)

    def naming(self, name: str) -> list[str]:
        """The groups whose own conditions name that one, by name."""
        return sorted(other for other in self.by_name if name in self._named(other))

    def check(self, expr: Expr | Query) -> None:
        """Refuse what cannot be asked.

        Raises:
            UnknownGroup: it names a group that there is not.
            TooLarge: written out it is larger than MAX_NODES or MAX_LEVELS, or groups stand in one
                another more than MAX_NESTING times.

        Source: GROUP-3, GROUP-5.
        """
        named = syntax.groups(expr)
        for name in sorted(named - self.by_name.keys()):
            raise UnknownGroup(f"there is no group {name}")
        condition = expr.condition if isinstance(expr, Query) else expr
        if not named or condition is None:
            return
        size = self._size_of(condition)
        for what, found, limit in (
            ("groups in one another", size.nesting, MAX_NESTING),
            ("parts", size.nodes, MAX_NODES),
            ("levels", size.levels, MAX_LEVELS),
        ):
            if found > limit:
                raise TooLarge(f"with its groups written out it has {found} of {limit} {what}")

    def check_group(self, name: str) -> None:
        """Refuse a group of this book that cannot be asked, or that makes another one so.

        Raises:
            Invalid: it names itself, be it through others.
            UnknownGroup, TooLarge: see `check`.

        Source: GROUP-3, GROUP-5.
        """
        if name in self.names(self._named(name)):
            raise Invalid(f"group {name} would name itself, through {', '.join(self._named(name))}")
        for other in sorted(self.by_name):
            if name in self.names([other]):
                self.check(self.tree(other))

    def tree(self, name: str) -> Expr:
        """The condition of a group that is there, read, as it stands."""
        if name not in self._read:
            self._read[name] = _parsed(name, self.by_name[name].condition)
        return self._read[name]

    def _named(self, name: str) -> list[str]:
        return sorted(syntax.groups(self.tree(name))) if name in self.by_name else []

    def _whole(self, name: str) -> Expr:
        if name not in self._written_out:
            self._written_out[name] = self._expanded(self.tree(name))
        return self._written_out[name]

    def _expanded(self, expr: Expr) -> Expr:
        if isinstance(expr, InGroup):
            return self._whole(expr.group) if expr.group in self.by_name else expr
        return syntax.rebuilt(expr, self._expanded)

    def _size(self, name: str) -> _Size:
        if name not in self.by_name:
            return _Size()
        if name not in self._sizes:
            self._sizes[name] = self._size_of(self.tree(name))
        return self._sizes[name]

    def _size_of(self, expr: Expr) -> _Size:
        nodes = levels = nesting = 0
        waiting = [(expr, 1)]
        while waiting:
            node, level = waiting.pop()
            if isinstance(node, InGroup):
                inner = self._size(node.group)
                nodes, levels = nodes + inner.nodes, max(levels, level - 1 + inner.levels)
                nesting = max(nesting, 1 + inner.nesting)
            else:
                nodes, levels = nodes + 1, max(levels, level)
                waiting += [(one, level + 1) for one in operands(node)]
        return _Size(nodes, levels, nesting)


NO_GROUPS: Final = Groups()


def _read(name: str, body: JsonObject) -> tuple[str, str]:
    """What a client may set: condition and description."""
    if body.get("name") not in (None, name):
        raise Invalid(f"the body is of group {body['name']!r}, the request of {name!r}")
    condition, description = body.get("condition"), body.get("description") or ""
    if condition is None:
        raise Missing("a group needs a condition")
    if not (isinstance(condition, str) and isinstance(description, str)):
        raise Malformed("condition and description must be strings")
    if len(description) > MAX_DESCRIPTION:
        raise Invalid(f"description has {len(description)} of {MAX_DESCRIPTION} characters")
    _parsed(name, condition)
    return condition, description


def _parsed(name: str, condition: str) -> Expr:
    found = parse_target_condition(condition, modules=False)
    if found is None:
        raise Missing(f"the condition of group {name} is empty; * is met by everything")
    return found
