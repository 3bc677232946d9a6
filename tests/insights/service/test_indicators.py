import numpy as np
import pytest

from plimsoll.insights.domain.bars import Bars
from plimsoll.insights.domain.catalogue import CATALOGUE, parse
from plimsoll.insights.domain.series import compute
from plimsoll.insights.service.history import PAGE, TooFarBack
from plimsoll.insights.service.indicators import (
    Answer,
    BackwardRange,
    Question,
    Segment,
    TooManyRows,
    answer,
)
from plimsoll.markets.domain.candles import Interval
from tests.insights.equality import scale_of
from tests.insights.shelf import BTC_USD, Shelf, candles_of
from tests.insights.walks import MINUTE_MS, Shape, walk

HOUR_MS = 60 * MINUTE_MS
MARKET = walk(Shape(seed=21, length=4_000))
SHELF = Shelf(candles_of(MARKET, Interval.HOUR))


async def ask(
    names: str,
    shelf: Shelf = SHELF,
    *,
    from_ms: int | None = None,
    to_ms: int | None = None,
    limit: int | None = None,
    interval: Interval = Interval.HOUR,
) -> Answer:
    requests = tuple(parse(names))
    return await answer(shelf, Question(BTC_USD, interval, requests, from_ms, to_ms, limit))


@pytest.mark.parametrize("name", sorted(CATALOGUE))
async def test_a_page_shows_what_the_whole_history_would(name: str) -> None:
    """The candles read in front are enough; only OBV counts from the first one read."""
    page = await ask(name, from_ms=int(MARKET.time_ms[3_000]), to_ms=int(MARKET.time_ms[3_100]))
    [request] = parse(name)
    whole = compute(request, MARKET).columns
    scale = scale_of(request, price=100.0)

    assert page.time_ms.tolist() == MARKET.time_ms[3_000:3_100].tolist()
    for column, values in page.columns[0].items():
        off = values - whole[column][3_000:3_100]
        if name == "obv":
            off -= off[0]
        np.testing.assert_array_equal(np.isnan(values), np.isnan(whole[column][3_000:3_100]))
        assert np.nanmax(np.abs(off)) <= 1e-8 * scale


async def test_pages_backwards_are_the_whole_without_a_seam() -> None:
    to_ms: int | None = None
    pages = list[Answer]()
    while not pages or pages[-1].next_to_ms is not None:
        pages.append(await ask("sma(10)", to_ms=to_ms, limit=700))
        to_ms = pages[-1].next_to_ms

    times = np.concatenate([page.time_ms for page in reversed(pages)])
    values = np.concatenate([page.columns[0]["sma"] for page in reversed(pages)])
    assert times.tolist() == MARKET.time_ms.tolist()
    np.testing.assert_allclose(values[9:], compute(parse("sma(10)")[0], MARKET).columns["sma"][9:])
    assert np.isnan(values[:9]).all()


async def test_a_range_has_no_page_before_it() -> None:
    page = await ask("sma(10)", from_ms=int(MARKET.time_ms[100]), to_ms=int(MARKET.time_ms[120]))
    assert (len(page.time_ms), page.next_to_ms) == (20, None)

    cut = await ask(
        "sma(10)", from_ms=int(MARKET.time_ms[100]), to_ms=int(MARKET.time_ms[120]), limit=5
    )
    assert cut.time_ms.tolist() == MARKET.time_ms[115:120].tolist()
    assert cut.next_to_ms == MARKET.time_ms[115]


async def test_as_much_is_read_in_front_as_the_slowest_indicator_needs() -> None:
    shelf = Shelf(SHELF.candles)
    await ask("rsi(14),ema(200)", shelf, limit=10)
    limits = [limit for _, _, limit in shelf.asked]
    assert (sum(limits), max(limits)) == (10 + 2_282, PAGE)


async def test_the_segments_say_how_settled_each_row_is() -> None:
    market = walk(Shape(seed=3, length=100, holes=(60, 90)))
    page = await ask("sma(5)", Shelf(candles_of(market, Interval.HOUR)), limit=50)

    assert page.segments == (
        Segment(row=0, since_ms=int(market.time_ms[46]), bars_before=4),
        Segment(row=10, since_ms=int(market.time_ms[60]), bars_before=0),
        Segment(row=40, since_ms=int(market.time_ms[90]), bars_before=0),
    )
    assert np.flatnonzero(np.isnan(page.columns[0]["sma"])).tolist() == [
        *range(10, 14),
        *range(40, 44),
    ]


async def test_the_forming_candle_is_the_last_row_and_says_so() -> None:
    *closed, last = candles_of(MARKET.first(50), Interval.HOUR)
    shelf = Shelf(closed)
    shelf.forming = [last._replace(forming=True)]

    page = await ask("rsi", shelf)
    assert page.forming
    assert page.columns[0]["rsi"][-1] == compute(parse("rsi")[0], MARKET).columns["rsi"][49]
    assert not (await ask("rsi", shelf, to_ms=last.open_time_ms)).forming


async def test_where_nothing_is_stored_there_are_no_rows() -> None:
    page = await ask("rsi,macd", Shelf())
    assert (len(page.time_ms), page.segments, page.next_to_ms) == (0, (), None)


async def test_more_than_an_answer_carries_is_refused() -> None:
    with pytest.raises(TooManyRows, match="at most 5,000"):
        await ask("rsi", limit=5_001)
    with pytest.raises(TooManyRows):
        await ask("rsi", from_ms=0, to_ms=5_001 * HOUR_MS)
    with pytest.raises(TooManyRows, match="at most 3,571"):
        await ask("fibonacci,ichimoku,pivots,macd,bollinger,adx", limit=4_000)
    assert len((await ask("rsi", from_ms=0, to_ms=9_999 * HOUR_MS, limit=3)).time_ms) == 0


async def test_a_range_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(BackwardRange):
        await ask("rsi", from_ms=1_000, to_ms=999)
    assert len((await ask("rsi", from_ms=1_000, to_ms=1_000)).time_ms) == 0


@pytest.mark.parametrize(
    ("names", "interval"),
    [("adx(1000)", Interval.HOUR), ("vwap", Interval.SECOND), ("pivots", Interval.SECOND)],
)
async def test_what_would_need_too_many_candles_is_refused(names: str, interval: Interval) -> None:
    with pytest.raises(TooFarBack, match="ask for a longer interval or a shorter period"):
        await ask(names, interval=interval)


async def test_months_are_counted_by_the_calendar() -> None:
    starts = np.arange("2020-01", "2026-01", dtype="datetime64[M]")
    months = Bars.of(
        step_ms=None,
        time_ms=starts.astype("datetime64[ms]").astype(np.int64),
        **{name: getattr(MARKET, name)[: len(starts)] for name in ("open", "high", "low", "close")},
        volume=MARKET.volume[: len(starts)],
    )
    shelf = Shelf(candles_of(months, Interval.MONTH))
    page = await ask(
        "sma(12)",
        shelf,
        from_ms=int(months.time_ms[12]),
        to_ms=int(months.time_ms[-1]) + 1,
        interval=Interval.MONTH,
    )
    assert len(page.time_ms) == 60
    assert not np.isnan(page.columns[0]["sma"]).any()


async def test_a_long_answer_is_the_same_as_a_short_one() -> None:
    """What is computed beside the event loop."""
    everything = ",".join(sorted(CATALOGUE))
    many = await ask(everything, limit=1_500)
    few = await ask("rsi", limit=1_500)
    at = [str(request) for request in parse(everything)].index("rsi(14)")
    np.testing.assert_allclose(many.columns[at]["rsi"], few.columns[0]["rsi"], atol=1e-7)
