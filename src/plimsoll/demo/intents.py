"""What the person of a demo wants on the paper exchange, and how it becomes an order.

An order is told by what it is worth, so that it fits whatever the invented market came to.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from plimsoll.access.domain.principals import Principal
from plimsoll.trading.domain.instruments import Instrument
from plimsoll.trading.domain.orders import OrderType, Side
from plimsoll.trading.domain.refusals import NothingToReduce
from plimsoll.trading.service import ordering
from plimsoll.trading.service.exchange import Exchange
from plimsoll.trading.service.feeding import facts_of, nearest_ticks
from plimsoll.trading.service.tickets import Attachment, Ticket


@dataclass(frozen=True, slots=True)
class Intent:
    """An order by what it is worth: `money` in usdt, prices as shares of the market's price."""

    symbol: str
    side: Side
    money: int
    price: str | None = None
    stop: str | None = None
    profit: str | None = None
    reduce_only: bool = False


async def act(exchange: Exchange, who: Principal, intents: Sequence[Intent]) -> None:
    """Place them at the market as it is."""
    for each in intents:
        if exchange.feeding is not None:
            await exchange.feeding.ready(each.symbol)
        with suppress(NothingToReduce):  # stopped out before: that, too, is a story
            await ordering.place(exchange, who, await ticket_of(exchange, each))


async def ticket_of(exchange: Exchange, intent: Intent) -> Ticket:
    """At the index as the machine has it."""
    instrument = exchange.get_instrument(intent.symbol)
    facts = await exchange.read(partial(facts_of, symbol=intent.symbol))
    price, step = facts.index_price * instrument.tick, instrument.step
    limit, stop, profit = (
        _share(instrument, price, share) for share in (intent.price, intent.stop, intent.profit)
    )
    return Ticket(
        symbol=intent.symbol,
        side=intent.side,
        type=OrderType.MARKET if limit is None else OrderType.LIMIT,
        quantity=max(step, intent.money / price // step * step),
        price=limit,
        reduce_only=intent.reduce_only,
        take_profit=Attachment(profit) if profit is not None else None,
        stop_loss=Attachment(stop) if stop is not None else None,
    )


def _share(instrument: Instrument, price: Decimal, share: str | None) -> Decimal | None:
    """So much of a price, on the grid."""
    if share is None:
        return None
    return nearest_ticks(instrument, price * Decimal(share)) * instrument.tick
