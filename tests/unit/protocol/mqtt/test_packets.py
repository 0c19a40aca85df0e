import pytest

from affinage.protocol.mqtt.packets import (
    Connack,
    Connect,
    Decoder,
    Disconnect,
    Packet,
    Pingreq,
    Pingresp,
    ProtocolError,
    Puback,
    Publish,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
    Will,
    encode,
)

WIRE: list[tuple[Packet, str]] = [
    (Connect("d", keep_alive_s=60), "10 0d 0004 4d515454 04 00 003c 0001 64"),
    (
        Connect("d", "u", b"p", 5, True, Will("t", b"w", 1, True)),
        "10 19 0004 4d515454 04 ee 0005 0001 64 0001 74 0001 77 0001 75 0001 70",
    ),
    (Connack(True, 0), "20 02 01 00"),
    (Connack(False, 5), "20 02 00 05"),
    (Publish("t", b"hi"), "30 05 0001 74 6869"),
    (Publish("t", b"", 1, 10, dup=True, retain=True), "3b 05 0001 74 000a"),
    (Puback(258), "40 02 0102"),
    (Subscribe(1, (("a/#", 1), ("b", 0))), "82 0c 0001 0003 612f23 01 0001 62 00"),
    (Suback(1, (1, 0x80)), "90 04 0001 01 80"),
    (Unsubscribe(2, ("a",)), "a2 05 0002 0001 61"),
    (Unsuback(2), "b0 02 0002"),
    (Pingreq(), "c0 00"),
    (Pingresp(), "d0 00"),
    (Disconnect(), "e0 00"),
]


def decode(wire: bytes) -> list[Packet]:
    return list(Decoder().feed(wire))


@pytest.mark.parametrize(("packet", "wire"), WIRE)
def test_every_packet_is_spelled_as_the_standard_says(packet: Packet, wire: str) -> None:
    assert encode(packet).hex() == wire.replace(" ", "")
    assert decode(bytes.fromhex(wire)) == [packet]


@pytest.mark.parametrize("size", [0, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152])
def test_a_size_takes_the_digits_that_it_needs(size: int) -> None:
    packet = Publish("t", bytes(max(size - 3, 0)))
    assert decode(encode(packet)) == [packet]


def test_packets_are_given_as_soon_as_their_last_byte_is_there() -> None:
    decoder, wire = Decoder(), encode(Publish("t", bytes(200))) + encode(Puback(1))
    assert not list(decoder.feed(wire[:100]))
    assert not list(decoder.feed(wire[100:150]))
    assert list(decoder.feed(wire[150:-1])) == [Publish("t", bytes(200))]
    assert list(decoder.feed(wire[-1:])) == [Puback(1)]


@pytest.mark.parametrize("level", [3, 5])
def test_a_connect_of_another_level_is_recognised_and_not_read_further(level: int) -> None:
    """MQTT-2."""
    name = "MQIsdp" if level == 3 else "MQTT"
    body = len(name).to_bytes(2) + name.encode() + bytes((level, 2, 0, 60, 0, 99, 99))
    assert decode(bytes((0x10, len(body))) + body) == [Connect("", level=level)]


def test_a_packet_above_the_limit_is_refused_before_its_body_is_there() -> None:
    decoder = Decoder(max_size=300)
    with pytest.raises(ProtocolError, match="512 of 300 bytes"):
        list(decoder.feed(bytes.fromhex("30 80 04")))


def test_a_size_counts_as_soon_as_its_last_digit_is_there() -> None:
    decoder = Decoder(max_size=300)
    assert not list(decoder.feed(b"\x30\xff"))
    with pytest.raises(ProtocolError, match="16383 of 300 bytes"):
        list(decoder.feed(b"\x7f"))


def test_good_packets_before_a_bad_one_are_still_given() -> None:
    packets = Decoder().feed(encode(Puback(1)) + b"\xf0\x00")
    assert next(packets) == Puback(1)
    with pytest.raises(ProtocolError):
        next(packets)


@pytest.mark.parametrize(
    ("wire", "problem"),
    [
        ("00 00", "reserved type"),
        ("50 02 0001", "QoS 2"),
        ("62 02 0001", "QoS 2"),
        ("70 02 0001", "QoS 2"),
        ("f0 00", "reserved type"),
        ("30 80808080 01", "more than 4 digits"),
        ("30 00", "ends before its topic"),
        ("30 01 00", "ends before its topic"),
        ("30 03 0002 61", "ends before its topic"),
        ("32 04 0001 61 00", "ends before its topic"),
        ("30 02 0000", "without wildcards"),
        ("30 03 0001 23", "without wildcards"),
        ("30 03 0001 2b", "without wildcards"),
        ("30 03 0001 00", "U\\+0000"),
        ("30 03 0001 ff", "not UTF-8"),
        ("30 05 0003 eda080", "not UTF-8"),
        ("38 03 0001 61", "duplicate"),
        ("36 05 0001 61 0001", "QoS 3"),
        ("32 05 0001 61 0000", "packet id of 0"),
        ("40 02 0000", "packet id of 0"),
        ("41 02 0001", "just a packet id"),
        ("b0 03 0001 00", "just a packet id"),
        ("11 0d 0004 4d515454 04 00 003c 0001 64", "flags in its header"),
        ("10 0d 0004 4d515455 04 00 003c 0001 64", "another protocol"),
        ("10 0d 0004 4d515454 04 01 003c 0001 64", "do not fit"),
        ("10 0e 0004 4d515454 04 00 003c 0001 64 00", "do not fit"),
        ("10 10 0004 4d515454 04 40 003c 0001 64 0001 70", "do not fit"),
        ("10 0d 0004 4d515454 04 08 003c 0001 64", "does not have"),
        ("10 0d 0004 4d515454 04 20 003c 0001 64", "does not have"),
        ("10 0d 0004 4d515454 04 1c 003c 0001 64", "will of QoS 3"),
        ("10 0d 0004 4d515454 04 80 003c 0001 64", "before its fields"),
        ("10 06 0004 4d515454", "before its fields"),
        ("10 02 0004", "before its fields"),
        ("20 01 00", "CONNACK"),
        ("20 02 02 00", "CONNACK"),
        ("20 02 00 06", "CONNACK"),
        ("21 02 00 00", "CONNACK"),
        ("80 06 0001 0001 61 00", "without its flags"),
        ("82 02 0001", "without a filter"),
        ("82 06 0001 0001 61 03", "QoS above 2"),
        ("82 05 0001 0000 00", "filter is empty"),
        ("90 02 0001", "SUBACK"),
        ("90 03 0001 03", "SUBACK"),
        ("91 03 0001 00", "SUBACK"),
        ("a2 02 0001", "without a filter"),
        ("c0 01 00", "PINGREQ is not empty"),
        ("c1 00", "PINGREQ is not empty"),
        ("e0 01 00", "DISCONNECT is not empty"),
        ("e1 00", "DISCONNECT is not empty"),
    ],
)
def test_a_malformed_packet_is_refused_with_the_reason(wire: str, problem: str) -> None:
    with pytest.raises(ProtocolError, match=problem):
        decode(bytes.fromhex(wire))


@pytest.mark.parametrize(
    "packet",
    [
        Publish("t" * 65_536),
        Connect("d" * 65_536),
        Publish("t", bytes(268_435_456)),
    ],
    ids=["topic", "client id", "payload"],
)
def test_what_no_packet_can_say_is_not_written(packet: Packet) -> None:
    with pytest.raises(ProtocolError, match=r"\d+ of \d+ bytes"):
        encode(packet)
