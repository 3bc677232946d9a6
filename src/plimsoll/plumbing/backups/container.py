"""The file that a backup is: a zip that says itself whether it is whole.

    database.dump        everything that is in PostgreSQL, as `pg_restore` reads it
    archive/…, keys/…    what lives beside it
    manifest.json        of which version and when, how much, and the SHA-256 of each part

Its last bytes, a comment to whoever opens it as a zip, are the SHA-256 of all the others: whatever
was changed or cut off is found by reading it once. That it is as it was written is proved by this,
not who wrote it. It is for its owner alone (0600), written beside its place, made durable and then
renamed: under its name there is all of it or nothing.
"""

import hashlib
import io
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, BinaryIO, Final

import msgspec

from plimsoll.kernel.errors import Conflict

FORMAT: Final = 1
DUMP: Final = "database.dump"
MANIFEST: Final = "manifest.json"
SUFFIX: Final = ".plimsoll"
LARGEST_MANIFEST: Final = 64_000_000

_SEAL: Final = b"plimsoll sha256 "
_SEAL_BYTES: Final = len(_SEAL) + 64
_PIECE: Final = 1_048_576
_LEVEL: Final = 1
"""Of compression: a backup runs beside a service, and what is big in it hardly gets smaller."""

Told = Callable[[int], None]
"""Called with how many more bytes are done."""


class BackupDamaged(Conflict):
    """Not a backup, cut off, or changed since it was written."""

    code = "backup-damaged"
    title = "The backup cannot be used"


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`size` in bytes, before compression."""

    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is in a backup. `taken_at` (RFC 3339) is the moment that all of it shows."""

    format: int
    version: str
    revision: str
    taken_at: str
    counts: dict[str, int]
    parts: dict[str, Part]
    missing: list[str]
    """Files that should be in it and were not there."""


def _ignore(_: int) -> None:
    pass


class _Sealed(io.RawIOBase):
    """Writes on, hashing all but the last `_SEAL_BYTES`."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._tail = b""

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        whole = self._tail + bytes(data)
        cut = max(0, len(whole) - _SEAL_BYTES)
        self._digest.update(whole[:cut])
        self._file.write(whole[:cut])
        self._tail = whole[cut:]
        return len(data)

    def finish(self) -> None:
        self._file.write(_SEAL + self._digest.hexdigest().encode())


class Writer:
    """A backup that is being written; `add` parts, then `finish`."""

    def __init__(self, file: BinaryIO) -> None:
        self._sealed = _Sealed(file)
        self._zip = zipfile.ZipFile(
            self._sealed, "w", zipfile.ZIP_DEFLATED, allowZip64=True, compresslevel=_LEVEL
        )
        self.parts: dict[str, Part] = {}

    def add(self, name: str, source: IO[bytes], told: Told = _ignore) -> None:
        """All that `source` gives, as the part `name`."""
        digest, size = hashlib.sha256(), 0
        with self._zip.open(name, "w", force_zip64=True) as entry:
            while piece := source.read(_PIECE):
                digest.update(piece)
                size += len(piece)
                entry.write(piece)
                told(len(piece))
        self.parts[name] = Part(size, digest.hexdigest())

    def finish(self, manifest: Manifest) -> None:
        self._zip.writestr(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
        self._zip.comment = bytes(_SEAL_BYTES)  # its place is taken by the seal
        self._zip.close()
        self._sealed.finish()

    def abandon(self) -> None:
        """Write no end, also not when this is forgotten."""
        self._zip.fp = None


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """A new backup at `path`; when the body raises there is none, and what was there before is."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        with _create(unfinished) as file:
            writer = Writer(file)
            try:
                yield writer
            except BaseException:
                writer.abandon()
                raise
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
        make_durable(path.parent)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink()
        raise


def _create(path: Path) -> BinaryIO:
    """A new file for its owner alone. What somebody else has put under its name, a link or a file
    that they may read, is not written to.
    """
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb")


def make_durable(folder: Path) -> None:
    """A rename lasts when the folder itself is on disk."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def size_of(path: Path) -> int:
    """In bytes. Raises OSError."""
    return path.stat().st_size


def check(path: Path, told: Told = _ignore) -> Manifest:
    """Read the whole file and prove that it is as it was written. Raises BackupDamaged, OSError."""
    left = path.stat().st_size - _SEAL_BYTES
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while left > 0 and (piece := file.read(min(_PIECE, left))):
            digest.update(piece)
            told(len(piece))
            left -= len(piece)
        seal = file.read()
    if left != 0 or not seal.startswith(_SEAL):
        raise BackupDamaged(f"{path} is no backup, or its end is missing")
    if seal != _SEAL + digest.hexdigest().encode():
        raise BackupDamaged(f"{path} was changed since it was written")
    return read_manifest(path)


def read_manifest(path: Path) -> Manifest:
    """What the file says is in it, without a proof. Raises BackupDamaged, OSError."""
    try:
        with zipfile.ZipFile(path) as file:
            if file.getinfo(MANIFEST).file_size > LARGEST_MANIFEST:
                raise BackupDamaged(f"{path} has a manifest of a size that none has")
            manifest = msgspec.json.decode(file.read(MANIFEST), type=Manifest)
            names = set(file.namelist())
    except (zipfile.BadZipFile, zlib.error, KeyError, msgspec.MsgspecError) as error:
        raise BackupDamaged(f"{path} is no backup: {error}") from error
    if manifest.format != FORMAT:
        raise BackupDamaged(f"{path} has format {manifest.format}, this program reads {FORMAT}")
    if names != {MANIFEST, *manifest.parts} or DUMP not in names:
        raise BackupDamaged(f"{path} has other parts than it says")
    return manifest


class Reader:
    """The parts of a backup that was checked."""

    def __init__(self, file: zipfile.ZipFile, manifest: Manifest) -> None:
        self._zip = file
        self.manifest = manifest

    def copy(self, name: str, target: IO[bytes], told: Told = _ignore) -> None:
        """Write a part to `target`. Raises BackupDamaged when it is not what was written, after
        it was handed on.
        """
        digest = hashlib.sha256()
        try:
            with self._zip.open(name) as entry:
                while piece := entry.read(_PIECE):
                    digest.update(piece)
                    target.write(piece)
                    told(len(piece))
        except (zipfile.BadZipFile, zlib.error) as error:
            raise BackupDamaged(f"{name}: {error}") from error
        if digest.hexdigest() != self.manifest.parts[name].sha256:
            raise BackupDamaged(f"{name} is not what was written")

    def extract(self, folders: Mapping[str, Path]) -> int:
        """Write each part below one of these first names to its folder, but what is there already
        stays as it is; how many were written.
        """
        written = 0
        for name in self.manifest.parts:
            first, _, rest = name.partition("/")
            if not rest or first not in folders:
                continue
            place = _inside(folders[first], rest)
            if place.exists():
                continue
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            unfinished = place.with_name(f".{place.name}.unfinished")
            with _create(unfinished) as file:
                self.copy(name, file)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(place)
            make_durable(place.parent)
            written += 1
        return written


@contextmanager
def reading(path: Path, manifest: Manifest) -> Iterator[Reader]:
    with zipfile.ZipFile(path) as file:
        yield Reader(file, manifest)


def _inside(folder: Path, name: str) -> Path:
    """Where a part belongs; a name that leads out of the folder is none of ours."""
    parts = name.split("/")
    if any(part in {"", ".", ".."} or "\\" in part or "\0" in part for part in parts):
        raise BackupDamaged(f"{name!r} is no name of a part")
    return folder.joinpath(*parts)
