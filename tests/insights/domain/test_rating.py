import numpy as np
import pytest

from plimsoll.insights.domain.bars import Bars
from plimsoll.insights.domain.rating import (
    COMPONENTS,
    Group,
    Word,
    decide,
    facts_of,
    rate,
    word_of,
)
from tests.insights.walks import Shape, walk

UNKNOWN = dict.fromkeys((name for each in COMPONENTS for name in each.reads), float("nan"))


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (-1.0, Word.STRONG_SELL),
        (-0.51, Word.STRONG_SELL),
        (-0.5, Word.SELL),
        (-0.11, Word.SELL),
        (-0.1, Word.NEUTRAL),
        (0.1, Word.NEUTRAL),
        (0.11, Word.BUY),
        (0.5, Word.BUY),
        (0.51, Word.STRONG_BUY),
    ],
)
def test_the_word_follows_the_thresholds(value: float, word: Word) -> None:
    assert word_of(value) is word


def test_fifteen_averages_and_eleven_oscillators_vote() -> None:
    rating = rate(walk(Shape(seed=4, length=400)))

    votes = {group: [v for v in rating.votes if v.group is group] for group in Group}
    assert {group: len(each) for group, each in votes.items()} == {
        Group.AVERAGES: 15,
        Group.OSCILLATORS: 11,
    }
    for group, mean in (
        (Group.AVERAGES, rating.averages),
        (Group.OSCILLATORS, rating.oscillators),
    ):
        assert mean == pytest.approx(np.mean([v.vote for v in votes[group] if v.vote is not None]))
    assert rating.averages is not None
    assert rating.oscillators is not None
    assert rating.value == pytest.approx((rating.averages + rating.oscillators) / 2)


@pytest.mark.parametrize(
    ("component", "facts", "vote"),
    [
        ("sma(10)", {"close": 2, "sma(10)": 1}, 1),
        ("sma(10)", {"close": 1, "sma(10)": 1}, 0),
        ("hma(9)", {"close": 1, "hma(9)": 2}, -1),
        ("rsi(14)", {"rsi": 29, "rsi[1]": 28}, 1),
        ("rsi(14)", {"rsi": 29, "rsi[1]": 29.5}, 0),
        ("rsi(14)", {"rsi": 71, "rsi[1]": 72}, -1),
        ("cci(20)", {"cci": -101, "cci[1]": -102}, 1),
        ("cci(20)", {"cci": 101, "cci[1]": 102}, -1),
        ("ao(5,34)", {"ao": 1, "ao[1]": -1, "ao[2]": -2}, 1),
        ("ao(5,34)", {"ao": 3, "ao[1]": 1, "ao[2]": 2}, 1),
        ("ao(5,34)", {"ao": 3, "ao[1]": 2, "ao[2]": 1}, 0),
        ("ao(5,34)", {"ao": -3, "ao[1]": -1, "ao[2]": -2}, -1),
        ("momentum(10)", {"momentum": -1, "momentum[1]": -2}, 1),
        ("macd(12,26,9)", {"macd.line": -1, "macd.signal": 0}, -1),
        ("williams(14)", {"williams": -81, "williams[1]": -90}, 1),
        ("williams(14)", {"williams": -19, "williams[1]": -10}, -1),
        ("ultimate(7,14,28)", {"ultimate": 71}, 1),
        ("ultimate(7,14,28)", {"ultimate": 29}, -1),
        (
            "adx(14)",
            {
                "adx.adx": 21,
                "adx.plus_di": 3,
                "adx.minus_di": 2,
                "adx.plus_di[1]": 1,
                "adx.minus_di[1]": 2,
            },
            1,
        ),
        (
            "adx(14)",
            {
                "adx.adx": 20,
                "adx.plus_di": 3,
                "adx.minus_di": 2,
                "adx.plus_di[1]": 1,
                "adx.minus_di[1]": 2,
            },
            0,
        ),
        (
            "stochastic(14,3,3)",
            {
                "stochastic.k": 15,
                "stochastic.d": 14,
                "stochastic.k[1]": 12,
                "stochastic.d[1]": 13,
            },
            1,
        ),
        (
            "stochrsi(14,14,3,3)",
            {
                "stochrsi.k": 85,
                "stochrsi.d": 86,
                "stochrsi.k[1]": 90,
                "stochrsi.d[1]": 89,
                "close": 2,
                "trend": 1,
            },
            -1,
        ),
        (
            "bullbear(13)",
            {
                "bullbear.bull": 1,
                "bullbear.bear": -1,
                "bullbear.bull[1]": 1,
                "bullbear.bear[1]": -2,
                "close": 2,
                "trend": 1,
            },
            1,
        ),
        (
            "ichimoku(9,26,52)",
            {
                "close": 5,
                "close[1]": 3,
                "ichimoku.tenkan": 4,
                "ichimoku.kijun": 6,
                "ichimoku.span_a": 3,
                "ichimoku.span_b": 2,
            },
            1,
        ),
    ],
)
def test_a_component_votes_by_its_rule(component: str, facts: dict[str, float], vote: int) -> None:
    [found] = [each for each in decide(UNKNOWN | facts).votes if each.name == component]
    assert (found.vote, found.inputs) == (vote, facts)


def test_who_cannot_know_yet_is_not_counted() -> None:
    rating = decide(UNKNOWN | {"close": 2.0, "sma(10)": 1.0, "sma(20)": 3.0, "ema(10)": 1.0})

    assert rating.averages == pytest.approx(1 / 3)
    assert rating.oscillators is None
    assert rating.value == rating.averages
    assert [each.vote for each in rating.votes].count(None) == 23


def test_without_candles_there_is_no_rating() -> None:
    rating = rate(Bars.none(60_000))
    assert (rating.value, rating.word) == (None, None)


def test_a_market_without_movement_is_neutral() -> None:
    rating = rate(walk(Shape(seed=1, length=400, price=64.0, flat=(0, 400))))
    assert (rating.value, rating.word) == (0.0, Word.NEUTRAL)


def test_yesterdays_figures_are_those_of_yesterday() -> None:
    bars = walk(Shape(seed=8, length=300))
    now, before = facts_of(bars), facts_of(bars.first(299))
    for name in ("rsi", "ao", "adx.plus_di", "close"):
        assert now[f"{name}[1]"] == before[name]
