"""Rows as bytes: what goes in comes out, as small as it is."""

from affinage.domain.device import Presence
from affinage.services.fleet import codec
from fakes.commits import device


def test_a_device_comes_back_as_it_was() -> None:
    made = device("d", {"ring": "a"}, "m", edge=True)
    body = codec.encode(made)
    assert codec.device(body) == made
    assert codec.device_id(body) == "d"


def test_any_struct_comes_back_as_it_was() -> None:
    here = Presence(connected=True, changed_at=7)
    assert codec.decode(codec.encode(here), Presence) == here


def test_a_row_is_no_larger_than_what_it_holds_and_is_its_own() -> None:
    long, short = codec.encode(device("d" * 100)), codec.encode(Presence())
    assert codec.device_id(long) == "d" * 100
    assert len(short) == 6
