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
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog

from plimsoll.access.domain.keys import Network, read_key
from plimsoll.access.domain.principals import Principal, Role, Tier, scopes_of, scopes_of_key
from plimsoll.access.domain.secrets import hash_secret
from plimsoll.access.domain.tolls import RouteClass
from plimsoll.access.service.tokens import BadToken, Claims, Tokens, Via
from plimsoll.access.storage import keys as stored_keys
from plimsoll.access.storage import revocations
from plimsoll.access.storage import sessions as stored_sessions
from plimsoll.kernel.clock import Clock
from plimsoll.kernel.errors import Unauthenticated
from plimsoll.kernel.identifiers import KeyId, SessionId
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.limits import Charge, Limit
from plimsoll.plumbing.sealing import SealBroken, Sealer

log = structlog.get_logger(__name__)

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
    """A verified credential: who it is, from where it may come, and what it spends from."""

    principal: Principal
    networks: tuple[Network, ...]
    charges: Mapping[RouteClass, tuple[Charge, ...]]
    """For each class of routes, at a cost of 1."""
    signing_secret: bytes | None = field(default=None, repr=False)
    """Of a key that signs its requests: such a grant opens nothing by itself."""


@dataclass(frozen=True, slots=True)
class Allowances:
    """The limits of signed-in callers, for one class of routes: of a person over all, and of each
    of their keys.
    """

    user: Limit
    key: Mapping[Tier, Limit]


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
    """Turns bearers, cookies and ids of signing keys into grants."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        tokens: Tokens,
        allowances: Mapping[RouteClass, Allowances],
        *,
        sealer: Sealer,
        with_factor: Collection[str] = (),
    ) -> None:
        """`with_factor`: roles that have no scope without a second factor."""
        self._database = database
        self._clock = clock
        self._tokens = tokens
        self._allowances = allowances
        self._sealer = sealer
        self._with_factor = frozenset(with_factor)
        self._bearers = Memory()
        self._cookies = Memory()
        self._signers = Memory()
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

    def recall_signer(self, key_id: KeyId) -> Grant | None:
        """The grant of a signing key that was looked up before."""
        return self._recall(self._signers, key_id.bytes)

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
        stored = found.secret_hash if found else None
        if (
            found is None
            or stored is None
            or not hmac.compare_digest(stored, presented.secret_hash)
        ):
            raise BadKey("unknown, revoked or expired")
        return self._of_key(found, _end_of(found))

    async def verify_signer(self, key_id: KeyId) -> Grant:
        """The grant of a key that signs, with its secret; asked of the database.

        It proves nothing: the caller has shown no more than the id.
        """
        before = self._forgotten
        found = await self._find_key(key_id, self._clock.now())
        if found is None or found.sealed_secret is None:
            raise BadKey("unknown, revoked or expired, or not a key that signs")
        try:
            secret = self._sealer.open(found.sealed_secret, of=f"key:{key_id}")
        except SealBroken:
            log.exception("signing_secret_not_opened", key=str(key_id))
            raise BadKey("its secret cannot be opened here; make another key") from None
        grant = replace(self._of_key(found, _end_of(found)), signing_secret=secret)
        self._remember(self._signers, key_id.bytes, grant, before)
        return grant

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

    def _must_enrol(self, role: Role, *, has_factor: bool) -> bool:
        return role in self._with_factor and not has_factor

    def _of_session(self, session: stored_sessions.LiveSession, expires_at_s: float) -> Grant:
        must_enrol = self._must_enrol(session.role, has_factor=session.has_factor)
        return Grant(
            Principal(
                user_id=session.user_id,
                role=session.role,
                tier=session.tier,
                scopes=frozenset() if must_enrol else scopes_of(session.role),
                session_id=session.id,
                key_id=None,
                expires_at_s=expires_at_s,
                must_enrol=must_enrol,
            ),
            networks=(),
            charges={
                name: (Charge(session.user_id.hex, of_class.user),)
                for name, of_class in self._allowances.items()
            },
        )

    def _of_key(self, found: stored_keys.LiveKey, expires_at_s: float) -> Grant:
        must_enrol = self._must_enrol(found.role, has_factor=found.has_factor)
        scopes = scopes_of_key(found.role, found.key.scopes)
        payer = found.key.user_id.hex
        return Grant(
            Principal(
                user_id=found.key.user_id,
                role=found.role,
                tier=found.tier,
                scopes=frozenset() if must_enrol else scopes,
                session_id=None,
                key_id=found.key.id,
                expires_at_s=expires_at_s,
                must_enrol=must_enrol,
            ),
            networks=found.key.networks,
            charges={
                name: (
                    Charge(payer, of_class.key[found.tier], account=found.key.id.hex),
                    Charge(payer, of_class.user),
                )
                for name, of_class in self._allowances.items()
            },
        )

    def _remember(self, memory: Memory, presented: bytes, grant: Grant, before: int) -> None:
        if self._forgotten == before:
            memory.put(presented, grant)

    def forget(self, subject: UUID) -> None:
        """Verify the user, session or key anew from here on."""
        self._forgotten += 1
        self._bearers.drop_subject(subject)
        self._cookies.drop_subject(subject)
        self._signers.drop_subject(subject)

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
