"""frontends/http/pages.py."""

import pytest
from starlette.requests import Request

from affinage.domain.errors import Invalid, Malformed
from affinage.frontends.http import pages


def asked(**headers: str) -> Request:
    named = {f"x-ms-{name.replace('_', '-')}": text for name, text in headers.items()}
    pairs = [(name.encode(), text.encode()) for name, text in named.items()]
    return Request({"type": "http", "headers": pairs})


@pytest.mark.parametrize(
    ("given", "size"), [("", 100), ("-1", 100), ("7", 7), ("2147483647", 2_147_483_647)]
)
def test_a_page_is_as_large_as_is_asked_for(given: str, size: int) -> None:
    """SERVICE-62"""
    assert pages.page_size(asked(max_item_count=given), 100) == size


def test_a_page_without_a_size_has_the_usual_one() -> None:
    """SERVICE-62"""
    assert pages.page_size(asked(), 100) == 100
    with pytest.raises(Malformed):
        pages.page_size(asked(max_item_count="x"), 100)


def test_a_continuation_is_told_only_where_more_follows() -> None:
    """SERVICE-63"""
    assert pages.page_headers("Twin", None) == {"x-ms-item-type": "Twin"}
    assert pages.page_headers("Twin", "a")["x-ms-continuation"] == "a"
    assert pages.continuation(asked(continuation="a")) == "a"
    assert pages.continuation(asked(continuation="")) is None


def test_a_token_names_the_last_row() -> None:
    assert pages.last_in(pages.token_of("pump-\U0001f600")) == "pump-\U0001f600"
    assert pages.token_of(None) is pages.last_in(None) is pages.last_in("") is None


@pytest.mark.parametrize("token", ["?", "YQ", "_w=="])
def test_a_token_that_was_never_given_out_is_refused(token: str) -> None:
    with pytest.raises(Invalid, match="none of this hub's"):
        pages.last_in(token)
