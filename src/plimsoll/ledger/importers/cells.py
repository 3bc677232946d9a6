"""Cells that a spreadsheet would run as formulas.

What a file says is data and is kept as written. Text that leaves in a CSV gets a `'` in front where
a spreadsheet would take it for a formula, and loses it again when it comes back: what is exported
and imported is what it was, whatever it begins with.
"""

import re
from typing import Final

_FORMULA: Final = re.compile(r"'*[=+\-@\t\r]")
_ESCAPED: Final = re.compile(r"'+[=+\-@\t\r]")


def escape_cell(text: str) -> str:
    """`text` as a cell that no spreadsheet runs."""
    return f"'{text}" if _FORMULA.match(text) else text


def unescape_cell(text: str) -> str:
    """What `escape_cell` was given."""
    return text[1:] if _ESCAPED.match(text) else text
