"""The door for requests that are signed with the secret of an API key.

Two memories see that each signature is taken once: one in this process, which costs nothing, and
one in the database, for all processes. A request is first verified, then its key pays from the
rate limit, and then the signature is taken; so nobody fills a memory who has no key, or faster than
they may come.
"""

from collections.abc import Iterable
from typing import Final

import structlog
from starlette.types import ASGIApp

from plimsoll.access.domain.signing import (
    KEY_HEADER,
    MAX_WINDOW_MS,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    PresentedSignature,
    ReplayWindow,
    SignatureMalformed,
    SignatureReplayed,
    SignatureStale,
    SignatureWrong,
    SignedRequest,
    read_headers,
    refuse_untimely,
    verify,
)
from plimsoll.access.service.verification import BadKey, Grant, Verifier
from plimsoll.access.storage import signatures
from plimsoll.kernel.clock import Clock, to_ms
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.digests import Digests

log = structlog.get_logger(__name__)

KEY: Final = KEY_HEADER.encode()
TIMESTAMP: Final = TIMESTAMP_HEADER.encode()
SIGNATURE: Final = SIGNATURE_HEADER.encode()
DIGEST_HEADER: Final = "x-plimsoll-content-sha256"
"""Declares the digest of a body that is read in pieces."""

HEADERS: Final = frozenset({KEY, TIMESTAMP, SIGNATURE})
CAPACITY: Final = 100_000
FORGET_EVERY_S: Final = 15.0


def digesting(app: ASGIApp, *, streamed: frozenset[tuple[str, str]], longest: int) -> ASGIApp:
    """`app`, with the digest of the body of each signed request."""
    return Digests(
        app,
        asked_by=SIGNATURE,
        declared_by=DIGEST_HEADER.encode(),
        streamed=streamed,
        longest=longest,
        mismatch=lambda: SignatureWrong(f"the body is not what {DIGEST_HEADER} says"),
    )


def read_credential(headers: Iterable[tuple[bytes, bytes]]) -> PresentedSignature:
    """What the headers present. A header twice is refused: proxies differ in which one they see."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in HEADERS:
            if name in found:
                raise SignatureMalformed(f"{name.decode()} stands there twice")
            found[name] = value
        elif name == b"authorization":
            raise SignatureMalformed("either a bearer or a signature, not both")
    return read_headers(
        key=found.get(KEY), timestamp=found.get(TIMESTAMP), signature=found.get(SIGNATURE)
    )


class SignedRequests:
    """Verifies signed requests and takes each once."""

    def __init__(
        self, database: Database, clock: Clock, verifier: Verifier, *, window_ms: int
    ) -> None:
        self._database = database
        self._clock = clock
        self._verifier = verifier
        self._window_ms = window_ms
        # From the beginning of time: what other processes took, and this one before it was
        # started again, the database knows.
        self._taken = ReplayWindow(window_ms=window_ms, capacity=CAPACITY, since_ms=0)
        self._forgot_at = clock.monotonic()

    async def verify(self, credential: PresentedSignature, request: SignedRequest) -> Grant:
        """The grant of the key that signed the request; the signature may have been used before, in
        another process. Used before in this one it is refused here, and the key does not pay: or
        whoever overheard one request could use up all that its key has.

        A key that does not exist is refused like a wrong signature of one that does not sign.
        """
        now_ms = to_ms(self._clock.now())
        refuse_untimely(credential.timestamp_ms, now_ms=now_ms, window_ms=self._window_ms)
        grant = await self.find(credential)
        assert grant.signing_secret is not None
        verify(grant.signing_secret, request, credential, now_ms=now_ms, window_ms=self._window_ms)
        self._taken.refuse_used(credential)
        return grant

    async def find(self, credential: PresentedSignature) -> Grant:
        """The grant of the key that a credential names. Raises BadKey."""
        grant = self._verifier.recall_signer(credential.key_id)
        grant = grant or await self._verifier.verify_signer(credential.key_id)
        if grant.signing_secret is None:
            raise BadKey("unknown, revoked or expired, or not a key that signs")
        return grant

    async def take(self, credential: PresentedSignature) -> None:
        """Use up the signature; raises SignatureReplayed, and SignatureStale where the memory does
        not reach back to it. One round trip, without waiting for a disk.
        """
        now_ms = to_ms(self._clock.now())
        self._taken.take(credential, now_ms=now_ms)
        signature, timestamp_ms = credential.signature, credential.timestamp_ms
        if await signatures.take(self._database, signature, timestamp_ms):
            return
        since_ms = await signatures.begin(self._database, now_ms + self._window_ms + 1)
        if timestamp_ms < since_ms:
            raise SignatureStale(
                "signed before the memory of used signatures begins; sign it anew",
                facts={"timestamp_ms": timestamp_ms, "now_ms": now_ms, "since_ms": since_ms},
            )
        raise SignatureReplayed("sign each request anew, with its own timestamp")

    async def keep_house(self) -> None:
        """Drop from the database what no process can take again, now and then."""
        if self._clock.monotonic() - self._forgot_at < FORGET_EVERY_S:
            return
        self._forgot_at = self._clock.monotonic()
        oldest_ms = to_ms(self._clock.now()) - 2 * MAX_WINDOW_MS
        async with self._database.write() as unit:
            await signatures.forget_before(unit, oldest_ms)
