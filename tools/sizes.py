"""What is too large to be read at one sitting: files over 400 lines, functions over 70.

python -m tools.sizes [PATH...]
"""

import ast
import sys
from collections.abc import Iterator
from typing import Final

from tools.source import Finding, Source, chosen, run

FILE_LINES: Final = 400
FUNCTION_LINES: Final = 70
"""Decorators and docstring included."""


def oversized(source: Source) -> Iterator[Finding]:
    lines = len(source.text.splitlines())
    if lines > FILE_LINES:
        yield Finding(
            1, f"the file has {lines} lines of {FILE_LINES}: make it a folder of the same name"
        )
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            lines = (node.end_lineno or node.lineno) - first + 1
            if lines > FUNCTION_LINES:
                yield Finding(
                    first, f"{node.name} has {lines} lines of {FUNCTION_LINES}: name its parts"
                )


if __name__ == "__main__":
    sys.exit(run(oversized, chosen(["src"])))
