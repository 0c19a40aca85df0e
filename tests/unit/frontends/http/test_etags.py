"""frontends/http/etags.py."""

import pytest
from starlette.requests import Request

from affinage.domain.errors import EtagMismatch, Invalid
from affinage.frontends.http.etags import MAX_ETAGS, guarded, if_match, quoted
from fakes.looped import looped


def asked(*headers: str) -> Request:
    pairs = [(b"if-match", header.encode()) for header in headers]
    return Request({"type": "http", "headers": pairs})


@pytest.mark.parametrize(
    ("header", "etags"),
    [
        ('"abc="', ["abc="]),
        ("abc=", ["abc="]),
        ('W/"abc="', ["abc="]),
        (' "abc=" ', ["abc="]),
        ('"a","b"', ["a", "b"]),
        ('"a", W/"b" , c', ["a", "b", "c"]),
        ("*", ["*"]),
        ('"*"', ["*"]),
        ('"a", *', ["*"]),
        ('""', []),
        ("", []),
        (",", []),
    ],
)
def test_every_quoting_names_the_same_etags(header: str, etags: list[str]) -> None:
    """SERVICE-10 to SERVICE-13, SERVICE-11, SERVICE-12"""
    assert if_match(asked(header)) == etags


def test_no_header_names_no_etag_and_two_headers_are_one_list() -> None:
    """SERVICE-12, SERVICE-13"""
    assert if_match(asked()) == []
    assert if_match(asked('"a"', '"b"')) == ["a", "b"]


def test_too_many_etags_are_refused() -> None:
    """SERVICE-13"""
    assert len(if_match(asked(",".join("abcdefghij")))) == MAX_ETAGS
    with pytest.raises(Invalid, match="11 of 10"):
        if_match(asked(",".join("abcdefghijk")))


@pytest.mark.parametrize("header", ['"now"', '"old","now"', '"now","old"', '"x","now","y"'])
@looped
async def test_one_etag_of_a_list_is_enough(header: str) -> None:
    """SERVICE-13"""
    assert await guarded(asked(header), write) == "written on now"


@looped
async def test_without_an_etag_the_write_decides() -> None:
    """SERVICE-12"""
    assert await guarded(asked(), write) == "written on None"


@looped
async def test_a_list_without_the_right_etag_writes_nothing() -> None:
    """SERVICE-13"""
    with pytest.raises(EtagMismatch):
        await guarded(asked('"a", "b"'), write)


async def write(*, if_match: str | None) -> str:
    if if_match not in ("now", None):
        raise EtagMismatch("it is now")
    return f"written on {if_match}"


def test_an_etag_is_sent_in_quotes() -> None:
    """SERVICE-31"""
    assert quoted("MQ==") == '"MQ=="'
