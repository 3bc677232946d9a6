"""JSON shapes of what anybody may see of a market at work: book, trades, funding, price."""

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from plimsoll.kernel.clock import from_ms
from plimsoll.kernel.money import format_amount
from plimsoll.plumbing.shapes import Body, Figure, Moment, PositiveAmount, View
from plimsoll.plumbing.tables import Columns
from plimsoll.trading.domain.events import FillCause
from plimsoll.trading.domain.instruments import Instrument, InstrumentKind
from plimsoll.trading.domain.orders import Side
from plimsoll.trading.domain.units import money_of, price_of, quantity_of
from plimsoll.trading.schemas.instruments import Symbol, rate_of, shown_price, stamp_of
from plimsoll.trading.service.marketplace import BookLevel, BookLook, MarketLook, Moved
from plimsoll.trading.storage.trades_tape import StampRow, TapeRow


class LevelView(View):
    price: Figure
    quantity: Figure
    orders: int = Field(ge=1, description="How many wait at this price")


class BookView(View):
    """The best levels of each side, the best first, as they are after command `seq`."""

    symbol: str
    bids: list[LevelView]
    asks: list[LevelView]
    seq: int
    at: Moment
    paper: Literal[True] = True
    simulated: bool

    @classmethod
    def of(cls, look: BookLook, *, simulated: bool) -> "BookView":
        return cls(
            symbol=look.instrument.symbol,
            bids=_levels(look.instrument, look.bids),
            asks=_levels(look.instrument, look.asks),
            seq=look.seq,
            at=from_ms(look.at_ms),
            simulated=simulated,
        )


def _levels(instrument: Instrument, levels: Sequence[BookLevel]) -> list[LevelView]:
    return [
        LevelView(
            price=price_of(instrument, each.price),
            quantity=quantity_of(instrument, each.quantity),
            orders=each.orders,
        )
        for each in levels
    ]


class TapeView(View):
    """A trade between two orders; `side` is that of the one that took."""

    id: str
    price: Figure
    quantity: Figure
    side: Literal["buy", "sell"]
    liquidation: bool
    at: Moment

    @classmethod
    def of(cls, row: TapeRow, instrument: Instrument) -> "TapeView":
        return cls(
            id=str(row.id),
            price=price_of(instrument, row.price),
            quantity=quantity_of(instrument, row.quantity),
            side=_side(row),
            liquidation=row.cause == FillCause.LIQUIDATION,
            at=from_ms(row.at_ms),
        )


def _side(row: TapeRow) -> Literal["buy", "sell"]:
    return "buy" if row.side == Side.BUY else "sell"


def tape_columns(rows: Sequence[TapeRow], instrument: Instrument) -> Columns:
    """The same as a table; price and quantity are text and exact."""
    return {
        "id": np.array([each.id for each in rows], np.int64),
        "price": [format_amount(price_of(instrument, each.price)) for each in rows],
        "quantity": [format_amount(quantity_of(instrument, each.quantity)) for each in rows],
        "side": [_side(each) for each in rows],
        "liquidation": np.array([each.cause == FillCause.LIQUIDATION for each in rows], np.int64),
        "at_ms": np.array([each.at_ms for each in rows], np.int64),
    }


class StampView(View):
    """What was paid at a stamp: position × mark × rate; long positions pay when it is above 0."""

    symbol: str
    at: Moment
    rate: Figure
    mark: Figure

    @classmethod
    def of(cls, row: StampRow, instrument: Instrument) -> "StampView":
        return cls(
            symbol=instrument.symbol,
            at=from_ms(row.stamp_ms),
            rate=rate_of(row.rate),
            mark=price_of(instrument, row.mark),
        )


def stamp_columns(rows: Sequence[StampRow], instrument: Instrument) -> Columns:
    return {
        "symbol": [instrument.symbol for _ in rows],
        "at_ms": np.array([each.stamp_ms for each in rows], np.int64),
        "rate": np.array([rate_of(each.rate) for each in rows], np.float64),
        "mark": [format_amount(price_of(instrument, each.mark)) for each in rows],
    }


class MarketPriceView(View):
    """The prices of a market. Margin is counted by the mark; the index is the price of the world,
    and `basis` how far the mark lies above it. Funding is of perpetuals only.
    """

    symbol: str
    mark: Figure
    index: Figure | None
    last: Figure | None
    basis: Figure | None
    funding_rate: Figure | None
    next_funding_at: Moment | None
    index_age_ms: int | None
    index_stale: bool = Field(description="The price of the world is old: the mark stands still")
    paper: Literal[True] = True
    simulated: bool = Field(description="The price of the world is invented")

    @classmethod
    def of(cls, look: MarketLook) -> "MarketPriceView":
        moment, instrument = look.moment, look.moment.instrument
        mark, index = price_of(instrument, moment.mark), shown_price(instrument, look.index.price)
        perpetual = instrument.kind is InstrumentKind.PERPETUAL
        return cls(
            symbol=instrument.symbol,
            mark=mark,
            index=index,
            last=shown_price(instrument, moment.last),
            basis=mark - index if index is not None else None,
            funding_rate=rate_of(moment.rate) if perpetual else None,
            next_funding_at=stamp_of(moment),
            index_age_ms=look.index.age_ms,
            index_stale=look.index.stale,
            simulated=look.simulated,
        )


class TickBody(Body):
    """Where a simulated market goes now, and for how long it stays there."""

    symbol: Symbol
    price: PositiveAmount
    hold_s: Annotated[int, Field(strict=True, ge=0, le=86_400)] = 60
    reason: Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$")] = ""


class LiquidatedView(View):
    """`margin` was less than `maintenance`; without a symbol all cross positions of the person."""

    user_id: str | None
    symbol: str | None
    margin: Figure
    maintenance: Figure


class TickView(View):
    """What followed from a new price, all of it durable."""

    symbol: str
    mark: Figure
    index: Figure | None
    seq: int
    fills: int
    liquidations: list[LiquidatedView]
    taken_over: int = Field(description="Positions that the insurance fund took")
    deleveraged: int = Field(description="Positions closed because it could not")
    insurance_change: Figure
    paper: Literal[True] = True
    simulated: bool

    @classmethod
    def of(cls, moved: Moved, users: dict[int, str | None]) -> "TickView":
        moment = moved.look.moment
        return cls(
            symbol=moment.instrument.symbol,
            mark=price_of(moment.instrument, moment.mark),
            index=shown_price(moment.instrument, moved.look.index.price),
            seq=moved.seq,
            fills=moved.fills,
            liquidations=[
                LiquidatedView(
                    user_id=users.get(each.account),
                    symbol=each.symbol or None,
                    margin=money_of(each.margin),
                    maintenance=money_of(each.maintenance),
                )
                for each in moved.liquidated
            ],
            taken_over=moved.taken_over,
            deleveraged=moved.deleveraged,
            insurance_change=money_of(moved.insurance),
            simulated=moved.look.simulated,
        )
