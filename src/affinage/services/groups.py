"""Named groups: what they are, who is in them, and what changes when one of them does."""

from collections.abc import Iterator, Sequence
from typing import Final

from affinage.domain import configuration as configurations
from affinage.domain import groups
from affinage.domain.audit import Deed
from affinage.domain.configuration import Configuration
from affinage.domain.errors import (
    GroupExists,
    GroupInUse,
    GroupNotFound,
    InvalidMetric,
    InvalidTargetCondition,
    TooLarge,
    TooManyGroups,
)
from affinage.domain.etags import check_etag
from affinage.domain.groups import MAX_GROUPS, Group
from affinage.domain.moments import Millis, iso, millis
from affinage.domain.names import check_group_name
from affinage.domain.principal import Principal, Right
from affinage.domain.query.syntax import Collection
from affinage.domain.values import JsonObject
from affinage.ports.clock import Clock
from affinage.services.counts import READERS, Counted, Counts, Question
from affinage.services.fleet.fleet import Fleet
from affinage.services.fleet.unit import Change, View
from affinage.services.limits import UNLIMITED, Limits, Operation
from affinage.services.pages import DEFAULT_PAGE, Page, cut
from affinage.services.queries import Queries
from affinage.services.sweeps import Sweeps

_MEMBERS: Final = "SELECT * FROM devices WHERE GROUP('{}')"


class Groups:
    def __init__(
        self,
        fleet: Fleet,
        queries: Queries,
        counts: Counts,
        clock: Clock,
        limits: Limits = UNLIMITED,
    ) -> None:
        self._fleet, self._queries, self._counts = fleet, queries, counts
        self._clock, self._limits = clock, limits

    async def get(self, name: str, *, by: Principal) -> JsonObject:
        """A group's document, with who names it and how many devices are in it; GroupNotFound."""
        by.require(READERS)
        self._limits.take(Operation.CONFIGURATION, by)
        (document,) = await self._documents([self._group(name)], by)
        return document

    async def page(
        self, *, after: str | None = None, limit: int = DEFAULT_PAGE, by: Principal
    ) -> Page:
        """Some groups by name, those behind ``after``; Invalid of a limit under 1.

        Source: GROUP-9, NATIVE-6.
        """
        by.require(READERS)
        self._limits.take(Operation.CONFIGURATION, by)
        known = self._fleet.groups.by_name
        some, has_more = cut(sorted(name for name in known if name > (after or "")), limit)
        rows = await self._documents([known[name] for name in some], by)
        return Page("Group", rows, some[-1] if has_more else None)

    async def members(self, name: str, *, after: str | None, limit: int, by: Principal) -> Page:
        """A page of the twins of the devices that are in it now; see `Queries.run`.

        Raises:
            GroupNotFound; Forbidden, Invalid: as `Queries.run`.

        Source: GROUP-10.
        """
        by.require(Right.SERVICE_CONNECT)
        self._group(name)
        text = _MEMBERS.format(name)
        return await self._queries.run(text, continuation=after, max_rows=limit, by=by)

    async def put(
        self, name: str, body: JsonObject, *, if_match: str | None, by: Principal
    ) -> JsonObject:
        """Create a group, or with an etag (``*`` is any) change one.

        When it returns, the change is durable, and so are the sweeps that take it to the devices
        of every configuration whose condition names it.

        Raises:
            GroupExists: it exists and no etag was given.
            GroupNotFound, EtagMismatch, TooManyGroups, UnknownGroup, TooLarge, Invalid and its
            kin, Unavailable: nothing has changed.

        Source: GROUP-1 to GROUP-8.
        """
        by.require(Right.REGISTRY_WRITE)
        self._limits.take(Operation.CONFIGURATION, by)
        check_group_name(name)
        at = millis(self._clock.now())

        def decide(view: View) -> Change[Group]:
            current = view.rulebook.groups.by_name.get(name)
            if if_match is None:
                written = _created(view, name, body, at)
            elif current is None:
                raise _not_found(name)
            else:
                written = groups.update(current, body, if_match=if_match, at=at)
            return _change(view, current, written, at, by)

        written = await self._fleet.change(decide)
        (document,) = await self._documents([written], by)
        return document

    async def delete(self, name: str, *, if_match: str | None, by: Principal) -> None:
        """Delete a group that nothing names.

        Raises:
            GroupInUse: says by whom it is named.
            GroupNotFound, EtagMismatch, Unavailable: nothing has changed.

        Source: GROUP-7.
        """
        by.require(Right.REGISTRY_WRITE)
        self._limits.take(Operation.CONFIGURATION, by)

        def decide(view: View) -> Change[None]:
            current = view.rulebook.groups.by_name.get(name)
            if current is None:
                raise _not_found(name)
            check_etag(f"group '{name}'", current.etag, if_match)
            living = [one.configuration for one in view.rulebook.rules.values() if one.in_force]
            _check_unnamed(name, _naming(name, living), view.rulebook.groups.naming(name))
            deeds = (Deed(by, "group.write", name),)
            return Change(lambda _: None, groups={name: None}, deeds=deeds)

        await self._fleet.change(decide)

    def _group(self, name: str) -> Group:
        if (found := self._fleet.groups.by_name.get(name)) is None:
            raise _not_found(name)
        return found

    async def _documents(self, several: Sequence[Group], by: Principal) -> list[JsonObject]:
        asked = {one.name: _question(one.name) for one in several}
        counted = await self._counts.show(asked.values(), by=by)
        living = self._fleet.configurations()
        naming = {one.id: configurations.named_groups(one) for one in living}
        return [
            {
                **groups.document(one),
                "namedBy": {
                    "configurations": [name for name, named in naming.items() if one.name in named],
                    "groups": [*self._fleet.groups.naming(one.name)],
                },
                **_shown(counted.get(asked[one.name])),
            }
            for one in several
        ]


def _question(name: str) -> Question:
    return Question(_MEMBERS.format(name), Collection.DEVICES)


def _shown(counted: Counted | None) -> JsonObject:
    if counted is None:
        return {"count": None, "countedAt": None, "by": None}
    return {"count": counted.rows, "countedAt": iso(counted.at), "by": str(counted.how)}


def _created(view: View, name: str, body: JsonObject, at: Millis) -> Group:
    known = view.rulebook.groups.by_name
    if name in known:
        raise GroupExists(f"group {name} exists")
    if len(known) >= MAX_GROUPS:
        raise TooManyGroups(f"the hub has {len(known)} of {MAX_GROUPS} groups")
    return groups.create(name, body, at=at)


def _change(
    view: View, current: Group | None, written: Group, at: Millis, by: Principal
) -> Change[Group]:
    """Store it, together with the change of each configuration that it is a change of."""
    known = view.rulebook.groups.with_group(written)
    known.check_group(written.name)
    is_same = current is not None and current.condition == written.condition
    touched = () if is_same else [*_touched(view, written.name, known, at)]
    return Change(
        lambda _: written,
        groups={written.name: written},
        configurations={one.id: one for one in touched},
        rows=tuple(Sweeps.row(one) for one in touched),
        deeds=(Deed(by, "group.write", written.name),),
    )


def _touched(view: View, name: str, known: groups.Groups, at: Millis) -> Iterator[Configuration]:
    """Those whose target conditions name it; TooLarge of what would grow beyond its limits."""
    for rule in view.rulebook.rules.values():
        if not rule.in_force:
            continue
        try:
            configurations.check_known(rule.configuration, known)
        except (InvalidTargetCondition, InvalidMetric) as error:
            raise TooLarge(f"configuration {rule.id}: {error}") from None
        if name in rule.groups:
            yield configurations.touched(rule.configuration, at=at)


def _naming(name: str, living: Sequence[Configuration]) -> list[str]:
    return [one.id for one in living if name in configurations.named_groups(one)]


def _check_unnamed(name: str, by_rules: Sequence[str], by_groups: Sequence[str]) -> None:
    naming = [
        *(f"configuration {other}" for other in by_rules),
        *(f"group {other}" for other in by_groups),
    ]
    if naming:
        raise GroupInUse(f"group {name} is named by {', '.join(naming)}")


def _not_found(name: str) -> GroupNotFound:
    return GroupNotFound(f"no group {name}")
