"""Configurations: what they are, and how many twins they target and have reached."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from affinage.domain import configuration as configurations
from affinage.domain.audit import Deed
from affinage.domain.conditions import collection_of, system_queries
from affinage.domain.configuration import MAX_CONFIGURATIONS, Configuration
from affinage.domain.errors import (
    ConfigurationExists,
    ConfigurationNotFound,
    MetricNotFound,
    TooManyConfigurations,
)
from affinage.domain.etags import check_etag
from affinage.domain.labels import has
from affinage.domain.moments import millis
from affinage.domain.names import check_configuration_id
from affinage.domain.principal import Principal, Right
from affinage.domain.query.parse import parse_query
from affinage.domain.query.syntax import Collection, to_text
from affinage.domain.values import JsonObject
from affinage.ports.clock import Clock
from affinage.ports.store import Row
from affinage.services.counts import READERS, Counted, Counts, Question
from affinage.services.fleet.fleet import Fleet
from affinage.services.fleet.unit import Change, View
from affinage.services.generations import Generations
from affinage.services.limits import UNLIMITED, Limits, Operation
from affinage.services.pages import DEFAULT_PAGE, Page, cut
from affinage.services.queries import Queries
from affinage.services.sweeps import Sweeps

_OF_TWINS: Final = (Collection.DEVICES, Collection.MODULES)


@dataclass(frozen=True, slots=True)
class Metric:
    """One number of a configuration, and the query whose rows it counts."""

    name: str
    is_custom: bool
    query: str
    """As the configuration shows it; empty if it has no rows."""
    question: Question
    counted: Counted | None
    """None if it was not counted yet."""


class Configurations:
    def __init__(
        self,
        fleet: Fleet,
        queries: Queries,
        counts: Counts,
        clock: Clock,
        limit: int = MAX_CONFIGURATIONS,
        *,
        limits: Limits = UNLIMITED,
    ) -> None:
        """``limit`` is how many configurations and deployments the hub may have."""
        self._limits = limits
        self._fleet, self._queries, self._counts = fleet, queries, counts
        self._clock, self._limit = clock, limit
        self._generations = Generations(fleet)

    async def open(self) -> None:
        """Read what the store has beside the configurations themselves."""
        await self._generations.open()

    async def get(self, name: str, *, by: Principal) -> JsonObject:
        """A configuration's document with its counts; ConfigurationNotFound."""
        by.require(READERS)
        self._limits.take(Operation.CONFIGURATION, by)
        (document,) = await self._documents([self._living(name)], by)
        return document

    async def list_all(self, limit: int | None = None, *, by: Principal) -> list[JsonObject]:
        """Every configuration, oldest first; the first ``limit`` of them if it is given."""
        by.require(READERS)
        self._limits.take(Operation.CONFIGURATION, by)
        return await self._documents(self._fleet.configurations()[:limit], by)

    async def page(
        self,
        labels: Mapping[str, str | None],
        *,
        after: str | None = None,
        limit: int = DEFAULT_PAGE,
        by: Principal,
    ) -> Page:
        """Some configurations with these labels, by id, behind ``after``; Invalid of a limit of 0.

        Source: CONFIGURATION-41, NATIVE-6.
        """
        by.require(READERS)
        self._limits.take(Operation.CONFIGURATION, by)
        living = {one.id: one for one in self._fleet.configurations() if has(one, labels)}
        some, has_more = cut(sorted(name for name in living if name > (after or "")), limit)
        rows = await self._documents([living[name] for name in some], by)
        return Page("Configuration", rows, some[-1] if has_more else None)

    async def metrics(self, name: str, *, by: Principal) -> list[Metric]:
        """Its generated metrics, then its own, with their latest counts; ConfigurationNotFound."""
        by.require(READERS)
        self._limits.take(Operation.CONFIGURATION, by)
        one = self._living(name)
        counted = await self._counts.show(questions_of(one).values(), by=by)
        return _metrics(one, counted)

    async def rows(
        self, name: str, metric: str, *, after: str | None, limit: int, by: Principal
    ) -> Page:
        """A page of the rows that a metric counts, as they are now; see `Queries.run`.

        Raises:
            ConfigurationNotFound; MetricNotFound: it has no metric of that name.
            Forbidden, Invalid: as `Queries.run`.

        Source: CONFIGURATION-33.
        """
        by.require(Right.SERVICE_CONNECT)
        one = self._living(name)
        question = questions_of(one).get(metric)
        if question is None:
            raise MetricNotFound(f"configuration {name} has no metric {metric}")
        if not (text := whole_query(question)):
            return Page("Raw", [], None)
        return await self._queries.run(text, continuation=after, max_rows=limit, by=by)

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
        self._limits.take(Operation.CONFIGURATION, by)
        at = millis(self._clock.now())

        def decide(view: View) -> Change[Configuration]:
            current = _living(view.configuration(name))
            if if_match is None:
                created = self._created(view, name, body, at)
                configurations.check_known(created, view.rulebook.groups)
                return _change(by, created, Generations.row(created))
            if current is None:
                raise _not_found(name)
            updated = configurations.update(current, body, if_match=if_match, at=at)
            configurations.check_known(updated, view.rulebook.groups)
            return _change(by, updated)

        written = await self._fleet.change(decide)
        self._counts.forget(questions_of(written).values())
        (document,) = await self._documents([written], by)
        return document

    async def delete(self, name: str, *, if_match: str | None, by: Principal) -> None:
        """Delete a configuration; a sweep takes it from every device that carries it.

        Raises:
            ConfigurationNotFound, EtagMismatch, Unavailable: nothing has changed.

        Source: CONFIGURATION-21.
        """
        by.require(Right.REGISTRY_WRITE)
        self._limits.take(Operation.CONFIGURATION, by)
        at = millis(self._clock.now())

        def decide(view: View) -> Change[Configuration]:
            current = _living(view.configuration(name))
            if current is None:
                raise _not_found(name)
            check_etag(f"configuration ID '{name}'", current.etag, if_match)
            return _change(by, configurations.buried(current, at=at))

        await self._fleet.change(decide)

    async def test_queries(self, body: JsonObject, *, by: Principal) -> JsonObject:
        """What is wrong with a target condition and metrics; nothing is stored.

        Source: CONFIGURATION-16.
        """
        by.require(READERS)
        self._limits.take(Operation.CONFIGURATION, by)
        return configurations.test_queries(body, self._fleet.groups)

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
        return configurations.create(name, body, generation=self._generations.after(view), at=at)

    async def _documents(self, several: Sequence[Configuration], by: Principal) -> list[JsonObject]:
        asked = [question for one in several for question in questions_of(one).values()]
        counted = await self._counts.show(asked, by=by)
        return [_document(one, _metrics(one, counted)) for one in several]

    def _living(self, name: str) -> Configuration:
        if (found := _living(self._fleet.configuration(name))) is None:
            raise _not_found(name)
        return found


def whole_query(question: Question) -> str:
    """The text that has the same rows wherever it is run; its own if that names a collection."""
    text, default = question
    if not text:
        return text
    either = {parse_query(text, default=one).collection for one in _OF_TWINS}
    return text if len(either) == 1 else to_text(parse_query(text, default=default))


def questions_of(one: Configuration) -> dict[str, Question]:
    """By the metric's name; of two with one name the configuration's own."""
    default = collection_of(one.kind)
    texts = system_queries(one.id, one.kind, one.target_condition) | one.metrics
    return {name: Question(text, default) for name, text in texts.items()}


def _metrics(one: Configuration, counted: Mapping[Question, Counted]) -> list[Metric]:
    default = collection_of(one.kind)
    generated = system_queries(one.id, one.kind, one.target_condition)
    return [
        Metric(name, is_custom, text, question := Question(text, default), counted.get(question))
        for is_custom, texts in ((False, generated), (True, one.metrics))
        for name, text in texts.items()
    ]


def _document(one: Configuration, metrics: Sequence[Metric]) -> JsonObject:
    known = [(one.is_custom, one.name, one.counted.rows) for one in metrics if one.counted]
    return configurations.document(
        one,
        system_results={name: rows for is_custom, name, rows in known if not is_custom},
        custom_results={name: rows for is_custom, name, rows in known if is_custom},
    )


def _change(by: Principal, written: Configuration, *rows: Row) -> Change[Configuration]:
    """Store it together with the sweep that carries it out."""
    return Change(
        lambda _: written,
        configurations={written.id: written},
        rows=(Sweeps.row(written), *rows),
        deeds=(Deed(by, "configuration.write", written.id),),
    )


def _living(configuration: Configuration | None) -> Configuration | None:
    return None if configuration is None or configuration.tombstone else configuration


def _not_found(name: str) -> ConfigurationNotFound:
    return ConfigurationNotFound(f"no configuration {name}")
