"""From what a caller presents to a Grant: verified once, remembered until it ends.

The memory is trusted only while this process knows what was revoked: the numbered list in the
database is read every half second, and when no reading that began within the last second has
succeeded, everybody is verified against the database again, which refuses when it cannot be asked.
So a revocation holds everywhere within one second.

A verification that was under way while something was revoked is not remembered: it may have read
the old state.
"""

import hmac
import math
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from plimsoll.access.domain.keys import Network, read_key
from plimsoll.access.domain.principals import Principal, Tier, scopes_of, scopes_of_key
from plimsoll.access.domain.secrets import hash_secret
from plimsoll.access.service.tokens import BadToken, Claims, Tokens, Via
from plimsoll.access.storage import keys as stored_keys
from plimsoll.access.storage import revocations
from plimsoll.access.storage import sessions as stored_sessions
from plimsoll.kernel.clock import Clock
from plimsoll.kernel.errors import Unauthenticated
from plimsoll.kernel.identifiers import KeyId, SessionId
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.limits import Limit

TRUSTED_FOR_S: Final = 1.0
MAX_REMEMBERED: Final = 50_000


class BadKey(Unauthenticated):
    """An API key that is not ours, was mistyped, revoked, or has expired."""

    code = "bad-api-key"
    title = "The API key is not valid"


class BadSession(Unauthenticated):
    """A session cookie that is not ours, or whose session has ended."""

    code = "bad-session"
    title = "The session has ended"


@dataclass(frozen=True, slots=True)
class Grant:
    """A verified credential: who it is, from where it may come, and how often."""

    principal: Principal
    networks: tuple[Network, ...]
    limit: Limit
    limit_key: str


@dataclass(frozen=True, slots=True)
class Allowances:
    """The limits of signed-in callers."""

    user: Limit
    key: dict[Tier, Limit]


class Memory:
    """Grants by the exact bytes that were presented. Bounded: the oldest make room."""

    __slots__ = ("_by_subject", "_grants", "_max")

    def __init__(self, max_remembered: int = MAX_REMEMBERED) -> None:
        self._grants: dict[bytes, Grant] = {}
        self._by_subject: dict[UUID, set[bytes]] = {}
        self._max = max_remembered

    def __len__(self) -> int:
        return len(self._grants)

    def find(self, presented: bytes) -> Grant | None:
        return self._grants.get(presented)

    def put(self, presented: bytes, grant: Grant) -> None:
        self.drop(presented)
        if len(self._grants) >= self._max:
            self.drop(next(iter(self._grants)))
        self._grants[presented] = grant
        for subject in _subjects(grant):
            self._by_subject.setdefault(subject, set()).add(presented)

    def drop(self, presented: bytes) -> None:
        grant = self._grants.pop(presented, None)
        if grant is None:
            return
        for subject in _subjects(grant):
            held = self._by_subject[subject]
            held.discard(presented)
            if not held:
                del self._by_subject[subject]

    def drop_subject(self, subject: UUID) -> None:
        for presented in tuple(self._by_subject.get(subject, ())):
            self.drop(presented)


def _subjects(grant: Grant) -> tuple[UUID, UUID]:
    source = grant.principal.session_id or grant.principal.key_id
    assert source is not None
    return grant.principal.user_id, source


class Verifier:
    """Turns bearers and cookies into grants."""

    def __init__(
        self, database: Database, clock: Clock, tokens: Tokens, allowances: Allowances
    ) -> None:
        self._database = database
        self._clock = clock
        self._tokens = tokens
        self._allowances = allowances
        self._bearers = Memory()
        self._cookies = Memory()
        self._trusted_until = -math.inf
        self._forgotten = 0
        self._last_seen: int | None = None

    def recall_bearer(self, header: bytes) -> Grant | None:
        """The grant of an Authorization header that was verified before.

        No waiting, a few microseconds.
        """
        return self._recall(self._bearers, header)

    def recall_cookie(self, header: bytes) -> Grant | None:
        """The grant of a Cookie header that was verified before."""
        return self._recall(self._cookies, header)

    def _recall(self, memory: Memory, presented: bytes) -> Grant | None:
        grant = memory.find(presented)
        if grant is None or self._clock.monotonic() > self._trusted_until:
            return None
        if grant.principal.expires_at_s <= self._clock.now().timestamp():
            memory.drop(presented)
            return None
        return grant

    async def verify_bearer(self, header: bytes) -> Grant:
        """The grant behind `Authorization: Bearer <access token or API key>`."""
        scheme, _, credential = header.partition(b" ")
        if scheme.lower() != b"bearer" or not credential.isascii():
            raise BadToken("expected `Bearer` and an access token or API key")
        text, before = credential.strip().decode("ascii"), self._forgotten
        if text.startswith("plim_"):
            grant = await self.verify_key(text)
        else:
            grant = await self._verify_token(text)
        self._remember(self._bearers, header, grant, before)
        return grant

    async def verify_cookie(self, header: bytes, secret: str) -> Grant:
        """The grant behind the session cookie that stands in `header`."""
        before, now = self._forgotten, self._clock.now()
        async with self._database.read() as unit:
            session = await stored_sessions.find_live_by_cookie(unit, hash_secret(secret), now=now)
        if session is None:
            raise BadSession("sign in again")
        grant = self._of_session(session, session.expires_at.timestamp())
        self._remember(self._cookies, header, grant, before)
        return grant

    async def verify_key(self, text: str) -> Grant:
        """The grant of an API key, asked of the database."""
        presented = read_key(text)
        if presented is None:
            raise BadKey("not a key of this service, or mistyped")
        found = await self._find_key(presented.id, self._clock.now())
        if found is None or not hmac.compare_digest(found.secret_hash, presented.secret_hash):
            raise BadKey("unknown, revoked or expired")
        return self._of_key(found, _end_of(found))

    async def _verify_token(self, text: str) -> Grant:
        now = self._clock.now()
        claims = self._tokens.read(text, now_s=now.timestamp())
        grant = await self._find_source(claims, now)
        if grant is None or grant.principal.user_id != claims.user_id:
            raise BadToken("its session or API key has ended")
        return grant

    async def _find_source(self, claims: Claims, now: datetime) -> Grant | None:
        if claims.via is Via.KEY:
            key = await self._find_key(KeyId(claims.source), now)
            return self._of_key(key, min(claims.expires_at_s, _end_of(key))) if key else None
        async with self._database.read() as unit:
            session = await stored_sessions.find_live(unit, SessionId(claims.source), now=now)
        if session is None:
            return None
        return self._of_session(session, min(claims.expires_at_s, session.expires_at.timestamp()))

    async def _find_key(self, key_id: KeyId, now: datetime) -> stored_keys.LiveKey | None:
        async with self._database.read() as unit:
            return await stored_keys.find_live(unit, key_id, now=now)

    def _of_session(self, session: stored_sessions.LiveSession, expires_at_s: float) -> Grant:
        return Grant(
            Principal(
                user_id=session.user_id,
                role=session.role,
                tier=session.tier,
                scopes=scopes_of(session.role),
                session_id=session.id,
                key_id=None,
                expires_at_s=expires_at_s,
            ),
            networks=(),
            limit=self._allowances.user,
            limit_key=session.user_id.hex,
        )

    def _of_key(self, found: stored_keys.LiveKey, expires_at_s: float) -> Grant:
        return Grant(
            Principal(
                user_id=found.key.user_id,
                role=found.role,
                tier=found.tier,
                scopes=scopes_of_key(found.role, found.key.scopes),
                session_id=None,
                key_id=found.key.id,
                expires_at_s=expires_at_s,
            ),
            networks=found.key.networks,
            limit=self._allowances.key[found.tier],
            limit_key=found.key.id.hex,
        )

    def _remember(self, memory: Memory, presented: bytes, grant: Grant, before: int) -> None:
        if self._forgotten == before:
            memory.put(presented, grant)

    def forget(self, subject: UUID) -> None:
        """Verify the user, session or key anew from here on."""
        self._forgotten += 1
        self._bearers.drop_subject(subject)
        self._cookies.drop_subject(subject)

    async def catch_up(self) -> None:
        """Read what was revoked since the last time.

        From then on the memory is good for a second.
        """
        began = self._clock.monotonic()
        async with self._database.read() as unit:
            if self._last_seen is None:
                self._last_seen = await revocations.read_last(unit)
            for revocation in await revocations.list_after(unit, self._last_seen):
                self.forget(revocation.subject)
                self._last_seen = revocation.sequence
        self._trusted_until = began + TRUSTED_FOR_S


def _end_of(found: stored_keys.LiveKey) -> float:
    return found.key.expires_at.timestamp() if found.key.expires_at else math.inf
