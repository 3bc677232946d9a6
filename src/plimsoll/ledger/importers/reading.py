"""The whole way of a file: what it is, how it is written, and a verdict for every row.

The file is gone through three times: for its encoding, for its number and date styles (and for
every structural fault), and for its rows. So when the first verdict is given, nothing but faults of
single rows can follow, and all questions about the file were asked at once.
"""

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from itertools import islice
from typing import BinaryIO, Final

from plimsoll.kernel.errors import FieldFault, Invalid
from plimsoll.ledger.domain.imports import Outcome, RawRow, Refused, Verdict, judge
from plimsoll.ledger.importers import (
    binance_statement,
    binance_trades,
    bitstamp,
    bittytax,
    bybit_funding,
    bybit_trades,
    bybit_unified,
    coinbase,
    cointracking,
    cryptocom,
    gemini,
    koinly,
    kraken_ledgers,
    kraken_trades,
    kucoin_trades,
    kucoin_transfers,
    ledger_live,
    okx_funding,
    okx_trading,
    own,
    plimsoll,
    rp2,
    trezor,
)
from plimsoll.ledger.importers.dates import DateEvidence
from plimsoll.ledger.importers.files import (
    EmptyFile,
    Limits,
    find_encoding,
    read_rows,
    read_sample,
    split_rows,
)
from plimsoll.ledger.importers.format import Format, Options, column_names
from plimsoll.ledger.importers.numbers import NumberEvidence
from plimsoll.ledger.importers.rows import Row, Styles, name_cells
from plimsoll.ledger.importers.workbooks import Workbook, is_packed, open_workbook

FORMATS: Final[tuple[Format, ...]] = (
    plimsoll.FORMAT,
    own.FORMAT,
    koinly.FORMAT,
    cointracking.FORMAT,
    binance_trades.FORMAT,
    binance_statement.FORMAT,
    coinbase.FORMAT,
    kraken_ledgers.FORMAT,
    kraken_trades.FORMAT,
    bitstamp.FORMAT,
    gemini.FORMAT,
    cryptocom.FORMAT,
    kucoin_trades.FORMAT,
    kucoin_transfers.FORMAT,
    bybit_trades.FORMAT,
    bybit_unified.FORMAT,
    bybit_funding.FORMAT,
    okx_trading.FORMAT,
    okx_funding.FORMAT,
    ledger_live.FORMAT,
    trezor.FORMAT,
    bittytax.FORMAT,
    rp2.FORMAT,
)
DELIMITERS: Final = (",", ";", "\t", "|")
PREAMBLE: Final = 40
"""Rows among which the header is looked for."""


class UnknownFormat(Invalid):
    """No header that any importer knows; `facts` say what was seen."""

    code = "import-unknown-format"
    title = "Nobody knows this kind of file"


class NoRows(Invalid):
    code = "import-no-rows"
    title = "The file has a header and no rows"


class OpenQuestions(Invalid):
    """What the file does not tell and a person has to say; one fault for each question."""

    code = "import-open-questions"
    title = "The file can be read in more than one way"


@dataclass(frozen=True, slots=True)
class Table:
    """Where the rows of a file are: below `header`, which stands on line `header_line`.

    `sheet` is the name of the sheet in a workbook, whose lines are its rows; None: it is a text
    file, and only that has an encoding and a delimiter. `limits` are those it was found under.
    """

    format: Format
    encoding: str
    delimiter: str
    header: tuple[str, ...]
    header_line: int
    sheet: str | None = None
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Recognised:
    """A file that can be read: what it is and how it is written."""

    table: Table
    styles: Styles
    rows: int


def recognise(
    file: BinaryIO,
    options: Options,
    *,
    format_name: str | None = None,
    limits: Limits | None = None,
) -> Recognised:
    """What this file is, and in which styles, after all of it was looked through.

    Raises the refusals of `files`, UnknownFormat, NoRows and OpenQuestions. `file` can be sought.
    """
    formats = [each for each in FORMATS if format_name in {None, each.name}]
    if not formats:
        raise UnknownFormat(f"there is no format {str(format_name)[:40]!r}")
    if is_packed(file):
        table = _find_sheet(open_workbook(file, limits), formats)
    else:
        encoding = find_encoding(file, limits)
        table = _find_table(read_sample(file, encoding), encoding, formats)
    return _find_styles(file, replace(table, limits=limits or Limits()), options)


def read_outcomes(file: BinaryIO, recognised: Recognised, options: Options) -> Iterator[Outcome]:
    """What each row comes to. A row with a cell too many is refused before its importer sees it."""
    refused: list[Refused] = []
    options = replace(options, by_id=recognised.table.format.by_id)
    outcomes = recognised.table.format.read(
        _sound_rows(file, recognised.table, recognised.styles, refused), options
    )
    for outcome in outcomes:
        yield from refused
        refused.clear()
        yield outcome
    yield from refused


def read_verdicts(
    file: BinaryIO, recognised: Recognised, options: Options, known: Callable[[str], bool]
) -> Iterator[Verdict]:
    """A verdict for every row; `known` tells whether the ledger has an identity already."""
    return judge(read_outcomes(file, recognised, options), known)


def _sound_rows(
    file: BinaryIO, table: Table, styles: Styles, refused: list[Refused]
) -> Iterator[Row]:
    below = (raw for raw in _raw_rows(file, table) if raw.line > table.header_line)
    for row in name_cells(below, table.header, styles):
        if row.faults:
            refused.append(row.refused())
        else:
            yield row


def _raw_rows(file: BinaryIO, table: Table) -> Iterator[RawRow]:
    if table.sheet is None:
        return read_rows(file, table.encoding, table.delimiter)
    return open_workbook(file, table.limits).read_rows(table.sheet)


class _Search:
    """The line that fits some format best, and the widest one where none does."""

    def __init__(self, formats: Sequence[Format]) -> None:
        self._formats = formats
        self._score = 0.0  # no money: how well a header fits
        self._widest: tuple[str, ...] = ()
        self.best: Table | None = None

    def look(
        self, rows: Iterable[RawRow], encoding: str, delimiter: str, sheet: str | None = None
    ) -> None:
        for line, cells in rows:
            header = tuple(column_names(cells))
            if len(header) > len(self._widest):
                self._widest = header
            for each in self._formats:
                score = each.sniff(header)
                if score > self._score:
                    self._score = score
                    self.best = Table(each, encoding, delimiter, header, line, sheet)

    def found(self) -> Table:
        if self.best is not None:
            return self.best
        if not self._widest:
            raise EmptyFile("choose a file with a header and rows")
        seen = ", ".join(name for name in self._widest if name)[:300]
        raise UnknownFormat(
            "give it the header of docs/imports.md, or export it in another form",
            facts={"columns": seen, "formats": ", ".join(each.name for each in self._formats)},
        )


def _find_table(sample: str, encoding: str, formats: Sequence[Format]) -> Table:
    """The delimiter and the line under which the header fits some format best."""
    search = _Search(formats)
    for delimiter in DELIMITERS:
        search.look(_first_rows(sample, delimiter), encoding, delimiter)
    return search.found()


def _find_sheet(workbook: Workbook, formats: Sequence[Format]) -> Table:
    """The header of the first sheet that has one."""
    search = _Search(formats)
    for name in workbook.sheets:
        search.look(islice(workbook.read_rows(name), PREAMBLE), "", "", name)
        if search.best is not None:
            break
    return search.found()


def _first_rows(sample: str, delimiter: str) -> Iterator[RawRow]:
    """Rows for one guess of the delimiter. A quote left open is told when the file is read."""
    rows = split_rows(io.StringIO(sample, newline=""), delimiter)
    for _ in range(PREAMBLE):
        try:
            raw = next(rows, None)
        except Invalid:
            return
        if raw is None:
            return
        yield raw


def _find_styles(file: BinaryIO, table: Table, options: Options) -> Recognised:
    kind = table.format
    numbers, dates, count = NumberEvidence(), DateEvidence(), 0
    zone = kind.zone_of(table.header)
    number_places = [at for at, name in enumerate(table.header) if name in kind.numbers]
    moment_places = [at for at, name in enumerate(table.header) if name in kind.moments]
    for line, cells in _raw_rows(file, table):
        if line <= table.header_line:
            zone = zone or kind.zone_above(cells)
            continue
        count += 1
        for at in number_places:
            if at < len(cells):
                numbers.look(cells[at], line)
        for at in moment_places:
            if at < len(cells):
                dates.look(cells[at], line)
    if not count:
        raise NoRows("export a period in which something happened")
    return Recognised(table, _decide(kind, options, numbers, dates, zone or options.zone), count)


def _decide(
    kind: Format,
    options: Options,
    numbers: NumberEvidence,
    dates: DateEvidence,
    zone: tzinfo | None,
) -> Styles:
    style = options.numbers or numbers.decide(machine_written=kind.machine_written)
    order = options.dates or dates.decide(kind.date_order)
    faults = []
    if style is None:
        why = (
            f"line {numbers.point_line} has a decimal point and line {numbers.comma_line} a "
            "decimal comma"
            if numbers.point_line and numbers.comma_line
            else f"{numbers.either} on line {numbers.either_line} can be read in two ways"
        )
        faults.append(FieldFault("#/numbers", "number-style-open", f"{why}: point or comma?"))
    if order is None:
        why = (
            f"the date on line {dates.open_line} can be read in two ways"
            if dates.orders
            else f"no order fits both line {dates.open_line} and line "
            f"{max(dates.ruled_out.values())}"
        )
        faults.append(FieldFault("#/dates", "date-order-open", f"{why}: ymd, dmy or mdy?"))
    if zone is None and dates.zoneless_line:
        why = f"the time on line {dates.zoneless_line} names no zone"
        faults.append(FieldFault("#/zone", "zone-open", f"{why}: which one is it in?"))
    if faults:
        raise OpenQuestions("answer these and read it again", faults=tuple(faults))
    assert style is not None
    assert order is not None
    return Styles(style, order, zone)
