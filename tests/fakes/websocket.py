"""A client's side of a WebSocket without a socket: it frames what is sent, and reads frames."""

from collections.abc import Iterable

from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, Pong, TextMessage

REQUEST = (
    b"GET /$iothub/websocket HTTP/1.1\r\n"
    b"Host: hub.test:443\r\n"
    b"Upgrade: websocket\r\n"
    b"Connection: Upgrade\r\n"
    b"Origin: https://hub.test:443\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-Websocket-Version: 13\r\n"
    b"Sec-Websocket-Protocol: mqtt\r\n\r\n"
)
"""As azure-iot-device for Python sends it."""


class WebSocketClient:
    def __init__(self) -> None:
        self._frames = Connection(ConnectionType.CLIENT)

    def say(self, payload: bytes, *, is_last: bool = True) -> bytes:
        """A frame of a binary message, the last of it or not."""
        return self._frames.send(BytesMessage(payload, message_finished=is_last))

    def say_text(self, text: str) -> bytes:
        return self._frames.send(TextMessage(text))

    def ping(self, payload: bytes = b"") -> bytes:
        return self._frames.send(Ping(payload))

    def pong(self) -> bytes:
        return self._frames.send(Pong())

    def close(self, code: int = 1000) -> bytes:
        return self._frames.send(CloseConnection(code))

    def heard(self, wire: bytes) -> list[bytes | int]:
        """Payloads of binary messages and of pongs, and the code of a goodbye, in order."""
        self._frames.receive_data(wire)
        return list(_told(self._frames.events()))


def _told(events: Iterable[Event]) -> Iterable[bytes | int]:
    for event in events:
        match event:
            case BytesMessage(data=payload) | Pong(payload=payload):
                yield bytes(payload)
            case CloseConnection(code=code):
                yield int(code)
            case _:
                raise AssertionError(f"a hub sends no {event}")
