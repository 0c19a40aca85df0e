"""A load of devices from a process of its own: reported patches over MQTT and TLS, closed loop.

Lean on purpose: what it costs is not what is measured. Prints one JSON object on stdout.
"""

import argparse
import asyncio
import json
import ssl
import time
from pathlib import Path

import uvloop

from affinage.clients.trust import trust
from affinage.protocol.connection_strings import ConnectionString
from affinage.protocol.identities import Identity, Username
from affinage.protocol.mqtt.packets import Connack, Connect, Decoder, Publish, encode
from affinage.protocol.tokens import make_token
from affinage.protocol.topics import ReportedPatch


class Device(asyncio.Protocol):
    """One device that reports again as soon as it is answered, or at a fixed pace."""

    def __init__(self, string: ConnectionString, latencies: list[float], pace_s: float) -> None:
        self._string, self._latencies, self._pace_s = string, latencies, pace_s
        self._decoder = Decoder(2**20)
        self.connected = asyncio.get_running_loop().create_future()
        self.answered = 0
        self._sent_at = 0.0
        self._runs = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        string = self._string
        token = make_token(string.resource, string.key or "", int(time.time()) + 3600)
        name = Username(string.host, Identity(string.device or ""), {"api-version": "2021-04-12"})
        connect = Connect(string.device or "", name.text, token.encode(), 240, clean=False)
        self._write(encode(connect))

    def data_received(self, data: bytes) -> None:
        for packet in self._decoder.feed(data):
            if isinstance(packet, Connack):
                self.connected.set_result(packet.code)
            elif isinstance(packet, Publish) and "/res/204/" in packet.topic:
                self._answered()

    def start(self) -> None:
        self._runs = True
        self._report()

    def stop(self) -> None:
        self._runs = False

    def _answered(self) -> None:
        self.answered += 1
        self._latencies.append(time.perf_counter() - self._sent_at)
        if not self._runs:
            return
        if self._pace_s:
            asyncio.get_running_loop().call_later(self._pace_s, self._report)
        else:
            self._report()

    def _report(self) -> None:
        self._sent_at = time.perf_counter()
        patch = (
            b'{"firmware":{"fwUpdateStatus":"downloading","fwUpdateSubstatus":"%d %%"},"n":%d}'
            % (
                self.answered % 100,
                self.answered,
            )
        )
        self._write(encode(Publish(ReportedPatch(str(self.answered)).topic, patch)))

    def _write(self, data: bytes) -> None:
        self._transport.write(data)  # type: ignore[attr-defined]  # a stream's transport


async def load(given: argparse.Namespace) -> dict[str, float]:
    strings = [ConnectionString.parse(line) for line in given.strings.read_text().splitlines()]
    latencies: list[float] = []
    pace_s = len(strings) / given.rate if given.rate else 0.0
    context = trust(given.ca)
    devices = await _connected(strings, latencies, pace_s, context, given.port)
    for position, device in enumerate(devices):
        delay = pace_s * position / len(devices)
        asyncio.get_running_loop().call_later(delay, device.start)
    await asyncio.sleep(given.warm_up)
    latencies.clear()
    before, started = sum(device.answered for device in devices), time.perf_counter()
    await asyncio.sleep(given.seconds)
    answered = sum(device.answered for device in devices) - before
    took = time.perf_counter() - started
    for device in devices:
        device.stop()
    latencies.sort()
    return {
        "per_second": round(answered / took),
        "p50_ms": round(1000 * latencies[len(latencies) // 2], 2),
        "p99_ms": round(1000 * latencies[len(latencies) * 99 // 100], 2),
    }


async def _connected(
    strings: list[ConnectionString],
    latencies: list[float],
    pace_s: float,
    context: ssl.SSLContext,
    port: int,
) -> list[Device]:
    loop, gate = asyncio.get_running_loop(), asyncio.Semaphore(50)

    async def one(string: ConnectionString) -> Device:
        async with gate:
            _, device = await loop.create_connection(
                lambda: Device(string, latencies, pace_s),
                "127.0.0.1",
                port,
                ssl=context,
                server_hostname=string.host,
            )
            assert await device.connected == 0
        return device

    return list(await asyncio.gather(*map(one, strings)))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--strings", type=Path, required=True, help="connection strings, a line each"
    )
    parser.add_argument("--ca", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--warm-up", type=float, default=2.0)
    parser.add_argument("--rate", type=float, default=0.0, help="reports a second; 0 is all it can")
    print(json.dumps(uvloop.run(load(parser.parse_args()))))


if __name__ == "__main__":
    main()
