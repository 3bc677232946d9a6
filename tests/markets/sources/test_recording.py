"""What is recorded and played back is what was said, and makes the same candles."""

import asyncio
import gzip
import math
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from plimsoll.kernel.clock import Clock, SystemClock, from_ms, to_ms
from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.candles import HOUR_MS, MINUTE_MS, Candle, Interval
from plimsoll.markets.domain.cascade import Cascade
from plimsoll.markets.domain.feeds import MarketSource, News, NothingToReplay, Trade
from plimsoll.markets.domain.prices import Pair, Price, Tick
from plimsoll.markets.sources import recording, timeline
from plimsoll.markets.sources.recording import Recorder, RecordingReplay, has_recordings
from tests.fakes.clock import START, ManualClock, asyncio_of
from tests.markets.sources.following import until

START_MS = to_ms(START)
BTC = Pair(AssetId("bitcoin"), AssetId("usd"))
ETH = Pair(AssetId("ethereum"), AssetId("usd"))


def tick(pair: Pair, at_ms: int, value: str = "1.5") -> Tick:
    return Tick(
        pair,
        Price(
            Decimal(value),
            "script",
            from_ms(at_ms) + timedelta(microseconds=7),
            change_24h=Decimal("-0.01"),
            volume_24h=Decimal("123456789.125"),
        ),
    )


def trades(*moments_ms: int, pair: Pair = BTC) -> News:
    return News(
        ticks=[tick(pair, moments_ms[-1])],
        trades=[Trade(pair, at_ms, number, 1.1, 0.3) for number, at_ms in enumerate(moments_ms)],
    )


def list_files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


async def play(source: MarketSource) -> list[tuple[int, News]]:
    said = list[tuple[int, News]]()
    while (news := await source.next_news()) is not None:
        said.append((source.now_ms(), news))
    await source.aclose()
    return said


async def record(folder: Path, said: Sequence[tuple[int, News]]) -> None:
    recorder = Recorder(folder)
    for at_ms, news in said:
        recorder.keep(at_ms, "script", news)
    await recorder.aclose()


@asynccontextmanager
async def playing(
    folder: Path, speed: float = math.inf, clock: Clock | None = None
) -> AsyncIterator[RecordingReplay]:
    source = RecordingReplay(folder, clock or SystemClock(), speed=speed)
    try:
        yield source
    finally:
        await source.aclose()


def comparable(said: list[tuple[int, News]]) -> list[tuple[int, list[Tick], list[Trade], object]]:
    return [(at, [*news.ticks], [*news.trades], [*news.candles]) for at, news in said]


@st.composite
def courses(draw: st.DrawFn) -> list[tuple[int, News]]:
    """What a venue says: trades a little late and out of order, candles of some minutes whole."""
    said, at_ms, number = list[tuple[int, News]](), START_MS + HOUR_MS, 0
    for _ in range(draw(st.integers(1, 25))):
        at_ms += draw(st.sampled_from([0, 1, 400, 3_000, 59_000, 2 * MINUTE_MS, 3 * HOUR_MS]))
        made = []
        for late_ms in draw(st.lists(st.integers(0, 5_000), max_size=4)):
            number += 1
            price = draw(st.floats(1e-9, 1e9))
            pair = draw(st.sampled_from([BTC, ETH]))
            made.append(Trade(pair, at_ms - late_ms, number, price, draw(st.floats(0, 1e6))))
        candles = []
        if draw(st.booleans()):
            opened = Interval.MINUTE.bucket_start(at_ms - MINUTE_MS)
            candles.append((ETH, Candle(Interval.MINUTE, opened, 2.0, 3.0, 1.0, 2.5, 9.75, 4)))
        said.append((at_ms, News([tick(BTC, at_ms)], made, candles)))
    return said


def make_candles(said: list[tuple[int, News]]) -> list[tuple[Pair, Candle]]:
    """Everything that two cascades report, told the time with each News and in the end."""
    cascades, told = {BTC: Cascade(), ETH: Cascade()}, list[tuple[Pair, Candle]]()
    for at_ms, news in [*said, (said[-1][0] + HOUR_MS, News())]:
        for pair, cascade in cascades.items():
            told += ((pair, candle) for candle in cascade.advance(at_ms))
        for trade in news.trades:
            cascades[trade.pair].add(trade.time_ms, trade.id, trade.price, trade.quantity)
        for pair, candle in news.candles:
            cascades[pair].put(candle)
    return told


@given(courses(), st.sampled_from([1e7, 1e9, math.inf]))
@settings(max_examples=40, deadline=None)
def test_what_is_played_back_is_what_was_said_and_makes_the_same_candles(
    said: list[tuple[int, News]], speed: float
) -> None:
    async def there_and_back(folder: Path) -> list[tuple[int, News]]:
        await record(folder, said)
        async with playing(folder, speed) as source:
            return await play(source)

    with tempfile.TemporaryDirectory() as folder, capture_logs():
        played = asyncio.run(there_and_back(Path(folder)))

    assert [content[1:] for content in comparable(played)] == [
        content[1:] for content in comparable(said)
    ]
    assert make_candles([(at, news) for (at, _), (_, news) in zip(said, played, strict=True)]) == (
        make_candles(said)
    )
    if math.isinf(speed):
        assert make_candles([*played[:-1], (said[-1][0], played[-1][1])]) == make_candles(said)


async def test_at_its_own_speed_everything_comes_at_its_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = [(START_MS + at_ms, trades(START_MS + at_ms)) for at_ms in (0, 100, 200)]
    await record(tmp_path, said)
    clock = ManualClock()
    monkeypatch.setattr(timeline, "asyncio", asyncio_of(clock))
    async with playing(tmp_path, 1.0, clock) as source:
        moments, began = [], clock.monotonic()
        for at_ms, _ in said:
            await source.next_news()
            moments.append(clock.monotonic() - began)
            assert source.now_ms() == at_ms
    assert moments == pytest.approx([0.0, 0.1, 0.2])


async def test_where_nothing_was_kept_there_is_no_recording(tmp_path: Path) -> None:
    await record(tmp_path, [])
    assert not has_recordings(tmp_path)


async def test_every_hour_is_a_file_that_is_packed_when_it_is_over(tmp_path: Path) -> None:
    said = [
        (START_MS + hour * HOUR_MS + minute * MINUTE_MS, trades(START_MS + hour * HOUR_MS))
        for hour in range(3)
        for minute in range(2)
    ]
    await record(tmp_path, said)
    files = [path.name for path in list_files(tmp_path)]
    assert files == [f"news-20260101T{hour:02}0000000000.jsonl.gz" for hour in range(3)]
    with gzip.open(tmp_path / files[0], "rt", encoding="utf-8") as lines:
        assert len(lines.readlines()) == 2
    async with playing(tmp_path) as source:
        assert comparable(await play(source)) == comparable(said)


async def test_what_a_crash_left_is_played_without_the_torn_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "WRITE_EVERY_S", 0.01)
    said = [(START_MS + number, trades(START_MS + number)) for number in range(3)]
    crashed = Recorder(tmp_path)
    for at_ms, news in said:
        crashed.keep(at_ms, "script", news)
    await until(lambda: [path.read_bytes().count(b"\n") for path in list_files(tmp_path)] == [3])
    [path] = list_files(tmp_path)
    left = path.read_bytes()
    assert left.count(b"\n") == 3, "within a second everything is on the disk"
    later = [(START_MS + MINUTE_MS, trades(START_MS + MINUTE_MS))]
    await record(tmp_path, later)
    path.write_bytes(left[:-20])

    with capture_logs() as logs:
        async with playing(tmp_path) as source:
            assert comparable(await play(source)) == comparable([*said[:2], *later])
    assert [entry["torn"] for entry in logs if entry["event"] == "recorded_lines_left_out"] == [1]

    path.write_bytes(left)
    await crashed.aclose()


async def test_damaged_lines_are_left_out_and_counted(tmp_path: Path) -> None:
    good = [(START_MS, trades(START_MS)), (START_MS + 1, trades(START_MS + 1))]
    await record(tmp_path, good)
    [path] = list_files(tmp_path)
    first, second = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
    damaged = [b"{}\n", b"\xff\n", b'{"at_ms":1,"source":\n', b"\n", first.replace(b"[", b"(", 1)]
    unsound = [first.replace(b"1.1,0.3", b"-1.1,0.3"), first.replace(b'"1.5"', b'"0"')]
    path.write_bytes(gzip.compress(b"".join([first, *damaged, *unsound, second])))

    with capture_logs() as logs:
        async with playing(tmp_path) as source:
            assert comparable(await play(source)) == comparable(good)
    [entry] = [entry for entry in logs if entry["event"] == "recorded_lines_left_out"]
    assert (entry["damaged"], entry["not_sound"]) == (len(damaged), len(unsound))


async def test_a_broken_file_is_named_and_the_next_one_is_played(tmp_path: Path) -> None:
    said = [(START_MS + hour * HOUR_MS, trades(START_MS)) for hour in range(2)]
    await record(tmp_path, said)
    first, _ = list_files(tmp_path)
    first.write_bytes(first.read_bytes()[:-30])
    with capture_logs() as logs:
        async with playing(tmp_path) as source:
            assert comparable(await play(source))[-1] == comparable(said)[-1]
    assert [entry["file"] for entry in logs if entry["event"] == "recorded_file_broken"] == [
        first.name
    ]


async def test_a_disk_that_fails_is_said_and_nobody_is_held_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "WRITE_EVERY_S", 0.01)
    (tmp_path / "taken").write_text("a file where the folder should be")
    said = [(START_MS + number, trades(START_MS + number)) for number in range(3)]
    recorder = Recorder(tmp_path / "taken")
    with capture_logs() as logs:
        for at_ms, news in said:
            recorder.keep(at_ms, "script", news)
            await asyncio.sleep(0.05)
        await recorder.aclose()
    assert sum(entry["news"] for entry in logs if entry["event"] == "recording_has_a_hole") == 3
    assert "recording_failed" in {entry["event"] for entry in logs}


async def test_what_waits_for_the_disk_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "MOST_WAITING_BYTES", 1_000)
    said = [(START_MS + number, trades(START_MS + number)) for number in range(50)]
    with capture_logs() as logs:
        await record(tmp_path, said)
    async with playing(tmp_path) as source:
        kept = await play(source)
    assert 1 <= len(kept) < 50
    assert [entry["news"] for entry in logs if entry["event"] == "recording_has_a_hole"] == [
        50 - len(kept)
    ]


async def test_a_folder_without_recordings_is_refused(tmp_path: Path) -> None:
    (tmp_path / "news-1.jsonl").write_text("not a line")
    for folder in (tmp_path, tmp_path / "nowhere"):
        with capture_logs(), pytest.raises(NothingToReplay):
            RecordingReplay(folder, ManualClock(), speed=1)
