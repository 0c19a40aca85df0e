"""A load of devices from a process of its own: reported patches over MQTT and TLS.

Closed loop (every connection reports again as soon as it is answered) or, with --rate, at a pace.
One thread, epoll, the standard library's TLS; what it costs itself is in its figures. With --stay,
a connection goes over to the next device after so many answers, so that the whole fleet is touched.
Prints one JSON object: what was measured between the warm-up, or SIGUSR1, and the end, or SIGTERM.
"""

import argparse
import json
import os
import select
import signal
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any, Final, NoReturn

import wire
from machine import busy_s, percentile

from affinage.clients.trust import trust
from affinage.protocol.connection_strings import ConnectionString

CHUNK: Final = 65_536
LATE_S: Final = 0.02
"""How far a load that is kept from the processor may fall behind its pace, and catch up."""

DIALLING: Final = 50
"""Connections that may be on their way in at once, unless asked otherwise."""


class Load:
    """Connections, and what they have measured so far."""

    def __init__(self, given: argparse.Namespace) -> None:
        lines = given.strings.read_text().splitlines()
        self.waiting = deque(ConnectionString.parse(line) for line in lines)
        self.address = (given.address, given.port)
        self.context = trust(given.ca)
        self.stay, self.is_idle = given.stay, given.idle
        self.most = given.dialling
        self.is_telemetry = given.telemetry
        self.is_over = False
        self.is_hasty = False
        """Whether who is answered reports again at once."""
        self.poll, self.devices = select.epoll(), dict[int, Device]()
        self.latencies: list[float] = []
        self.touched: set[str] = set()
        self.dialling = self.answered = self.refused = self.missed = self.subscribed = 0
        self.notified = 0
        """Changes of what is desired that devices were told."""

    def connect(self, count: int) -> None:
        """Return once so many devices are in; none reports before all are."""
        while len(self.devices) < count or self.dialling:
            while self.dialling < self.most and len(self.devices) < count:
                self.dial()
            self.turn(1.0)

    def dial(self) -> None:
        """Have the device that has waited longest come in."""
        stays = self.stay
        if stays and not self.is_hasty:  # not all of the first ones leave at the same time
            stays = 1 + len(self.devices) % stays
        device = Device(self, self.waiting.popleft(), stays)
        self.dialling += 1
        self.devices[device.socket.fileno()] = device
        self.poll.register(device.socket, select.EPOLLOUT)

    def dial_again(self, device: "Device") -> None:
        """As an SDK would: of very many who dial at once the kernel resets some."""
        self.dialling -= 1
        self.replace(device)

    def turn(self, patience_s: float) -> None:
        """Take what has come by then."""
        for fd, _ in self.poll.poll(patience_s):
            self.devices[fd].take()

    def listen(self, device: "Device") -> None:
        """It has been reached: from now on what matters is what it hears."""
        self.poll.modify(device.socket, select.EPOLLIN)

    def replace(self, device: "Device") -> None:
        """Let the next device have this one's place."""
        del self.devices[device.socket.fileno()]
        self.poll.unregister(device.socket)
        device.socket.close()
        self.waiting.append(device.string)
        self.dial()

    def run(self, until: float, rate: float) -> None:
        """Report until then: ``rate`` a second from one device after the other, or all they can."""
        if not rate:
            self._hasten()
            while perf_counter() < until and not self.is_over:
                self.turn(0.1)
            return
        began, sent = perf_counter(), 0
        while (now := perf_counter()) < until and not self.is_over:
            devices = list(self.devices.values())
            if (late := int((now - began - LATE_S) * rate) - sent) > 0:
                self.missed += late  # devices do not all make up at once for what we were late
                sent += late
            while sent < (now - began) * rate:
                self._report_in_time(devices[sent % len(devices)])
                sent += 1
            self.turn(0.001)

    def forget(self) -> None:
        """Begin to measure."""
        self.latencies.clear()
        self.answered = self.refused = self.missed = 0

    def end(self) -> None:
        """Report no more."""
        self.is_over = True

    def _hasten(self) -> None:
        self.is_hasty = True
        for device in self.devices.values():
            if device.is_free:
                device.report()

    def _report_in_time(self, device: "Device") -> None:
        if device.is_free:
            device.report()
        else:
            self.missed += 1


class Device:
    """One connection: a handshake, a greeting, then reports."""

    __slots__ = ("_kept", "_load", "_number", "_sent_at", "_stays", "_tls", "is_free", "socket",
                 "string", "take")  # fmt: skip

    def __init__(self, load: Load, string: ConnectionString, stays: int) -> None:
        self._load, self.string = load, string
        plain = socket.socket()
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        plain.setblocking(False)
        plain.connect_ex(load.address)
        self.socket: socket.socket = plain
        self._tls: ssl.SSLSocket
        self.take: Callable[[], None] = self._reach
        self.is_free = False
        self._number, self._stays, self._sent_at, self._kept = 0, stays, 0.0, b""

    def report(self) -> None:
        self.is_free = False
        self._number += 1
        self._sent_at = perf_counter()
        if self._load.is_telemetry:
            self.socket.send(wire.message(self.string.device or "", self._number))
        else:
            self.socket.send(wire.report(self._number))

    def _reach(self) -> None:
        self.socket = self._tls = self._load.context.wrap_socket(
            self.socket, server_hostname=self.string.host, do_handshake_on_connect=False
        )
        self._load.listen(self)
        self.take = self._shake_hands
        self.take()

    def _shake_hands(self) -> None:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return
        except ConnectionResetError:
            self._load.dial_again(self)
            return
        self.socket.send(wire.greeting(self.string))
        self.take = self._come_in

    def _come_in(self) -> None:
        for packet in self._heard():
            assert packet[0] == wire.CONNACK, packet
            assert packet[3] == 0, f"{self.string.device} is refused: {packet[3]}"
            self.take = self._hear
            self._load.dialling -= 1
            self._load.touched.add(self.string.device or "")
            self._go_on()

    def _hear(self) -> None:
        for packet in self._heard():
            if wire.is_desired(packet):
                self._load.notified += 1
            elif packet[0] & 0xF0 in (wire.PUBLISH, wire.PUBACK):
                self._answered(packet)
            elif packet[0] == wire.SUBACK:
                self._load.subscribed += 1

    def _answered(self, packet: bytes) -> None:
        load = self._load
        is_taken = wire.is_kept if load.is_telemetry else wire.is_taken
        if is_taken(packet, self._number):
            load.answered += 1
            load.latencies.append(perf_counter() - self._sent_at)
        else:
            load.refused += 1
        self._stays -= 1
        if self._stays == 0:
            load.replace(self)
        else:
            self._go_on()

    def _go_on(self) -> None:
        self.is_free = True
        if self._load.is_idle:
            self.socket.send(wire.subscription())
        elif self._load.is_hasty:
            self.report()

    def _heard(self) -> list[bytes]:
        try:
            data = self.socket.recv(CHUNK)
        except ssl.SSLWantReadError:
            return []
        if not data:
            raise ConnectionError(f"the hub has cut {self.string.device} off")
        packets, self._kept = wire.whole(self._kept + data)
        return packets


def rest(given: argparse.Namespace) -> NoReturn:
    """Have all come in and subscribe, say so, stay, and say when all have been told something."""
    load = Load(given)
    load.connect(len(load.waiting))
    while load.subscribed < len(load.devices):
        load.turn(1.0)
    print("in", flush=True)
    while True:
        load.turn(3_600)
        if load.notified >= len(load.devices):
            load.notified -= len(load.devices)
            print(perf_counter(), flush=True)


def measure(given: argparse.Namespace) -> dict[str, Any]:
    load = Load(given)
    load.connect(given.connections or len(load.waiting))
    load.run(perf_counter() + given.warm_up, given.rate)
    load.forget()
    signal.signal(signal.SIGUSR1, lambda *_: load.forget())
    signal.signal(signal.SIGTERM, lambda *_: load.end())
    began, own, hub = perf_counter(), time.process_time(), busy_s(given.pid or os.getpid())
    load.run(began + given.seconds, given.rate)
    took, own = perf_counter() - began, time.process_time() - own
    hub = busy_s(given.pid or os.getpid()) - hub
    return {
        "per_second": round(load.answered / took),
        "p50_ms": round(1000 * percentile(load.latencies, 0.50), 2),
        "p99_ms": round(1000 * percentile(load.latencies, 0.99), 2),
        "most_ms": round(1000 * percentile(load.latencies, 1), 2),
        "hub_us": round(1e6 * hub / load.answered, 1),
        "load_us": round(1e6 * own / load.answered, 1),
        "touched": len(load.touched),
        "refused": load.refused,
        "missed": load.missed,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--strings", type=Path, required=True, help="connection strings, a line each")
    add("--ca", type=Path, required=True)
    add("--address", default="127.0.0.1")
    add("--port", type=int, required=True)
    add("--pid", type=int, default=0, help="the hub's, to tell what it costs")
    add("--connections", type=int, default=0, help="0 is one for each string")
    add("--stay", type=int, default=0, help="reports of a device before the next one; 0 is all")
    add("--idle", action="store_true", help="come in, subscribe, print `in`, and say no more")
    add("--telemetry", action="store_true", help="send messages, and report nothing")
    add("--dialling", type=int, default=DIALLING, help="connections on their way in at once")
    add("--nice", type=int, default=0, help="how far it yields the processor to who measures")
    add("--rate", type=float, default=0.0, help="reports a second; 0 is all they can")
    add("--warm-up", type=float, default=2.0)
    add("--seconds", type=float, default=8.0)
    given = parser.parse_args()
    os.nice(given.nice)
    if given.idle:
        rest(given)
    print(json.dumps(measure(given)), flush=True)


if __name__ == "__main__":
    main()
