"""Ten recorded pairs: the published figures, and what dropping the returns over gaps makes of them.

The published figures count every return from one row to the next. Five of the files have missing
bars, so five figures differ from ours, and the ranking is the same.
"""

import math
from typing import Final, Protocol

import numpy as np

from plimsoll.markets.domain.volatility import Volatility, measure

STEP_MS: Final = 300_000
PUBLISHED: Final = {
    "TRX": "0.008802539",
    "NXT": "0.006745013",
    "XLM": "0.006682195",
    "ADA": "0.005780770",
    "ETC": "0.005402794",
    "XMR": "0.005365597",
    "ZEC": "0.004941943",
    "DASH": "0.004804856",
    "LTC": "0.003785224",
    "ETH": "0.003693280",
}
GAPS_DROPPED: Final = PUBLISHED | {
    "TRX": "0.008806527",
    "ADA": "0.005778893",
    "XMR": "0.005365649",
    "ZEC": "0.004942801",
    "DASH": "0.004804412",
}


class Recordings(Protocol):
    def rows(self, name: str) -> list[dict[str, str]]: ...


def volatility(recordings: Recordings, symbol: str, *, gaps_closed: bool) -> Volatility:
    rows = list(recordings.rows(f"klines/{symbol}BTC-5m.csv"))
    times_ms = np.array([int(row["open_time"]) for row in rows])
    closes = np.array([float(row["close"]) for row in rows])
    if gaps_closed:
        times_ms = np.arange(len(rows)) * STEP_MS
    found = measure(times_ms, closes, step_ms=STEP_MS)
    assert found
    return found


def test_with_every_return_the_figures_are_the_published_ones(recordings: Recordings) -> None:
    found = {symbol: volatility(recordings, symbol, gaps_closed=True) for symbol in PUBLISHED}
    assert {symbol: f"{found[symbol].value:.9f}" for symbol in found} == PUBLISHED


def test_without_the_returns_over_gaps_the_ranking_is_the_same(recordings: Recordings) -> None:
    found = {symbol: volatility(recordings, symbol, gaps_closed=False) for symbol in PUBLISHED}
    assert {symbol: f"{found[symbol].value:.9f}" for symbol in found} == GAPS_DROPPED
    assert sorted(found, key=lambda symbol: -found[symbol].value) == list(PUBLISHED)
    assert (found["TRX"].returns, found["ETH"].returns) == (5_747, 5_759)
    assert f"{found['ETH'].annualised:.4f}" == "1.1974"
    assert math.isclose(found["ETH"].annualised, found["ETH"].value * math.sqrt(105_120))
