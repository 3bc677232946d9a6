"""Twelve days of the demo's person on the paper exchange, lived through before it opens.

The exchange is the real one: it is given a clock that stands in the past, and told hour by hour
what the invented market did, as it is told of live prices afterwards. So its fills, its funding and
its liquidation are those of the machine, and its journal can be verified like any other.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from plimsoll.access.domain.principals import Principal
from plimsoll.demo.incidents import Incidents, find_bets
from plimsoll.demo.intents import Intent, act
from plimsoll.demo.story import USDT, Market
from plimsoll.demo.story_clock import StoryClock
from plimsoll.kernel.clock import Clock
from plimsoll.markets.service.prices import Prices
from plimsoll.plumbing.database import Database
from plimsoll.settings import Settings
from plimsoll.trading.domain.accounts import MarginMode
from plimsoll.trading.domain.commands import PassTime, Quote, SetIndex
from plimsoll.trading.domain.instruments import MONEY
from plimsoll.trading.domain.orders import Side
from plimsoll.trading.service import paying, positioning
from plimsoll.trading.service.exchange import Exchange
from plimsoll.trading.service.feeding import facts_of, nearest_ticks
from plimsoll.trading.service.house import quotes_around
from plimsoll.trading.service.paying import Wallet

DAYS: Final = 12
FOLLOWED: Final = ("BTC-PERP", "ETH-PERP", "SOL-PERP", "DOGE-PERP", "BTC-USDT")
HOUSE: Final = 1
"""The account of the maker."""


BUY, SELL = Side.BUY, Side.SELL
INTENTS: Final[Mapping[int, Sequence[Intent]]] = {
    4: (Intent("BTC-PERP", BUY, 14_000),),
    9: (Intent("BTC-USDT", BUY, 2_500),),
    22: (Intent("ETH-PERP", SELL, 9_000, stop="1.09"),),
    40: (Intent("SOL-PERP", BUY, 5_000), Intent("DOGE-PERP", BUY, 4_000)),
    71: (Intent("BTC-PERP", SELL, 6_000, reduce_only=True),),
    96: (Intent("BTC-PERP", BUY, 5_000, price="0.985"),),
    130: (Intent("ETH-PERP", BUY, 4_500, reduce_only=True),),
    158: (Intent("SOL-PERP", BUY, 2_500),),
    190: (Intent("BTC-USDT", SELL, 900),),
    215: (Intent("SOL-PERP", SELL, 3_000, reduce_only=True),),
    262: (Intent("BTC-PERP", BUY, 3_000, stop="0.93", profit="1.08"),),
    281: (
        Intent("BTC-PERP", BUY, 6_000, price="0.962"),
        Intent("ETH-PERP", SELL, 5_000, price="1.048"),
        Intent("BTC-USDT", BUY, 1_500, price="0.955"),
    ),
}
"""What is ordered, by hours since the first."""
AGAIN: Final = (
    Intent("BTC-PERP", BUY, 9_000, stop="0.93", profit="1.08"),
    Intent("SOL-PERP", BUY, 4_000),
    Intent("BTC-USDT", BUY, 1_500),
    *INTENTS[281],
)
"""What is ordered when the story is told once more: an exchange cannot go back in time."""


async def live_through(
    settings: Settings,
    database: Database,
    clock: Clock,
    *,
    market: Market,
    prices: Prices,
    who: Principal,
    until: datetime,
) -> None:
    """All twelve days, until the story ends. For an exchange that was never opened."""
    end = until
    hours = [end - timedelta(hours=each) for each in range(DAYS * 24, -1, -1)]
    story_clock = StoryClock(clock, hours[0])
    exchange = Exchange(settings, database, story_clock)
    await exchange.open()
    try:
        incidents = Incidents(exchange, story_clock, who, find_bets(market, hours))
        for hour, at in enumerate(hours):
            story_clock.at = at
            await _tell(exchange, market, at, (*FOLLOWED, *incidents.symbols(hour)))
            if hour == 0:
                await _pay_in(exchange, prices, who)
            await act(exchange, who, INTENTS.get(hour, ()))
            await incidents.happen(hour)
            await incidents.oversee(hour)
    finally:
        await exchange.close()


async def _tell(exchange: Exchange, market: Market, at: datetime, symbols: Sequence[str]) -> None:
    """Quotes and indexes of one hour, as the feeding of a live exchange gives them."""
    drafts: list[Callable[[int, int], Quote | SetIndex | PassTime]] = []
    dollar = market.at(USDT, at)
    for symbol in symbols:
        instrument = exchange.get_instrument(symbol)
        index = nearest_ticks(instrument, market.at(instrument.base, at) / dollar)
        facts = await exchange.read(partial(facts_of, symbol=symbol))
        made = quotes_around(
            exchange.settings,
            instrument,
            index,
            inventory=facts.inventory,
            seq=exchange.engine.seq,
        )
        both: list[Callable[[int, int], Quote | SetIndex | PassTime]] = [
            partial(_quote, symbol, made.bids, made.asks, index),
            partial(_set_index, symbol, index),
        ]
        drafts += both if facts.mark else both[::-1]
    await exchange.engine.submit_all([*drafts, PassTime])


Levels = tuple[tuple[int, int], ...]


def _quote(symbol: str, bids: Levels, asks: Levels, index: int, seq: int, at_ms: int) -> Quote:
    return Quote(seq, at_ms, HOUSE, symbol, bids, asks, index)


def _set_index(symbol: str, index: int, seq: int, at_ms: int) -> SetIndex:
    return SetIndex(seq, at_ms, symbol, index)


async def _pay_in(exchange: Exchange, prices: Prices, who: Principal) -> None:
    """Money in both purses; leverage; one market where every position stands alone."""
    for wallet, amount in ((Wallet.MARGIN, 20_000), (Wallet.SPOT, 5_000)):
        await paying.deposit(
            exchange, prices, who, None, asset=USDT, wallet=wallet, amount=amount * MONEY
        )
    await positioning.set_margin_mode(exchange, who, "DOGE-PERP", MarginMode.ISOLATED)
    for symbol, leverage in (("BTC-PERP", 5), ("ETH-PERP", 5), ("SOL-PERP", 5), ("DOGE-PERP", 20)):
        await positioning.set_leverage(exchange, who, symbol, leverage)


async def begin_again(exchange: Exchange, prices: Prices, who: Principal) -> None:
    """What is open at the end of those days, at the live market as it is now."""
    await _pay_in(exchange, prices, who)
    await act(exchange, who, AGAIN)
