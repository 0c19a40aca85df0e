"""The data folder: one hub at a time, files written whole or not at all."""

import fcntl
import os
from pathlib import Path
from typing import IO, Final

from affinage.domain.errors import Unavailable

PRIVATE: Final = 0o600


class DataFolder:
    """An opened data folder; nobody else may open it until this process ends or closes it."""

    def __init__(self, path: Path) -> None:
        """Make the folder if need be, and lock it.

        Raises:
            Unavailable: another process has it open, or it cannot be made.
        """
        self.path = path
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock: IO[str] = (path / "lock").open("a")
        except OSError as error:
            why = (os.strerror(error.errno) if error.errno else str(error)).lower()
            raise Unavailable(f"the data folder {path} cannot be used: {why}") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise Unavailable(
                f"the data folder {path} is in use by another hub:"
                " stop that one, or give this one a folder of its own with --data"
            ) from None

    def close(self) -> None:
        self._lock.close()


def is_in_use(path: Path) -> bool:
    """Whether a hub has the folder open now; it is left as it is."""
    try:
        with (path / "lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False  # no hub ever had it
    return False


def write_whole(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file so that a kill at any moment leaves the old one or the new one.

    Raises:
        OSError: as the system says; the old file is then still there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
