from collections.abc import Collection

from msgspec.structs import replace

from affinage.domain.device import ABSENT, Device
from affinage.domain.flaps import Flaps
from affinage.domain.rulebook import Rulebook
from affinage.domain.targets import Targets
from fakes.reconciling import a_device, a_module, configured, rulebook

CONTENT = {"properties.desired.a": 1}


def targets(device: Device, book: Rulebook, affected: Collection[str] | None = None) -> Targets:
    return Targets(device, book, lambda key: ABSENT, affected, Flaps({}, None, 0))


def of_device(device: Device, book: Rulebook, affected: Collection[str] | None) -> list[str]:
    return [rule.id for rule in targets(device, book, affected).of_device()]


def test_asked_anew_only_what_selects_it_is_carried() -> None:
    """RECONCILE-1"""
    book = rulebook(
        configured("all"), configured("some", condition="tags.a = 1", priority=1),
        configured("none", condition="tags.a = 2"), configured("modules", CONTENT, kind="module"),
    )  # fmt: skip
    device = replace(a_device(tags={"a": 1}), carried={"none": 1, "gone": 1})
    assert of_device(device, book, None) == ["some", "all"]


def test_what_is_not_affected_is_carried_as_before() -> None:
    """RECONCILE-3"""
    book = rulebook(
        configured("was", condition="tags.a = 2"), configured("could", condition="tags.a = 1"),
        configured("no-more", condition="tags.a = 2"), configured("again", generation=2),
        configured("modules", CONTENT, kind="module"),
    )  # fmt: skip
    carried = dict.fromkeys(["was", "no-more", "again", "gone", "modules"], 1)
    device = replace(a_device(tags={"a": 1}), carried=carried)
    assert of_device(device, book, {"no-more", "unknown"}) == ["was"]
    assert targets(device, book, ()).unasked() == {"modules": 1}
    assert targets(device, book, {"modules"}).unasked() == {}
    assert targets(device, book).unasked() == {}


def test_a_module_carries_what_it_lists() -> None:
    """RECONCILE-2, RECONCILE-3"""
    book = rulebook(
        configured("was", CONTENT, "moduleId = 'n'", kind="module"),
        configured("new", CONTENT, "moduleId = 'm'", kind="module"), configured("device"),
    )  # fmt: skip
    module = a_module("m")
    module = replace(
        module, twin=replace(module.twin, statuses={"was": "Applied", "device": "Applied"})
    )
    device = replace(a_device(), carried={"was": 1, "device": 1})
    assert [rule.id for rule in targets(device, book, ()).of_module(module)] == ["was"]
    assert [rule.id for rule in targets(device, book).of_module(module)] == ["new"]


def test_other_modules_ask_all_module_configurations() -> None:
    """RECONCILE-3"""
    book = rulebook(configured("m", CONTENT, kind="module"), configured("device"))
    asked = targets(a_device(), book, {"x"}).asking_all_of_modules()
    assert asked.affected == {"x", "m"}
    everything = targets(a_device(), book)
    assert everything.asking_all_of_modules() is everything


def test_what_is_carried_and_still_selects_it_stays() -> None:
    """RECONCILE-3"""
    book = rulebook(configured("all"), configured("a", condition="tags.a = 1"))
    device = replace(a_device(tags={"a": 2}), carried={"all": 1, "a": 1})
    assert of_device(device, book, None) == ["all"]
    assert of_device(device, book, {"all"}) == ["a", "all"]
