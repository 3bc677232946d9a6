"""Cells that hold a quantity and, behind a blank, its code: `0.5 BTC`, `3,595.15 DAI`."""

from plimsoll.ledger.importers.drafting import Part
from plimsoll.ledger.importers.numbers import NotANumber, read_number
from plimsoll.ledger.importers.rows import Row


def read_quantity(row: Row, column: str, *, signed: bool = False) -> Part | None:
    """What the cell says moved; None where it is empty or says zero. A quantity without a code, or
    a negative one where it is not `signed`, is a fault.
    """
    text = row.text(column)
    written, _, code = text.rpartition(" ")
    if not text or text == "-":
        return None
    if not written or code.replace(".", "").replace(",", "").isdigit():
        row.refuse(column, "missing", "the quantity names no asset", "write its code behind it")
        return None
    try:
        number, _ = read_number(written, row.styles.numbers)
    except NotANumber as error:
        row.refuse(column, error.code, error.reason, error.fix)
        return None
    if number < 0 and not signed:
        row.refuse(
            column, "negative-quantity", "a quantity is positive here", "write it without the minus"
        )
    return Part(code, abs(number)) if number else None
