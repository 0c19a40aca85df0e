"""Configurations: what they are, and how many twins they target and have reached."""

from typing import Final

from affinage.domain import configuration as configurations
from affinage.domain.conditions import collection_of, system_queries
from affinage.domain.configuration import MAX_CONFIGURATIONS, Configuration
from affinage.domain.errors import (
    ConfigurationExists,
    ConfigurationNotFound,
    TooManyConfigurations,
)
from affinage.domain.moments import millis
from affinage.domain.names import check_configuration_id
from affinage.domain.principal import Principal, Right
from affinage.domain.query.parse import parse_query
from affinage.domain.query.syntax import Collection
from affinage.domain.values import JsonObject
from affinage.ports.clock import Clock
from affinage.services.fleet.fleet import Fleet
from affinage.services.fleet.unit import Change, View
from affinage.services.queries import Queries
from affinage.services.registry import ANY
from affinage.services.sweeps import Sweeps

READERS: Final = Right.REGISTRY_READ | Right.SERVICE_CONNECT
"""Either right reads configurations. ACCESS-5."""

FRESH_S: Final = 0.25
"""How old a configuration's counts may be when they are shown. CONFIGURATION-22."""


class Counts:
    """The results of a configuration's metrics, and when they were counted."""

    def __init__(self, queries: Queries, clock: Clock) -> None:
        self._queries, self._clock = queries, clock
        self._counted: dict[tuple[str, str], tuple[float, int]] = {}

    async def of(
        self, one: Configuration, queries: dict[str, str], *, by: Principal
    ) -> dict[str, int]:
        """Each query's number of rows; an empty query has none."""
        default = collection_of(one.kind)
        return {name: await self._count(text, default, by) for name, text in queries.items()}

    async def _count(self, text: str, default: Collection, by: Principal) -> int:
        if not text:
            return 0
        now = self._clock.monotonic()
        at, counted = self._counted.get((text, default), (-FRESH_S, 0))
        if now - at < FRESH_S:
            return counted
        counted = await self._queries.count(parse_query(text, default=default), by=by)
        self._counted[text, default] = (now, counted)
        return counted

    def forget(self) -> None:
        """Of texts that nobody may ask for again."""
        self._counted.clear()


class Configurations:
    def __init__(
        self,
        fleet: Fleet,
        queries: Queries,
        clock: Clock,
        limit: int = MAX_CONFIGURATIONS,
    ) -> None:
        """``limit`` is how many configurations and deployments the hub may have."""
        self._fleet, self._clock, self._limit = fleet, clock, limit
        self._counts = Counts(queries, clock)

    async def get(self, name: str, *, by: Principal) -> JsonObject:
        """A configuration's document with its counts; ConfigurationNotFound."""
        by.require(READERS)
        return await self._document(self._living(name), by)

    async def list_all(self, limit: int | None = None, *, by: Principal) -> list[JsonObject]:
        """Every configuration, oldest first; the first ``limit`` of them if it is given."""
        by.require(READERS)
        return [await self._document(one, by) for one in self._fleet.configurations()[:limit]]

    async def put(
        self, name: str, body: JsonObject, *, if_match: str | None, by: Principal
    ) -> JsonObject:
        """Create a configuration, or with an etag (``*`` is any) change one.

        When it returns, the change is durable and new writes obey it; a sweep takes it to every
        device that carries it or matches it.

        Raises:
            ConfigurationExists: it exists and no etag was given.
            ConfigurationNotFound, EtagMismatch, TooManyConfigurations, Invalid and its kin,
            Unavailable: nothing has changed.

        Source: CONFIGURATION-1 to CONFIGURATION-19.
        """
        by.require(Right.REGISTRY_WRITE)
        at = millis(self._clock.now())

        def decide(view: View) -> Change[Configuration]:
            current = _living(view.configuration(name))
            if if_match is None:
                written = self._created(view, name, body, at)
            else:
                if current is None:
                    raise _not_found(name)
                etag = None if if_match == ANY else if_match
                written = configurations.update(current, body, if_match=etag, at=at)
            return _change(written)

        written = await self._fleet.change(decide)
        return await self._document(written, by)

    async def delete(self, name: str, *, if_match: str | None, by: Principal) -> None:
        """Delete a configuration; a sweep takes it from every device that carries it.

        Raises:
            ConfigurationNotFound, EtagMismatch, Unavailable: nothing has changed.

        Source: CONFIGURATION-21.
        """
        by.require(Right.REGISTRY_WRITE)
        at = millis(self._clock.now())

        def decide(view: View) -> Change[Configuration]:
            current = _living(view.configuration(name))
            if current is None:
                raise _not_found(name)
            configurations.check_etag(current, None if if_match == ANY else if_match)
            return _change(configurations.buried(current, at=at))

        await self._fleet.change(decide)
        self._counts.forget()

    async def test_queries(self, body: JsonObject, *, by: Principal) -> JsonObject:
        """What is wrong with a target condition and metrics; nothing is stored.

        Source: CONFIGURATION-16.
        """
        by.require(READERS)
        return configurations.test_queries(body)

    def _created(self, view: View, name: str, body: JsonObject, at: int) -> Configuration:
        check_configuration_id(name)
        buried = view.configuration(name)
        if _living(buried) is not None:
            raise ConfigurationExists(f"Configuration with id '{name}' already exist on IotHub.")
        living = [rule for rule in view.rulebook.rules.values() if rule.in_force]
        if len(living) >= self._limit:
            raise TooManyConfigurations(
                f"the hub has {len(living)} of {self._limit} configurations"
            )
        return configurations.create(name, body, generation=_next_generation(view), at=at)

    async def _document(self, one: Configuration, by: Principal) -> JsonObject:
        system = system_queries(one.id, one.kind, one.target_condition)
        return configurations.document(
            one,
            system_results=await self._counts.of(one, system, by=by),
            custom_results=await self._counts.of(one, one.metrics, by=by),
        )

    def _living(self, name: str) -> Configuration:
        if (found := _living(self._fleet.configuration(name))) is None:
            raise _not_found(name)
        return found


def _change(written: Configuration) -> Change[Configuration]:
    """Store it together with the sweep that carries it out."""
    return Change(
        lambda _: written,
        configurations={written.id: written},
        rows=(Sweeps.row(written),),
    )


def _living(configuration: Configuration | None) -> Configuration | None:
    return None if configuration is None or configuration.tombstone else configuration


def _next_generation(view: View) -> int:
    """Higher than that of every configuration that any device may carry."""
    return 1 + max((rule.generation for rule in view.rulebook.rules.values()), default=0)


def _not_found(name: str) -> ConfigurationNotFound:
    return ConfigurationNotFound(f"no configuration {name}")
