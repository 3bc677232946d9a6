"""JSON shapes of positions, and of what their owner does about them."""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from plimsoll.kernel.clock import from_ms
from plimsoll.kernel.money import format_amount
from plimsoll.plumbing.shapes import Amount, Body, Moment, PositiveAmount, View
from plimsoll.plumbing.tables import Columns
from plimsoll.trading.domain.accounts import MarginMode
from plimsoll.trading.domain.events import PositionChanged
from plimsoll.trading.domain.instruments import MILLION, Instrument
from plimsoll.trading.domain.orders import Leg
from plimsoll.trading.domain.units import (
    entry_price,
    money_of,
    price_of,
    quantity_of,
    to_steps,
)
from plimsoll.trading.schemas.columns import texts, whole
from plimsoll.trading.schemas.orders import AmountText
from plimsoll.trading.schemas.tickets import Flag, Symbol
from plimsoll.trading.schemas.trades import BracketView
from plimsoll.trading.service.accounts import PositionLook, SettingsLook
from plimsoll.trading.service.positioning import WHOLE, Part

PERCENT_PLACES: Final = Decimal("0.0001")


class LeverageBody(Body):
    """What is allowed the bracket of the position and the person's tier say."""

    symbol: Symbol
    leverage: Annotated[int, Field(strict=True, examples=[5])]


class LeverageView(View):
    symbol: str
    leverage: int


class MarginModeBody(Body):
    symbol: Symbol
    mode: MarginMode


class MarginModeView(View):
    symbol: str
    mode: MarginMode


class PositionModeBody(Body):
    """`hedge`: a long and a short position for each symbol, or one."""

    hedge: Flag


class PositionModeView(View):
    hedge: bool


class SymbolSettingsView(View):
    """How a perpetual is set. `highest_leverage` is the most that may be chosen with what is open
    there; 0 where so much is open that none is allowed.
    """

    symbol: str
    leverage: int
    margin_mode: MarginMode
    highest_leverage: int


class AccountSettingsView(View):
    """How an account is set: `leverage_cap` is what the tier allows, `symbols` are all perpetuals,
    by name, those without a position as the first order there would find them.
    """

    hedge: bool
    leverage_cap: int
    symbols: list[SymbolSettingsView]
    at: Moment
    paper: Literal[True] = True

    @classmethod
    def of(cls, look: SettingsLook, *, leverage_cap: int) -> "AccountSettingsView":
        return cls(
            hedge=look.hedge,
            leverage_cap=leverage_cap,
            symbols=[
                SymbolSettingsView(
                    symbol=each.symbol,
                    leverage=each.leverage,
                    margin_mode=each.mode,
                    highest_leverage=each.highest,
                )
                for each in look.symbols
            ],
            at=from_ms(look.at_ms),
        )


class MarginBody(Body):
    """`amount` of the settlement asset to an isolated position, below zero: away from it."""

    amount: Amount
    position_side: Leg = Leg.NET


class MarginView(View):
    """An isolated position after its margin was moved."""

    symbol: str
    position_side: Leg
    isolated_margin: AmountText
    paper: Literal[True] = True

    @classmethod
    def of(cls, moved: PositionChanged) -> "MarginView":
        return cls(
            symbol=moved.symbol,
            position_side=moved.leg,
            isolated_margin=format_amount(money_of(moved.isolated)),
        )


class ClosingBody(Body):
    """All of the position, or a part of it: `percent`, rounded down to a whole step, or `quantity`,
    of which never more is closed than there is.
    """

    percent: PositiveAmount | None = None
    quantity: PositiveAmount | None = None
    position_side: Leg = Leg.NET

    @model_validator(mode="after")
    def _check(self) -> "ClosingBody":
        if self.percent is not None and self.quantity is not None:
            raise PydanticCustomError("one-or-other", "give a percentage or a quantity, not both")
        if self.percent is not None and self.percent > WHOLE:
            raise PydanticCustomError("above-whole", "no more than 100 percent can be closed")
        return self

    def part(self, instrument: Instrument) -> Part:
        if self.quantity is not None:
            return Part(steps=to_steps(instrument, self.quantity))
        return Part(self.percent or WHOLE)


class PositionView(View):
    """An open position; amounts in the settlement asset.

    A cross position stands on the whole account: its ratio is the account's, and its prices are
    those at which it would end if all other marks stayed where they are. `margin_ratio` is
    maintenance ÷ margin balance, liquidation begins at 1; null when no balance is left. A price
    that is null does not exist: no price liquidates the position.
    """

    symbol: str
    position_side: Leg
    side: Literal["long", "short"]
    quantity: AmountText
    entry_price: AmountText
    mark_price: AmountText
    notional: AmountText
    unrealised_profit: AmountText
    margin_mode: MarginMode
    leverage: int
    isolated_margin: AmountText | None
    """What was put aside for it; null in cross mode."""
    initial_margin: AmountText
    maintenance_margin: AmountText
    margin_ratio: AmountText | None
    liquidation_price: AmountText | None
    bankruptcy_price: AmountText | None
    distance_to_liquidation_percent: AmountText | None
    """How far the mark has to go, in percent of it; below zero when it is there already."""
    bracket: BracketView
    paper: Literal[True] = True

    @classmethod
    def of(cls, look: PositionLook) -> "PositionView":
        instrument = look.instrument
        entry = entry_price(instrument, cost=look.cost, quantity=look.quantity)
        assert entry is not None
        return cls(
            symbol=instrument.symbol,
            position_side=look.leg,
            side="long" if look.quantity > 0 else "short",
            quantity=format_amount(quantity_of(instrument, abs(look.quantity))),
            entry_price=format_amount(entry),
            mark_price=format_amount(price_of(instrument, look.mark)),
            notional=format_amount(money_of(look.notional)),
            unrealised_profit=format_amount(money_of(look.profit)),
            margin_mode=MarginMode.CROSS if look.isolated is None else MarginMode.ISOLATED,
            leverage=look.leverage,
            isolated_margin=(
                None if look.isolated is None else format_amount(money_of(look.isolated))
            ),
            initial_margin=format_amount(money_of(look.initial)),
            maintenance_margin=format_amount(money_of(look.maintenance)),
            margin_ratio=ratio_text(look.ratio_ppm),
            liquidation_price=_price(instrument, look.liquidation_price),
            bankruptcy_price=_price(instrument, look.bankruptcy_price),
            distance_to_liquidation_percent=_distance(look),
            bracket=BracketView.of(look.bracket),
        )


def ratio_text(ppm: int | None) -> str | None:
    return None if ppm is None else format_amount(Decimal(ppm) / MILLION)


def _price(instrument: Instrument, ticks: int | None) -> str | None:
    return None if ticks is None else format_amount(price_of(instrument, ticks))


def _distance(look: PositionLook) -> str | None:
    """In percent of the mark, rounded down. A hedged pair ends on either side of it."""
    end, mark = look.liquidation_price, look.mark
    if end is None:
        return None
    way = abs(end - mark) if look.leg is not Leg.NET else mark - end
    if look.leg is Leg.NET and look.quantity < 0:
        way = -way
    percent = (Decimal(way) * WHOLE / mark).quantize(PERCENT_PLACES, ROUND_FLOOR)
    return format_amount(percent)


_TEXTS: Final = (
    "symbol", "position_side", "side", "quantity", "entry_price", "mark_price", "notional",
    "margin_mode", "isolated_margin", "initial_margin", "maintenance_margin", "margin_ratio",
    "liquidation_price", "bankruptcy_price",
)  # fmt: skip


def positions_table(views: Sequence[PositionView]) -> Columns:
    return {
        **texts(views, *_TEXTS),
        **texts(views, "unrealised_profit", "distance_to_liquidation_percent"),
        "leverage": whole(each.leverage for each in views),
        "paper": whole(1 for _ in views),
    }
