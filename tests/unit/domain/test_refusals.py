"""Refusals that say more than words."""

import pytest

from affinage.domain.errors import Challenged, MethodNotAllowed, QuerySyntaxError, Throttled


@pytest.mark.parametrize(
    ("source", "at", "shown"),
    [
        ("tags.a =", 8, "\n    tags.a =\n            ^"),
        ("SELECT *\nFROM x", 14, "\n    FROM x\n         ^"),
        ("a = 1\n", 6, "\n    \n    ^"),
        ("", 0, "\n    \n    ^"),
        ("a\u2028b =", 5, "\n    a b =\n         ^"),
    ],
)
def test_a_syntax_error_shows_its_place(source: str, at: int, shown: str) -> None:
    error = QuerySyntaxError("expected a value", source=source, at=at)
    assert str(error) == f"expected a value{shown}"
    assert (error.problem, error.source, error.at) == ("expected a value", source, at)


def test_who_is_throttled_is_told_how_long_to_wait() -> None:
    error = Throttled("too many requests", retry_after_s=1.5)
    assert (str(error), error.retry_after_s) == ("too many requests", 1.5)


def test_a_refused_method_comes_with_those_that_are_allowed() -> None:
    assert MethodNotAllowed("no POST here", allowed=("GET", "PUT")).allowed == ("GET", "PUT")


def test_who_is_challenged_is_given_what_to_answer() -> None:
    assert Challenged("prove it", authentication_key="nonce").authentication_key == "nonce"
