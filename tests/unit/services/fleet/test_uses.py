"""Who needs which path, and since when nobody does."""

from affinage.domain.query.syntax import Collection
from affinage.services.fleet.uses import Place, Uses

A: Place = (Collection.DEVICES, ("tags", "a"))
B: Place = (Collection.DEVICES, ("tags", "b"))
OF_MODULES: Place = (Collection.MODULES, ("tags", "a"))


def test_the_longest_unused_comes_first_and_none_that_was_used_since() -> None:
    uses = Uses()
    for at, place in enumerate([A, B, OF_MODULES, A]):
        uses.use(place, at)
    assert list(uses.unused_since(2)) == [B, OF_MODULES]
    assert list(uses.unused_since(3)) == [B, OF_MODULES, A]
    assert list(uses.unused_since(0)) == []


def test_what_is_held_is_never_unused_whoever_asks_for_it() -> None:
    uses = Uses()
    uses.use(A, 0)
    assert uses.hold("one", [A]) == []
    uses.use(A, 1)
    assert list(uses.unused_since(9)) == []


def test_what_is_held_is_given_back_by_the_last_holder() -> None:
    uses = Uses()
    assert uses.hold("one", [A, B]) == uses.hold("two", [A]) == []
    assert uses.hold("one", [A]) == [B]
    assert uses.hold("one", []) == []
    assert uses.hold("two", [B]) == [A]
    assert uses.hold("nobody", []) == []


def test_what_is_forgotten_is_not_told() -> None:
    uses = Uses()
    uses.use(A, 0)
    uses.forget(A)
    uses.forget(B)
    assert list(uses.unused_since(9)) == []
