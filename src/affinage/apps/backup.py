"""Backups: everything that makes a hub, in one file, and a data folder made of it again.

An archive is a tar: the manifest, its digest, and the files that the manifest lists, with their
sizes and digests. Whatever is not exactly so is refused, before anything is where a hub looks.
"""

import hashlib
import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import msgspec

from affinage.adapters.files.folder import PRIVATE
from affinage.adapters.sqlite import snapshots
from affinage.domain.errors import Conflict, Invalid, Unavailable

STORE: Final = "hub.db"
BESIDE: Final = ("vault.key", "tls/ca.pem", "tls/ca.key", "tls/server.pem", "tls/server.key")
"""What a hub needs beside its store; `tls/` is not there where certificates were given."""

FORMAT: Final = 1
CHUNK: Final = 1 << 20
"""Bytes that are copied at once."""

MANIFEST: Final = "manifest.json"
DIGEST: Final = "manifest.sha256"
MAX_MANIFEST: Final = 64 * 1024
"""Bytes."""

Tell = Callable[[int, int], None]


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a backup."""

    name: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a backup holds."""

    format: int
    schema: int
    created: str
    """In UTC, as in ISO 8601."""
    parts: list[Part]

    @property
    def size(self) -> int:
        return sum(part.size for part in self.parts)


def make(data: Path, target: Path, created: str, *, replaces: bool, tell: Tell) -> Manifest:
    """Write a backup of a hub, which may be running; it holds each write acknowledged before.

    Args:
        data: the hub's data folder.
        target: the file to write; its folder must be there, with room for twice the hub.
        created: the moment, for the manifest.
        replaces: whether a file that is there may be replaced.
        tell: is told how many of how many pages of the store have been copied.

    Raises:
        Conflict: the file is there. It is left as it is, as after any other error.
        Unavailable: no hub has served from the folder, or its store cannot be read.
        OSError: the file cannot be written.
    """
    if target.exists() and not replaces:
        raise Conflict(f"{target} is there: say --force to replace it, or name another file")
    if not (data / STORE).exists():
        raise Unavailable(f"no hub has served from {data}: there is nothing to back up")
    with _folder_beside(target) as folder:
        schema = snapshots.take(data / STORE, folder / STORE, tell)
        found = {STORE: folder / STORE}
        found |= {name: data / name for name in BESIDE if (data / name).exists()}
        parts = [_part(name, path) for name, path in found.items()]
        manifest = Manifest(FORMAT, schema, created, parts)
        _write_archive(folder / "archive", manifest, found)
        (folder / "archive").replace(target)
        _sync(target.parent)
    return manifest


def restore(source: Path, data: Path) -> Manifest:
    """Make the data folder of a hub from a backup, all of it or nothing.

    Raises:
        Conflict: there is something in the folder already.
        Invalid: the file is no backup, not whole, was changed, or is a newer release's.
        OSError: a file cannot be read or written. After any error the folder is as it was.
    """
    if data.exists() and (not data.is_dir() or any(data.iterdir())):
        raise Conflict(f"{data} is not empty: a backup is restored into a new folder only")
    data.parent.mkdir(parents=True, exist_ok=True)
    with _folder_beside(data) as folder:
        whole = folder / "data"
        (whole / "tls").mkdir(mode=0o700, parents=True)
        manifest = _unpacked(source, whole)
        snapshots.check(whole / STORE)
        for place in (whole / "tls", whole):
            _sync(place)
        whole.chmod(0o700)
        whole.replace(data)
        _sync(data.parent)
    return manifest


def _write_archive(path: Path, manifest: Manifest, found: dict[str, Path]) -> None:
    text = msgspec.json.format(msgspec.json.encode(manifest))
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "wb") as file:
        with tarfile.open(fileobj=file, mode="w:") as archive:
            _add(archive, MANIFEST, len(text), io.BytesIO(text))
            digest = hashlib.sha256(text).hexdigest().encode()
            _add(archive, DIGEST, len(digest), io.BytesIO(digest))
            for part in manifest.parts:
                with found[part.name].open("rb") as content:
                    _add(archive, part.name, part.size, content)
        file.flush()
        os.fsync(file.fileno())


def _add(archive: tarfile.TarFile, name: str, size: int, content: IO[bytes]) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, PRIVATE
    archive.addfile(member, content)


def _unpacked(source: Path, folder: Path) -> Manifest:
    try:
        with tarfile.open(source, "r:") as archive:
            manifest = _manifest(archive)
            for part in manifest.parts:
                _unpack(archive, part, folder)
            if archive.next() is not None:
                raise Invalid(f"{source} holds more than its manifest says")
    except (tarfile.TarError, EOFError) as error:
        raise Invalid(f"{source} is no backup, or not a whole one: {error}") from error
    return manifest


def _manifest(archive: tarfile.TarFile) -> Manifest:
    text = _next(archive, MANIFEST, MAX_MANIFEST).read()
    digest = _next(archive, DIGEST, MAX_MANIFEST).read()
    if hashlib.sha256(text).hexdigest().encode() != digest:
        raise Invalid("the manifest was changed after the backup was made")
    try:
        manifest = msgspec.json.decode(text, type=Manifest)
    except msgspec.DecodeError as error:
        raise Invalid(f"the manifest is none of ours: {error}") from error
    if manifest.format != FORMAT:
        raise Invalid(f"the backup is of format {manifest.format}, this release reads {FORMAT}")
    names = [part.name for part in manifest.parts]
    if {STORE, "vault.key"} - {*names} or {*names} - {STORE, *BESIDE} or len({*names}) < len(names):
        raise Invalid(f"the backup holds {', '.join(names) or 'nothing'}: that makes no hub")
    return manifest


def _unpack(archive: tarfile.TarFile, part: Part, folder: Path) -> None:
    content, digest, size = _next(archive, part.name, part.size), hashlib.sha256(), 0
    path = folder / part.name
    mode = 0o644 if path.suffix == ".pem" else PRIVATE
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        while chunk := content.read(CHUNK):
            file.write(chunk)
            digest.update(chunk)
            size += len(chunk)
        file.flush()
        os.fsync(file.fileno())
    if (size, digest.hexdigest()) != (part.size, part.sha256):
        raise Invalid(f"{part.name} in it was changed after the backup was made")


def _next(archive: tarfile.TarFile, name: str, most: int) -> IO[bytes]:
    member = archive.next()
    if member is None or not member.isreg() or member.name != name or member.size > most:
        found = "nothing" if member is None else f"{member.name} of {member.size} bytes"
        raise Invalid(f"where {name} of at most {most} bytes should be, the file has {found}")
    content = archive.extractfile(member)
    assert content is not None  # a regular file has some
    return content


def _part(name: str, path: Path) -> Part:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Part(name, path.stat().st_size, digest)


@contextmanager
def _folder_beside(path: Path) -> Iterator[Path]:
    """A folder of our own on the same disk, gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.absolute().parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
