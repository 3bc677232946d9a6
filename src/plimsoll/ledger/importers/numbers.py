"""Numbers as files write them: 1,234.56 or 1.234,56, never guessed cell by cell.

Every number cell of the file is looked at first. `1.5` can only be written with a decimal point,
`1,5` only with a decimal comma, and `1,234` with either; the file is read in the one style that
its cells prove. A cell that does not fit that style is a fault of its row. A file that proves both,
or in which every mark is ambiguous, is asked about.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from plimsoll.kernel.money import LIMIT, QUANTUM

LONGEST: Final = 80
"""Characters of a cell that may be a number."""


class NumberStyle(StrEnum):
    """Which mark stands before the fraction."""

    POINT = "point"
    COMMA = "comma"


class NotANumber(ValueError):
    """Why a cell is no amount; its importer says where it stands."""

    def __init__(self, code: str, reason: str, fix: str) -> None:
        super().__init__(reason)
        self.code, self.reason, self.fix = code, reason, fix


_PLAIN: Final = re.compile(r"-?\d{1,20}(?:\.\d{1,18}0{0,12})?", re.ASCII)
_DRESSED: Final = re.compile(
    r"(?P<minus>[-+]?)\s*(?:[$€£¥₿]|(?P<before>[A-Za-z]{2,10})\s+)?\s*(?P<sign>[-+]?)"
    r"(?P<digits>\d[\d.,' ]*|[.,]\d+)(?P<power>[eE][-+]?\d{1,2})?"
    r"\s*(?:[$€£¥₿]|(?![eE][-+]?\d)(?P<after>[A-Za-z][A-Za-z0-9.]{0,19}))?",
    re.ASCII,
)
_GROUPED: Final = {
    NumberStyle.POINT: re.compile(
        r"(?:[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d{0,2}(?:[' ]\d{3})+|\d*)(?:\.\d*)?", re.ASCII
    ),
    NumberStyle.COMMA: re.compile(
        r"(?:[1-9]\d{0,2}(?:\.\d{3})+|[1-9]\d{0,2}(?:[' ]\d{3})+|\d*)(?:,\d*)?", re.ASCII
    ),
}
_MARKS: Final = {NumberStyle.POINT: (",", "."), NumberStyle.COMMA: (".", ",")}
_TYPOGRAPHY: Final = str.maketrans({"−": "-", "–": "-", "’": "'", "\xa0": " ", "\u202f": " "})


@dataclass(slots=True)
class NumberEvidence:
    """What the cells looked at so far prove; lines are of the first cell of each sort."""

    point_line: int = 0
    comma_line: int = 0
    either_line: int = 0
    either: str = ""

    def look(self, text: str, line: int) -> None:
        """Note what this cell can be; what is no number proves nothing."""
        points, commas = text.count("."), text.count(",")
        if not (points or commas) or len(text) > LONGEST:
            return
        if (self.point_line and not commas and points == 1) or (
            self.comma_line and not points and commas == 1
        ):
            return  # one mark alone proves nothing against what is proven
        match = _DRESSED.fullmatch(text.strip().translate(_TYPOGRAPHY))
        if match is None:
            return
        digits = match["digits"].rstrip()
        point = _GROUPED[NumberStyle.POINT].fullmatch(digits) is not None
        comma = _GROUPED[NumberStyle.COMMA].fullmatch(digits) is not None
        if point and comma:
            if not self.either_line:
                self.either_line, self.either = line, text.strip()
        elif point:
            self.point_line = self.point_line or line
        elif comma:
            self.comma_line = self.comma_line or line

    def decide(self, *, machine_written: bool) -> NumberStyle | None:
        """The style of the file; None where a person has to say it.

        A service writes a decimal point into its own file, so a lone `1.234` there is 1.234;
        `1,234` is not taken for anything.
        """
        if self.point_line and self.comma_line:
            return None
        if self.comma_line:
            return NumberStyle.COMMA
        if self.point_line or not self.either_line:
            return NumberStyle.POINT
        return NumberStyle.POINT if machine_written and "," not in self.either else None


def read_number(text: str, style: NumberStyle) -> tuple[Decimal, str]:
    """The number and the code written beside it, empty where there is none or only a sign like $.

    At most 20 digits before the point and 18 after it; raises NotANumber.
    """
    if style is NumberStyle.POINT and _PLAIN.fullmatch(text):
        return Decimal(text), ""
    if len(text) > LONGEST:
        raise NotANumber("not-a-number", "this is no number", "write one number")
    match = _DRESSED.fullmatch(text.strip().translate(_TYPOGRAPHY))
    if match is None or (match["minus"] and match["sign"]):
        raise NotANumber("not-a-number", "this is no number", "write digits, like 1234.56")
    if not _GROUPED[style].fullmatch(match["digits"].rstrip()):
        raise NotANumber(
            "number-style",
            f"the other numbers of this file have a decimal {style}, and this one does not fit",
            f"write it with a decimal {style}, or choose the file's number style",
        )
    group, mark = _MARKS[style]
    digits = match["digits"].replace(group, "").replace("'", "").replace(" ", "")
    sign = match["minus"] or match["sign"]
    number = Decimal(f"{sign}{digits.replace(mark, '.')}{match['power'] or ''}")
    return _bounded(number), match["before"] or match["after"] or ""


def _bounded(number: Decimal) -> Decimal:
    if not -LIMIT < number < LIMIT:
        raise NotANumber(
            "number-too-large", "it has more than 20 digits before the point", "correct it"
        )
    if number != number.quantize(QUANTUM):
        raise NotANumber(
            "number-too-fine",
            "it has more than 18 digits after the point",
            "round it to 18 places, as far as the books go",
        )
    return number
