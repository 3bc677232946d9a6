"""Money is never a float: no `float` type, call or literal where amounts are computed.

A float that is no amount (seconds of a monotonic clock) says so on its line:

    fresh_until_s: float  # no money: seconds of the monotonic clock

    python -m tools.no_float [PATH...]
"""

import ast
import re
import sys
from collections.abc import Iterator
from typing import Final

from tools.source import Finding, Source, chosen, run

MONEY: Final = (
    "src/plimsoll/kernel/money.py",
    "src/plimsoll/ledger",
    "src/plimsoll/markets/domain/prices.py",
    "src/plimsoll/plumbing/shapes.py",
    "src/plimsoll/portfolio",
    "src/plimsoll/tax",
    "src/plimsoll/trading/domain",
)
REASON: Final = re.compile(r"#.*\bno money: \S")


def floats(source: Source) -> Iterator[Finding]:
    """Every place that names or writes a float and gives no reason."""
    for node in ast.walk(source.tree):
        match node:
            case ast.Name(id="float") | ast.Attribute(attr="float"):
                what = "float"
            case ast.Constant(value=float() | complex()):
                what = f"the literal {ast.unparse(node)}"
            case _:
                continue
        if not REASON.search(source.line(node.lineno)):
            yield Finding(
                node.lineno,
                f"{what} in money code: use Decimal, or say on the line why it is "
                "none (# no money: ...)",
            )


if __name__ == "__main__":
    sys.exit(run(floats, chosen(MONEY)))
