from msgspec.structs import replace

from affinage.domain.content import Kind
from affinage.domain.device import ABSENT, Device
from affinage.domain.groups import Group, create
from affinage.domain.row import TwinRow
from affinage.domain.rulebook import Rulebook
from affinage.domain.values import JsonObject
from fakes.reconciling import a_device, configured, rulebook

AGENT: JsonObject = {"$edgeAgent": {}}


def row(device: Device, module: str | None = None) -> TwinRow:
    return TwinRow(device, ABSENT, device.module(module) if module else None)


def test_the_highest_priority_ranks_first_then_the_newest_then_the_id() -> None:
    """RECONCILE-4"""
    book = rulebook(
        configured("old", priority=5, at=1),
        configured("z", priority=5, at=2),
        configured("a", priority=5, at=2),
        configured("low", priority=1, at=9),
        configured("high", priority=7),
    )
    assert [rule.id for rule in book.ranked(book.rules)] == ["high", "a", "z", "old", "low"]


def test_a_book_never_changes() -> None:
    empty = Rulebook()
    book = empty.with_rule(configured("a"))
    assert (empty.rules, [*book.rules], book.without("a").rules) == ({}, ["a"], {})


def test_a_configuration_selects_rows_of_its_kind() -> None:
    """RECONCILE-1, RECONCILE-2, EDGE-4"""
    book = rulebook(
        configured("device"),
        configured("module", {"properties.desired.a": 1}, kind="module"),
        configured("edge", AGENT, kind="edge"),
    )
    gateway = a_device(iot_edge=True, modules=["m"])

    def selecting(row: TwinRow) -> set[str]:
        return {rule.id for rule in book.rules.values() if rule.selects(row)}

    assert selecting(row(a_device())) == {"device"}
    assert selecting(row(gateway)) == {"device", "edge"}
    assert selecting(row(gateway, "$edgeAgent")) == set()


def test_modules_are_selected_by_their_own_row() -> None:
    """RECONCILE-2"""
    condition = "FROM devices.modules WHERE moduleId = 'm'"
    content = {"properties.desired.a": 1}
    rule = rulebook(configured("c", content, condition, kind="module")).rules["c"]
    device = a_device(modules=["m", "n"])
    assert (rule.kind, rule.in_force) == (Kind.MODULE, True)
    assert rule.selects(row(device, "m"))
    assert not rule.selects(row(device, "n"))
    assert not rule.selects(row(device))


def test_an_empty_condition_selects_nothing() -> None:
    """CONFIGURATION-10"""
    assert not rulebook(configured("c", condition="")).rules["c"].selects(row(a_device()))


def test_of_a_tombstone_only_its_generation_is_known() -> None:
    """RECONCILE-17"""
    configuration = configured("c", {"properties.desired.a": 1}, generation=4)
    book = rulebook(replace(configuration, tombstone=True))
    rule = book.rules["c"]
    assert (rule.generation, rule.in_force, rule.writes, rule.names) == (4, False, {}, frozenset())
    assert not rule.selects(row(a_device()))
    assert book.current("c", 4) is None


def test_only_the_generation_that_is_in_force_is_current() -> None:
    """RECONCILE-17"""
    book = rulebook(configured("c", generation=4))
    assert book.current("c", 4) is book.rules["c"]
    assert book.current("c", 3) is book.current("c", None) is book.current("d", 4) is None


def test_a_book_knows_who_watches_which_path() -> None:
    content = {"properties.desired.a": 1}
    book = rulebook(
        configured("a", content, "tags.x = 1 and properties.reported.v > 2"),
        configured("b", content, "tags.x = 2"),
        configured("edge", AGENT, "tags.y = 1", kind="edge"),
        configured("module", content, "tags.x = 3", kind="module"),
    )
    assert book.watched == {
        ("tags", "x"): {"a", "b"},
        ("properties", "reported", "v"): {"a"},
        ("tags", "y"): {"edge"},
        ("capabilities", "iotEdge"): {"edge"},
    }
    assert book.watched_of_modules == {("tags", "x"): {"module"}}


def test_a_book_finds_what_may_select_a_row_and_asks_no_other() -> None:
    """RECONCILE-3"""
    book = rulebook(
        configured("lyon", condition="tags.site = 'lyon'"),
        configured("paris", condition="tags.site = 'paris'"),
        configured("all"),
        configured("module", {"properties.desired.a": 1}, "tags.site = 'lyon'", kind="module"),
    )
    device = a_device(tags={"site": "lyon"}, modules=["m"])
    assert {rule.id for rule in book.possible(row(device))} == {"lyon", "all"}
    tagged = replace(device.modules["m"], twin=device.twin)
    of_module = TwinRow(device, ABSENT, tagged)
    assert [rule.id for rule in book.possible(of_module)] == ["module"]


def named(name: str, condition: str) -> Group:
    return create(name, {"condition": condition}, at=0)


def test_a_condition_is_what_its_groups_are_now() -> None:
    """GROUP-4, GROUP-6"""
    book = Rulebook().with_group("inner", named("inner", "tags.a = 1"))
    book = book.with_group("a", named("a", "GROUP('inner')"))
    book = book.with_rule(configured("one", condition="GROUP('a')")).with_rule(configured("two"))
    device, two = a_device(tags={"b": 1}), book.rules["two"]
    assert not book.rules["one"].selects(row(device))
    changed = book.with_group("inner", named("inner", "tags.b = 1"))
    assert changed.rules["one"].selects(row(device))
    assert changed.rules["one"].names == {("tags", "b")}
    assert changed.rules["one"].groups == {"a", "inner"}
    assert changed.rules["two"] is two


def test_configurations_that_name_one_group_are_asked_together() -> None:
    """GROUP-6"""
    book = Rulebook().with_group("inner", named("inner", "tags.a = 1"))
    book = book.with_group("outer", named("outer", "NOT GROUP('inner')"))
    conditions = {"one": "GROUP('inner')", "two": "GROUP('outer')", "three": "tags.a = 1"}
    for name, condition in conditions.items():
        book = book.with_rule(configured(name, condition=condition))
    assert book.sharing("one") == book.sharing("two") == {"one", "two"}
    for alone in ("three", "gone"):
        assert book.sharing(alone) == {alone}


def test_without_its_group_a_condition_selects_nothing() -> None:
    """GROUP-4"""
    book = (
        Rulebook()
        .with_group("a", named("a", "*"))
        .with_rule(configured("one", condition="GROUP('a')"))
    )
    assert book.rules["one"].selects(row(a_device()))
    assert not book.with_group("a", None).rules["one"].selects(row(a_device()))
    assert book.without("one").groups is book.groups


def test_a_retired_device_and_its_modules_are_selected_by_nothing() -> None:
    """REPLACE-2"""
    book = rulebook(configured("d"), configured("m", {"properties.desired.a": 1}, kind="module"))
    device = a_device(modules=["m"])
    gone = replace(device, retired_at=5)
    for module, name in ((None, "d"), ("m", "m")):
        assert book.rules[name].selects(row(device, module))
        assert not book.rules[name].selects(row(gone, module))
