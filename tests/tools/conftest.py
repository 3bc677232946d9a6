import ast
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tools.source import Finding, Source

Lines = Callable[..., list[int]]


@pytest.fixture
def lines_of() -> Lines:
    """The lines at which a rule finds something in a text."""

    def find(
        rule: Callable[[Source], Iterable[Finding]],
        text: str,
        path: str = "src/plimsoll/ledger/service.py",
    ) -> list[int]:
        return sorted(finding.line for finding in rule(Source(Path(path), text, ast.parse(text))))

    return find
