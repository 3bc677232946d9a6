"""JSON shapes of recorded trades, paper fills among them, and of the margin what-if."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field

from plimsoll.kernel.clock import to_ms
from plimsoll.kernel.money import format_amount, rounded
from plimsoll.plumbing.shapes import (
    Amount,
    Body,
    Figure,
    Moment,
    PositiveAmount,
    Text,
    View,
)
from plimsoll.plumbing.tables import Columns
from plimsoll.trading.domain.instruments import Bracket, Instrument
from plimsoll.trading.domain.orders import Side
from plimsoll.trading.domain.simple_margin import SimpleMargin
from plimsoll.trading.domain.trades import (
    HIGHEST_LEVERAGE,
    SYMBOL,
    Direction,
    Trade,
    TradeKind,
    WhatIf,
    find_perpetual,
    in_coins,
    rate_of,
)

TradeSymbol = Annotated[
    str, Field(pattern=SYMBOL, examples=["BTC-PERP", "BTCUSDT"]), AfterValidator(str.upper)
]
TradeLeverage = Annotated[int, Field(strict=True, ge=1, le=HIGHEST_LEVERAGE)]


class TradeBody(Body):
    """A derivative trade made anywhere. `price` is per unit of `size`."""

    symbol: TradeSymbol
    side: Direction
    size: PositiveAmount
    price: PositiveAmount
    leverage: TradeLeverage
    executed_at: Moment | None = None
    """Now when left out; at most five minutes ahead of the clock here."""
    note: Annotated[Text, Field(max_length=1000)] = ""


class TradeView(View):
    """A trade of the caller's own: recorded by hand, or a fill of the paper exchange, which is
    `simulated`.
    """

    id: str
    kind: TradeKind
    simulated: bool
    symbol: str
    instrument: str | None
    """What is traded here under that symbol, if anything."""
    side: Literal["long", "short", "buy", "sell"]
    """The position's direction as it was recorded; of a paper fill the side of its order."""
    size: Amount
    price: Amount
    leverage: int | None
    """Null for a paper fill: there it belongs to the position."""
    status: Literal["filled"] = "filled"
    executed_at: Moment
    recorded_at: Moment | None
    note: str
    order_id: str | None
    """From here on: of paper fills only. `fee` and `profit`, before the fee, in the settlement
    asset.
    """
    fee: Amount | None
    profit: Amount | None
    maker: bool | None

    @classmethod
    def of(cls, trade: Trade, instruments: Mapping[str, Instrument]) -> "TradeView":
        paper = trade.paper
        return cls(
            id=str(trade.id),
            kind=trade.kind,
            simulated=trade.simulated,
            symbol=trade.symbol,
            instrument=_instrument(trade, instruments),
            side=_side(trade),
            size=trade.size,
            price=trade.price,
            leverage=trade.leverage,
            executed_at=trade.executed_at,
            recorded_at=trade.recorded_at,
            note=trade.note,
            order_id=str(paper.order_id) if paper else None,
            fee=paper.fee if paper else None,
            profit=paper.profit if paper else None,
            maker=paper.maker if paper else None,
        )


def _side(trade: Trade) -> Literal["long", "short", "buy", "sell"]:
    if isinstance(trade.side, Direction):
        return trade.side.value
    return "buy" if trade.side is Side.BUY else "sell"


def _instrument(trade: Trade, instruments: Mapping[str, Instrument]) -> str | None:
    if trade.simulated:
        return trade.symbol
    found = find_perpetual(instruments, trade.symbol)
    return found.symbol if found else None


def to_columns(trades: Sequence[Trade], instruments: Mapping[str, Instrument]) -> Columns:
    """The same as a table, but for the notes. Amounts are exact text, empty where there is none;
    leverage and maker are numbers, NaN where there is none.
    """
    papers = [each.paper for each in trades]
    return {
        "id": [str(each.id) for each in trades],
        "kind": [each.kind.value for each in trades],
        "simulated": np.array([each.simulated for each in trades], np.int64),
        "symbol": [each.symbol for each in trades],
        "instrument": [_instrument(each, instruments) or "" for each in trades],
        "side": [_side(each) for each in trades],
        "size": [format_amount(each.size) for each in trades],
        "price": [format_amount(each.price) for each in trades],
        "leverage": _numbers(each.leverage for each in trades),
        "at_ms": np.array([to_ms(each.executed_at) for each in trades], np.int64),
        "order_id": [str(paper.order_id) if paper else "" for paper in papers],
        "fee": [format_amount(paper.fee) if paper else "" for paper in papers],
        "profit": [format_amount(paper.profit) if paper else "" for paper in papers],
        "maker": _numbers(paper.maker if paper else None for paper in papers),
    }


def _numbers(values: Iterable[int | None]) -> NDArray[np.float64]:
    return np.array([np.nan if each is None else each for each in values], np.float64)


class Model(StrEnum):
    """`brackets` is how positions are margined here; `simple` is what an earlier system answered,
    for any symbol.
    """

    BRACKETS = "brackets"
    SIMPLE = "simple"


class SimulationBody(Body):
    """A position that is only thought of, isolated and opened at `price`."""

    symbol: TradeSymbol
    side: Direction
    size: PositiveAmount
    price: PositiveAmount
    leverage: TradeLeverage
    model: Model = Model.BRACKETS


class BracketView(View):
    """From `floor` on, below `cap`: maintenance is notional × `maintenance_rate` − `deduction`."""

    floor: Amount
    cap: Amount
    maintenance_rate: Amount
    max_leverage: int
    deduction: Amount

    @classmethod
    def of(cls, bracket: Bracket) -> "BracketView":
        return cls(
            floor=in_coins(bracket.floor),
            cap=in_coins(bracket.cap),
            maintenance_rate=rate_of(bracket),
            max_leverage=bracket.leverage,
            deduction=in_coins(bracket.deduction),
        )


class SimulationView(View):
    """What the position would need, keep and lose, fees aside; amounts in the settlement asset.

    `liquidation_price` is null when no price liquidates it. The simple model knows neither
    instrument, bankruptcy nor brackets.
    """

    model: Model
    instrument: str | None
    required_margin: Figure
    maintenance_margin: Figure
    liquidation_price: Figure | None
    max_loss: Figure
    bankruptcy_price: Figure | None
    bracket: BracketView | None

    @classmethod
    def of_brackets(cls, found: WhatIf, instrument: Instrument) -> "SimulationView":
        return cls(
            model=Model.BRACKETS,
            instrument=instrument.symbol,
            required_margin=found.required,
            maintenance_margin=found.maintenance,
            liquidation_price=found.liquidation_price,
            max_loss=found.max_loss,
            bankruptcy_price=found.bankruptcy_price,
            bracket=BracketView.of(found.bracket),
        )

    @classmethod
    def of_simple(cls, found: SimpleMargin) -> "SimulationView":
        return cls(
            model=Model.SIMPLE,
            instrument=None,
            required_margin=rounded(found.required),
            maintenance_margin=rounded(found.maintenance),
            liquidation_price=rounded(found.liquidation_price),
            max_loss=rounded(found.max_loss),
            bankruptcy_price=None,
            bracket=None,
        )
