"""The tree of errors: what callers may rely on."""

from collections.abc import Iterator

from affinage.domain import errors
from affinage.domain.errors import AffinageError


def tree(root: type[AffinageError] = AffinageError) -> Iterator[type[AffinageError]]:
    yield root
    for child in root.__subclasses__():
        yield from tree(child)


def test_every_error_has_a_code_of_its_own() -> None:
    kinds = [*tree()]
    assert len({kind.code for kind in kinds}) == len(kinds)


def test_every_error_stands_in_the_drawing() -> None:
    assert errors.__doc__ is not None
    assert [kind.__name__ for kind in tree() if kind.__name__ not in errors.__doc__] == []
