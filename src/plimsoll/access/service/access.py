"""What access holds while the service runs: threads, keys, who was verified, and a watch.

`Access` is made once by `app.py` and carried to every use case; it makes no decision itself.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Final

import structlog

from plimsoll.access.domain import lockout, usage
from plimsoll.access.domain.principals import Tier
from plimsoll.access.domain.tolls import RouteClass, Toll
from plimsoll.access.service.hashing import Hashing
from plimsoll.access.service.heads import Heads
from plimsoll.access.service.signed_requests import SignedRequests
from plimsoll.access.service.signing import SigningKeys
from plimsoll.access.service.tokens import Tokens
from plimsoll.access.service.turns import Turns
from plimsoll.access.service.uses import KeyUses, SessionUses
from plimsoll.access.service.verification import Allowances, Verifier
from plimsoll.access.storage import keys, places, revocations, sessions, users
from plimsoll.kernel.clock import Clock
from plimsoll.kernel.errors import Unavailable
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.limits import Limit, Limiter
from plimsoll.plumbing.sealing import Sealer
from plimsoll.settings import Settings

log = structlog.get_logger(__name__)

WATCH_EVERY_S: Final = 0.5
KEEP_HOUSE_EVERY_S: Final = 3600.0
KEPT_AFTER_END: Final = timedelta(days=1)
SIGN_INS_KEPT: Final = timedelta(days=90)

USER_BURST: Final = 200
ORDER_BURST: Final = 50
ADDRESS_BURST: Final = 100
LOGIN_BURST: Final = 20
OF_TIER: Final = {Tier.BEGINNER: 1, Tier.INTERMEDIATE: 3, Tier.ADVANCED: 10}


class Access:
    """The living parts of this slice; at `app.state.access`."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        clock: Clock,
        limiter: Limiter,
        *,
        tolls: Mapping[str, Toll] | None = None,
    ) -> None:
        """`tolls`: what operations cost, by their name; the others cost 1."""
        self.settings = settings
        self.tolls = tolls or {}
        self.database = database
        self.clock = clock
        self.limiter = limiter
        self.hashing = Hashing(
            memory_kib=settings.argon2_memory_kib, iterations=settings.argon2_iterations
        )
        self.signing_keys = SigningKeys(settings.data_dir / "keys")
        self.heads = Heads.of(settings)
        self.sealer = Sealer(settings.data_dir / "keys")
        self.tokens = Tokens(self.signing_keys, lifetime_s=settings.access_token_minutes * 60)
        self.address_limit = _limit("address", settings.address_requests_per_minute, ADDRESS_BURST)
        self.login_limit = _limit("login", settings.login_attempts_per_minute, LOGIN_BURST)
        self.verifier = Verifier(
            database,
            clock,
            self.tokens,
            _allowances(settings),
            sealer=self.sealer,
            with_factor=settings.second_factor_roles,
        )
        self.signed_requests = SignedRequests(
            database, clock, self.verifier, window_ms=settings.signature_window_s * 1000
        )
        self.key_uses = KeyUses(database, clock)
        self.session_uses = SessionUses(database, clock)
        self.turns = Turns()
        self.refreshing: set[bytes] = set()
        """Hashes of refresh tokens that are being rotated by this process right now."""
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Start watching for revocations; returns when the first look has succeeded."""
        await self.verifier.catch_up()
        self._tasks = [
            asyncio.create_task(_forever(self._watch, WATCH_EVERY_S), name="access-watch"),
            asyncio.create_task(
                _forever(self._keep_house, KEEP_HOUSE_EVERY_S), name="access-house"
            ),
        ]

    async def close(self) -> None:
        """Stop the watch, write down the last uses of keys, and end the hashing threads."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._tasks = []
        with contextlib.suppress(Unavailable):
            await self.key_uses.write_down(everything=True)
            await self.session_uses.write_down(everything=True)
        self.hashing.close()

    async def _watch(self) -> None:
        await self.verifier.catch_up()
        await self.key_uses.write_down()
        await self.session_uses.write_down()
        await self.signed_requests.keep_house()

    async def _keep_house(self) -> None:
        """Remove what can no longer matter.

        Ended sessions, old failures, revocations everyone has heard. And note the head of the audit
        log down.
        """
        now = self.clock.now()
        async with self.database.write() as unit:
            await sessions.delete_expired_before(unit, now - KEPT_AFTER_END)
            await keys.forget_uses_before(unit, now - usage.KEPT)
            await places.forget_before(unit, now - SIGN_INS_KEPT)
            await users.forget_failures_before(unit, now - lockout.FORGOTTEN_AFTER)
            await revocations.delete_before(unit, now - KEPT_AFTER_END)
        await self.heads.note(self.database, self.clock)


async def _forever(work: Callable[[], Awaitable[None]], every_s: float) -> None:
    while True:
        try:
            await work()
        except Unavailable as error:
            log.warning("access_database_away", code=error.code)
        except Exception:
            log.exception("access_task_failed")
        await asyncio.sleep(every_s)


def _allowances(settings: Settings) -> dict[RouteClass, Allowances]:
    """A key has exactly what is promised for a minute, at once if it likes. A person has that much
    over time, and a burst.
    """
    key, orders = settings.api_key_requests_per_minute, settings.api_key_orders_per_minute
    return {
        RouteClass.REQUESTS: Allowances(
            user=_limit("user", settings.user_requests_per_minute, USER_BURST),
            key={tier: Limit("api-key", key * times) for tier, times in OF_TIER.items()},
        ),
        RouteClass.ORDERS: Allowances(
            user=_limit("user-orders", settings.user_orders_per_minute, USER_BURST),
            key={
                tier: _limit("api-key-orders", orders * times, ORDER_BURST)
                for tier, times in OF_TIER.items()
            },
        ),
    }


def _limit(name: str, per_minute: int, burst: int) -> Limit:
    return Limit(name, per_minute=per_minute, burst=max(burst, per_minute // 10))
