"""A device that answers every method with what it was given: a few packets over TLS."""

import asyncio
import ssl
from collections.abc import Callable

from affinage.protocol.connection_strings import ConnectionString
from affinage.protocol.mqtt.packets import Decoder, Publish, Suback, Subscribe, encode
from affinage.protocol.topics import MethodAnswer, MethodRequest, parse_delivery
from fakes.wire import CHUNK, greeting


async def answering(
    string: ConnectionString,
    address: str,
    port: int,
    context: ssl.SSLContext,
    ready: Callable[[], object],
) -> None:
    """Connect, subscribe, call ``ready``, answer; until cancelled."""
    reader, writer = await asyncio.open_connection(
        address, port, ssl=context, server_hostname=string.host
    )
    decoder = Decoder()
    writer.write(encode(greeting(string)))
    writer.write(encode(Subscribe(1, (("$iothub/methods/POST/#", 0),))))
    try:
        while received := await reader.read(CHUNK):
            for packet in decoder.feed(received):
                if isinstance(packet, Suback):
                    ready()
                if isinstance(packet, Publish):
                    asked = parse_delivery(packet.topic)
                    assert isinstance(asked, MethodRequest)
                    topic = MethodAnswer(200, asked.rid).topic
                    writer.write(encode(Publish(topic, packet.payload)))
    finally:
        writer.transport.abort()
