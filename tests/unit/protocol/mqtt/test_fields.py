"""What no packet shows; every other field is read and written in test_packets.py."""

from collections.abc import Callable

import pytest

from affinage.protocol.errors import ProtocolError
from affinage.protocol.mqtt.fields import (
    MAX_LIST,
    binary,
    byte,
    framed,
    number,
    packet_id_at,
    read_size,
    request_id,
    sized,
    string,
    topic_filter,
)


def test_fields_follow_one_another() -> None:
    data = bytes.fromhex("07 0102 0001 61 0002 6263")
    assert byte(data, 0, 9) == (7, 1)
    assert number(data, 1, 9) == (258, 3)
    assert string(data, 3, 9) == ("a", 6)
    assert binary(data, 6, 10) == (b"bc", 10)


@pytest.mark.parametrize("read", [byte, number, binary, string])
def test_no_field_is_read_beyond_the_end_of_its_packet(
    read: Callable[[bytes, int, int], object],
) -> None:
    with pytest.raises(ProtocolError, match="before its fields"):
        read(b"\x00\x01a", 0, 0)


def test_a_string_ends_within_its_packet() -> None:
    with pytest.raises(ProtocolError, match="before its fields"):
        string(b"\x00\x02ab", 0, 3)


@pytest.mark.parametrize(("encoded", "problem"), [("0001ff", "UTF-8"), ("000100", "U\\+0000")])
def test_a_string_is_utf_8_without_nul(encoded: str, problem: str) -> None:
    with pytest.raises(ProtocolError, match=problem):
        string(bytes.fromhex(encoded), 0, 3)


def test_a_filter_is_not_empty() -> None:
    assert topic_filter(b"\x00\x01#", 0, 3) == ("#", 3)
    with pytest.raises(ProtocolError, match="empty"):
        topic_filter(b"\x00\x00", 0, 2)


def test_a_packet_id_is_not_zero_and_a_request_has_its_flags() -> None:
    assert request_id(2, b"\x00\x05", 0, 2) == (5, 2)
    with pytest.raises(ProtocolError, match="packet id of 0"):
        packet_id_at(b"\x00\x00", 0, 2)
    with pytest.raises(ProtocolError, match="without its flags"):
        request_id(0, b"\x00\x05", 0, 2)


def test_a_list_of_filters_has_its_limit() -> None:
    """MQTT-62: 80,000 of them would take as long as thousands of reports."""
    request_id(2, b"\x00\x05", 0, MAX_LIST)
    with pytest.raises(ProtocolError, match="of 16385 of 16384 bytes"):
        request_id(2, b"\x00\x05", 0, MAX_LIST + 1)


@pytest.mark.parametrize("size", [0, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152])
def test_a_size_is_read_as_it_was_written(size: int) -> None:
    assert read_size(framed(0x30, bytes(size))[1:5], 0)[0] == size


def test_a_size_that_is_still_coming_lies_beyond_the_end() -> None:
    assert read_size(b"\xff\x80", 0) == (0, 3)
    with pytest.raises(ProtocolError, match="4 digits"):
        read_size(b"\x80\x80\x80\x80", 0)


def test_what_is_too_long_is_not_written() -> None:
    assert sized(b"ab") == b"\x00\x02ab"
    with pytest.raises(ProtocolError, match="65536 of 65535"):
        sized(bytes(65_536))
    with pytest.raises(ProtocolError, match="268435456 of 268435455"):
        framed(0x30, bytes(268_435_456))
