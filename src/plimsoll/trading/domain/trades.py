"""Trades as people look back on them, and what a position would need if it were opened now.

A trade is either recorded by hand, made on any venue and taken at its word, or a fill of the paper
exchange, which is simulated. Both stand in one list, newest first; trades of one moment by kind and
id, so that there is one order only.

The "what if" is `margin.simulate`, the code that decides for real, and exact for any decimal: what
lies between ticks or steps is put on a finer grid, money in smaller units with it, and only the
answer is rounded, to the instrument's own tick and to hundred-millionths.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from plimsoll.kernel.clock import from_ms
from plimsoll.kernel.errors import FieldFault, Invalid, NotFound
from plimsoll.kernel.money import CONTEXT, divide, format_amount
from plimsoll.trading.domain.brackets import leverage_cap
from plimsoll.trading.domain.instruments import (
    MILLION,
    MONEY,
    Bracket,
    Instrument,
    InstrumentKind,
)
from plimsoll.trading.domain.margin import LeverageTooHigh, simulate
from plimsoll.trading.domain.orders import Side

HIGHEST_LEVERAGE: Final = 100
"""Of a trade made elsewhere, and of a position that is only thought of."""
SYMBOL: Final = r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,39}$"
"""Any venue's name of what was traded; kept in upper case."""
MONEY_PLACES: Final = 8

_BASE: Final = re.compile(r"([A-Z0-9]+?)(?:[-/_]?USDT(?::USDT)?)?(?:[-_]?PERP)?", re.ASCII)


class TradeNotFound(NotFound):
    code = "trade-not-found"
    title = "No such trade"


class NoBracketsForSymbol(Invalid):
    """The bracket model needs one of our perpetuals; the simple one takes any symbol."""

    code = "no-brackets-for-symbol"
    title = "No bracket table is known for this symbol"


class NotionalTooLarge(Invalid):
    """`most` is the end of the last bracket, in coins of the settlement asset."""

    code = "notional-too-large"
    title = "No position may be that large"


class TradeKind(StrEnum):
    MANUAL = "manual"
    PAPER = "paper"


class Direction(StrEnum):
    LONG = "long"
    SHORT = "short"

    @property
    def side(self) -> Side:
        """How such a position is opened."""
        return Side.BUY if self is Direction.LONG else Side.SELL


@dataclass(frozen=True, slots=True)
class PaperFacts:
    """What only a fill of ours has: fee and profit (before the fee) in the settlement asset."""

    order_id: int
    fee: Decimal
    profit: Decimal
    maker: bool


@dataclass(frozen=True, slots=True)
class Trade:
    """`side` is a direction where it was recorded by hand and the order's side in a fill, of which
    nobody but the account's whole history knows whether it opened or closed something.
    """

    kind: TradeKind
    id: UUID | int
    symbol: str
    side: Direction | Side
    size: Decimal
    price: Decimal
    executed_at: datetime
    leverage: int | None = None
    note: str = ""
    recorded_at: datetime | None = None
    paper: PaperFacts | None = None

    @property
    def place(self) -> tuple[datetime, str, UUID | int]:
        """Where it stands in the list, the newest being the highest."""
        return self.executed_at, self.kind, self.id

    @property
    def simulated(self) -> bool:
        return self.kind is TradeKind.PAPER


def paper_trade(
    instrument: Instrument,
    side: Side,
    *,
    fill_id: int,
    price: int,
    quantity: int,
    at_ms: int,
    facts: PaperFacts,
) -> Trade:
    """A fill in the words of this list; `price` in ticks, `quantity` in steps."""
    return Trade(
        kind=TradeKind.PAPER,
        id=fill_id,
        symbol=instrument.symbol,
        side=side,
        size=quantity * instrument.step,
        price=price * instrument.tick,
        executed_at=from_ms(at_ms),
        paper=facts,
    )


def in_coins(amount: int) -> Decimal:
    """Hundred-millionths as a number of coins, exact."""
    return Decimal(amount).scaleb(-MONEY_PLACES, CONTEXT)


def find_perpetual(instruments: Mapping[str, Instrument], symbol: str) -> Instrument | None:
    """The perpetual of ours that another venue's symbol means.

    One rule: it is the perpetual of the base that stands alone or before `USDT`, `PERP` or both,
    whatever separates them: BTC, BTCUSDT, BTC/USDT, BTC/USDT:USDT, BTC-PERP, BTCUSDT-PERP. A
    derivative is never the spot pair, so `BTC-USDT` is the perpetual as well.
    """
    found = _BASE.fullmatch(symbol.upper())
    instrument = instruments.get(f"{found[1]}-PERP") if found else None
    if instrument is None or instrument.kind is not InstrumentKind.PERPETUAL:
        return None
    return instrument


def get_perpetual(instruments: Mapping[str, Instrument], symbol: str) -> Instrument:
    instrument = find_perpetual(instruments, symbol)
    if instrument is None:
        message = "name a perpetual that is traded here, or ask with the model `simple`"
        raise NoBracketsForSymbol(
            message,
            facts={"symbol": symbol},
            faults=(FieldFault("#/symbol", NoBracketsForSymbol.code, message),),
        )
    return instrument


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Amounts in the settlement asset, up to hundred-millionths. `bracket` is the instrument's."""

    required: Decimal
    maintenance: Decimal
    liquidation_price: Decimal | None
    bankruptcy_price: Decimal | None
    bracket: Bracket

    @property
    def max_loss(self) -> Decimal:
        """An isolated position loses what was put in, and not more."""
        return self.required


def what_if(
    instrument: Instrument, direction: Direction, *, size: Decimal, price: Decimal, leverage: int
) -> WhatIf:
    """What an isolated position would need and where it would end, by the brackets; fees aside.

    Margins are rounded up; prices to the tick that comes earlier (long up, short down).
    """
    fine, scale = _finer(instrument, size=size, price=price)
    quantity, ticks = int(divide(size, fine.step)), int(divide(price, fine.tick))
    notional = quantity * ticks * fine.unit
    _check_notional(fine, notional, scale=scale, leverage=leverage)
    found = simulate(fine, direction.side, quantity=quantity, price=ticks, leverage=leverage)

    def shown(at: int | None) -> Decimal | None:
        return None if at is None else _on_tick(at * fine.tick, instrument.tick, direction)

    return WhatIf(
        required=in_coins(-(-found.initial // scale)),
        maintenance=in_coins(-(-found.maintenance // scale)),
        liquidation_price=shown(found.liquidation_price),
        bankruptcy_price=shown(found.bankruptcy_price),
        bracket=instrument.brackets[fine.brackets.index(found.bracket)],
    )


def _check_notional(fine: Instrument, notional: int, *, scale: int, leverage: int) -> None:
    most = leverage_cap(fine.brackets, notional)
    if not most:
        cap = in_coins(fine.brackets[-1].cap // scale)
        worth = in_coins(-(-notional // scale))
        raise NotionalTooLarge(
            f"no position is worth more than {format_amount(cap)}",
            facts={"notional": format_amount(worth), "most": format_amount(cap)},
        )
    if leverage > most:
        raise LeverageTooHigh(
            f"leverage {leverage} is above {most}, the highest for this size",
            facts={"leverage": leverage, "most": most},
        )


def _finer(instrument: Instrument, *, size: Decimal, price: Decimal) -> tuple[Instrument, int]:
    """The instrument on a grid that holds both, and how many of its units of money make one
    hundred-millionth; the instrument itself when they are on its own grid.
    """
    tick, step = _grid(price, instrument.tick), _grid(size, instrument.step)
    if (tick, step) == (instrument.tick, instrument.step):
        return instrument, 1
    places = max(0, -_exponent(tick) - _exponent(step) - MONEY_PLACES)
    scale = 10**places
    brackets = tuple(
        replace(
            each, floor=each.floor * scale, cap=each.cap * scale, deduction=each.deduction * scale
        )
        for each in instrument.brackets
    )
    unit = int(tick * step * MONEY * scale)
    return replace(instrument, tick=tick, step=step, unit=unit, brackets=brackets), scale


def _grid(value: Decimal, quantum: Decimal) -> Decimal:
    """`quantum` if `value` is a whole number of it, else a power of ten that divides both."""
    if not value % quantum:
        return quantum
    return Decimal(1).scaleb(min(_exponent(value), _exponent(quantum)))


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int), "a finite number"
    return min(0, exponent)


def _on_tick(price: Decimal, tick: Decimal, direction: Direction) -> Decimal:
    rounding = ROUND_CEILING if direction is Direction.LONG else ROUND_FLOOR
    ticks = divide(price, tick).to_integral_value(rounding)
    return max(ticks, Decimal(1)) * tick


def rate_of(bracket: Bracket) -> Decimal:
    """The share of a notional that the bracket keeps."""
    return divide(Decimal(bracket.maintenance_ppm), Decimal(MILLION))
