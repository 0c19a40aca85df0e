"""Server-sent events, as the hub's feed sends them: bytes in, events out, however they are cut.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import json
from collections.abc import Iterator
from typing import Final, NamedTuple

from affinage.domain.values import JsonObject, is_object
from affinage.protocol.errors import ProtocolError

MAX_LINE: Final = 16 * 1024 * 1024
"""Bytes of one line; an event of the feed takes a twentieth of it."""


class Told(NamedTuple):
    kind: str
    """Of the event; ``lost`` where the hub says how many it no longer has."""
    document: JsonObject


class Reader:
    """Reads one stream; a comment, or what is no event of the feed, is passed over."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._kind = ""
        self._data: list[bytes] = []

    def feed(self, piece: bytes) -> Iterator[Told]:
        """The events that ``piece`` completes, in order; iterate to the end.

        Raises:
            ProtocolError: a line without an end, or what is said of an event is no JSON object.
        """
        self._rest += piece
        *lines, rest = self._rest.split(b"\n")
        self._rest = rest
        for line in lines:
            yield from self._take(bytes(line).removesuffix(b"\r"))
        if len(rest) > MAX_LINE:
            raise ProtocolError(f"a line of more than {MAX_LINE} bytes")

    def _take(self, line: bytes) -> Iterator[Told]:
        name, _, value = line.partition(b":")
        match name:
            case b"" if not line and self._data:
                told = Told(self._kind, _document(b"\n".join(self._data)))
                self._kind, self._data = "", []
                yield told
            case b"event":
                self._kind = value.removeprefix(b" ").decode(errors="replace")
            case b"data":
                self._data.append(value.removeprefix(b" "))
            case _:
                pass  # an id stands in its event, too; a comment says that the hub is there


def _document(data: bytes) -> JsonObject:
    try:
        document = json.loads(data)
    except ValueError:
        document = None
    if not is_object(document):
        raise ProtocolError("the hub tells an event that is no JSON object")
    return document
