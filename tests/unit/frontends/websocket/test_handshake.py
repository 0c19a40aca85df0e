"""frontends/websocket/handshake.py: the two handshakes that SDKs send, and all that is none."""

import pytest

from affinage.frontends.websocket.handshake import Answer, answer

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="  # with its answer, from RFC 6455 §1.3
PYTHON = {
    b"host": b"hub.test:443",
    b"upgrade": b"websocket",
    b"connection": b"Upgrade",
    b"origin": b"https://hub.test:443",
    b"sec-websocket-key": KEY,
    b"sec-websocket-version": b"13",
    b"sec-websocket-protocol": b"mqtt",
}
NODE = {
    b"sec-websocket-version": b"13",
    b"sec-websocket-key": KEY,
    b"connection": b"Upgrade",
    b"upgrade": b"websocket",
    b"sec-websocket-extensions": b"permessage-deflate; client_max_window_bits",
    b"sec-websocket-protocol": b"mqtt",
    b"host": b"hub.test",
}


def asked(changed: dict[bytes, bytes | None], method: bytes = b"GET", http: str = "1.1") -> Answer:
    """What Python's request is answered, with these headers instead of its own."""
    headers = {**PYTHON, **changed}
    return answer(method, http, [(name, text) for name, text in headers.items() if text])


@pytest.mark.parametrize("headers", [PYTHON, NODE])
def test_mqtt_is_agreed_to_without_extensions(headers: dict[bytes, bytes]) -> None:
    """WEBSOCKET-2, WEBSOCKET-5: to the letter, for paho compares so."""
    told = answer(b"GET", "1.1", headers.items(), [(b"date", b"today")])
    assert told.is_upgrade
    assert told.wire == (
        b"HTTP/1.1 101 Switching Protocols\r\n"
        b"date: today\r\n"
        b"Upgrade: websocket\r\n"
        b"Connection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
        b"Sec-WebSocket-Protocol: mqtt\r\n\r\n"
    )


@pytest.mark.parametrize("offered", [b"AMQPWSB10, mqtt", b"mqttv3.1,mqtt"])
def test_mqtt_may_be_one_of_several(offered: bytes) -> None:
    told = asked({b"sec-websocket-protocol": offered})
    assert b"Sec-WebSocket-Protocol: mqtt\r\n" in told.wire


def test_offers_in_several_headers_are_one_list() -> None:
    offers = [(b"sec-websocket-protocol", name) for name in (b"chat", b"mqtt")]
    others = [header for header in PYTHON.items() if header[0] != offers[0][0]]
    assert answer(b"GET", "1.1", [*others, *offers]).is_upgrade


@pytest.mark.parametrize("version", [None, b"8", b"13, 13"])
def test_another_version_is_told_which_one_is_spoken(version: bytes | None) -> None:
    """WEBSOCKET-3."""
    told = asked({b"sec-websocket-version": version})
    assert not told.is_upgrade
    assert told.wire.startswith(b"HTTP/1.1 426 ")
    assert b"\r\nsec-websocket-version: 13\r\n" in told.wire


@pytest.mark.parametrize("offered", [None, b"", b"chat", b"MQTT", b"mqttv5"])
def test_who_does_not_offer_mqtt_is_refused(offered: bytes | None) -> None:
    """WEBSOCKET-4."""
    told = asked({b"sec-websocket-protocol": offered})
    assert told.wire.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert told.wire.endswith(b"must offer mqtt.")
    assert b"\r\nconnection: close\r\n" in told.wire


def test_who_offers_amqp_is_told_to_choose_mqtt() -> None:
    """WEBSOCKET-4."""
    told = asked({b"sec-websocket-protocol": b"AMQPWSB10"})
    assert not told.is_upgrade
    assert b"AMQP is not spoken: choose MQTT over WebSocket" in told.wire


@pytest.mark.parametrize("key", [None, b"", b"c2hvcnQ=", b"not base64!", KEY + KEY, b"\xff" * 24])
def test_a_key_that_is_none_is_refused(key: bytes | None) -> None:
    """WEBSOCKET-4."""
    assert asked({b"sec-websocket-key": key}).wire.endswith(b"must be 16 bytes in base64.")


@pytest.mark.parametrize(("method", "http"), [(b"POST", "1.1"), (b"GET", "1.0")])
def test_only_get_over_http_1_1_asks_for_one(method: bytes, http: str) -> None:
    """WEBSOCKET-4."""
    assert asked({}, method, http).wire.startswith(b"HTTP/1.1 400 ")
