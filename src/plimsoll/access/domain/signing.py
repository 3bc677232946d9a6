"""Requests signed with the secret of an API key: proof of the key without sending it.

The signature is HMAC-SHA256 over one text, so that whoever records a request can neither change it
nor make another. The lines of the text, joined by a line feed, none after the last:

    plimsoll-v1
    <id of the key, 32 hex digits>
    <milliseconds since 1970>
    <method, upper case>
    <path as sent, percent-encoded, without the query>
    <query as sent, without the question mark; empty without one>
    <SHA-256 of the body, 64 hex digits; of no bytes without one>

Path and query are signed as they were sent: two programs never have to agree on how to write a
parameter. A recorded request could still be sent once more as it is: its timestamp is good for a
short while only, and for that while a `ReplayWindow` remembers it. The same request signed twice in
one millisecond is therefore one request.

A door asks in this order: `refuse_untimely` before the body is read, then `verify`, then
`ReplayWindow.take`; only what was really signed may use up memory.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Final
from uuid import UUID

from plimsoll.kernel.errors import TooMany, Unauthenticated
from plimsoll.kernel.identifiers import KeyId

KEY_HEADER: Final = "x-plimsoll-key"
TIMESTAMP_HEADER: Final = "x-plimsoll-timestamp"
SIGNATURE_HEADER: Final = "x-plimsoll-signature"

WINDOW_MS: Final = 5_000
MAX_WINDOW_MS: Final = 60_000
MIN_SECRET_BYTES: Final = 32
VERSION: Final = "plimsoll-v1"

_KEY: Final = re.compile(rb"[0-9a-f]{32}")
_TIMESTAMP: Final = re.compile(rb"[0-9]{1,15}")
_SIGNATURE: Final = re.compile(rb"[0-9a-fA-F]{64}")


class SignatureMalformed(Unauthenticated):
    """The three headers of a signed request are not all there, or not of their shape."""

    code = "signature-malformed"
    title = "The headers of the signature cannot be read"


class SignatureWrong(Unauthenticated):
    """The signature is not that of this request with this key."""

    code = "signature-wrong"
    title = "The signature does not fit the request"


class SignatureStale(Unauthenticated):
    """The request was signed too long ago."""

    code = "signature-stale"
    title = "The request was signed too long ago"


class SignatureAhead(Unauthenticated):
    """The request says it was signed later than now."""

    code = "signature-ahead"
    title = "The request was signed in the future"


class SignatureReplayed(Unauthenticated):
    """The same signed request was taken before."""

    code = "signature-replayed"
    title = "This signed request was used before"


class TooManySigned(TooMany):
    """More signed requests than can be remembered; refused, for forgetting one would let it in
    twice.
    """

    code = "too-many-signed-requests"
    title = "Too many signed requests at once"


@dataclass(frozen=True, slots=True)
class PresentedSignature:
    """What the headers of a signed request say; nothing of it is proven yet."""

    key_id: KeyId
    timestamp_ms: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """What of a request is signed beside key and time. `body_hash` is a SHA-256, in bytes."""

    method: str
    path: bytes
    query: bytes
    body_hash: bytes


def hash_body(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()


def read_headers(
    *, key: bytes | None, timestamp: bytes | None, signature: bytes | None
) -> PresentedSignature:
    """The credential in the three header values; raises SignatureMalformed."""
    if key is None or _KEY.fullmatch(key) is None:
        raise SignatureMalformed(f"{KEY_HEADER} is the id of the key, 32 hex digits")
    if timestamp is None or _TIMESTAMP.fullmatch(timestamp) is None:
        raise SignatureMalformed(f"{TIMESTAMP_HEADER} is in milliseconds since 1970")
    if signature is None or _SIGNATURE.fullmatch(signature) is None:
        raise SignatureMalformed(f"{SIGNATURE_HEADER} is an HMAC-SHA256, 64 hex digits")
    return PresentedSignature(
        KeyId(UUID(hex=key.decode())), int(timestamp), bytes.fromhex(signature.decode())
    )


def canonical_text(request: SignedRequest, *, key_id: KeyId, timestamp_ms: int) -> bytes:
    """The text that is signed; different requests have different texts.

    Raises SignatureWrong for a line feed inside of a line: nothing that was sent as a request has
    one, and with it two requests could share a text.
    """
    lines = (
        VERSION.encode(),
        key_id.hex.encode(),
        str(timestamp_ms).encode(),
        request.method.encode(),
        request.path,
        request.query,
        request.body_hash.hex().encode(),
    )
    text = b"\n".join(lines)
    if text.count(b"\n") != len(lines) - 1:
        raise SignatureWrong("method, path and query are signed as sent, each on one line")
    return text


def sign(secret: bytes, request: SignedRequest, *, key_id: KeyId, timestamp_ms: int) -> bytes:
    """The signature of `request`; its hex digits are the value of the header."""
    assert len(secret) >= MIN_SECRET_BYTES
    text = canonical_text(request, key_id=key_id, timestamp_ms=timestamp_ms)
    return hmac.digest(secret, text, "sha256")


def refuse_untimely(timestamp_ms: int, *, now_ms: int, window_ms: int) -> None:
    """Raise unless `timestamp_ms` is within `window_ms` of now, before or after, edges included.

    The refusal tells our time, so that a program can set its clock right.
    """
    assert 0 <= window_ms <= MAX_WINDOW_MS
    facts = {"timestamp_ms": timestamp_ms, "now_ms": now_ms, "window_ms": window_ms}
    if timestamp_ms < now_ms - window_ms:
        raise SignatureStale(f"older than {window_ms} ms", facts=facts)
    if timestamp_ms > now_ms + window_ms:
        raise SignatureAhead(f"more than {window_ms} ms ahead", facts=facts)


def verify(
    secret: bytes,
    request: SignedRequest,
    credential: PresentedSignature,
    *,
    now_ms: int,
    window_ms: int,
) -> None:
    """Raise SignatureStale, SignatureAhead or SignatureWrong, in this order.

    Takes the same time wherever a wrong signature differs. Does not see replays.
    """
    refuse_untimely(credential.timestamp_ms, now_ms=now_ms, window_ms=window_ms)
    expected = sign(secret, request, key_id=credential.key_id, timestamp_ms=credential.timestamp_ms)
    if not hmac.compare_digest(expected, credential.signature):
        raise SignatureWrong(f"sign the lines of {VERSION} with the secret of the key")


class ReplayWindow:
    """Remembers signatures for as long as their timestamps are good; takes each once.

    What was signed before `since_ms`, when this memory began, is refused as stale: it may have been
    used before. A clock that is set back brings nothing back either: the latest timestamp that
    was forgotten moves `since_ms` behind it, so with a clock that only goes forward this refuses
    nothing more.

    Memory: at most `capacity` signatures, and when it is full a new one is refused. Callers pay
    from a rate limit first, so that is a size to choose: requests in twice the window.
    """

    __slots__ = ("_by_age", "_capacity", "_seen", "_since_ms", "_window_ms")

    def __init__(self, *, window_ms: int, capacity: int, since_ms: int) -> None:
        assert capacity > 0
        self._window_ms = window_ms
        self._capacity = capacity
        self._since_ms = since_ms
        self._seen: set[bytes] = set()
        self._by_age: list[tuple[int, bytes]] = []

    def __len__(self) -> int:
        return len(self._seen)

    def take(self, credential: PresentedSignature, *, now_ms: int) -> None:
        """Remember a verified signature; raises SignatureReplayed when it was taken before.

        Also SignatureStale and SignatureAhead, and TooManySigned when the memory is full.
        """
        self._forget(now_ms)
        signature, timestamp_ms = credential.signature, credential.timestamp_ms
        refuse_untimely(timestamp_ms, now_ms=now_ms, window_ms=self._window_ms)
        self.refuse_used(credential)
        if timestamp_ms < self._since_ms:
            raise SignatureStale(
                "signed before the memory of used signatures begins; sign it anew",
                facts={"timestamp_ms": timestamp_ms, "now_ms": now_ms, "since_ms": self._since_ms},
            )
        if len(self._seen) >= self._capacity:
            raise TooManySigned(
                "wait until earlier ones have run out",
                retry_after_s=(self._by_age[0][0] + self._window_ms + 1 - now_ms) / 1000,
            )
        self._seen.add(signature)
        heappush(self._by_age, (timestamp_ms, signature))

    def refuse_used(self, credential: PresentedSignature) -> None:
        """Raise SignatureReplayed for one that is remembered; remember nothing."""
        if credential.signature in self._seen:
            raise SignatureReplayed("sign each request anew, with its own timestamp")

    def _forget(self, now_ms: int) -> None:
        """Drop what is stale by its timestamp; that alone refuses it from now on."""
        while self._by_age and self._by_age[0][0] < now_ms - self._window_ms:
            timestamp_ms, signature = heappop(self._by_age)
            self._seen.remove(signature)
            self._since_ms = max(self._since_ms, timestamp_ms + 1)
