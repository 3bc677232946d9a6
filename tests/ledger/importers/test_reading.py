"""Files as a whole: the corpus, imports repeated, refusals, size."""

import io
import subprocess
import sys
from pathlib import Path

import pytest

from plimsoll.kernel.errors import Invalid
from plimsoll.ledger.domain.imports import Standing, Verdict
from plimsoll.ledger.importers.files import FileTooLarge, Limits, LineTooLong, UnclosedQuote
from plimsoll.ledger.importers.format import Options
from plimsoll.ledger.importers.reading import (
    FORMATS,
    OpenQuestions,
    UnknownFormat,
    read_verdicts,
    recognise,
)
from tests.imports.corpus import CATALOGUE, FILES, options_of, told

HEADER = "date,received_quantity,received_asset\n"
OPTIONS = Options(catalogue=CATALOGUE)


def verdicts(text: str, known: frozenset[str] = frozenset()) -> list[Verdict]:
    file = io.BytesIO(text.encode())
    return list(
        read_verdicts(file, recognise(file, OPTIONS), OPTIONS, lambda identity: identity in known)
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_row_of_the_corpus_comes_to_what_is_expected(path: Path) -> None:
    first, *expected = path.with_suffix(".verdicts").read_text("utf-8").splitlines()
    with path.open("rb") as file:
        assert told(file, options_of(first.removeprefix("options"))) == expected


def test_every_format_is_in_the_corpus() -> None:
    seen = {path.read_text("utf-8").splitlines()[1] for path in Path(FILES[0]).parent.glob("*.v*")}
    assert {f"is {each.name}" for each in FORMATS} <= seen


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_read_twice_adds_nothing_the_second_time(path: Path) -> None:
    options = options_of(path.with_suffix(".verdicts").read_text("utf-8").splitlines()[0][8:])
    with path.open("rb") as file:
        try:
            recognised = recognise(file, options)
        except Invalid:
            return  # what is refused adds nothing the first time
        first = list(read_verdicts(file, recognised, options, lambda _identity: False))
        kept = {verdict.identity for verdict in first if verdict.draft}
        second = list(read_verdicts(file, recognised, options, kept.__contains__))
    assert {verdict.standing for verdict in second} <= {
        Standing.ALREADY_IMPORTED,
        Standing.LEFT_OUT,
        Standing.ERROR,
    }
    assert [verdict.lines for verdict in second] == [verdict.lines for verdict in first]


def test_two_equal_fills_both_stay_and_a_third_in_a_longer_file_is_new() -> None:
    fill = "2024-01-31T12:00:00Z,1,BTC\n"
    first = verdicts(HEADER + 2 * fill)
    assert [verdict.standing for verdict in first] == [Standing.NEW, Standing.NEW]
    known = frozenset(verdict.identity for verdict in first)
    assert len(known) == 2

    again = verdicts(HEADER + 3 * fill, known)

    assert [verdict.standing for verdict in again] == [
        Standing.ALREADY_IMPORTED,
        Standing.ALREADY_IMPORTED,
        Standing.NEW,
    ]


def test_how_a_row_is_written_does_not_change_its_identity() -> None:
    (plain,) = verdicts(HEADER + "2024-01-31T12:00:00Z,1000.5,BTC\n")
    (dressed,) = verdicts(
        "note;received_asset;date;received_quantity\nx;btc;31.01.2024 13:00:00 +01:00;1.000,50\n"
    )
    assert dressed.identity == plain.identity


def test_every_row_of_a_file_has_exactly_one_verdict() -> None:
    found = verdicts(
        HEADER + "2024-01-31T12:00:00Z,1,BTC\nx,y,\n,,\n2024-01-31T12:00:00Z,2,BTC,9\n"
    )
    assert sorted(line for verdict in found for line in verdict.lines) == [2, 3, 5]


def test_a_fault_says_where_what_why_and_what_to_do() -> None:
    (verdict,) = verdicts(HEADER + "31st of May,one,BTC\n")
    assert [(fault.line, fault.column, fault.raw) for fault in verdict.faults] == [
        (2, "date", "31st of May"),
        (2, "received_quantity", "one"),
    ]
    assert all(fault.reason and fault.fix for fault in verdict.faults)


def test_all_questions_about_a_file_are_asked_at_once() -> None:
    file = io.BytesIO((HEADER + '03/04/2024 01:00,"1,234",BTC\n').encode())
    with pytest.raises(OpenQuestions) as caught:
        recognise(file, OPTIONS)
    assert [fault.pointer for fault in caught.value.faults] == ["#/numbers", "#/dates", "#/zone"]


def test_a_long_line_is_refused_before_it_is_held() -> None:
    file = io.BytesIO((HEADER + "\r\n" * 100_000).encode() + b"x" * 1_000_000)
    with pytest.raises(LineTooLong) as caught:
        recognise(file, OPTIONS)
    assert caught.value.facts["line"] == 100_002
    assert file.tell() < 400_000


class Endless(io.RawIOBase):
    """Ten gigabytes of rows that nobody wrote down."""

    def __init__(self) -> None:
        self.at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        assert not whence
        self.at = offset
        return offset

    def read(self, size: int = -1) -> bytes:
        assert 0 < size <= 1_000_000
        self.at += size
        return (HEADER.encode() * (size // len(HEADER) + 1))[:size] if self.at < 1e10 else b""


def test_a_file_beyond_the_limit_is_refused_at_the_limit() -> None:
    file = Endless()
    with pytest.raises(FileTooLarge):
        recognise(file, OPTIONS, limits=Limits(file_bytes=1_000_000))  # type: ignore[arg-type]
    assert file.at < 2_000_000


def test_a_quote_that_swallows_the_file_is_told_before_any_row_is_used() -> None:
    rows = "2024-01-31T12:00:00Z,1,BTC\n" * 5_000
    file = io.BytesIO((HEADER + rows + '2024-01-31T12:00:00Z,"1,BTC\n' + rows).encode())
    with pytest.raises(UnclosedQuote) as caught:
        recognise(file, OPTIONS)
    assert caught.value.facts == {"line": 5_002}


def test_a_named_format_is_not_guessed() -> None:
    file = io.BytesIO((HEADER + "2024-01-31T12:00:00Z,1,BTC\n").encode())
    with pytest.raises(UnknownFormat):
        recognise(file, OPTIONS, format_name="kraken-ledgers")
    with pytest.raises(UnknownFormat):
        recognise(file, OPTIONS, format_name="nobody's")


def test_the_file_stays_open_for_its_owner() -> None:
    file = io.BytesIO((HEADER + "2024-01-31T12:00:00Z,1,BTC\n").encode())
    recognised = recognise(file, OPTIONS)
    next(read_verdicts(file, recognised, OPTIONS, lambda _identity: False))
    assert not file.closed


def test_a_hundred_thousand_rows_fit_into_150_megabytes(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    with path.open("w") as file:
        file.write("Date(UTC),Pair,Side,Price,Executed,Amount,Fee\n")
        for at in range(100_000):
            moment = f"2021-{at % 12 + 1:02}-{at % 28 + 1:02} {at % 24:02}:00:00"
            file.write(f"{moment},BTCUSDT,BUY,5,0.{at + 1:06}BTC,5.5USDT,0.1BNB\n")
    script = Path(__file__).with_name("measure.py")
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, str(script), str(path)], check=True, capture_output=True, text=True
    )
    rows, megabytes, _seconds = done.stdout.split()
    assert int(rows) == 100_000
    assert int(megabytes) < 150
