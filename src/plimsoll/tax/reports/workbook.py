"""A report as a workbook that can be recomputed: gains are proceeds less cost in each row, and the
summary adds the rows up. Every formula carries its value, for viewers that do not compute.

Rows go to the sheet as they come and are not kept: the library writes them to files of its own in
the system's temporary folder, which are gone when the workbook is closed.

A cell holds fifteen digits. Amounts are written exact where they fit; of those that do not, the
row's last column has the exact text. The figures of the forms are values with their formula in
words: they follow a country's law, which no cell knows.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from decimal import Context, Decimal
from io import BytesIO
from typing import Any, Final, NamedTuple

from xlsxwriter import Workbook

from plimsoll.kernel.money import ZERO, format_amount
from plimsoll.tax.domain.report import IncomeLine, Line, Names, Report
from plimsoll.tax.domain.results import Lot, Pool
from plimsoll.tax.reports.document import (
    Meta,
    TooLongForWorkbook,
    facts,
    symbol,
    taxed,
    total,
    wallet,
    year_of,
)

FIFTEEN: Final = Context(prec=15)
DAY_ZERO: Final = date(1899, 12, 30).toordinal()
MOST_ROWS: Final = 1_048_575
"""Of a sheet, below its header."""
LONGEST_TEXT: Final = 32_000
EVERYWHERE: Final = "all wallets"

Cell = str | int | Decimal | date | None


class Formula(NamedTuple):
    """Of one row or of many, with what it comes to."""

    text: str
    value: Decimal | int


class Column(NamedTuple):
    title: str
    width: int
    style: str = ""


class Styles:
    """The few formats that all sheets share."""

    def __init__(self, book: Any) -> None:
        self.plain = book.add_format({"valign": "top"})
        self.title = book.add_format({"bold": True, "font_size": 14})
        self.head = book.add_format({"bold": True, "bottom": 1, "valign": "top"})
        self.right = book.add_format({"bold": True, "bottom": 1, "align": "right"})
        self.by_name = {
            "": self.plain,
            "money": book.add_format({"num_format": "#,##0.00", "valign": "top"}),
            "units": book.add_format({"num_format": "#,##0.00######", "valign": "top"}),
            "day": book.add_format({"num_format": "yyyy-mm-dd", "align": "left", "valign": "top"}),
            "words": book.add_format({"text_wrap": True, "valign": "top"}),
        }

    def head_of(self, column: Column) -> Any:
        return self.right if column.style in {"money", "units"} else self.head


DISPOSALS: Final = (
    Column("Number", 8),
    Column("Disposed on", 12, "day"),
    Column("Acquired on", 12, "day"),
    Column("Kind", 12),
    Column("Asset", 9),
    Column("Quantity", 18, "units"),
    Column("Wallet", 22),
    Column("Proceeds", 15, "money"),
    Column("Fees taken off", 13, "money"),
    Column("Cost", 15, "money"),
    Column("Gain", 15, "money"),
    Column("Term", 8),
    Column("Rule", 14),
    Column("Box", 5),
    Column("Taxed", 7),
    Column("Code", 6),
    Column("Adjustment", 13, "money"),
    Column("How the cost came about", 44),
    Column("Transaction", 38),
    Column("Acquisition", 38),
    Column("Exact, where a cell is too short", 50),
)
INCOMES: Final = (
    Column("Number", 8),
    Column("Day", 12, "day"),
    Column("Category", 22),
    Column("Kind", 12),
    Column("Asset", 9),
    Column("Quantity", 18, "units"),
    Column("Wallet", 22),
    Column("Value", 15, "money"),
    Column("Transaction", 38),
    Column("Exact, where a cell is too short", 50),
)
LOTS: Final = (
    Column("Asset", 9),
    Column("Wallet", 22),
    Column("Held since", 12, "day"),
    Column("Quantity", 18, "units"),
    Column("Cost", 15, "money"),
    Column("Cost of a unit", 18, "units"),
    Column("Acquisition", 38),
    Column("Exact, where a cell is too short", 50),
)
GAPS: Final = (
    Column("What is missing", 22),
    Column("At (UTC)", 22),
    Column("Asset", 9),
    Column("Quantity", 18, "units"),
    Column("Wallet", 22),
    Column("What was done", 44, "words"),
    Column("Transaction", 38),
)


def render(report: Report, names: Names, meta: Meta) -> bytes:
    """XLSX. Raises TooLongForWorkbook."""
    if max(map(len, (report.lines, report.incomes, report.lots))) > MOST_ROWS:
        raise TooLongForWorkbook(f"a sheet has {MOST_ROWS} rows; take the audit as CSV")
    output = BytesIO()
    book = Workbook(output, {"constant_memory": True})
    book.set_properties(
        {
            "title": f"Tax report {report.jurisdiction.upper()} {report.year}",
            "author": meta.person,
            "comments": f"Run {meta.run}, input {meta.input_hash}",
            "created": meta.created_at.replace(tzinfo=None),
        }
    )
    styles = Styles(book)
    summary = book.add_worksheet("Summary")
    _table(book, styles, "Disposals", DISPOSALS, _disposals(report, names))
    _table(book, styles, "Incomes", INCOMES, _incomes(report, names))
    _table(book, styles, "Lots", LOTS, _lots(report, names))
    _table(book, styles, "Gaps", GAPS, _gaps(report, names))
    _summarise(_Writer(summary, styles), report, names, meta)
    book.close()
    return output.getvalue()


def _table(
    book: Any, styles: Styles, name: str, columns: Sequence[Column], rows: Iterable[Sequence[Any]]
) -> None:
    """A sheet with a header that stays and a row for each of `rows`."""
    sheet = book.add_worksheet(name)
    formats = [styles.by_name[column.style] for column in columns]
    for at, column in enumerate(columns):
        sheet.set_column(at, at, column.width)
        sheet.write_string(0, at, column.title, styles.head_of(column))
    last = 0
    for last, row in enumerate(rows, 1):
        for at, cell in enumerate(row):
            if cell is not None and cell != "":
                _write(sheet, last, at, cell, formats[at])
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, last, len(columns) - 1)
    sheet.set_landscape()
    sheet.repeat_rows(0)
    sheet.fit_to_pages(1, 0)


def _write(sheet: Any, row: int, at: int, cell: Cell | Formula, style: Any) -> None:
    match cell:
        case str():  # never write(): text that begins with = stays text
            sheet.write_string(row, at, cell[:LONGEST_TEXT], style)
        case Formula():
            value = cell.value if isinstance(cell.value, int) else _fifteen(cell.value)
            sheet.write_formula(row, at, cell.text, style, value)
        case Decimal():
            sheet.write_number(row, at, _fifteen(cell), style)
        case date():
            sheet.write_number(row, at, cell.toordinal() - DAY_ZERO, style)
        case int():
            sheet.write_number(row, at, cell, style)


def _fifteen(amount: Decimal) -> Decimal:
    """As many digits as a cell keeps."""
    return FIFTEEN.plus(amount)


def _exact(**amounts: Decimal) -> str:
    """Those that a cell cannot hold, as text."""
    return "; ".join(
        f"{name} {format_amount(amount)}"
        for name, amount in amounts.items()
        if FIFTEEN.plus(amount) != amount
    )


def _disposals(report: Report, names: Names) -> Iterator[Sequence[Cell | Formula]]:
    for at, line in enumerate(report.lines, 2):
        yield (
            line.number,
            line.disposed_on,
            line.acquired_on,
            line.kind.value,
            symbol(names, line.asset),
            line.quantity,
            wallet(names, line.account),
            line.proceeds,
            line.fees,
            line.cost,
            Formula(f"=H{at}-J{at}", line.gain),
            line.term.value,
            line.rule.value,
            line.box,
            "yes" if line.taxed else "no",
            line.code,
            line.adjustment or None,
            line.formula,
            str(line.disposed.transaction),
            str(line.acquired.transaction) if line.acquired else None,
            _exact(quantity=line.quantity, proceeds=line.proceeds, fees=line.fees, cost=line.cost),
        )


def _incomes(report: Report, names: Names) -> Iterator[Sequence[Cell]]:
    for row in report.incomes:
        yield (
            row.number,
            row.day,
            row.category,
            row.kind.value,
            symbol(names, row.asset),
            row.quantity,
            wallet(names, row.account),
            row.value,
            str(row.ref.transaction),
            _exact(quantity=row.quantity, value=row.value),
        )


def _lots(report: Report, names: Names) -> Iterator[Sequence[Cell | Formula]]:
    holdings: tuple[Lot | Pool, ...] = (*report.lots, *report.pools)
    for at, units in enumerate(holdings, 2):
        lot = units if isinstance(units, Lot) else None
        each = units.cost / units.quantity if units.quantity else ZERO
        yield (
            symbol(names, units.asset),
            wallet(names, units.account, everywhere=EVERYWHERE),
            lot.since if lot else None,
            units.quantity,
            units.cost,
            Formula(f"=IF(D{at}=0,0,E{at}/D{at})", each),
            str(lot.ref.transaction) if lot else None,
            _exact(quantity=units.quantity, cost=units.cost),
        )


def _gaps(report: Report, names: Names) -> Iterator[Sequence[Cell]]:
    for gap in report.shortfalls:
        yield (
            "acquisition",
            f"{gap.at:%Y-%m-%d %H:%M:%S}",
            symbol(names, gap.asset),
            gap.quantity,
            wallet(names, gap.account),
            gap.policy.value,
            str(gap.ref.transaction),
        )
    for leg in report.unvalued:
        moment, unit = f"{leg.at:%Y-%m-%d %H:%M:%S}", symbol(names, leg.asset)
        where, then = None, "counted as 0"
        yield "value", moment, unit, leg.quantity, where, then, str(leg.ref.transaction)
    for text in report.warnings:
        yield "warning", None, None, None, None, text


class _Writer:
    """Writes the summary from the top down."""

    def __init__(self, sheet: Any, styles: Styles) -> None:
        self.sheet = sheet
        self.styles = styles
        self.row = 0
        for at, width in enumerate((34, 18, 18, 18, 18, 70)):
            sheet.set_column(at, at, width)

    def line(self, *cells: Cell | Formula, style: Any = None) -> None:
        """In one style; else text plain, counts whole and amounts as money."""
        for at, cell in enumerate(cells):
            if cell is not None:
                money = isinstance(cell, Decimal | Formula) and not _counts(cell)
                plain = self.styles.by_name["money" if money else ""]
                _write(self.sheet, self.row, at, cell, style or plain)
        self.row += 1

    def title(self, text: str, *heads: str) -> None:
        self.row += 1
        self.line(text, style=self.styles.title)
        self.line(*heads, style=self.styles.head)


def _counts(cell: Cell | Formula) -> bool:
    return isinstance(cell, Formula) and isinstance(cell.value, int)


def _summarise(to: _Writer, report: Report, names: Names, meta: Meta) -> None:
    to.line(f"Tax report {year_of(report)}", style=to.styles.title)
    for label, text in facts(report, names, meta):
        to.line(label, text)
    if report.totals and not report.blocked:
        to.title("Figures", "Figure", "Amount", "Where", "Code", "Exact", "How")
        for each in report.totals:
            exact = _exact(amount=each.amount)
            amount = int(each.amount) if each.counted else each.amount
            to.line(each.label, amount, each.where, each.code, exact, each.formula)
    _add_lines(to, report, "Taxed disposals by term", "L", lambda line: line.term.value)
    _add_lines(to, report, "Taxed disposals by box", "N", lambda line: line.box)
    _add_incomes(to, report)


def _add_lines(
    to: _Writer, report: Report, title: str, column: str, group_of: Callable[[Line], str]
) -> None:
    """Rows of the disposals summed by what stands in one of their columns."""
    groups = defaultdict[str, list[Line]](list)
    for line in taxed(report):
        groups[group_of(line)].append(line)
    groups.pop("", None)  # nothing is a criterion that a sheet cannot be asked for
    if not groups:
        return
    end = len(report.lines) + 1
    to.title(title, "", "Lines", "Proceeds", "Cost", "Gain")
    taxed_rows = f'Disposals!$O$2:$O${end},"yes"'
    for name in sorted(groups):
        lines, at = groups[name], to.row + 1
        those = f"Disposals!${column}$2:${column}${end},$A{at},{taxed_rows}"
        to.line(
            name,
            Formula(f"=COUNTIFS({those})", len(lines)),
            Formula(f"=SUMIFS(Disposals!$H$2:$H${end},{those})", total(x.proceeds for x in lines)),
            Formula(f"=SUMIFS(Disposals!$J$2:$J${end},{those})", total(x.cost for x in lines)),
            Formula(f"=C{at}-D{at}", total(x.gain for x in lines)),
        )


def _add_incomes(to: _Writer, report: Report) -> None:
    groups = defaultdict[str, list[IncomeLine]](list)
    for row in report.incomes:
        groups[row.category].append(row)
    if not groups:
        return
    end = len(report.incomes) + 1
    to.title("Incomes by category", "", "Lines", "Value")
    for name in sorted(groups):
        rows, those = groups[name], f"Incomes!$C$2:$C${end},$A{to.row + 1}"
        to.line(
            name,
            Formula(f"=COUNTIFS({those})", len(rows)),
            Formula(f"=SUMIFS(Incomes!$H$2:$H${end},{those})", total(row.value for row in rows)),
        )
