"""Secrets that a caller holds and we do not: refresh tokens and session cookies.

256 random bits as text; we keep one SHA-256 of it. Nothing slower is needed where there is nothing
to guess.
"""

import base64
import hashlib
import re
from typing import Final

SECRET_BYTES: Final = 32
TEXT_LENGTH: Final = 43
_SHAPE: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


def write_secret(secret: bytes) -> str:
    """The text form that is handed out."""
    assert len(secret) == SECRET_BYTES
    return base64.urlsafe_b64encode(secret).rstrip(b"=").decode()


def looks_like_secret(text: str) -> bool:
    return _SHAPE.fullmatch(text) is not None


def hash_secret(text: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(text.encode()).digest()
