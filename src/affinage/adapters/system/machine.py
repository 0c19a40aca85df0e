"""The machine that this process runs on."""

import resource
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cryptography import x509

from affinage.domain.errors import Invalid
from affinage.ports.machine import Certificate, Room

_OPEN: Final = Path("/proc/self/fd")
"""Where the system lists what is open; not on every system."""


class LocalMachine:
    """Implements `ports.machine.Machine`."""

    def __init__(self, data: Path, certificates: Sequence[Path]) -> None:
        """``data`` is the folder whose disk counts; certificates that are not there are none."""
        self._folder, self._certificates = data, certificates

    def disk(self) -> Room:
        usage = shutil.disk_usage(self._folder)
        return Room(usage.free, usage.total)

    def descriptors(self) -> Room:
        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        used = len([*_OPEN.iterdir()]) if _OPEN.is_dir() else 0
        return Room(limit - used, limit)

    def certificates(self) -> list[Certificate]:
        return [_read(path) for path in self._certificates if path.exists()]


def _read(path: Path) -> Certificate:
    try:
        found = x509.load_pem_x509_certificate(path.read_bytes())
    except ValueError as error:
        raise Invalid(f"{path} holds no certificate: {error}") from None
    return Certificate(str(path), found.not_valid_after_utc)
