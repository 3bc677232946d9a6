"""What a cell of a workbook shows: its number as text, or the moment that it counts days to.

A cell's number is written as it was saved, 0.1 as 0.1. A spreadsheet saves its own numbers with up
to 17 digits (0.1 may stand there as 0.10000000000000001): those are written with the fewest digits
that mean the same number. A number that a cell shows as a date is an ISO moment without a zone.

Source: ECMA-376 part 1, §18.8.30 (codes of formats) and §18.17.4 (dates).
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

# A sheet's moments have no zone.
EPOCHS: Final = {False: datetime(1899, 12, 30), True: datetime(1904, 1, 1)}  # noqa: DTZ001
"""Day 0, by whether days are counted from 1904."""
_DOUBLE: Final = range(16, 18)
"""Significant digits of a number that may have been rounded to a binary one and back."""
_LOOKS_GROUPED: Final = re.compile(r"-?[1-9]\d{0,2}\.\d{3}", re.ASCII)
_LITERALS: Final = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE)
_ELAPSED: Final = re.compile(r"\[[hms]+\]", re.IGNORECASE)
_DAYS: Final = re.compile(r"\d{1,7}(\.\d+)?", re.ASCII)
_DAY_MS: Final = 86_400_000
_LAST_DAY: Final = 2_958_465
"""31 December 9999."""


class Shown(StrEnum):
    """As what a style shows a number."""

    NUMBER = "number"
    DAY = "day"
    MOMENT = "moment"


BUILT_IN: Final[Mapping[int, Shown]] = {
    **dict.fromkeys((*range(14, 18), *range(27, 32), *range(50, 59), 36), Shown.DAY),
    **dict.fromkeys((*range(18, 23), *range(32, 36), 45, 47), Shown.MOMENT),
}


def shown_by(code: str) -> Shown:
    """What a format code such as `yyyy-mm-dd hh:mm` makes of a number. Time that has elapsed
    (`[h]:mm`) stays a number.
    """
    plain = _LITERALS.sub("", code.partition(";")[0]).lower()
    if _ELAPSED.search(plain) or "general" in plain:
        return Shown.NUMBER
    if "h" in plain or "s" in plain:
        return Shown.MOMENT
    return Shown.DAY if "y" in plain or "d" in plain or "m" in plain else Shown.NUMBER


def number_text(text: str) -> str:
    """A number as it was saved, or shorter where a binary number was written out; never with an
    exponent. A `1.234` becomes `1.2340`: its point is known to be no mark of thousands.
    """
    digits = text.strip()
    if not digits.removeprefix("-").isdecimal() or not digits.isascii():
        digits = _plain_number(digits)
    return f"{digits}0" if _LOOKS_GROUPED.fullmatch(digits) else digits


def _plain_number(text: str) -> str:
    try:
        number = float(text)  # no money: the binary number that the spreadsheet saved
    except ValueError:
        return text
    significant = sum(map(str.isdigit, text.lower().partition("e")[0].lstrip("-0.")))
    if "e" not in text.lower() and significant not in _DOUBLE:
        return text
    written = repr(number)
    return format(Decimal(written), "f") if written not in {"inf", "-inf", "nan"} else text


def moment_text(text: str, shown: Shown, epoch: datetime) -> str:
    """A count of days as an ISO moment, to the millisecond; only a time where it is below one day.
    What is no day of a calendar stays a number.
    """
    plain = number_text(text)
    if not _DAYS.fullmatch(plain) or int(plain.partition(".")[0]) > _LAST_DAY:
        return plain
    days = Decimal(plain)
    at = epoch + timedelta(milliseconds=int((days * _DAY_MS).to_integral_value()))
    spec = "milliseconds" if at.microsecond else "seconds"
    if days < 1:
        return at.time().isoformat(spec)
    if shown is Shown.DAY and days == days.to_integral_value():
        return at.date().isoformat()
    return at.isoformat(" ", spec)
