"""The composite rating: 26 votes on one candle, each published with what it was decided on.

The rules are those of TradingView's Technical Ratings: 15 moving averages and 11 oscillators vote
-1 (sell), 0 (neutral) or +1 (buy); the rating of a group is the mean of its votes, the whole is
the mean of the two groups. A vote whose inputs are not defined yet is None and is not counted.
Ichimoku is read at the bar itself: the spans are not displaced.

The rules were published twice, and in four of them the later text differs from the first, which
is followed here: those are not `confirmed`. docs/formulas/rating.md has both.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from types import MappingProxyType
from typing import Final

from plimsoll.insights.domain.bars import Bars
from plimsoll.insights.domain.catalogue import ask
from plimsoll.insights.domain.definitions import Request

PERIODS: Final = (10, 20, 30, 50, 100, 200)
TREND: Final = ask("ema", 50)
"""Above it the market rises, below it falls: asked by StochRSI and bull-bear power."""


class Group(StrEnum):
    AVERAGES = "averages"
    OSCILLATORS = "oscillators"


class Word(StrEnum):
    STRONG_SELL = "strong sell"
    SELL = "sell"
    NEUTRAL = "neutral"
    BUY = "buy"
    STRONG_BUY = "strong buy"


@dataclass(frozen=True, slots=True)
class Vote:
    """One component's say. `inputs` are the figures it was decided on, `name[1]` one bar before."""

    name: str
    group: Group
    vote: int | None
    inputs: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Rating:
    """-1 to +1 and the word for it; None where no component of the group could vote.

    `warm_up` is the longest of the components'.
    """

    value: float | None
    word: Word | None
    averages: float | None
    oscillators: float | None
    votes: tuple[Vote, ...]
    warm_up: int

    @property
    def coverage(self) -> float:
        """Which part of the components could vote."""
        return sum(each.vote is not None for each in self.votes) / len(self.votes)


Facts = Mapping[str, float]
Rule = Callable[[Facts], bool]


@dataclass(frozen=True, slots=True)
class Component:
    """Who votes: the inputs it reads and when it says buy or sell, as a rule and in words.

    Not `confirmed`: the published texts of the rule do not agree.
    """

    name: str
    group: Group
    reads: tuple[str, ...]
    buy: Rule
    sell: Rule
    buys: str
    sells: str
    confirmed: bool = True

    def vote(self, facts: Facts) -> Vote:
        inputs = {name: facts[name] for name in self.reads}
        if not all(map(isfinite, inputs.values())):
            known = {name: each if isfinite(each) else None for name, each in inputs.items()}
            return Vote(self.name, self.group, None, known)
        return Vote(self.name, self.group, self.buy(inputs) - self.sell(inputs), inputs)


def word_of(value: float) -> Word:
    """strong sell < -0.5 <= sell < -0.1 <= neutral <= 0.1 < buy <= 0.5 < strong buy."""
    if value < -0.5:
        return Word.STRONG_SELL
    if value < -0.1:
        return Word.SELL
    if value <= 0.1:
        return Word.NEUTRAL
    return Word.BUY if value <= 0.5 else Word.STRONG_BUY


def _average(request: Request) -> Component:
    name = str(request)
    return Component(
        name,
        Group.AVERAGES,
        ("close", name),
        lambda facts: facts["close"] > facts[name],
        lambda facts: facts["close"] < facts[name],
        buys=f"close > {name}",
        sells=f"close < {name}",
    )


AVERAGES: Final = (
    *(ask(name, n) for name in ("sma", "ema") for n in PERIODS),
    ask("hma", 9),
    ask("vwma", 20),
)
OTHERS: Final = MappingProxyType(
    {
        "ichimoku": ask("ichimoku", 9, 26, 52),
        "rsi": ask("rsi", 14),
        "stochastic": ask("stochastic", 14, 3, 3),
        "cci": ask("cci", 20),
        "adx": ask("adx", 14),
        "ao": ask("ao", 5, 34),
        "momentum": ask("momentum", 10),
        "macd": ask("macd", 12, 26, 9),
        "stochrsi": ask("stochrsi", 14, 14, 3, 3),
        "williams": ask("williams", 14),
        "bullbear": ask("bullbear", 13),
        "ultimate": ask("ultimate", 7, 14, 28),
        "trend": TREND,
    }
)


def _oscillator(
    name: str, reads: str, buy: Rule, sell: Rule, *, buys: str, sells: str, confirmed: bool = True
) -> Component:
    inputs = tuple(reads.split())
    return Component(name, Group.OSCILLATORS, inputs, buy, sell, buys, sells, confirmed=confirmed)


COMPONENTS: Final = (
    *map(_average, AVERAGES),
    Component(
        "ichimoku(9,26,52)",
        Group.AVERAGES,
        (
            "close",
            "close[1]",
            "ichimoku.tenkan",
            "ichimoku.kijun",
            "ichimoku.span_a",
            "ichimoku.span_b",
        ),
        lambda f: (
            f["ichimoku.span_a"] > f["ichimoku.span_b"]
            and f["close"] > f["ichimoku.span_a"]
            and f["close"] < f["ichimoku.kijun"]
            and f["close[1]"] < f["ichimoku.tenkan"] < f["close"]
        ),
        lambda f: (
            f["ichimoku.span_a"] < f["ichimoku.span_b"]
            and f["close"] < f["ichimoku.span_b"]
            and f["close"] > f["ichimoku.kijun"]
            and f["close[1]"] > f["ichimoku.tenkan"] > f["close"]
        ),
        buys="span A > span B, close > span A, close < kijun, close crosses above tenkan",
        sells="span A < span B, close < span B, close > kijun, close crosses below tenkan",
        confirmed=False,
    ),
    _oscillator(
        "rsi(14)",
        "rsi rsi[1]",
        lambda f: f["rsi"] < 30 and f["rsi"] > f["rsi[1]"],
        lambda f: f["rsi"] > 70 and f["rsi"] < f["rsi[1]"],
        buys="RSI < 30 and rising",
        sells="RSI > 70 and falling",
    ),
    _oscillator(
        "stochastic(14,3,3)",
        "stochastic.k stochastic.d stochastic.k[1] stochastic.d[1]",
        lambda f: _turns_up(f, "stochastic"),
        lambda f: _turns_down(f, "stochastic"),
        buys="K and D < 20, K crosses above D",
        sells="K and D > 80, K crosses below D",
        confirmed=False,
    ),
    _oscillator(
        "cci(20)",
        "cci cci[1]",
        lambda f: f["cci"] < -100 and f["cci"] > f["cci[1]"],
        lambda f: f["cci"] > 100 and f["cci"] < f["cci[1]"],
        buys="CCI < -100 and rising",
        sells="CCI > 100 and falling",
    ),
    _oscillator(
        "adx(14)",
        "adx.adx adx.plus_di adx.minus_di adx.plus_di[1] adx.minus_di[1]",
        lambda f: (
            f["adx.adx"] > 20
            and f["adx.plus_di[1]"] < f["adx.minus_di[1]"]
            and f["adx.plus_di"] > f["adx.minus_di"]
        ),
        lambda f: (
            f["adx.adx"] > 20
            and f["adx.plus_di[1]"] > f["adx.minus_di[1]"]
            and f["adx.plus_di"] < f["adx.minus_di"]
        ),
        buys="ADX > 20, +DI crosses above -DI",
        sells="ADX > 20, +DI crosses below -DI",
        confirmed=False,
    ),
    _oscillator(
        "ao(5,34)",
        "ao ao[1] ao[2]",
        lambda f: f["ao"] > 0 and (f["ao[1]"] <= 0 or f["ao"] > f["ao[1]"] < f["ao[2]"]),
        lambda f: f["ao"] < 0 and (f["ao[1]"] >= 0 or f["ao"] < f["ao[1]"] > f["ao[2]"]),
        buys="AO crosses above 0, or is above 0 and turns up",
        sells="AO crosses below 0, or is below 0 and turns down",
    ),
    _oscillator(
        "momentum(10)",
        "momentum momentum[1]",
        lambda f: f["momentum"] > f["momentum[1]"],
        lambda f: f["momentum"] < f["momentum[1]"],
        buys="momentum rises",
        sells="momentum falls",
    ),
    _oscillator(
        "macd(12,26,9)",
        "macd.line macd.signal",
        lambda f: f["macd.line"] > f["macd.signal"],
        lambda f: f["macd.line"] < f["macd.signal"],
        buys="line > signal",
        sells="line < signal",
    ),
    _oscillator(
        "stochrsi(14,14,3,3)",
        "stochrsi.k stochrsi.d stochrsi.k[1] stochrsi.d[1] close trend",
        lambda f: f["close"] < f["trend"] and _turns_up(f, "stochrsi"),
        lambda f: f["close"] > f["trend"] and _turns_down(f, "stochrsi"),
        buys="close < EMA(50), K and D < 20, K crosses above D",
        sells="close > EMA(50), K and D > 80, K crosses below D",
        confirmed=False,
    ),
    _oscillator(
        "williams(14)",
        "williams williams[1]",
        lambda f: f["williams"] < -80 and f["williams"] > f["williams[1]"],
        lambda f: f["williams"] > -20 and f["williams"] < f["williams[1]"],
        buys="%R < -80 and rising",
        sells="%R > -20 and falling",
    ),
    _oscillator(
        "bullbear(13)",
        "bullbear.bull bullbear.bear bullbear.bull[1] bullbear.bear[1] close trend",
        lambda f: (
            f["close"] > f["trend"]
            and f["bullbear.bear"] < 0
            and f["bullbear.bear"] > f["bullbear.bear[1]"]
        ),
        lambda f: (
            f["close"] < f["trend"]
            and f["bullbear.bull"] > 0
            and f["bullbear.bull"] < f["bullbear.bull[1]"]
        ),
        buys="close > EMA(50), bear power < 0 and rising",
        sells="close < EMA(50), bull power > 0 and falling",
    ),
    _oscillator(
        "ultimate(7,14,28)",
        "ultimate",
        lambda f: f["ultimate"] > 70,
        lambda f: f["ultimate"] < 30,
        buys="oscillator > 70",
        sells="oscillator < 30",
    ),
)


def _turns_up(f: Facts, name: str) -> bool:
    """K crosses above D where both are below 20."""
    k, d = f[f"{name}.k"], f[f"{name}.d"]
    return k < 20 and d < 20 and k > d and f[f"{name}.k[1]"] < f[f"{name}.d[1]"]


def _turns_down(f: Facts, name: str) -> bool:
    """K crosses below D where both are above 80."""
    k, d = f[f"{name}.k"], f[f"{name}.d"]
    return k > 80 and d > 80 and k < d and f[f"{name}.k[1]"] > f[f"{name}.d[1]"]


REQUESTS: Final = (*AVERAGES, *OTHERS.values())
WARM_UP: Final = max(request.warm_up or 0 for request in REQUESTS)


def decide(facts: Facts) -> Rating:
    """The rating of one candle from its figures, named as the components read them."""
    votes = tuple(component.vote(facts) for component in COMPONENTS)
    averages, oscillators = (
        _mean([each.vote for each in votes if each.group is group]) for group in Group
    )
    value = _mean([averages, oscillators])
    return Rating(
        value,
        None if value is None else word_of(value),
        averages,
        oscillators,
        votes,
        WARM_UP,
    )


def _mean(values: list[float | None] | list[int | None]) -> float | None:
    counted = [value for value in values if value is not None]
    return sum(counted) / len(counted) if counted else None


def rate(bars: Bars) -> Rating:
    """The rating of the last candle of `bars`."""
    return decide(facts_of(bars))


def facts_of(bars: Bars) -> dict[str, float]:
    """What the components read, of the last candle and the two before it in its segment."""
    if not len(bars):
        nothing = float("nan")
        return {name: nothing for component in COMPONENTS for name in component.reads}
    last = bars.columns(slice(bars.starts[-1], len(bars)))
    columns = {"close": last.close}
    for request in AVERAGES:
        columns[str(request)] = request.batch(last)[0]
    for name, request in OTHERS.items():
        for column, values in zip(request.definition.columns, request.batch(last), strict=True):
            own = name if len(request.definition.columns) == 1 else f"{name}.{column}"
            columns[own] = values
    facts = dict[str, float]()
    for name, values in columns.items():
        for ago, mark in enumerate(("", "[1]", "[2]")):
            known = len(values) > ago
            facts[name + mark] = float(values[-1 - ago]) if known else float("nan")
    return facts
