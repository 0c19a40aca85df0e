"""adapters/nats/sink.py: a server that goes and comes back. The rest: test_sinks.py."""

from pathlib import Path

import nats
import pytest

from affinage.adapters.nats.sink import NatsSink
from affinage.domain.errors import Unavailable
from fakes.looped import looped
from fakes.nats_server import NatsServer, nats_server


def sink_of(server: NatsServer, *, has_stream: bool = False) -> NatsSink:
    return NatsSink(
        "plant",
        server.url,
        subject=lambda event: f"of.{event['offset']}",
        hub="hub.test",
        has_stream=has_stream,
    )


@looped
async def test_a_server_that_was_away_is_reached_again(tmp_path: Path) -> None:
    """FORWARD-4"""
    with nats_server(tmp_path) as server:
        sink = sink_of(server)
        await sink.send([{"offset": 1}])
        server.kill()
        with pytest.raises(Unavailable, match="plant failed: "):
            await sink.send([{"offset": 2}])
        with pytest.raises(Unavailable):
            await sink.send([{"offset": 2}])
        server.start()
        await sink.send([{"offset": 2}])
        await sink.close()
        await sink.close()


@looped
async def test_where_no_stream_confirms_an_event_nobody_has_it(tmp_path: Path) -> None:
    """FORWARD-10"""
    with nats_server(tmp_path) as server:
        sink = sink_of(server, has_stream=True)
        with pytest.raises(Unavailable, match="plant failed: NoStreamResponseError"):
            await sink.send([{"offset": 1}, {"offset": 2}])
        await sink.close()


@looped
async def test_a_stream_drops_what_it_is_told_again(tmp_path: Path) -> None:
    """FORWARD-10"""
    with nats_server(tmp_path) as server:
        client = await nats.connect(server.url)
        stream = client.jetstream()
        await stream.add_stream(name="S", subjects=["of.>"])
        for _ in range(2):
            sink = sink_of(server, has_stream=True)
            await sink.send([{"offset": 1}, {"offset": 2}])
            await sink.close()
        kept = await stream.get_msg("S", 2)
        assert kept.headers == {"Nats-Msg-Id": "hub.test:2"}
        assert (await stream.stream_info("S")).state.messages == 2
        await client.close()
