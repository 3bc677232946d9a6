"""The paper exchange as other parts use it: its writer, whose account is whose, what is listed."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Final, TypeVar
from uuid import UUID

from fastapi import Depends
from starlette.requests import HTTPConnection

from plimsoll.access.domain.principals import Principal, Tier
from plimsoll.kernel.clock import Clock
from plimsoll.plumbing.database import Database
from plimsoll.settings import Settings
from plimsoll.trading.domain.commands import ListInstrument, OpenAccount, SetTier
from plimsoll.trading.domain.instruments import MONEY, Instrument
from plimsoll.trading.domain.refusals import UnknownSymbol
from plimsoll.trading.domain.venue import Venue
from plimsoll.trading.engine.applied import Applied
from plimsoll.trading.engine.genesis import first_commands
from plimsoll.trading.engine.states import EngineAway, EngineState
from plimsoll.trading.engine.writer import Engine
from plimsoll.trading.storage import accounts

if TYPE_CHECKING:
    from plimsoll.trading.service.feeding import Feeding

T = TypeVar("T")

FEE_TIERS: Final = {tier: number for number, tier in enumerate(Tier)}
"""Which of an instrument's fees a person has."""

_NOTICED: Final = (ListInstrument, OpenAccount, SetTier)


class Exchange:
    """`engine.submit` does something, `read` looks at what is durable."""

    feeding: "Feeding | None" = None
    """What keeps its markets at the prices of the world; set when it is there."""

    def __init__(self, settings: Settings, database: Database, clock: Clock) -> None:
        self.settings = settings
        self.database = database
        self.clock = clock
        self.engine = Engine(database, clock, snapshot_every=settings.engine_snapshot_every)
        self.engine.listeners.append(self._notice)
        self.engine.on_restored.append(self._begin_anew)
        self._instruments: dict[str, Instrument] = {}
        self._loading: asyncio.Task[None] | None = None
        self._accounts: dict[UUID, int] = {}
        self._terms: dict[int, tuple[int, int]] = {}
        """Leverage cap and fee tier of accounts that were asked for, as the machine has them."""
        self._opening = asyncio.Lock()
        self.keys_in_flight: set[bytes] = set()
        """Digests of the Idempotency-Keys of requests under way, for once.py."""
        self.depositing = asyncio.Lock()
        """Held from the look at what somebody has until more is there, for paying.py."""
        self.leverage_caps = {
            Tier.BEGINNER: settings.leverage_beginner,
            Tier.INTERMEDIATE: settings.leverage_intermediate,
            Tier.ADVANCED: settings.leverage_advanced,
        }

    async def open(self) -> None:
        """Run the exchange, or stand by when another process does."""
        settings = self.settings
        await self.engine.open(
            list(
                first_commands(
                    account_notional=settings.exposure_limit_account * MONEY,
                    venue_notional=settings.exposure_limit_venue * MONEY,
                    orders_per_second=settings.orders_per_second,
                )
            )
        )
        if self.engine.state is EngineState.RUNNING:
            await self._load_instruments()

    async def close(self) -> None:
        await self.engine.close()

    @property
    def stands_by(self) -> bool:
        """Another process runs it."""
        return self.engine.state is EngineState.STANDBY

    # what is listed

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """By symbol, as they were listed."""
        return MappingProxyType(self._instruments)

    def get_instrument(self, symbol: str) -> Instrument:
        """Raises UnknownSymbol."""
        instrument = self._instruments.get(symbol)
        if instrument is None:
            raise UnknownSymbol(
                f"nothing is traded as {symbol[:40]!r}", facts={"symbol": symbol[:40]}
            )
        return instrument

    async def read(self, look: Callable[[Venue], T]) -> T:
        return await self.engine.read(look)

    # who has an account

    def terms_of(self, tier: Tier) -> tuple[int, int]:
        """What a person's tier means here: the highest leverage, and the fee tier."""
        return self.leverage_caps[tier], FEE_TIERS[tier]

    async def find_account(self, user_id: UUID) -> int | None:
        """The number of somebody's trading account; None when they never had one."""
        known = self._accounts.get(user_id)
        if known is None:
            async with self.database.read() as unit:
                known = await accounts.find(unit, user_id)
            if known is not None:
                self._accounts[user_id] = known
        return known

    async def account_of(self, principal: Principal) -> int:
        """The number of the caller's trading account, opened on first use, with the leverage that
        the caller's tier allows now.
        """
        known = self._accounts.get(principal.user_id)
        if known is None:
            known = await self._open_account(principal)
        if self._terms.get(known) != self.terms_of(principal.tier):
            await self._fit_tier(known, principal)
        return known

    async def _open_account(self, principal: Principal) -> int:
        async with self._opening:
            known = await self.find_account(principal.user_id)
            if known is not None:
                return known
            number = await self.read(_next_account)
            cap, fee_tier = self.terms_of(principal.tier)

            def draft(seq: int, at_ms: int) -> OpenAccount:
                return OpenAccount(seq, at_ms, number, leverage_cap=cap, fee_tier=fee_tier)

            await self.engine.submit(draft, actor=principal.user_id)
            self._accounts[principal.user_id] = number
            return number

    async def _fit_tier(self, account: int, principal: Principal) -> None:
        """Tell the machine of a tier that has changed, or only look what it knows."""
        wanted = self.terms_of(principal.tier)
        if await self.read(partial(_terms_of, account)) == wanted:
            self._terms[account] = wanted
            return
        cap, fee_tier = wanted

        def draft(seq: int, at_ms: int) -> SetTier:
            return SetTier(seq, at_ms, account, leverage_cap=cap, fee_tier=fee_tier)

        await self.engine.submit(draft, actor=principal.user_id)

    # keeping what is remembered true

    def _notice(self, batch: Sequence[Applied]) -> None:
        for applied in batch:
            command = applied.command
            if not isinstance(command, _NOTICED) or applied.refusal is not None:
                continue
            if isinstance(command, ListInstrument):
                self._instruments[command.instrument.symbol] = command.instrument
            else:
                self._terms[command.account] = command.leverage_cap, command.fee_tier

    def _begin_anew(self) -> None:
        """Another process may have written since."""
        self._accounts.clear()
        self._terms.clear()
        self._loading = asyncio.create_task(self._load_again())

    async def _load_again(self) -> None:
        with suppress(EngineAway):  # then it will be restored again, or closes
            await self._load_instruments()

    async def _load_instruments(self) -> None:
        self._instruments.update(await self.read(_instruments))


def _instruments(venue: Venue) -> dict[str, Instrument]:
    return {symbol: market.instrument for symbol, market in venue.markets.items()}


def _terms_of(account: int, venue: Venue) -> tuple[int, int]:
    found = venue.accounts[account]
    return found.leverage_cap, found.fee_tier


def _next_account(venue: Venue) -> int:
    return max(venue.accounts) + 1


async def exchange_of(connection: HTTPConnection) -> Exchange:
    exchange = connection.app.state.exchange
    assert isinstance(exchange, Exchange)
    return exchange


ExchangeDep = Annotated[Exchange, Depends(exchange_of)]
"""The exchange of this process, for a handler."""
