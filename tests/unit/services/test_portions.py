"""How many devices one unit of the hub's own work takes."""

from affinage.services.portions import MAX_TWINS, Portion, portion
from fakes.commits import Commits, device, putting


def hub_of(*modules: int) -> Commits:
    """A hub with devices ``d0``, ``d1``, … that have so many modules."""
    hub = Commits()
    for number, count in enumerate(modules):
        names = [f"m{each}" for each in range(count)]
        hub.run(putting(device(f"d{number}", None, *names)))
    return hub


def first(hub: Commits, *numbers: int, refused: str = "") -> Portion:
    candidates = {number: f"d{number - 1}" for number in numbers}
    return portion(hub.batch(), candidates, lambda device: device.id != refused)


def test_what_is_not_too_much_is_one_portion() -> None:
    """RECONCILE-36"""
    assert first(hub_of(0, 1), 1, 2) == (["d0", "d1"], 2, True)


def test_a_device_weighs_as_much_as_its_twins() -> None:
    """RECONCILE-36"""
    hub = hub_of(*[49] * 6)
    assert len(first(hub, *range(1, 7)).devices) * 50 == MAX_TWINS
    assert first(hub, *range(1, 7)).is_all is False


def test_who_is_gone_is_passed_over() -> None:
    assert first(hub_of(0), 1, 2, 3) == (["d0"], 3, True)
    assert first(hub_of(), 5) == ([], 5, True)


def test_it_ends_before_who_is_not_admitted() -> None:
    """RECONCILE-28"""
    hub = hub_of(0, 0, 0)
    assert first(hub, 1, 2, 3, refused="d1") == (["d0"], 1, False)
    assert first(hub, 2, 3, refused="d1") == ([], None, False)
