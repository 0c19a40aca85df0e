"""Run a command in a network of its own: ``python tests/netns.py pytest tests``.

The SDKs that we test against know one port per door, 8883 and 443, and nothing makes them take
another. So the tests run in a fresh network namespace: there every port of every address in
127.0.0.0/8 is free, and each hub takes an address of its own (the fixture ``address``). Nothing
outside can be reached from there, which also proves that no test wants the internet.

It takes Linux and either root or user namespaces. Where a machine has neither, the command runs
in the machine's own network, and tests that find no port 443 say so and skip; with AFFINAGE_CI=1
it does not run at all.
"""

import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Sequence
from ipaddress import IPv4Address
from itertools import count
from typing import Final, NoReturn

HERE: Final = "--here"
SIOCGIFFLAGS: Final = 0x8913
SIOCSIFFLAGS: Final = 0x8914
IFF_UP: Final = 1
IFREQ: Final = struct.Struct("16sh14x")

_numbers = count(1)


def inside(command: Sequence[str]) -> list[str]:
    """Give the command that runs ``command`` in a network namespace of its own, loopback up."""
    as_root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare", "--net", *as_root, sys.executable, __file__, HERE, *command]


def is_possible() -> bool:
    """Try it."""
    if shutil.which("unshare") is None:
        return False
    return subprocess.run(inside(["true"]), check=False, capture_output=True).returncode == 0


def next_address() -> str:
    """Give an address of the loopback network that no other test, here or beside us, is given."""
    ours = os.getpid() % 2**15 + 1  # outside a namespace, runs beside one another share loopback
    return str(IPv4Address("127.0.0.0") + ours * 256 + next(_numbers) % 255)


def raise_loopback() -> None:
    """Bring ``lo`` up, as ``ip link set lo up`` does; a new namespace has it down.

    Source: netdevice(7).
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = fcntl.ioctl(any_socket, SIOCGIFFLAGS, IFREQ.pack(b"lo", 0))
        name, flags = IFREQ.unpack(request)
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, IFREQ.pack(name, flags | IFF_UP))


def main(command: list[str]) -> NoReturn:
    if command[:1] == [HERE]:
        raise_loopback()
        command = command[1:]
    elif is_possible():
        command = inside(command)
    elif os.environ.get("AFFINAGE_CI") == "1":
        sys.exit("netns: this machine admits no network namespace")
    else:
        sys.stderr.write("netns: no network namespace here; running without one\n")
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
