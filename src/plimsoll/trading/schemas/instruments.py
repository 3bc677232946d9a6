"""JSON shapes of instruments: what can be traded, by which rules, and where it stands."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Annotated, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from plimsoll.access.domain.principals import Tier
from plimsoll.kernel.clock import from_ms
from plimsoll.kernel.money import format_amount
from plimsoll.plumbing.shapes import Figure, Moment, View
from plimsoll.plumbing.tables import Columns
from plimsoll.trading.domain.accounts import TradingState
from plimsoll.trading.domain.instruments import MILLION, Instrument, InstrumentKind
from plimsoll.trading.domain.mark import RATE
from plimsoll.trading.domain.units import money_of, price_of, quantity_of
from plimsoll.trading.schemas.trades import BracketView
from plimsoll.trading.service import marketplace
from plimsoll.trading.service.exchange import FEE_TIERS
from plimsoll.trading.service.marketplace import MarketLook

PPM: Final = Decimal(1) / MILLION

Symbol = Annotated[
    str, Field(pattern=r"^[A-Z0-9]{1,20}-[A-Z0-9]{1,10}$", examples=["BTC-PERP", "BTC-USDT"])
]


def share_of(ppm: int) -> Decimal:
    """A ratio: 0.0005 is 0.05 %."""
    return PPM * ppm


def rate_of(rate: int) -> Decimal:
    """A funding rate as a ratio."""
    return Decimal(rate) / RATE


def shown_price(instrument: Instrument, ticks: int | None) -> Decimal | None:
    """None for a price that there is not."""
    return price_of(instrument, ticks) if ticks else None


def stamp_of(moment: marketplace.Moment) -> Moment | None:
    """When funding is due next; None before the first index, and for spot."""
    return from_ms(moment.stamp_ms) if moment.stamp_ms else None


class FeesView(View):
    """Ratios of what an order is worth; below 0 for a maker: a rebate."""

    tier: Tier
    maker: Figure
    taker: Figure


class FundingTermsView(View):
    """`interest` is for 8 hours, `cap` for one interval; ratios."""

    interval_h: int
    interest: Figure
    cap: Figure


class InstrumentView(View):
    """One instrument: its rules, and where its market stands.

    Prices are multiples of `tick`, quantities of `step`. Null is a price that there is not yet, and
    what only perpetuals have.
    """

    symbol: str
    kind: InstrumentKind
    base: str
    settle: str
    tick: Figure
    step: Figure
    minimum_notional: Figure
    max_quantity: Figure
    price_band: Figure = Field(description="How far from the mark an order may be priced, a ratio")
    max_orders: int = Field(description="Open at once, of one account")
    fees: list[FeesView]
    brackets: list[BracketView]
    liquidation_fee: Figure | None
    funding: FundingTermsView | None
    state: TradingState
    mark: Figure | None
    index: Figure | None
    last: Figure | None
    funding_rate: Figure | None = Field(description="As it stands, for one interval; a ratio")
    next_funding_at: Moment | None
    open_interest: Figure | None
    index_age_ms: int | None
    index_stale: bool = Field(description="The price of the world is old or missing")
    awake: bool = Field(
        description="The mark follows the index now; else it is from when somebody was here last"
    )
    paper: Literal[True] = True
    simulated: bool = Field(description="The price of the world is invented")

    @classmethod
    def of(cls, look: MarketLook) -> "InstrumentView":
        moment, instrument = look.moment, look.moment.instrument
        perpetual = instrument.kind is InstrumentKind.PERPETUAL
        return cls(
            symbol=instrument.symbol,
            kind=instrument.kind,
            base=instrument.base,
            settle=instrument.settle,
            tick=instrument.tick,
            step=instrument.step,
            minimum_notional=money_of(instrument.minimum_notional),
            max_quantity=quantity_of(instrument, instrument.most_quantity),
            price_band=share_of(instrument.band_ppm),
            max_orders=instrument.most_orders,
            fees=_fees(instrument),
            brackets=[BracketView.of(each) for each in instrument.brackets],
            liquidation_fee=share_of(instrument.liquidation_fee_ppm) if perpetual else None,
            funding=_funding(instrument) if perpetual else None,
            state=moment.state,
            mark=shown_price(instrument, moment.mark),
            index=shown_price(instrument, look.index.price),
            last=shown_price(instrument, moment.last),
            funding_rate=rate_of(moment.rate) if perpetual else None,
            next_funding_at=stamp_of(moment),
            open_interest=quantity_of(instrument, moment.open_interest) if perpetual else None,
            index_age_ms=look.index.age_ms,
            index_stale=look.index.stale,
            awake=look.awake,
            simulated=look.simulated,
        )


def _fees(instrument: Instrument) -> list[FeesView]:
    """Of every tier: one beyond the last has the last one's."""
    views = []
    for tier, number in FEE_TIERS.items():
        fees = instrument.fees[min(number, len(instrument.fees) - 1)]
        views.append(
            FeesView(tier=tier, maker=share_of(fees.maker_ppm), taker=share_of(fees.taker_ppm))
        )
    return views


def _funding(instrument: Instrument) -> FundingTermsView:
    return FundingTermsView(
        interval_h=instrument.funding_interval_h,
        interest=rate_of(instrument.interest),
        cap=rate_of(instrument.funding_cap),
    )


def to_columns(looks: Sequence[MarketLook]) -> Columns:
    """The instruments as a table, without fees and brackets. Grid and limits are text and exact;
    what moves is numbers, NaN where there is none.
    """
    views = [InstrumentView.of(each) for each in looks]
    return {
        "symbol": [each.symbol for each in views],
        "kind": [each.kind.value for each in views],
        "base": [each.base for each in views],
        "settle": [each.settle for each in views],
        "tick": [format_amount(each.tick) for each in views],
        "step": [format_amount(each.step) for each in views],
        "minimum_notional": [format_amount(each.minimum_notional) for each in views],
        "max_quantity": [format_amount(each.max_quantity) for each in views],
        "state": [each.state.value for each in views],
        "mark": _numbers(each.mark for each in views),
        "index": _numbers(each.index for each in views),
        "last": _numbers(each.last for each in views),
        "funding_rate": _numbers(each.funding_rate for each in views),
        "next_funding_at_ms": _numbers(each.moment.stamp_ms or None for each in looks),
        "open_interest": _numbers(each.open_interest for each in views),
        "index_age_ms": _numbers(each.index_age_ms for each in views),
        "index_stale": np.array([each.index_stale for each in views], np.int64),
        "awake": np.array([each.awake for each in views], np.int64),
        "simulated": np.array([each.simulated for each in views], np.int64),
    }


def _numbers(values: Iterable[Decimal | int | None]) -> NDArray[np.float64]:
    return np.array([np.nan if each is None else each for each in values], np.float64)
