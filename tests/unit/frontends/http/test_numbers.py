"""frontends/http/numbers.py."""

import pytest
from starlette.requests import Request

from affinage.domain.errors import Malformed
from affinage.frontends.http.numbers import integer, natural, top


def asked(query: str) -> Request:
    return Request({"type": "http", "query_string": query.encode(), "headers": []})


@pytest.mark.parametrize(
    ("query", "wanted"),
    [("", None), ("top=", None), ("top=0", None), ("top=-3", None), ("top=7", 7)],
)
def test_top_is_a_number_above_zero_or_nothing(query: str, wanted: int | None) -> None:
    """SERVICE-34"""
    assert top(asked(query)) == wanted


@pytest.mark.parametrize("text", ["", " 1", "1.0", "1e3", "+1", "9" * 5000])
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    """SERVICE-34"""
    with pytest.raises(Malformed, match="top must be a whole number"):
        integer("top", text)


@pytest.mark.parametrize("text", ["", "-1", " 1", "1.0", "٣", "1" * 10])
def test_a_natural_number_has_few_digits_and_nothing_else(text: str) -> None:
    assert natural(text) is None
    assert natural("9" * 9) == 999_999_999
    assert natural("1" * 18, digits=18) == int("1" * 18)
