"""Signed heads of the audit log, as files beside the database or, better, on another machine.

One small JSON file for each head, never changed; the log is written down at most once an hour, and
only when there is something new. The key that signs is a file of this service and never in the
database, and is not one of those that sign access tokens: those are thrown away after a while, and
a head has to be verifiable for as long as it is kept.
"""

import asyncio
import os
from datetime import datetime
from pathlib import Path
from typing import Final, Self

import msgspec
import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from plimsoll.access.domain.audit import Head
from plimsoll.access.domain.heads import SignedHead, text_of
from plimsoll.access.service.audit import read_head
from plimsoll.access.service.signing import SigningKeys
from plimsoll.kernel.clock import Clock, rfc3339
from plimsoll.kernel.errors import Conflict
from plimsoll.kernel.identifiers import new_id
from plimsoll.plumbing.database import Database
from plimsoll.settings import Settings

log = structlog.get_logger(__name__)

_LONGEST_FILE: Final = 4_096


class HeadNotOurs(Conflict):
    """A noted head that no key of ours has signed like this: changed, or of another desk."""

    code = "audit-head-not-ours"
    title = "A noted head of the audit log cannot be believed"


class _HeadFile(msgspec.Struct, forbid_unknown_fields=True):
    """The file: `hash` and `signature` in hexadecimal."""

    sequence: int
    hash: str
    at: datetime
    kid: str
    signature: str


class Heads:
    """The heads that this service notes down, and the keys that signed them."""

    def __init__(self, *, directory: Path, keys: SigningKeys) -> None:
        self.directory = directory
        self._keys = keys

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Makes a key at the first start."""
        directory = settings.audit_heads_dir or settings.data_dir / "audit-heads"
        return cls(directory=directory, keys=SigningKeys(settings.data_dir / "keys" / "audit"))

    def sign(self, head: Head, at: datetime) -> SignedHead:
        key = self._keys.newest
        signature = key.private.sign(text_of(head, rfc3339(at), key.kid))
        return SignedHead(head.sequence, head.hash, at, key.kid, signature)

    async def note(self, database: Database, clock: Clock) -> SignedHead | None:
        """Write down the head of now; None when that is written down already, or nothing has
        happened yet. Raises Unavailable, OSError.
        """
        head = await read_head(database)
        path = self.directory / f"{head.sequence:020}.json"
        if not head.sequence or path.exists():
            return None
        signed = self.sign(head, clock.now())
        await asyncio.to_thread(_write, path, as_json(signed))
        log.info("audit_head_noted", sequence=head.sequence)
        return signed

    def read_all(self, directory: Path | None = None) -> list[SignedHead]:
        """All that were noted down, oldest first; those of `directory`, copied from elsewhere, when
        it is given. Raises HeadNotOurs, OSError.
        """
        paths = sorted((directory or self.directory).glob("*.json"))
        return [self._read(path) for path in paths]

    def list_public_keys(self) -> str:
        """PEM of every key, each after a line with its name: what others verify with."""
        return "".join(
            f"{key.kid}\n{_pem_of(key.public)}"
            for key in sorted(self._keys.list_all(), key=lambda key: key.kid)
        )

    def _read(self, path: Path) -> SignedHead:
        try:
            with path.open("rb") as file:
                found = msgspec.json.decode(file.read(_LONGEST_FILE), type=_HeadFile)
            signed = SignedHead(
                found.sequence,
                bytes.fromhex(found.hash),
                found.at,
                found.kid,
                bytes.fromhex(found.signature),
            )
        except ValueError as error:
            raise HeadNotOurs(f"{path} is not a head") from error
        head = Head(signed.sequence, signed.hash)
        key = self._keys.find(signed.kid)
        if key is None:
            raise HeadNotOurs(f"{path} is signed with a key that is not here: {signed.kid[:64]}")
        try:
            key.public.verify(signed.signature, text_of(head, rfc3339(signed.at), signed.kid))
        except InvalidSignature:
            raise HeadNotOurs(f"{path} was changed after it was signed") from None
        return signed


def as_json(signed: SignedHead) -> bytes:
    """One line, as it stands in the file."""
    file = _HeadFile(
        signed.sequence, signed.hash.hex(), signed.at, signed.kid, signed.signature.hex()
    )
    return msgspec.json.encode(file) + b"\n"


def _write(path: Path, text: bytes) -> None:
    """All of it or nothing, whatever dies meanwhile."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_name(f".{new_id().hex}")
    try:
        with unfinished.open("xb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _pem_of(key: Ed25519PublicKey) -> str:
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(encoding, form).decode()
