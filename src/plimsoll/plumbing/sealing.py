"""Secrets that have to be read back, such as those that sign: sealed before they are stored.

AES-256-GCM under a key that is a file beside the database and never in it, so that a copy of the
database alone opens nothing. What a secret belongs to is sealed with it: moved to another row it
does not open.

    1 byte version ‖ 4 bytes name of the key ‖ 12 bytes nonce ‖ ciphertext and tag

Every key of the directory opens, the newest seals (names are time-ordered).
"""

import hashlib
import os
from pathlib import Path
from typing import Final

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from plimsoll.kernel.errors import Conflict
from plimsoll.kernel.identifiers import new_id

log = structlog.get_logger(__name__)

_VERSION: Final = b"\x01"
_NAME_BYTES: Final = 4
_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32


class SealBroken(Conflict):
    """A secret that no key of ours opens: the key is gone, or the row was changed."""

    code = "seal-broken"
    title = "A stored secret cannot be opened"


class UnusableSealingKey(Conflict):
    """A key that others may read, or of the wrong length."""

    code = "unusable-sealing-key"
    title = "A key that seals secrets cannot be used"


class Sealer:
    """The keys of one directory; one is made at the first start."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._ciphers: dict[bytes, AESGCM] = {}
        self._newest = b""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._scan()
        if not self._ciphers:
            self._make()

    def seal(self, secret: bytes, *, of: str) -> bytes:
        """`of` says what it belongs to (`key:<id>`); it takes the same to open it."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[self._newest].encrypt(nonce, secret, of.encode())
        return _VERSION + self._newest + nonce + sealed

    def open(self, sealed: bytes, *, of: str) -> bytes:
        """Raises SealBroken."""
        name = sealed[1 : 1 + _NAME_BYTES]
        nonce = sealed[1 + _NAME_BYTES : 1 + _NAME_BYTES + _NONCE_BYTES]
        if name not in self._ciphers:
            self._scan()
        cipher = self._ciphers.get(name)
        if sealed[:1] != _VERSION or cipher is None or len(nonce) < _NONCE_BYTES:
            raise SealBroken("no key here opens it")
        try:
            return cipher.decrypt(nonce, sealed[1 + _NAME_BYTES + _NONCE_BYTES :], of.encode())
        except InvalidTag:
            raise SealBroken("it was sealed for something else, or changed") from None

    def _scan(self) -> None:
        for path in sorted(self._directory.glob("*.seal")):
            if os.name == "posix" and path.stat().st_mode & 0o077:
                raise UnusableSealingKey(f"{path} can be read by others: chmod 600 it")
            self._take(path.read_bytes(), path)

    def _take(self, key: bytes, path: Path) -> None:
        if len(key) != _KEY_BYTES:
            raise UnusableSealingKey(f"{path} has not {_KEY_BYTES} bytes")
        self._newest = hashlib.sha256(key).digest()[:_NAME_BYTES]
        self._ciphers[self._newest] = AESGCM(key)

    def _make(self) -> None:
        name, key = new_id().hex, os.urandom(_KEY_BYTES)
        unfinished = self._directory / f".{name}"
        descriptor = os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        path = unfinished.rename(self._directory / f"{name}.seal")
        self._take(key, path)
        log.info("sealing_key_made", name=name)
