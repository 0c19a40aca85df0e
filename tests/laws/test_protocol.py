"""What holds for every packet, every cut, and every input."""

import base64
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affinage.protocol.bags import format_bag, parse_bag
from affinage.protocol.connection_strings import ConnectionString
from affinage.protocol.errors import ProtocolError
from affinage.protocol.feeds import feed_of
from affinage.protocol.identities import Identity, Username
from affinage.protocol.mqtt.packets import (
    Connect,
    Decoder,
    Packet,
    Puback,
    Publish,
    encode,
)
from affinage.protocol.mqtt.session import Requested, ServerSession
from affinage.protocol.tokens import make_token, parse, verify
from affinage.protocol.topics import (
    DesiredNotification,
    DeviceBound,
    MethodAnswer,
    MethodRequest,
    ReportedPatch,
    Telemetry,
    TwinGet,
    TwinResponse,
    parse_delivery,
    parse_request,
)
from fakes.mqtt_session import decoded
from laws.mqtt_strategies import cuts, packets, payloads, texts

names = st.text(st.sampled_from("abAB01-:.%_*?!(),=@;$'"), min_size=1, max_size=20)
identities = st.builds(Identity, names, st.none() | names)
bags = st.dictionaries(texts.filter(bool), st.none() | texts, max_size=4)
rids = st.text(st.sampled_from("abcdef0123456789-"), min_size=1, max_size=128)
versions = st.integers(0, 2**52)


@given(st.lists(packets, max_size=5))
def test_decoding_gives_back_what_was_encoded(sent: list[Packet]) -> None:
    received = list(Decoder().feed(b"".join(map(encode, sent))))
    assert received == sent
    assert list(map(type, received)) == list(map(type, sent))


@given(st.lists(packets, max_size=5), payloads, cuts)
def test_decoding_is_the_same_however_the_bytes_are_cut(
    sent: list[Packet], noise: bytes, cuts: list[int]
) -> None:
    wire = b"".join(map(encode, sent)) + noise
    assert decoded(wire, cuts) == decoded(wire, [])
    assert decoded(wire, list(range(len(wire)))) == decoded(wire, [])


@given(packets, st.data())
def test_no_changed_byte_raises_anything_but_a_protocol_error(
    packet: Packet, data: st.DataObject
) -> None:
    wire = bytearray(encode(packet))
    wire[data.draw(st.integers(0, len(wire) - 1))] = data.draw(st.integers(0, 255))
    decoded(bytes(wire), [])


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_a_protocol_error(wire: bytes) -> None:
    decoded(wire, [])


@given(st.lists(packets, max_size=6))
def test_no_sequence_of_packets_raises_anything_but_a_protocol_error(sent: list[Packet]) -> None:
    session = ServerSession()
    try:
        list(session.receive(encode(Connect("d", "hub/d"))))
        session.accept({}, session_present=False)
        list(session.receive(b"".join(map(encode, sent))))
    except ProtocolError:
        assert session.state == "closed"


READERS: list[Callable[[str], object]] = [
    parse,
    parse_bag,
    parse_delivery,
    Username.parse,
    ConnectionString.parse,
    lambda text: parse_request(text, Identity("d")),
    lambda text: feed_of(text, Identity("d", "m")),
    lambda text: parse(f"SharedAccessSignature sr=a&sig={text}&se=1"),
    lambda text: parse_request(f"$iothub/twin/PATCH/properties/reported/?{text}", Identity("d")),
    lambda text: parse_request(f"$iothub/methods/res/{text}", Identity("d")),
]


@pytest.mark.parametrize("read", READERS)
@given(text=st.text())
def test_no_text_raises_anything_but_a_protocol_error(
    read: Callable[[str], object], text: str
) -> None:
    with suppress(ProtocolError):
        read(text)


@given(
    st.one_of(
        st.builds(TwinGet, rids),
        st.builds(ReportedPatch, rids, st.none() | versions),
        st.builds(MethodAnswer, st.integers(-(2**31), 2**31), rids),
        st.builds(Telemetry, st.just(Identity("d", "m")), bags),
    )
)
def test_a_request_is_read_as_it_was_written(
    request: TwinGet | ReportedPatch | MethodAnswer | Telemetry,
) -> None:
    assert parse_request(request.topic, Identity("d", "m")) == request


@given(
    st.one_of(
        st.builds(TwinResponse, st.integers(100, 599), rids, st.none() | versions),
        st.builds(DesiredNotification, versions),
        st.builds(MethodRequest, names, rids),
        st.builds(DeviceBound, identities, bags),
    )
)
def test_a_delivery_is_read_as_it_was_written(
    delivery: TwinResponse | DesiredNotification | MethodRequest | DeviceBound,
) -> None:
    assert parse_delivery(delivery.topic) == delivery


@given(bags)
def test_a_bag_is_read_as_it_was_written(bag: dict[str, str | None]) -> None:
    assert parse_bag(format_bag(bag)) == bag


@given(identities, bags)
def test_a_user_name_is_read_as_it_was_written(
    identity: Identity, properties: dict[str, str | None]
) -> None:
    name = Username("hub", identity, properties)
    assert Username.parse(name.text) == name


@given(identities, st.binary(min_size=1, max_size=64), st.integers(0, 10**11), st.none() | names)
def test_a_token_opens_what_it_was_made_for_and_no_other_key_does(
    identity: Identity, key: bytes, expiry: int, policy: str | None
) -> None:
    right, wrong = (base64.b64encode(secret).decode() for secret in (key, key + b"x"))
    resource = f"hub/{identity.root}"
    token = parse(make_token(resource, right, expiry, policy))
    verify(token, resource=resource, keys=[wrong, right], now=expiry)
    assert (token.expiry, token.policy) == (expiry, policy)
    with pytest.raises(ProtocolError):
        verify(token, resource=resource, keys=[wrong], now=expiry)


@given(st.permutations(range(8)))
def test_answers_leave_in_the_order_of_the_requests(ended: list[int]) -> None:
    """MQTT-40, for every order in which the work may end."""
    session = ServerSession()
    list(session.receive(encode(Connect("d", "hub/d"))))
    session.accept({}, session_present=False)
    session.take()
    asked = b"".join(encode(Publish("$iothub/twin/GET/?$rid=1", b"", 1, n + 1)) for n in range(8))
    tickets = [event.ticket for event in session.receive(asked) if isinstance(event, Requested)]
    for n in ended:
        session.finish(tickets[n])
    assert list(Decoder().feed(session.take())) == [Puback(n + 1) for n in range(8)]
