"""A row whose cells are asked for by column; what is wrong in it is collected, not raised.

An importer asks for all it needs, then looks at `faults` once: so every fault of a row is told at
the same time.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from decimal import Decimal

from plimsoll.kernel.money import ZERO
from plimsoll.ledger.domain.imports import LONGEST_RAW, Fault, RawRow, Refused
from plimsoll.ledger.importers.dates import DateOrder, Moment, NotAMoment, read_moment
from plimsoll.ledger.importers.numbers import NotANumber, NumberStyle, read_number

NO_MOMENT = "a row needs its date"


@dataclass(frozen=True, slots=True)
class Styles:
    """How this file writes numbers and dates."""

    numbers: NumberStyle
    dates: DateOrder
    zone: tzinfo | None


@dataclass(slots=True)
class Row:
    """`places` is the index of each column in `cells`."""

    line: int
    cells: Sequence[str]
    places: dict[str, int]
    styles: Styles
    faults: list[Fault] = field(default_factory=list)
    doubts: list[Fault] = field(default_factory=list)

    def text(self, column: str, *others: str) -> str:
        """The first of these columns that the file has, without blanks around it."""
        place = self.places.get(column)
        if place is None:
            return self.text(*others) if others else ""
        return self.cells[place].strip() if place < len(self.cells) else ""

    def number(self, column: str, code: str = "") -> Decimal | None:
        """The number there; None where there is none. A code written beside it has to be `code`."""
        text = self.text(column)
        if not text:
            return None
        try:
            number, written = read_number(text, self.styles.numbers)
        except NotANumber as error:
            self.refuse(column, error.code, error.reason, error.fix)
            return None
        if written and written.upper() != code.upper():
            self.refuse(
                column,
                "currency-mismatch",
                f"the number is in {written}" + (f" and the row says {code}" if code else ""),
                "write the number alone",
            )
            return None
        return number

    def required(self, column: str, code: str = "") -> Decimal:
        """As `number`; an empty cell is a fault."""
        number = self.number(column, code)
        if number is None:
            if not self.text(column):
                self.refuse(column, "missing", "a number is missing", "fill it in")
            return ZERO
        return number

    def moment(self, column: str) -> Moment | None:
        """The moment there; an empty or unreadable cell is a fault."""
        text = self.text(column)
        if not text:
            self.refuse(column, "missing", NO_MOMENT, "fill it in")
            return None
        try:
            moment = read_moment(text, self.styles.dates, self.styles.zone)
        except NotAMoment as error:
            self.refuse(column, error.code, error.reason, error.fix)
            return None
        if moment.odd:
            self.doubt(
                column,
                "clock-change",
                "clocks were put forward or back then, so this time was shown twice or never",
                "check the time; the first of the two is taken",
            )
        return moment

    def refuse(self, column: str, code: str, reason: str, fix: str) -> None:
        """Note a fault: nothing can be made of this row."""
        self.faults.append(self._fault(column, code, reason, fix))

    def doubt(self, column: str, code: str, reason: str, fix: str) -> None:
        """Note what a person should look at before the row is recorded."""
        self.doubts.append(self._fault(column, code, reason, fix))

    def _fault(self, column: str, code: str, reason: str, fix: str) -> Fault:
        raw = self.text(column) if column in self.places else ",".join(self.cells)
        return Fault(self.line, column, raw[:LONGEST_RAW], code, reason, fix)

    def refused(self) -> Refused:
        assert self.faults
        return Refused((self.line,), tuple(self.faults))


def refuse_all(rows: Sequence[Row], code: str, reason: str, fix: str) -> Refused:
    """Several rows that make no sense together, with whatever is wrong in each."""
    faults = [fault for row in rows for fault in row.faults]
    if not faults:
        rows[0].refuse("", code, reason, fix)
        faults = rows[0].faults
    return Refused(tuple(row.line for row in rows), tuple(faults))


def name_cells(raw_rows: Iterable[RawRow], header: Sequence[str], styles: Styles) -> Iterator[Row]:
    """Rows below `header`. A cell beyond the last column is a fault: some mark split a cell."""
    places = {name: place for place, name in enumerate(header) if name}
    width = len(header)
    for line, cells in raw_rows:
        row = Row(line, cells, places, styles)
        if len(cells) > width and any(cell.strip() for cell in cells[width:]):
            row.refuse(
                "",
                "too-many-cells",
                f"it has {len(cells)} cells under {width} columns",
                'put the cell that has the delimiter in it between " "',
            )
        yield row
