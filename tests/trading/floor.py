"""The trading floor of a running application, with the prices and quotes that a test wants."""

import asyncio
import time
from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from fastapi import FastAPI

from plimsoll.access.domain.principals import Principal, Role, Tier, scopes_of
from plimsoll.kernel.identifiers import SessionId, UserId
from plimsoll.trading.domain.commands import Deposit, Quote, SetIndex, SetLimits
from plimsoll.trading.domain.digest import state_digest
from plimsoll.trading.domain.instruments import MONEY
from plimsoll.trading.domain.units import to_steps, to_ticks
from plimsoll.trading.domain.venue import Venue
from plimsoll.trading.engine.applied import Draft
from plimsoll.trading.engine.genesis import HOUSE
from plimsoll.trading.service.exchange import Exchange
from tests.conftest import Person

BTC = "BTC-PERP"
SPOT = "BTC-USDT"
Levels = Sequence[tuple[str, str]]


def principal(person: Person, tier: Tier = Tier.BEGINNER) -> Principal:
    return Principal(
        UserId(UUID(person.id)),
        Role.USER,
        tier,
        scopes_of(Role.USER),
        SessionId(UUID(int=1)),
        None,
        float("inf"),
    )


FUNDING_EVERY_S = 8 * 3_600
LONGEST_TEST_S = 5


class Floor:
    """Prices and quantities as people write them. Nothing else feeds the markets."""

    def __init__(self, app: FastAPI) -> None:
        exchange: Exchange = app.state.exchange
        exchange.feeding = None
        for task in asyncio.all_tasks():
            if task.get_name() == "feeding":
                task.cancel()
        self.exchange = exchange

    async def do(self, draft: Draft) -> None:
        await self.exchange.engine.submit(draft)

    async def open(self, price: str = "60000", *, symbol: str = BTC, size: str = "1") -> None:
        """A mark, and three levels of the house on each side of it, 0.01 % apart; and no funding is
        paid for a while.
        """
        left_s = FUNDING_EVERY_S - time.time() % FUNDING_EVERY_S
        if left_s < LONGEST_TEST_S:
            await asyncio.sleep(left_s)
        await self.index(price, symbol)
        tick = self.exchange.get_instrument(symbol).tick
        center, gap = Decimal(price), (Decimal(price) / 10_000 // tick) * tick
        await self.quote(
            [(str(center - gap * at), size) for at in (1, 2, 3)],
            [(str(center + gap * at), size) for at in (1, 2, 3)],
            symbol,
        )

    async def index(self, price: str, symbol: str = BTC) -> None:
        ticks = to_ticks(self.exchange.get_instrument(symbol), Decimal(price))
        await self.do(lambda seq, at_ms: SetIndex(seq, at_ms, symbol, ticks))

    async def quote(self, bids: Levels, asks: Levels, symbol: str = BTC) -> None:
        below, above = self._levels(symbol, bids), self._levels(symbol, asks)
        await self.do(lambda seq, at_ms: Quote(seq, at_ms, HOUSE, symbol, below, above))

    def _levels(self, symbol: str, levels: Levels) -> tuple[tuple[int, int], ...]:
        instrument = self.exchange.get_instrument(symbol)
        return tuple(
            (to_ticks(instrument, Decimal(price)), to_steps(instrument, Decimal(quantity)))
            for price, quantity in levels
        )

    async def fund(
        self, person: Person, amount: int = 10_000, *, asset: str = "tether", spot: bool = False
    ) -> int:
        """Paper money; the number of the person's account."""
        account = await self.exchange.account_of(principal(person))
        await self.do(
            lambda seq, at_ms: Deposit(seq, at_ms, account, asset, amount * MONEY, spot=spot)
        )
        return account

    async def limit_rate(self, orders_per_second: int) -> None:
        await self.do(lambda seq, at_ms: SetLimits(seq, at_ms, 0, 0, orders_per_second))

    async def digest(self) -> str:
        """Of everything but the number and time of the last command, which refusals have too."""

        def look(venue: Venue) -> str:
            seq, at_ms = venue.seq, venue.at_ms
            venue.seq = venue.at_ms = 0
            try:
                return state_digest(venue)
            finally:
                venue.seq, venue.at_ms = seq, at_ms

        return await self.exchange.read(look)
