"""JSON shapes of pairs at a glance, of sources and of doubts about data."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from plimsoll.kernel.clock import to_ms
from plimsoll.kernel.money import format_amount
from plimsoll.markets.domain.failover import FlagKind, SourceState
from plimsoll.markets.service.intake import DataFlag, SourceStatus
from plimsoll.markets.service.overview import Market
from plimsoll.markets.service.quality import Reason
from plimsoll.plumbing.shapes import Figure, Moment, View
from plimsoll.plumbing.tables import Columns


class VolatilityFacts(View):
    """Over the last 24 h: the sample standard deviation of one-minute log returns, returns over a
    gap left out. Value and rank are null while there are too few returns.
    """

    value: float | None = Field(description="Per minute; 0.001 is a tenth of a percent")
    annualised: float | None
    returns: int = Field(ge=0, description="How many returns there are")
    rank: int | None = Field(ge=1, description="1 is the most volatile pair")


class FlagView(View):
    """A doubt: sources that disagree, a price that is not used until it is confirmed, or data that
    was refused (taken, with `level-changed`) where candles are made.
    """

    kind: FlagKind | Reason
    pair: str = Field(examples=["bitcoin/usd"], description="Ids of base and quote")
    sources: list[str] = Field(description="Whose data it is; empty where that is not known")
    ratio: float | None = Field(gt=0, description="The higher price over the lower one")
    since: Moment

    @classmethod
    def of(cls, flag: DataFlag) -> Self:
        return cls(
            kind=flag.kind,
            pair="/".join(flag.pair),
            sources=list(flag.sources),
            ratio=flag.ratio,
            since=flag.since,
        )


class MarketView(View):
    """One pair at a glance; `pair` is written in symbols, `base` and `quote` are ids."""

    pair: str = Field(examples=["btc/usd"])
    base: str = Field(examples=["bitcoin"])
    quote: str = Field(examples=["usd"])
    price: Figure
    change_24h: str | None = Field(
        description="A ratio: 0.05 is five percent up; null when the source does not know",
        examples=["0.0123"],
    )
    volume_24h: str | None = Field(
        description="Traded in a day, in units of the quote; null when the source does not know"
    )
    volatility: VolatilityFacts
    source: str = Field(examples=["binance"])
    source_state: SourceState | None = Field(
        description="How the source is; null for one that is not followed any more"
    )
    at: datetime = Field(description="When the price was made")
    age_ms: int = Field(ge=0, description="Since it was last known to hold")
    stale: bool = Field(description="Older than it should be; the last good value")
    simulated: bool = Field(description="Invented: not a price of any market")

    @classmethod
    def of(cls, market: Market) -> Self:
        return cls(**_facts(market))


class MarketDetailView(MarketView):
    """One pair with who prices it and what is doubtful about it."""

    sources: list[str] = Field(description="Who prices the pair, the preferred one first")
    flags: list[FlagView]

    @classmethod
    def of(cls, market: Market) -> Self:
        return cls(
            **_facts(market),
            sources=list(market.sources),
            flags=[FlagView.of(flag) for flag in market.flags],
        )


class SourceView(View):
    """How one source of prices is."""

    name: str
    state: SourceState
    since: Moment
    heard_at: Moment | None = Field(description="The last time it said anything")
    pairs: int = Field(ge=0, description="Pairs that have their price from it now")
    failures: int = Field(ge=0, description="Since the start")
    error: str | None = Field(description="Why it is not live, as a code")
    detail: str | None

    @classmethod
    def of(cls, status: SourceStatus) -> Self:
        return cls(
            name=status.name,
            state=status.state,
            since=status.since,
            heard_at=status.heard_at,
            pairs=status.pairs,
            failures=status.failures,
            error=status.error,
            detail=status.detail,
        )


class SourcesView(View):
    """All sources, as they are preferred, and every doubt there is now."""

    sources: list[SourceView]
    flags: list[FlagView]


def to_columns(markets: Sequence[Market]) -> Columns:
    """The pairs as a table; numbers are floats there, NaN where a source does not know."""
    measured = [each.volatility and each.volatility.volatility for each in markets]
    ranks = [each.volatility.rank if each.volatility else None for each in markets]
    return {
        "pair": [each.name for each in markets],
        "base": [each.base.id for each in markets],
        "quote": [each.quote.id for each in markets],
        "price": _numbers(each.price for each in markets),
        "change_24h": _numbers(each.change_24h for each in markets),
        "volume_24h": _numbers(each.volume_24h for each in markets),
        "volatility": _numbers(one.value if one else None for one in measured),
        "volatility_rank": _numbers(ranks),
        "source": [each.source for each in markets],
        "at_ms": np.array([to_ms(each.at) for each in markets], np.int64),
        "age_ms": np.array([each.age_ms for each in markets], np.int64),
        "stale": np.array([each.stale for each in markets], np.int64),
        "simulated": np.array([each.simulated for each in markets], np.int64),
    }


def _numbers(values: Iterable[Decimal | float | None]) -> NDArray[np.float64]:
    return np.array([np.nan if each is None else float(each) for each in values], np.float64)


def _facts(market: Market) -> dict[str, object]:
    ranked = market.volatility
    measured = ranked.volatility if ranked else None
    return {
        "pair": market.name,
        "base": market.base.id,
        "quote": market.quote.id,
        "price": market.price,
        "change_24h": None if market.change_24h is None else format_amount(market.change_24h),
        "volume_24h": None if market.volume_24h is None else format_amount(market.volume_24h),
        "volatility": VolatilityFacts(
            value=measured.value if measured else None,
            annualised=measured.annualised if measured else None,
            returns=ranked.returns if ranked else 0,
            rank=ranked.rank if ranked else None,
        ),
        "source": market.source,
        "source_state": market.source_state,
        "at": market.at,
        "age_ms": market.age_ms,
        "stale": market.stale,
        "simulated": market.simulated,
    }
