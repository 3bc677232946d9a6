"""JSON shapes of candles, price history and volatility."""

from typing import Literal, Self

from pydantic import Field

from plimsoll.markets.domain.candles import Interval
from plimsoll.markets.domain.volatility import Window
from plimsoll.markets.service.ranking import Standing
from plimsoll.plumbing.shapes import Moment, View


class CandleView(View):
    """One candle; values are decimals as text, the volume is in units of the base asset."""

    time_ms: int = Field(description="When it begins, milliseconds since 1970 UTC")
    open: str = Field(examples=["64250.12"])
    high: str
    low: str
    close: str
    volume: str
    trades: int = Field(ge=0, description="0 where the source does not say")
    state: Literal["closed", "forming", "amended", "synthetic"] = Field(
        description="`forming`: not over; `amended`: changed after it was over; `synthetic`: "
        "nobody traded, the price before is shown"
    )


class CandlesView(View):
    """The newest candles of the range, in the order of time."""

    pair: str = Field(examples=["btc/usd"])
    base: str = Field(examples=["bitcoin"])
    quote: str = Field(examples=["usd"])
    interval: Interval
    simulated: bool = Field(description="Invented: not prices of any market")
    candles: list[CandleView]
    next_to: int | None = Field(
        description="Asked as `to`, it gives the page before this one; null when there is none"
    )


class PricePoint(View):
    timestamp: Moment = Field(description="When this price closed its minute or hour")
    price: str = Field(examples=["64250.12"])


class PriceHistoryView(View):
    """Closing prices in the order of time."""

    pair: str = Field(examples=["btc/usd"])
    prices: list[PricePoint]
    volatility_rank: int | None = Field(
        description="Among all pairs over 24 h, 1 is the most volatile; null while unranked"
    )


class StandingView(View):
    """How much one pair moved."""

    pair: str = Field(examples=["btc/usd"])
    base: str = Field(examples=["bitcoin"])
    quote: str = Field(examples=["usd"])
    rank: int = Field(ge=1, description="1 is the most volatile")
    value: float = Field(description="Per step; 0.001 is a tenth of a percent")
    annualised: float = Field(description="For 365 days: the value × √(steps in them)")
    returns: int = Field(ge=2, description="How many returns the value is made of")
    garman_klass: float | None = Field(
        description="From the range inside of each candle, per step; null with too few candles"
    )

    @classmethod
    def of(cls, standing: Standing, name: str) -> Self:
        return cls(
            pair=name,
            base=standing.pair.base,
            quote=standing.pair.quote,
            rank=standing.rank,
            value=standing.volatility.value,
            annualised=standing.volatility.annualised,
            returns=standing.volatility.returns,
            garman_klass=standing.garman_klass.value if standing.garman_klass else None,
        )


class VolatilityView(View):
    """The most volatile pairs of a window."""

    window: Window
    step: Literal["1m", "1h"] = Field(description="The interval of the closes")
    definition: str
    simulated: bool = Field(description="Invented: not prices of any market")
    data: list[StandingView]
