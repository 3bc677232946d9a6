"""Text as CSV, with nothing in it that a spreadsheet would run.

Apart from other tables, so that a process that writes nothing else is there sooner.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

FORMULA: Final = tuple("=+-@\t\r")
NUMBER: Final = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
SPECIAL: Final = re.compile(r'[",\n\r]')
QUOTE: Final = '"'
ODD: Final = ('"', ",", "\n", "\r", *(f"\0{first}" for first in FORMULA))
"""Where none of these is in cells that each have a NUL before them, all can stand as they are."""


def to_csv(columns: Mapping[str, Sequence[str]], *, header: bool = True) -> bytes:
    """A header and a line for each row. What a spreadsheet would take for a formula gets an
    apostrophe in front; numbers, with their sign, stay as they are.
    """
    return join(columns, map(as_cells, columns.values()), header=header)


def join(names: Iterable[str], cells: Iterable[Sequence[str]], *, header: bool) -> bytes:
    """Lines of columns of one length, whose cells can stand as they are."""
    lines = [",".join(names)] if header else []
    lines += [",".join(row) for row in zip(*cells, strict=True)]
    return "\n".join(lines).encode() + b"\n"


def as_cells(column: Sequence[str]) -> Sequence[str]:
    """A column's texts, quoted where they have to be."""
    text = "\0" + "\0".join(column)
    return [_cell(text) for text in column] if any(odd in text for odd in ODD) else column


def _cell(text: str) -> str:
    if text[:1] in FORMULA and not NUMBER.fullmatch(text):
        text = f"'{text}"
    return f'"{text.replace(QUOTE, QUOTE * 2)}"' if SPECIAL.search(text) else text
