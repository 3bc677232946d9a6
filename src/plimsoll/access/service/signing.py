"""The keys that sign access tokens: files in the data directory, readable by their owner alone.

Every key in the directory verifies, the newest signs (names are time-ordered). Another process that
shares the directory sees a new key when it first meets a token signed with it, so a rotation needs
no restart and signs nobody out. A key is only ever looked up by the name of a file that was found,
never opened by a name that came with a token.
"""

import os
import re
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final
from uuid import UUID

import structlog
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from plimsoll.kernel.errors import Conflict
from plimsoll.kernel.identifiers import new_id

log = structlog.get_logger(__name__)

RESCAN_EVERY_S: Final = 1.0
_NAME: Final = re.compile(r"[0-9a-f]{32}")


class UnusableKey(Conflict):
    """A signing key that others may read, or that is no key."""

    code = "unusable-signing-key"
    title = "A signing key cannot be used"


@dataclass(frozen=True, slots=True)
class SigningKey:
    kid: str
    private: Ed25519PrivateKey
    public: Ed25519PublicKey


class SigningKeys:
    """The keys of one directory; made at the first start."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._keys: dict[str, SigningKey] = {}
        self._scanned_at = 0.0
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._scan()
        if not self._keys:
            self._make()

    @property
    def newest(self) -> SigningKey:
        return self._keys[max(self._keys)]

    def list_all(self) -> list[SigningKey]:
        return list(self._keys.values())

    def find(self, kid: str) -> SigningKey | None:
        """The key of that name.

        An unknown one makes us look at the directory, once a second at most.
        """
        found = self._keys.get(kid)
        if found is None and _NAME.fullmatch(kid) and self._may_rescan():
            self._scan()
            found = self._keys.get(kid)
        return found

    def rotate(self, *, token_lifetime_s: float) -> str:
        """Sign with a new key from now on; returns its name.

        Keys whose successor is older than any token they may have signed are removed.
        """
        self._scan()
        now_ms = time.time_ns() // 1_000_000
        names = sorted(self._keys)
        for name, successor in pairwise(names):
            if now_ms - _made_at_ms(successor) > 2 * token_lifetime_s * 1000:
                (self._directory / f"{name}.pem").unlink(missing_ok=True)
                del self._keys[name]
        return self._make()

    def _may_rescan(self) -> bool:
        return time.monotonic() - self._scanned_at >= RESCAN_EVERY_S

    def _scan(self) -> None:
        self._scanned_at = time.monotonic()
        paths = {path.stem: path for path in self._directory.glob("*.pem")}
        self._keys = {
            name: self._keys.get(name) or _load(path)
            for name, path in paths.items()
            if _NAME.fullmatch(name)
        }

    def _later_name(self) -> str:
        """A name after all there are: the newest signs; names of one millisecond have no order."""
        kid = new_id().hex
        newest = max(self._keys, default="")
        while kid < newest and _made_at_ms(kid) == _made_at_ms(newest):
            kid = new_id().hex
        return kid

    def _make(self) -> str:
        kid = self._later_name()
        private = Ed25519PrivateKey.generate()
        pem = private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        unfinished = self._directory / f".{kid}"
        descriptor = os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(self._directory / f"{kid}.pem")
        self._keys[kid] = SigningKey(kid, private, private.public_key())
        log.info("signing_key_made", kid=kid)
        return kid


def _load(path: Path) -> SigningKey:
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise UnusableKey(f"{path} can be read by others: chmod 600 it, or remove it to sign anew")
    try:
        private = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except ValueError as error:
        raise UnusableKey(f"{path} is not a private key") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise UnusableKey(f"{path} is not an Ed25519 key")
    return SigningKey(path.stem, private, private.public_key())


def _made_at_ms(kid: str) -> int:
    """The moment in a UUIDv7: its first 48 bits."""
    return UUID(hex=kid).int >> 80
