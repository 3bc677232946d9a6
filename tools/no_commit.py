"""Only the plumbing begins and ends transactions: a unit is committed before the answer, once.

Refused elsewhere: `.commit()`, `.rollback()` and `.transaction()` of a connection, and SQL text
that begins or ends a transaction. A commit that is given something is another one: of an import.

    python -m tools.no_commit [PATH...]
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tools.source import Finding, Source, chosen, run, strings

PLUMBING: Final = Path("src/plimsoll/plumbing")
ENDS: Final = frozenset({"commit", "rollback"})
"""A connection's take no arguments."""
STATEMENT: Final = re.compile(
    r"(?:^|;)\s*(?:begin|start\s+transaction|commit|end|rollback|savepoint\s+\w+)"
    r"\s*(?:;|$|\b(?:transaction|work|prepared|isolation|to\s+savepoint)\b)",
    re.IGNORECASE,
)


def transactions(source: Source) -> Iterator[Finding]:
    """Every place outside of the plumbing that begins or ends a transaction."""
    if source.path.is_relative_to(PLUMBING):
        return
    found = [
        (node.lineno, f".{node.func.attr}()")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and (
            node.func.attr == "transaction"
            or (node.func.attr in ENDS and not node.args and not node.keywords)
        )
    ]
    found += [
        (line, repr(text.strip()[:40]))
        for line, text in strings(source.tree)
        if STATEMENT.search(text)
    ]
    for line, what in found:
        yield Finding(line, f"{what} outside of plumbing: take a Unit, it is committed once")


if __name__ == "__main__":
    sys.exit(run(transactions, chosen(["src/plimsoll"])))
