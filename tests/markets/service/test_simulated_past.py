"""A past that was made up: the candles that are forming go on from it at any time of a day."""

from pathlib import Path

import pytest

from plimsoll.markets.domain.assets import USD
from plimsoll.markets.domain.candles import DAY_MS, HOUR_MS, MINUTE_MS, Interval
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.sources.simulated_past import make_past
from plimsoll.plumbing.database import Database
from tests.markets.candle_desk import NOW_MS, opened, stored

MIDNIGHT_MS = NOW_MS - NOW_MS % DAY_MS


@pytest.mark.parametrize("into_day_ms", [45 * MINUTE_MS, 7 * HOUR_MS + 50 * MINUTE_MS])
async def test_today_begins_where_yesterday_ended(
    database: Database, tmp_path: Path, into_day_ms: int
) -> None:
    now_ms = MIDNIGHT_MS + into_day_ms
    past = make_past(7, days=40, begun_ms=MIDNIGHT_MS, now_ms=now_ms)
    store = stored(database, tmp_path)
    charted, other = min(past.charted), min(past.fine - past.charted)
    for asset in (charted, other):
        pair = Pair(asset, USD)
        await store.save([(pair, each) for each in past.candles(asset)])
    async with opened(store, now_ms) as candles:
        for asset in (charted, other):
            *_, yesterday, today = await candles.list_candles(Pair(asset, USD), Interval.DAY)
            assert today.forming, asset
            assert today.open == yesterday.close, asset
            minutes = [step for step in past.steps[asset] if step.at_ms >= MIDNIGHT_MS]
            assert today.high == max(step.high for step in minutes), asset
