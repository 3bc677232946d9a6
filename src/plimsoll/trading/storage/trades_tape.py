"""What happened in a market, for everybody: its trades and its funding stamps, newest first.

Prices in ticks, quantities in steps, rates in hundred-millionths.
"""

from typing import Final, NamedTuple

from plimsoll.plumbing.database import ReadUnit

NEWEST: Final = 2**63 - 1


class TapeRow(NamedTuple):
    """A trade in the book; `side` is the taker's, 1 or −1."""

    id: int
    side: int
    at_ms: int
    price: int
    quantity: int
    cause: str


class StampRow(NamedTuple):
    stamp_ms: int
    rate: int
    mark: int


TRADES: Final = """
    select id, side, at_ms, price, quantity, cause from fills
    where symbol = $1 and not maker and cause in ('order', 'liquidation') and id < $2
    order by id desc limit $3
"""
"""What the fund took over and what was deleveraged met nobody in the book: it is no trade."""
STAMPS: Final = """
    select stamp_ms, rate, mark from funding_stamps
    where symbol = $1 and stamp_ms < $2
    order by stamp_ms desc limit $3
"""


async def list_trades(
    unit: ReadUnit, symbol: str, *, before: int = NEWEST, limit: int
) -> list[TapeRow]:
    """Trades with ids below `before`."""
    return [TapeRow(*row) for row in await unit.fetch(TRADES, symbol, before, limit)]


async def list_stamps(
    unit: ReadUnit, symbol: str, *, before_ms: int = NEWEST, limit: int
) -> list[StampRow]:
    return [StampRow(*row) for row in await unit.fetch(STAMPS, symbol, before_ms, limit)]
