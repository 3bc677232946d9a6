"""Small files made here, good and bad."""

import zipfile
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from plimsoll.markets.domain.candles import MINUTE_MS, Candle, Interval
from plimsoll.markets.sources.binance_archive import read_candles
from plimsoll.markets.sources.klines import find_series

HEADER = "open_time,open,high,low,close,volume,close_time"
START_MS = 1_735_689_600_000
"""2025-01-01T00:00:00Z"""


def row(minute: int, values: str = "1,2,0.5,1.5,10.25", *, scale: int = 1, rest: str = "") -> str:
    """The candle of one minute; `scale` 1000 writes its times in microseconds."""
    opened = (START_MS + minute * MINUTE_MS) * scale
    return f"{opened},{values},{opened + MINUTE_MS * scale - 1}{rest}"


def candle(minute: int, *, trades: int = 0) -> Candle:
    opened = START_MS + minute * MINUTE_MS
    return Candle(Interval.MINUTE, opened, 1.0, 2.0, 0.5, 1.5, 10.25, trades)


def read(folder: Path) -> list[Candle]:
    return [candle for series in find_series(folder) for candle in read_candles(series)]


@pytest.mark.parametrize("header", [[HEADER], []])
def test_a_csv_with_seven_columns_has_candles_of_unknown_trades(
    tmp_path: Path, header: list[str]
) -> None:
    (tmp_path / "ETHBTC-1m.csv").write_text("\n".join([*header, row(0), row(3)]))
    assert read(tmp_path) == [candle(0), candle(3)]


def test_a_zip_in_microseconds_with_twelve_columns_tells_the_trades(tmp_path: Path) -> None:
    text = "\n".join(row(minute, scale=1000, rest=",99.5,41,1,2,0") for minute in range(3))
    with zipfile.ZipFile(tmp_path / "BTCUSDT-1m-2025-01.zip", "w") as archive:
        archive.writestr("BTCUSDT-1m-2025-01.csv", text)
    assert read(tmp_path) == [candle(minute, trades=41) for minute in range(3)]


@pytest.mark.parametrize(
    ("name", "interval"), [("1mo", "1M"), ("1M", "1M"), ("1w", "1w"), ("4h", "4h")]
)
def test_longer_intervals_have_their_own_grid(tmp_path: Path, name: str, interval: str) -> None:
    start_ms = Interval(interval).bucket_start(START_MS)
    text = "\n".join(
        f"{opened},1,2,0.5,1.5,10,{opened + 5}" for opened in (start_ms, start_ms + MINUTE_MS)
    )
    (tmp_path / f"ETHBTC-{name}.csv").write_text(text)
    with capture_logs() as logs:
        [found] = read(tmp_path)
    assert found == Candle(Interval(interval), start_ms, 1.0, 2.0, 0.5, 1.5, 10.0)
    assert [entry.get("off_the_grid") for entry in logs] == [1]


@pytest.mark.parametrize("name", ["1s", "trades"])
def test_intervals_that_are_not_stored_are_left_out_and_named(tmp_path: Path, name: str) -> None:
    (tmp_path / f"ETHBTC-{name}.csv").write_text(row(0))
    with capture_logs() as logs:
        assert read(tmp_path) == []
    assert [entry["event"] for entry in logs] == ["import_left_out"]


@pytest.mark.parametrize("count", ["-1", "1.5", "", "99999999999"])
def test_a_count_of_trades_that_is_none_spoils_the_row(tmp_path: Path, count: str) -> None:
    text = "\n".join(row(at, rest=f",1,{trades},1,2,0") for at, trades in [(0, "7"), (1, count)])
    (tmp_path / "ETHBTC-1m.csv").write_text(text)
    with capture_logs():
        assert read(tmp_path) == [candle(0, trades=7)]


def test_a_broken_file_is_named_and_the_next_one_is_read(tmp_path: Path) -> None:
    (tmp_path / "ETHBTC-1m-2024-12.zip").write_bytes(b"no zip")
    (tmp_path / "ETHBTC-1m-2025-01.csv").write_text(row(0))
    with capture_logs() as logs:
        assert read(tmp_path) == [candle(0)]
    assert [entry["event"] for entry in logs] == ["recorded_file_broken"]
