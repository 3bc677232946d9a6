"""The second factor: codes of an authenticator app, and recovery codes for when it is lost.

The app and we share a secret; a code is an HMAC of the number of the half minute (RFC 6238 over
RFC 4226), so it proves who holds the secret now. One step to either side is taken, for clocks
differ and people type slowly. A step is taken once: whoever saw a code over a shoulder, or between
us and the owner, cannot use it again. The caller keeps the last step that was taken, and moves it
only forward, in the same statement that checks it.

SHA-1, six digits and thirty seconds are not a choice: many apps ignore anything else in the address
and then show wrong codes. HMAC does not rest on the collisions by which SHA-1 is broken.
"""

import base64
import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta
from typing import Final

from plimsoll.kernel.errors import Unauthenticated

SECRET_BYTES: Final = 20
"""As RFC 4226 section 4 recommends: the length of the hash."""

DIGITS: Final = 6
STEP: Final = timedelta(seconds=30)
DRIFT: Final = 1

RECOVERY_CODES: Final = 10
RECOVERY_BYTES: Final = 15
ENTROPY_BYTES: Final = RECOVERY_CODES * RECOVERY_BYTES

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_CODE: Final = re.compile(r"[0-9]{6}")
_READABLE: Final = str.maketrans("OI", "89")
_RECOVERY: Final = re.compile(r"[A-HJ-NP-Za-hj-np-z2-9]{24}")
_GROUP: Final = 4
_MAX_TYPED: Final = 64
_UNRESERVED: Final = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
)


class SecondFactorWrong(Unauthenticated):
    """A code that is not the one of now, or no recovery code that is left."""

    code = "second-factor-wrong"
    title = "The code is not right"


class SecondFactorUsed(Unauthenticated):
    """The code is right, and it or a later one was used before."""

    code = "second-factor-used"
    title = "This code was used before"


def hotp(secret: bytes, counter: int, *, digits: int = DIGITS) -> str:
    """The code of one counter, RFC 4226 section 5.3."""
    mac = hmac.digest(secret, counter.to_bytes(8), "sha1")
    offset = mac[-1] & 0xF
    number = int.from_bytes(mac[offset : offset + 4]) & 0x7FFF_FFFF
    return f"{number % 10**digits:0{digits}}"


def step_at(now: datetime) -> int:
    """The number of the half minute since 1970."""
    return (now - _EPOCH) // STEP


def take_code(secret: bytes, typed: str, *, now: datetime, last_step: int | None) -> int:
    """The step that `typed` proves, to be kept as the new `last_step`; always later than that one.

    Blanks between digits are the typist's. Raises SecondFactorWrong, and SecondFactorUsed for a
    code of a step that is not later. All steps are compared, whichever fits.
    """
    code = typed.replace(" ", "") if len(typed) <= _MAX_TYPED else ""
    if _CODE.fullmatch(code) is None:
        raise SecondFactorWrong(f"a code has {DIGITS} digits")
    step = step_at(now)
    proven = [
        near
        for near in range(max(step - DRIFT, 0), step + DRIFT + 1)
        if hmac.compare_digest(hotp(secret, near), code)
    ]
    if not proven:
        raise SecondFactorWrong("not the code of this half minute; is the clock right?")
    for near in proven:
        if last_step is None or near > last_step:
            return near
    raise SecondFactorUsed(
        "wait for the next code", retry_after_s=(_EPOCH + (step + 1) * STEP - now).total_seconds()
    )


def secret_text(secret: bytes) -> str:
    """The secret as people type it into an app: base32 without padding."""
    return base64.b32encode(secret).decode().rstrip("=")


def enrolment_uri(secret: bytes, *, issuer: str, account: str) -> str:
    """The `otpauth` address behind the QR code; it is as secret as the secret inside."""
    assert ":" not in issuer, "a colon parts issuer and account, even when encoded"
    name = _percent_encoded(issuer)
    return (
        f"otpauth://totp/{name}:{_percent_encoded(account)}?secret={secret_text(secret)}"
        f"&issuer={name}&algorithm=SHA1&digits={DIGITS}&period={STEP.seconds}"
    )


def write_recovery_codes(entropy: bytes) -> tuple[str, ...]:
    """Ten codes of 24 characters from `ENTROPY_BYTES` random bytes, shown to the owner once.

    They look like `ABCD-EFGH-…`: base32 with 8 and 9 for O and I; 0 and 1 are not in it.
    """
    assert len(entropy) == ENTROPY_BYTES
    return tuple(
        _grouped(base64.b32encode(entropy[start : start + RECOVERY_BYTES]).decode())
        for start in range(0, ENTROPY_BYTES, RECOVERY_BYTES)
    )


def hash_recovery_code(typed: str) -> bytes | None:
    """What is kept of a recovery code; None when `typed` is none. Case, blanks and dashes are free.

    One SHA-256 without salt is enough: a code is 120 random bits, not something a person thought
    of. NIST SP 800-63B asks for a slow, salted hash only below 112 bits.
    """
    if len(typed) > _MAX_TYPED:
        return None
    code = typed.replace(" ", "").replace("-", "")
    if _RECOVERY.fullmatch(code) is None:
        return None
    return hashlib.sha256(code.upper().encode()).digest()


def _grouped(base32: str) -> str:
    code = base32.translate(_READABLE)
    return "-".join(code[start : start + _GROUP] for start in range(0, len(code), _GROUP))


def _percent_encoded(text: str) -> str:
    return "".join(chr(byte) if byte in _UNRESERVED else f"%{byte:02X}" for byte in text.encode())
