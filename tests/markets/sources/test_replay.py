import asyncio
import math
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from plimsoll.kernel.clock import SystemClock
from plimsoll.markets.domain.candles import DAY_MS, Candle, Interval
from plimsoll.markets.domain.feeds import NothingToReplay
from plimsoll.markets.domain.prices import Tick
from plimsoll.markets.sources import timeline
from plimsoll.markets.sources.replay import LARGEST_BATCH, ReplaySource
from plimsoll.markets.sources.timeline import SPAN_MS
from tests.fakes.clock import ManualClock, asyncio_of

START_MS = 1_515_560_100_000
MINUTE_MS = 60_000
MIDNIGHT_MS = 1_515_542_400_000
AT_ONCE = math.inf


def write(folder: Path, name: str, closes: dict[int, str]) -> None:
    """A file of one-minute candles; the keys are minutes after the start."""
    (folder / name).write_text(
        "\n".join(
            f"{START_MS + minute * MINUTE_MS},{close},{close},{close},{close},1,"
            f"{START_MS + (minute + 1) * MINUTE_MS - 1}"
            for minute, close in closes.items()
        )
    )


async def play(source: ReplaySource) -> list[Tick]:
    ticks = list[Tick]()
    while (news := await source.next_news()) is not None:
        ticks.extend(news.ticks)
    return ticks


def count_open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def brief(ticks: list[Tick]) -> list[tuple[str, str, int]]:
    """Base, value and minute of each tick's candle."""
    return [
        (
            tick.pair.base,
            str(tick.price.value.normalize()),
            int(tick.price.at.timestamp() * 1000 - START_MS) // MINUTE_MS,
        )
        for tick in ticks
    ]


async def test_all_files_share_one_timeline(tmp_path: Path) -> None:
    write(tmp_path, "ETHBTC-1m.csv", {0: "1", 2: "3"})
    write(tmp_path, "LTCBTC-1m.csv", {1: "2", 3: "4"})

    ticks = await play(ReplaySource(tmp_path, ManualClock(), speed=AT_ONCE))

    assert brief(ticks) == [
        ("ethereum", "1", 0),
        ("litecoin", "2", 1),
        ("ethereum", "3", 2),
        ("litecoin", "4", 3),
    ]
    assert ticks[0].price.at == datetime(2018, 1, 10, 4, 55, 59, 999_000, tzinfo=UTC)
    assert ticks[0].price.source == "replay"
    assert ticks[0].price.simulated is False


async def test_the_first_price_is_there_at_once_and_the_next_when_its_candle_closes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "ETHBTC-1m.csv", {0: "1", 1: "2", 2: "3"})
    async with asyncio.timeout(20):  # a minute takes a minute
        assert await ReplaySource(tmp_path, SystemClock(), speed=1).next_news()

    clock = ManualClock()
    monkeypatch.setattr(timeline, "asyncio", asyncio_of(clock))
    source = ReplaySource(tmp_path, clock, speed=600)  # a minute takes 0.1 s
    began = clock.monotonic()
    moments = []
    while await source.next_news() is not None:
        moments.append(clock.monotonic() - began)

    assert moments == pytest.approx([0, 0.1, 0.2])


@pytest.mark.parametrize("speed", [60, math.inf])
async def test_a_replay_that_was_held_up_catches_up_in_bounded_steps(
    tmp_path: Path, speed: float
) -> None:
    trades = 5 * LARGEST_BATCH // 2
    lines = [f"{number},1,1,{START_MS + number * 300},true" for number in range(trades)]
    (tmp_path / "ETHBTC-trades.csv").write_text("\n".join(lines))
    clock = ManualClock()
    source = ReplaySource(tmp_path, clock, speed=speed)

    first = await source.next_news()
    clock.advance(3600)
    steps = [first] if first else []
    while news := await source.next_news():
        assert news.trades[-1].time_ms <= source.now_ms()
        steps.append(news)

    assert sum(len(news.trades) for news in steps) == trades
    assert max(len(news.trades) for news in steps) <= LARGEST_BATCH
    assert all(len(news.ticks) == 1 for news in steps), "the last price of a pair is enough"
    assert all(news.trades[-1].time_ms - news.trades[0].time_ms < SPAN_MS for news in steps)


async def test_candles_are_told_whole_when_they_close(tmp_path: Path) -> None:
    (tmp_path / "ETHBTC-5m.csv").write_text(
        f"{MIDNIGHT_MS},1,4,0.5,2,12.5,{MIDNIGHT_MS + 299_999},9,77,0,0,0"
    )
    source = ReplaySource(tmp_path, ManualClock(), speed=1)
    news = await source.next_news()
    assert news
    assert news.candles == [
        (
            ("ethereum", "bitcoin"),
            Candle(Interval.MINUTES_5, MIDNIGHT_MS, 1.0, 4.0, 0.5, 2.0, 12.5, 77),
        )
    ]
    assert [tick.price.value for tick in news.ticks] == [2]
    assert (news.trades, source.now_ms()) == ([], MIDNIGHT_MS + 299_999)


async def test_the_time_is_that_of_the_recording(tmp_path: Path) -> None:
    write(tmp_path, "ETHBTC-1m.csv", {0: "1", 1: "2"})
    clock = ManualClock()
    source = ReplaySource(tmp_path, clock, speed=60)
    first_ms = START_MS + MINUTE_MS - 1
    assert source.now_ms() == first_ms

    await source.next_news()
    clock.advance(0.5)
    assert source.now_ms() == first_ms + MINUTE_MS // 2
    clock.advance(30)
    assert source.now_ms() == first_ms + MINUTE_MS, "never ahead of what was not said yet"

    await source.next_news()
    clock.advance(60)
    assert source.now_ms() > first_ms + MINUTE_MS, "the world goes on after the recording"


async def test_as_fast_as_possible_the_time_is_that_of_what_was_said_last(tmp_path: Path) -> None:
    write(tmp_path, "ETHBTC-1m.csv", {0: "1", 1: "2"})
    clock = ManualClock()
    source = ReplaySource(tmp_path, clock, speed=math.inf)
    await source.next_news()
    clock.advance(30)
    assert source.now_ms() == START_MS + MINUTE_MS - 1
    await source.next_news()
    clock.advance(30)
    assert source.now_ms() == START_MS + 2 * MINUTE_MS - 1 + 30_000, "the clock's own speed"


async def test_nothing_is_left_open(tmp_path: Path) -> None:
    write(tmp_path, "ETHBTC-1m.csv", {0: "1", 1: "2"})
    before = count_open_files()
    source = ReplaySource(tmp_path, ManualClock(), speed=1)
    await source.next_news()
    await source.aclose()
    assert count_open_files() == before
    assert await source.next_news() is None


async def test_a_stretch_without_data_is_skipped_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "ETHBTC-1m.csv", {0: "1", 60: "2", 6000: "3", 6001: "4"})
    clock = ManualClock()
    monkeypatch.setattr(timeline, "asyncio", asyncio_of(clock))
    source = ReplaySource(tmp_path, clock, speed=60_000)  # an hour takes 60 ms

    began = clock.monotonic()
    with capture_logs() as logs:
        await source.next_news()
        await source.next_news()
        third = await source.next_news()

    assert third
    assert brief(list(third.ticks)) == [("ethereum", "3", 6000)]
    assert clock.monotonic() - began == pytest.approx(0.06)  # 99 hours would have taken 5.9 s
    assert [entry["hours"] for entry in logs if entry["event"] == "replay_gap_skipped"] == [99]


async def test_candles_of_a_day_are_not_taken_for_gaps(tmp_path: Path) -> None:
    lines = [
        f"{MIDNIGHT_MS + day * DAY_MS},1,3,1,{day + 1},1,{MIDNIGHT_MS + (day + 1) * DAY_MS - 1}"
        for day in range(3)
    ]
    (tmp_path / "ETHBTC-1d.csv").write_text("\n".join(lines))
    with capture_logs() as logs:
        await play(ReplaySource(tmp_path, ManualClock(), speed=AT_ONCE))
    assert [entry["event"] for entry in logs] == ["replay_opened"]


async def test_the_change_of_24_hours_comes_from_the_recording_itself(tmp_path: Path) -> None:
    day = DAY_MS // MINUTE_MS
    hours = {hour * 60: str(100 + hour) for hour in range(24)}
    write(tmp_path, "ETHBTC-1m.csv", {**hours, day: "150", day + 60: "202", 2 * day + 240: "9"})

    ticks = await play(ReplaySource(tmp_path, ManualClock(), speed=AT_ONCE))

    changes = [tick.price.change_24h for tick in ticks]
    assert changes[:24] == [None] * 24
    assert changes[24] == Decimal("0.5")
    assert changes[25] == Decimal(1)
    assert changes[26] is None, "nothing was recorded within an hour of 24 h before"


async def test_at_the_end_there_is_nothing_more(tmp_path: Path) -> None:
    write(tmp_path, "ETHBTC-1m.csv", {0: "1"})
    source = ReplaySource(tmp_path, ManualClock(), speed=1)
    assert await source.next_news()
    assert await source.next_news() is None
    assert await source.next_news() is None


async def test_waiting_for_the_next_candle_can_be_cancelled(tmp_path: Path) -> None:
    write(tmp_path, "ETHBTC-1m.csv", {0: "1", 1: "2"})
    source = ReplaySource(tmp_path, SystemClock(), speed=1)
    await source.next_news()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(source.next_news(), 0.01)


@pytest.mark.parametrize("content", [None, "", "open_time,open\n"])
def test_a_folder_without_prices_is_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "ETHBTC-1m.csv").write_text(content)
    with capture_logs(), pytest.raises(NothingToReplay):
        ReplaySource(tmp_path, ManualClock(), speed=1)
    with pytest.raises(NothingToReplay):
        ReplaySource(tmp_path / "nowhere", ManualClock(), speed=1)


def test_many_files_are_read_one_row_ahead(tmp_path: Path) -> None:
    for month in range(1, 13):
        write(tmp_path, f"ETHBTC-1m-2018-{month:02}.csv", {month * 50_000: "1"})
    before = count_open_files()
    source = ReplaySource(tmp_path, ManualClock(), speed=1)
    assert count_open_files() <= before + 1
    assert source.state() is None  # type: ignore[func-returns-value]
