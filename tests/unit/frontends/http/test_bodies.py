"""frontends/http/bodies.py."""

from collections.abc import Iterator

import pytest
from starlette.requests import Request
from starlette.types import Message

from affinage.domain.errors import BodyTooLarge, Malformed, NotJson
from affinage.frontends.http.bodies import MAX_BODY, MAX_NESTING, decode, read_json, read_object
from fakes.hub import running_hub
from fakes.looped import looped

MOST = 2**63 - 1


class Sender:
    """A client that sends its body in pieces, and counts those that were asked for."""

    def __init__(self, *pieces: bytes, declared: str | None = None) -> None:
        headers = [] if declared is None else [(b"content-length", declared.encode())]
        self.request = Request({"type": "http", "headers": headers}, self._receive)
        self.taken = 0
        self._messages = self._all(pieces)

    async def _receive(self) -> Message:
        self.taken += 1
        return next(self._messages)

    def _all(self, pieces: tuple[bytes, ...]) -> Iterator[Message]:
        for piece in pieces:
            yield {"type": "http.request", "body": piece, "more_body": True}
        yield {"type": "http.request", "body": b"", "more_body": False}


@looped
async def test_a_body_may_come_in_pieces() -> None:
    sender = Sender(b'{"a":', b" [1, tr", b"ue]}", declared="16")
    assert await read_object(sender.request) == {"a": [1, True]}


@looped
async def test_a_body_that_is_said_to_be_too_long_is_not_read() -> None:
    """SERVICE-14"""
    for declared in ("11", "9" * 5000):
        sender = Sender(b"1", declared=declared)
        with pytest.raises(BodyTooLarge, match=r"of 10 bytes"):
            await read_json(sender.request, 10)
        assert sender.taken == 0


@looped
async def test_a_body_that_goes_on_is_read_no_further() -> None:
    """SERVICE-14"""
    sender = Sender(b"[1,2", b",3,4,", b"5,6,", b"7]")
    with pytest.raises(BodyTooLarge, match="13 or more of 10"):
        await read_json(sender.request, 10)
    assert sender.taken == 3


@looped
async def test_a_body_of_just_the_limit_is_read() -> None:
    """SERVICE-14"""
    assert await read_json(Sender(b"1234567890", declared="10").request, 10) == 1234567890


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b"NaN",
        b"[Infinity]",
        b"1e999",
        b'"\xff"',
        b'"\\ud800"',
        b"{} {}",
        b"{'a': 1}",
        b"9" * 5000,
    ],
)
def test_what_is_not_json_is_refused(body: bytes) -> None:
    """SERVICE-15"""
    with pytest.raises(NotJson, match="not JSON"):
        decode(body)


@pytest.mark.parametrize(("opened", "closed"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_what_is_nested_too_deep_is_refused_however_deep(opened: bytes, closed: bytes) -> None:
    """SERVICE-15"""

    def nested(levels: int) -> bytes:
        return opened * levels + b"1" + closed * levels

    decode(nested(MAX_NESTING))
    for levels in (MAX_NESTING + 1, 900, 100_000):
        with pytest.raises(NotJson, match=f"more than {MAX_NESTING} times"):
            decode(nested(levels))


def test_a_whole_number_fits_where_numbers_are_kept() -> None:
    """SERVICE-15"""
    assert decode(b'[%d, {"a": %d}]' % (MOST, -MOST)) == [MOST, {"a": -MOST}]
    for number in (MOST + 1, -MOST - 1, 10**40):
        with pytest.raises(NotJson, match="more than 63 bits"):
            decode(b'[1, {"a": [%d]}]' % number)


def test_of_a_member_that_comes_twice_the_last_counts() -> None:
    """SERVICE-15"""
    assert decode(b'{"a": 1, "a": 2}') == {"a": 2}


@looped
async def test_a_body_that_is_no_object_is_refused() -> None:
    """SERVICE-16"""
    for body in (b"[]", b"null", b'"text"'):
        with pytest.raises(Malformed, match="object"):
            await read_object(Sender(body).request)


@looped
async def test_every_door_says_what_is_wrong_with_a_body() -> None:
    """SERVICE-14, SERVICE-15"""
    async with running_hub() as hub:
        await hub.device("a")
        long = await hub.ask("PATCH", "/twins/a", {"tags": {"a": "x" * MAX_BODY}})
        assert (long.status_code, long.headers["connection"]) == (413, "close")
        assert long.headers["iothub-errorcode"] == "GenericRequestEntityTooLarge"
        assert f"of {MAX_BODY} bytes" in long.json()["Message"]
        empty = await hub.ask("PATCH", "/twins/a")
        assert empty.headers["iothub-errorcode"] == "DeserializationError"
