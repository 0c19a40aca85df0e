"""Server-sent events: however the bytes are cut, the same is told."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affinage.clients import feed
from affinage.clients.feed import Reader, Told
from affinage.protocol.errors import ProtocolError

STREAM = (
    b"retry: 2000\n\n: still here\n\nid: 7\nevent: twin\n"
    + 'data: {"offset": 7, "of": "käse"}\n\n'.encode()
    + b'event:hub\r\ndata: {"offset":\r\ndata: 8}\r\n\r\n\n\ndata: {"offset": 9}\n'
)
TOLD = [Told("twin", {"offset": 7, "of": "käse"}), Told("hub", {"offset": 8})]


def read(*pieces: bytes) -> list[Told]:
    reader = Reader()
    return [told for piece in pieces for told in reader.feed(piece)]


def test_an_event_is_told_once_its_last_line_has_come() -> None:
    assert read(STREAM) == TOLD
    assert read(STREAM, b"\n") == [*TOLD, Told("", {"offset": 9})]


@given(st.sets(st.integers(0, len(STREAM))))
def test_however_it_is_cut_the_same_is_told(cuts: set[int]) -> None:
    places = [0, *sorted(cuts), len(STREAM)]
    pieces = [STREAM[a:b] for a, b in pairwise(places)]
    assert read(*pieces) == TOLD


@pytest.mark.parametrize("data", [b"x", b"[]", b"7", b"\xff"])
def test_what_is_no_object_is_no_event(data: bytes) -> None:
    with pytest.raises(ProtocolError, match="no JSON object"):
        read(b"data: " + data + b"\n\n")


def test_a_line_without_an_end_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "MAX_LINE", 10)
    with pytest.raises(ProtocolError, match="more than 10 bytes"):
        read(b"data: {", b"     ")
