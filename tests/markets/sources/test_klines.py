"""Small files made here, good and bad."""

import zipfile
from decimal import Decimal
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from plimsoll.markets.domain.candles import Candle, Interval
from plimsoll.markets.domain.feeds import Trade
from plimsoll.markets.service.catalogue import load_catalogue
from plimsoll.markets.sources.klines import find_series, load_symbols, read_series

HEADER = "open_time,open,high,low,close,volume,close_time"
START_MS = 1_515_560_100_000


def row(minute: int, close: str, *, scale: int = 1) -> str:
    """The candle of one minute; `scale` 1000 writes its times in microseconds."""
    opened = (START_MS + minute * 60_000) * scale
    return f"{opened},{close},{close},{close},{close},10,{opened + 60_000 * scale - 1}"


def closes(folder: Path) -> list[tuple[int, str]]:
    """Minute and close of everything in `folder`, series after series."""
    return [
        ((row.at_ms - START_MS) // 60_000, str(row.price.normalize()))
        for series in find_series(folder)
        for row in read_series(series)
    ]


@pytest.mark.parametrize("header", [[HEADER], []])
def test_a_csv_is_read_with_and_without_a_header(tmp_path: Path, header: list[str]) -> None:
    lines = [*header, row(0, "0.0984"), row(1, "0.0985")]
    (tmp_path / "ETHBTC-1m.csv").write_text("\n".join(lines))

    [series] = find_series(tmp_path)
    first, second = read_series(series)

    assert series.pair == ("ethereum", "bitcoin")
    candle = Candle(Interval.MINUTE, START_MS, 0.0984, 0.0984, 0.0984, 0.0984, 10.0)
    assert first == (START_MS + 59_999, series.pair, Decimal("0.0984"), candle)
    assert second.price == Decimal("0.0985")


def test_a_zip_with_twelve_columns_and_microseconds_is_read(tmp_path: Path) -> None:
    text = "\n".join(row(minute, "94000.5", scale=1000) + ",1,2,3,4,0" for minute in range(3))
    with zipfile.ZipFile(tmp_path / "BTCUSDT-1m-2025-01.zip", "w") as archive:
        archive.writestr("BTCUSDT-1m-2025-01.csv", text)

    assert closes(tmp_path) == [(0, "94000.5"), (1, "94000.5"), (2, "94000.5")]
    [series] = find_series(tmp_path)
    assert next(read_series(series)).at_ms == START_MS + 59_999


def test_months_of_one_pair_are_one_series_in_the_order_of_their_dates(tmp_path: Path) -> None:
    (tmp_path / "ETHBTC-1m-2018-02.csv").write_text(row(5, "2"))
    (tmp_path / "ETHBTC-1m-2018-01.csv").write_text(row(0, "1"))
    assert closes(tmp_path) == [(0, "1"), (5, "2")]


def test_bad_rows_are_counted_and_left_out(tmp_path: Path) -> None:
    bad = {
        "wrong_columns": ["1,2,3", row(1, "1") + ",7", ""],
        "not_a_number": [
            row(2, "abc"),
            row(2, ""),
            "x,1,2,0.5,1,10,y",
            row(2, "9" * 50),
            row(2**38, "1"),
        ],
        "off_the_grid": [
            f"{START_MS + 1},1,1,1,1,10,{START_MS + 9}",
            f"{START_MS + 60_000},1,1,1,1,10,{START_MS + 120_000}",
            f"{START_MS + 60_000},1,1,1,1,10,{START_MS}",
        ],
        "not_sound": [
            f"{START_MS + 60_000},1,0.5,1,1,10,{START_MS + 60_001}",
            f"{START_MS + 60_000},1,1,1,1,-10,{START_MS + 60_001}",
            f"{START_MS + 60_000},1,1,1,1,nan,{START_MS + 60_001}",
        ],
        "not_a_price": [row(3, "0"), row(3, "-1"), row(3, "NaN"), row(3, "1e999999")],
        "out_of_order": [row(0, "2"), row(0, "3")],
    }
    lines = [HEADER, row(0, "1"), *(line for group in bad.values() for line in group), row(9, "4")]
    (tmp_path / "ETHBTC-1m.csv").write_text("\n".join(lines))

    with capture_logs() as logs:
        assert closes(tmp_path) == [(0, "1"), (9, "4")]

    [entry] = logs
    assert entry["event"] == "recorded_rows_left_out"
    assert {name: entry[name] for name in bad} == {name: len(group) for name, group in bad.items()}


def test_files_that_cannot_be_replayed_are_left_out_and_named(tmp_path: Path) -> None:
    names = {
        "BTCUSD-perp-1m.csv": "a derivative",
        "NOSUCHCOIN-1m.csv": "symbol not reviewed",
        "ETHBTC-3m.csv": "interval not known here",
        "ETHBTC-12h-2024-01.csv": "interval not known here",
        "notes.csv": "not named SYMBOL-INTERVAL[-DATE]",
    }
    for name in names:
        (tmp_path / name).write_text(row(0, "1"))
    (tmp_path / "README.md").write_text("not data")

    with capture_logs() as logs:
        assert find_series(tmp_path) == []

    assert {entry["file"]: entry["reason"] for entry in logs} == names


TRADE_HEADER = "id,price,quantity,time,is_buyer_maker"


def trade(number: int, *, price: str = "0.5", at_ms: int = 0) -> str:
    return f"{number},{price},3,{START_MS + at_ms},true"


def test_trades_are_read_in_either_layout(tmp_path: Path) -> None:
    lines = [TRADE_HEADER, trade(7), trade(8), trade(9, at_ms=5)]
    (tmp_path / "ETHBTC-trades.csv").write_text("\n".join(lines))
    archived = [f"{number},0.5,3,1.5,{(START_MS + number) * 1000},true,true" for number in (10, 11)]
    with zipfile.ZipFile(tmp_path / "LTCBTC-trades-2025-01-01.zip", "w") as archive:
        archive.writestr("LTCBTC-trades-2025-01-01.csv", "\n".join(archived))

    ether, litecoin = find_series(tmp_path)

    assert (ether.pair, ether.interval) == (("ethereum", "bitcoin"), None)
    assert [row.what for row in read_series(ether)] == [
        Trade(ether.pair, START_MS, 7, 0.5, 3.0),
        Trade(ether.pair, START_MS, 8, 0.5, 3.0),
        Trade(ether.pair, START_MS + 5, 9, 0.5, 3.0),
    ]
    assert [row.at_ms - START_MS for row in read_series(litecoin)] == [10, 11]


def test_bad_trades_are_counted_and_left_out(tmp_path: Path) -> None:
    bad = {
        "wrong_columns": ["1,2", trade(8) + ",7"],
        "not_a_number": ["x,1,3,1515560100000,true", "9,x,3,1515560100000,true", "9,1,3,then,true"],
        "not_a_price": [trade(8, price="0"), trade(8, price="-1"), trade(8, price="inf")],
        "not_sound": [f"8,1,-3,{START_MS},true", f"8,1,nan,{START_MS},true"],
        "out_of_order": [trade(7), trade(6), trade(9, at_ms=-1)],
    }
    lines = [trade(7), *(line for group in bad.values() for line in group), trade(99)]
    (tmp_path / "ETHBTC-trades.csv").write_text("\n".join(lines))
    [series] = find_series(tmp_path)

    with capture_logs() as logs:
        trades = [row.what for row in read_series(series)]

    assert trades == [Trade(series.pair, START_MS, number, 0.5, 3.0) for number in (7, 99)]
    [entry] = logs
    assert {name: entry[name] for name in bad} == {name: len(group) for name, group in bad.items()}


def broken_zips(folder: Path) -> dict[str, bytes]:
    whole = folder / "whole"
    text = "\n".join(row(minute, "1") for minute in range(2000))
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", text)
    content = whole.read_bytes()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("a.csv", text)
        archive.writestr("b.csv", text)
    damaged = bytearray(content)
    damaged[len(content) // 2 : len(content) // 2 + 64] = bytes(64)
    return {
        "not a zip": b"hello",
        "cut off": content[: len(content) // 2],
        "damaged inside": bytes(damaged),
        "two files": whole.read_bytes(),
    }


@pytest.mark.parametrize("fault", ["not a zip", "cut off", "damaged inside", "two files"])
def test_a_broken_zip_is_named_and_the_next_file_is_read(tmp_path: Path, fault: str) -> None:
    content = broken_zips(tmp_path)[fault]
    (tmp_path / "ETHBTC-1m-2018-01.zip").write_bytes(content)
    (tmp_path / "ETHBTC-1m-2018-02.csv").write_text(row(100_000, "4"))

    with capture_logs() as logs:
        assert closes(tmp_path)[-1] == (100_000, "4")

    assert [entry["file"] for entry in logs if entry["event"] == "recorded_file_broken"] == [
        "ETHBTC-1m-2018-01.zip"
    ]


def test_bytes_that_are_no_text_are_bad_rows(tmp_path: Path) -> None:
    (tmp_path / "ETHBTC-1m.csv").write_bytes(b"\xff\xfe\x00\n" + row(1, "2").encode())
    with capture_logs():
        assert closes(tmp_path) in ([(1, "2")], [])


def test_the_reviewed_symbols_name_assets_of_the_catalogue() -> None:
    catalogue, symbols = load_catalogue(), load_symbols()
    assert len(symbols) > 200
    assert len(set(symbols.values())) == len(symbols)
    for symbol, pair in symbols.items():
        base, quote = catalogue.find_by_id(pair.base), catalogue.find_by_id(pair.quote)
        assert base
        assert quote
        assert symbol == (base.symbol + quote.symbol).upper()
