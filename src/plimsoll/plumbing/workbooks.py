"""A table as a workbook of one sheet, for those who open everything in a spreadsheet.

A cell holds fifteen digits. A number with more stays text, so that no digit is lost, and so does
everything that is not plainly a number: nothing in the file is a formula.
"""

import io
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import numpy as np
from xlsxwriter import Workbook

from plimsoll.kernel.errors import Invalid
from plimsoll.plumbing.csv_text import NUMBER

FIFTEEN: Final = 15
LONGEST_TEXT: Final = 32_000
MOST_ROWS: Final = 200_000
"""Some ten seconds of work; a sheet would end after a million."""


class TooManyRowsForWorkbook(Invalid):
    """More than anybody scrolls through."""

    code = "too-many-rows-for-workbook"
    title = "That is too much for a workbook"


def to_workbook(columns: Mapping[str, Any]) -> bytes:
    """Columns of one length by name: arrays of numbers (NaN is an empty cell), or texts.

    Rows go to the file one after the other and are not kept. Raises TooManyRowsForWorkbook.
    """
    names = list(columns)
    rows = len(columns[names[0]]) if names else 0
    if rows > MOST_ROWS:
        raise TooManyRowsForWorkbook(
            f"a workbook has at most {MOST_ROWS:,} rows here: ask for fewer, or for csv",
            facts={"rows": rows, "most": MOST_ROWS},
        )
    output = io.BytesIO()
    with Workbook(output, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("Plimsoll")
        head = book.add_format({"bold": True, "bottom": 1})
        for at, name in enumerate(names):
            sheet.set_column(at, at, max(10, min(40, len(name) + 2)))
            sheet.write_string(0, at, name, head)
        for row, cells in enumerate(zip(*map(_cells, columns.values()), strict=True), 1):
            for at, cell in enumerate(cells):
                _write(sheet, row, at, cell)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, rows, max(len(names) - 1, 0))
    return output.getvalue()


def _cells(column: Any) -> Sequence[Any]:
    cells: Sequence[Any] = column.tolist() if isinstance(column, np.ndarray) else column
    return cells


def _write(sheet: Any, row: int, at: int, cell: str | float) -> None:
    if isinstance(cell, float):
        if not math.isnan(cell):
            sheet.write_number(row, at, cell)
        return
    text = str(cell)
    if NUMBER.fullmatch(text) and len(Decimal(text).normalize().as_tuple().digits) <= FIFTEEN:
        sheet.write_number(row, at, float(text))
    elif text:
        sheet.write_string(row, at, text[:LONGEST_TEXT])
