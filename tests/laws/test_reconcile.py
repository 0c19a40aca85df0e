"""What holds of reconciling, for any configurations, any device, and any history of both."""

from collections.abc import Iterable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from affinage.domain.configuration import Configuration
from affinage.domain.device import Device
from affinage.domain.edge import GRACE, next_leaving, started_modules
from affinage.domain.names import EDGE_AGENT, TwinKey
from affinage.domain.rulebook import Rule, Rulebook
from affinage.domain.twin import TwinPatch, patch
from affinage.domain.values import JsonObject, merge
from fakes.reconciling import a_device, configured, rulebook, run, started, tagged, whole

IDS = ("c0", "c1", "c2", "c3")
OPERATORS: JsonObject = {"o": 1, "s": {"o": {"p": 2}}}
"""What no configuration here may touch: none writes `o`, and none all of `s`."""

paths = st.sampled_from(["a", "a.a", "a.a.a", "a.b", "b", "b.a.a", "s.a"])
values = st.recursive(
    st.integers(0, 2) | st.booleans(),
    lambda inner: st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)
conditions = st.sampled_from(["*", "*", "tags.x = 1", "tags.x = 2", "tags.x = tags.y", ""])
conditions_of_modules = st.sampled_from(
    ["*", "moduleId = 'm'", "FROM devices.modules WHERE moduleId != 'm'", "tags.x = 1", ""]
)
tags: st.SearchStrategy[JsonObject] = st.fixed_dictionaries(
    {"x": st.integers(1, 2), "y": st.integers(1, 2)}
)


@st.composite
def contents(draw: st.DrawFn) -> JsonObject:
    """Paths below desired, none above another."""
    content: JsonObject = {}
    for path in draw(st.lists(paths, min_size=1, max_size=3)):
        others = [*content]
        if not any(_is_above(path, other) or _is_above(other, path) for other in others):
            content[path] = draw(values | st.none())
    return {f"properties.desired.{path}": value for path, value in content.items()}


@st.composite
def configurations(draw: st.DrawFn, kind: str = "device", content: Any = None) -> Configuration:
    made: Configuration = configured(
        draw(st.sampled_from(IDS)),
        draw(content if content is not None else contents() | st.just({})),
        draw(conditions_of_modules if kind == "module" else conditions),
        kind=kind,
        priority=draw(st.integers(0, 2)),
        at=draw(st.integers(0, 2)),
    )
    return made


def several(kind: str = "device", content: Any = None) -> st.SearchStrategy[list[Configuration]]:
    made = configurations(kind, content)
    least = 2 if kind == "device" else 0
    return st.lists(made, min_size=least, max_size=3, unique_by=lambda one: one.id)


@st.composite
def deployments(draw: st.DrawFn) -> JsonObject:
    """A whole manifest or a layer, for modules m and n."""
    names = draw(st.sets(st.sampled_from("mn")))
    agent: JsonObject = {"properties.desired": whole(*names)}
    if draw(st.booleans()):
        agent = {f"properties.desired.modules.{name}": started(name) for name in names}
    content: JsonObject = {EDGE_AGENT: agent}
    for name in draw(st.sets(st.sampled_from("mn"))):
        root: JsonObject = {"properties.desired": {"whole": draw(st.integers(0, 2))}}
        content[name] = root if draw(st.booleans()) else draw(contents())
    return content


books = st.builds(
    lambda devices, modules: rulebook(*devices, *modules),
    several(),
    several("module").map(lambda made: [replace(one, id=f"m-{one.id}") for one in made]),
)
edge_books = st.builds(
    lambda devices, modules, edges: rulebook(*devices, *modules, *edges),
    several(),
    several("module").map(lambda made: [replace(one, id=f"m-{one.id}") for one in made]),
    several("edge", deployments()).map(
        lambda made: [replace(one, id=f"e-{one.id}") for one in made]
    ),
)


def devices(*, iot_edge: bool = False) -> st.SearchStrategy[Device]:
    return st.builds(
        lambda given: a_device(tags=given, desired=OPERATORS, modules=["w"], iot_edge=iot_edge),
        tags,
    )


@st.composite
def lives(draw: st.DrawFn, iot_edge: bool = False) -> tuple[Device, Rulebook, set[str]]:
    """A device that lived under one book and different tags, the book of today, what changed."""
    device, book = draw(devices(iot_edge=iot_edge)), draw(edge_books if iot_edge else books)
    for _ in range(draw(st.integers(1, 3))):
        device = tagged(device, draw(tags))
        device, _ = run(device, book, at=draw(st.integers(0, 2)) * GRACE)
    affected: set[str] = set()
    for name in draw(st.sets(st.sampled_from(sorted(book.rules)))) if book.rules else ():
        book, affected = changed(book, name, draw(configurations())), affected | {name}
    if draw(st.booleans()):
        device = tagged(device, draw(tags))
        affected |= watching(book, "x") | watching(book, "y")
    return device, book, affected


def changed(book: Rulebook, name: str, other: Configuration) -> Rulebook:
    """The book with one configuration gone, going, made again, or with another rank."""
    current = book.rules[name].configuration
    match other.id:
        case "c0":
            return book.without(name)
        case "c1":
            return book.with_rule(replace(current, tombstone=True))
        case "c2" if book.rules[name].kind == "device":
            return book.with_rule(replace(other, id=name, generation=2))
        case _:
            return book.with_rule(
                replace(current, priority=other.priority, target_condition=other.target_condition)
            )


def watching(book: Rulebook, tag: str) -> frozenset[str]:
    return book.watched.get(("tags", tag), frozenset())


def meant(desired: JsonObject, ranked: Iterable[Rule]) -> tuple[JsonObject, dict[str, str]]:
    """Desired and statuses, word for word as RECONCILE-4 to RECONCILE-8 have them."""
    taken: list[str] = []
    written: list[tuple[str, Any]] = []
    statuses = {}
    for rule in ranked:
        content = rule.configuration.content.get("deviceContent", {})
        won = [path for path in content if not any(_is_above(high, path) for high in taken)]
        written += ((path, content[path]) for path in won)
        taken += content
        if content:
            statuses[rule.id] = "Applied" if won else "Targeted"
    for path, value in reversed(written):
        desired = _with(desired, path.split(".")[2:], value)
    return desired, statuses


def _is_above(high: str, low: str) -> bool:
    return f"{low}.".startswith(f"{high}.")


def _with(values: JsonObject, path: list[str], value: Any) -> JsonObject:
    name, *rest = path
    inner = values.get(name)
    if rest and value is None and not isinstance(inner, dict):
        return values
    if rest:
        return {**values, name: _with(inner if isinstance(inner, dict) else {}, rest, value)}
    merged = merge({key: held for key, held in values.items() if key != name}, {name: value})
    assert isinstance(merged, dict)
    return merged


def carried(device: Device, book: Rulebook) -> tuple[Rule, ...]:
    return book.ranked(name for name in device.carried if book.rules[name].kind == "device")


@given(lives())
def test_desired_and_statuses_are_what_the_rules_say(
    life: tuple[Device, Rulebook, set[str]],
) -> None:
    device, book, _ = life
    device, _ = run(device, book)
    wanted = meant(OPERATORS, carried(device, book))
    assert (device.twin.desired.values, device.twin.statuses) == wanted


@given(lives())
def test_a_second_run_changes_nothing(life: tuple[Device, Rulebook, set[str]]) -> None:
    device, book, _ = life
    once, _ = run(device, book)
    twice, events = run(once, book)
    assert twice is once
    assert not events


@given(lives(iot_edge=True))
def test_a_second_run_changes_nothing_on_an_edge_device(
    life: tuple[Device, Rulebook, set[str]],
) -> None:
    device, book, _ = life
    once, _ = run(device, book)
    twice, events = run(once, book)
    assert twice is once
    assert not events


@given(lives(iot_edge=True), st.randoms(use_true_random=False))
def test_the_order_of_configurations_does_not_matter(
    life: tuple[Device, Rulebook, set[str]], chance: Any
) -> None:
    device, book, _ = life
    shuffled = [*book.rules.items()]
    chance.shuffle(shuffled)
    assert run(device, Rulebook(dict(shuffled))) == run(device, book)


@given(lives())
def test_asking_what_was_affected_is_asking_all(life: tuple[Device, Rulebook, set[str]]) -> None:
    device, book, affected = life
    assert run(device, book, affected=affected) == run(device, book)


@given(lives(iot_edge=True))
def test_asking_what_was_affected_is_asking_all_on_an_edge_device(
    life: tuple[Device, Rulebook, set[str]],
) -> None:
    device, book, affected = life
    at = 3 * GRACE
    assert run(device, book, at=at, affected=affected) == run(device, book, at=at)


@given(lives())
def test_what_happened_before_does_not_matter(life: tuple[Device, Rulebook, set[str]]) -> None:
    device, book, _ = life
    lived, _ = run(device, book)
    fresh, _ = run(a_device(tags=device.twin.tags, desired=OPERATORS, modules=["w"]), book)
    assert lived.carried == fresh.carried
    for key in (TwinKey("pump-1"), TwinKey("pump-1", "w")):
        old, new = lived.twin_of(key), fresh.twin_of(key)
        assert (old.desired.values, old.statuses, old.owned) == (
            new.desired.values,
            new.statuses,
            new.owned,
        )


@given(devices(), books, st.sampled_from(IDS))
def test_without_the_winner_the_runner_up_holds_what_it_held(
    device: Device, book: Rulebook, winner: str
) -> None:
    both, _ = run(device, book)
    left, _ = run(both, book.without(winner), affected={winner})
    never, _ = run(device, book.without(winner))
    assert left.twin.desired.values == never.twin.desired.values
    assert left.twin.statuses == never.twin.statuses


@given(lives())
def test_when_all_have_left_desired_is_what_others_wrote(
    life: tuple[Device, Rulebook, set[str]],
) -> None:
    device, book, _ = life
    device, _ = run(device, book)
    left, _ = run(device, Rulebook())
    assert left.twin.desired.values == OPERATORS
    assert left.modules["w"].twin.desired.values == {}
    assert (left.carried, left.twin.statuses, left.twin.owned) == ({}, {}, {})


@given(devices(iot_edge=True), edge_books)
def test_outside_every_target_condition_nothing_is_touched(device: Device, book: Rulebook) -> None:
    for name, rule in book.rules.items():
        nobody = replace(rule.configuration, target_condition="tags.x = 3")
        book = book.with_rule(nobody)
        assert name in book.rules
    assert run(device, book) == (device, ())
    assert run(device, book)[0] is device


@given(lives(iot_edge=True))
def test_a_twin_is_told_once_and_exactly_the_difference(
    life: tuple[Device, Rulebook, set[str]],
) -> None:
    device, book, _ = life
    after, events = run(device, book)
    assert len({event.key for event in events}) == len(events)
    for event in events:
        twin = after.twin_of(event.key)
        assert event.version == twin.desired.version
        if event.key.module in (None, *device.modules):
            before = device.twin_of(event.key).desired
            assert merge(before.values, event.patch) == twin.desired.values
            assert event.version == before.version + 1


@given(lives(), st.dictionaries(st.sampled_from("abs"), st.integers(0, 3)))
def test_drift_stays_until_it_is_corrected(
    life: tuple[Device, Rulebook, set[str]], meddling: JsonObject
) -> None:
    device, book, _ = life
    settled, _ = run(device, book)
    meddling.pop("s", None)
    twin, _ = patch(TwinKey("pump-1"), settled.twin, TwinPatch(desired=meddling), at=0)
    drifted = replace(settled, twin=twin)
    assert run(drifted, book)[0] is drifted
    wanted, _ = meant(drifted.twin.desired.values, carried(settled, book))
    assert run(drifted, book, correct_drift=True)[0].twin.desired.values == wanted


@given(lives(), st.integers(4, 9))
def test_drift_at_a_path_that_keeps_its_winner_survives_others(
    life: tuple[Device, Rulebook, set[str]], value: int
) -> None:
    device, book, _ = life
    keeper = configured("keeper", {"properties.desired.k": 1}, priority=9)
    settled, _ = run(device, book.with_rule(keeper))
    twin, _ = patch(TwinKey("pump-1"), settled.twin, TwinPatch(desired={"k": value}), at=0)
    left, _ = run(replace(settled, twin=twin), Rulebook().with_rule(keeper))
    assert left.twin.desired.values == {**OPERATORS, "k": value}


@given(lives(iot_edge=True))
def test_modules_follow_the_deployments_and_leave_with_grace(
    life: tuple[Device, Rulebook, set[str]],
) -> None:
    device, book, _ = life
    base: JsonObject = {EDGE_AGENT: {"properties.desired": whole("m")}}
    book = book.with_rule(configured("e-base", base, kind="edge", priority=9))
    now, _ = run(device, book, at=0)
    assert {"m", "w", "$edgeHub"} <= now.modules.keys()
    later, _ = run(now, book, at=next_leaving(now) or 0)
    assert later.modules.keys() == {"m", "w", EDGE_AGENT, "$edgeHub"}
    assert started_modules(later) == {"m"}
    assert run(later, book, at=10 * GRACE)[0] is later


@given(lives(iot_edge=True))
def test_a_whole_manifest_silences_every_deployment_below_it(
    life: tuple[Device, Rulebook, set[str]],
) -> None:
    device, book, _ = life
    base: JsonObject = {EDGE_AGENT: {"properties.desired": whole("m")}}
    alone = rulebook(configured("e-base", base, kind="edge", priority=9))
    lowest = configured("low", {"properties.desired.z": 1}, kind="module", at=-1)
    book = book.with_rule(alone.rules["e-base"].configuration).with_rule(lowest)
    under, _ = run(device, book)
    fresh, _ = run(a_device(iot_edge=True), alone)
    agent = under.modules[EDGE_AGENT].twin
    assert agent.desired.values == fresh.modules[EDGE_AGENT].twin.desired.values
    assert under.modules["m"].twin.statuses["low"] == "Applied"
    hidden = {status for name, status in agent.statuses.items() if name != "e-base"}
    assert hidden <= {"Targeted"}


@given(lives(iot_edge=True))
def test_the_last_deployment_leaves_desired_as_it_is(
    life: tuple[Device, Rulebook, set[str]],
) -> None:
    device, book, _ = life
    edges = [rule.configuration for rule in book.rules.values() if rule.kind == "edge"]
    book = rulebook(*(replace(one, target_condition="tags.x = 1") for one in edges))
    settled, _ = run(tagged(device, {"x": 1}), book)
    left, events = run(tagged(settled, {"x": 2}), book)
    assert not events
    assert {name: module.twin.desired for name, module in left.modules.items()} == {
        name: module.twin.desired for name, module in settled.modules.items()
    }
    assert not any(module.twin.statuses or module.twin.owned for module in left.modules.values())


@given(lives(iot_edge=True))
def test_a_module_configuration_of_the_highest_rank_lies_over_every_deployment(
    life: tuple[Device, Rulebook, set[str]],
) -> None:
    device, book, _ = life
    base: JsonObject = {EDGE_AGENT: {}, "m": {"properties.desired": {"z": 0}}}
    high = configured("high", {"properties.desired.z": 1}, kind="module", priority=9)
    book = book.with_rule(configured("e-base", base, kind="edge", priority=8)).with_rule(high)
    settled, _ = run(device, book)
    twin = settled.modules["m"].twin
    assert (twin.desired.values, twin.statuses["high"]) == ({"z": 1}, "Applied")
    assert twin.owned["z"] == "high"
