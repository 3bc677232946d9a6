"""SQL stands in a slice's storage, in the plumbing, and nowhere else.

SQL is recognised by how a statement starts, in a string that is no docstring.

    python -m tools.sql_in_storage [PATH...]
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tools.source import Finding, Source, chosen, run, strings

PLUMBING: Final = Path("src/plimsoll/plumbing")
STATEMENT: Final = re.compile(
    r"\s*(?:select\s+[\w*('$].*|insert\s+into\s+\w+.*|update\s+\w+\s+set\s.*|delete\s+from\s+\w+.*"
    r"|with\s+\w+\s+as\s.*|(?:create|alter|drop|truncate|lock)\s+table\s.*|copy\s+\w+\s+(?:from|to)\s.*)",
    re.DOTALL,
)
"""Lower case, as SQL is written here: prose starts with a capital."""


def statements(source: Source) -> Iterator[Finding]:
    """Every SQL statement outside of storage and plumbing."""
    parts = source.path.with_suffix("").parts
    if "storage" in parts or source.path.is_relative_to(PLUMBING):
        return
    for line, text in strings(source.tree):
        if STATEMENT.fullmatch(text):
            yield Finding(line, f"SQL outside of storage: {' '.join(text.split())[:40]!r}")


if __name__ == "__main__":
    sys.exit(run(statements, chosen(["src/plimsoll"])))
