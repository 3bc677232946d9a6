"""The ranking is told when it changes."""

import numpy as np
import pytest

from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.candles import MINUTE_MS
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.domain.volatility import VolatilityBoard, Window
from plimsoll.markets.live.volatility import VolatilityChannel, VolatilityRequest
from plimsoll.markets.service.catalogue import load_catalogue
from plimsoll.plumbing.streams.messages import BadMessage
from tests.fakes.clock import ManualClock
from tests.markets.live.hearing import Ear

PAIRS = [Pair(AssetId(name), AssetId("usd")) for name in ("bitcoin", "ethereum")]


def asked(limit: int = 50) -> VolatilityRequest:
    return VolatilityRequest(channel="volatility", window=Window.HOUR, limit=limit)


async def test_the_most_volatile_pair_is_told_first() -> None:
    board, chance = VolatilityBoard(), np.random.default_rng(1)
    times = [number * MINUTE_MS for number in range(100)]
    board.load(MINUTE_MS, times, PAIRS, np.exp(chance.normal(0, [0.001, 0.01], (100, 2))))
    ear = Ear(ManualClock(), VolatilityChannel(board, load_catalogue()))
    (frame,) = await ear.subscribe(asked())
    assert frame["sub"] == "volatility:1h:50"
    assert "sym" not in frame
    assert [(row["rank"], row["pair"]) for row in frame["ranking"]] == [
        (1, "eth/usd"),
        (2, "btc/usd"),
    ]
    assert await ear.flush() == []
    board.push(MINUTE_MS, 100 * MINUTE_MS, {PAIRS[0]: 50.0, PAIRS[1]: 1.0})
    (update,) = await ear.flush()
    assert [row["pair"] for row in update["ranking"]] == ["btc/usd", "eth/usd"]
    (short,) = await ear.subscribe(asked(limit=1))
    assert len(short["ranking"]) == 1


async def test_an_empty_ranking_is_empty_and_symbols_are_refused() -> None:
    ear = Ear(ManualClock(), VolatilityChannel(VolatilityBoard(), load_catalogue()))
    (frame,) = await ear.subscribe(asked())
    assert frame["ranking"] == []
    with pytest.raises(BadMessage, match="no symbols"):
        await ear.subscribe(VolatilityRequest(channel="volatility", symbols=["btc/usd"]))
