"""services/room.py."""

import pytest

from affinage.domain.errors import BodyTooLarge
from affinage.services.room import Room


def test_one_blob_and_all_together_have_room() -> None:
    """UPLOAD-14"""
    room = Room(max_blob=5, max_total=7)
    with room.claim() as claim:
        claim.take(3)
        claim.take(2)
        with pytest.raises(BodyTooLarge, match="it takes 6 or more of 5 bytes"):
            claim.take(1)
    with room.claim() as claim, pytest.raises(BodyTooLarge, match="more than 7 bytes"):
        claim.take(3)
    assert room.taken == 5


def test_blocks_of_an_upload_count_together_until_it_ends() -> None:
    """UPLOAD-14"""
    room = Room(max_blob=5, max_total=100)  # a block may be sent twice
    for size in (5, 5):
        with room.claim("u") as claim:
            claim.take(size)
    with room.claim("u") as claim, pytest.raises(BodyTooLarge):
        claim.take(1)
    with room.claim("other") as claim:
        claim.take(5)
    room.give(10, "u")
    with room.claim("u") as claim:
        claim.take(5)
    assert room.taken == 10


def test_what_breaks_off_gives_its_room_back() -> None:
    """UPLOAD-13"""
    room = Room(max_blob=5)
    for together in ("", "u"):
        with pytest.raises(BodyTooLarge), room.claim(together) as claim:  # noqa: PT012  # it ends where it raises
            for _ in range(3):
                claim.take(4)
    with room.claim("u") as claim:
        claim.take(5)
    assert room.taken == 5


def test_what_says_that_it_is_too_large_gets_no_room() -> None:
    """UPLOAD-14"""
    room = Room(max_blob=5, max_total=7)
    for together, expected in (("", 6), ("u", 8)):
        with pytest.raises(BodyTooLarge), room.claim(together, expected):
            raise AssertionError("it began")
    with room.claim(expected=5) as claim:
        claim.take(2)
    assert room.taken == 2


def test_what_is_found_counts_beside_what_is_on_its_way() -> None:
    """UPLOAD-14"""
    room = Room(max_blob=5, max_total=7)
    with room.claim() as claim:
        claim.take(5)
    with room.claim() as claim:
        claim.take(2)
        with pytest.raises(BodyTooLarge):
            claim.take(1)
        assert room.is_short
        room.found(3)
        assert (room.taken, room.is_short) == (5, False)
        claim.take(2)
    assert room.taken == 7
