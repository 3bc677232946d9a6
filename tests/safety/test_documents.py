"""The page about security names tests that exist, and covers every line of the list."""

import re
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).parents[2]
PAGE: Final = (PROJECT / "docs" / "security.md").read_text("utf-8")
ROW: Final = re.compile(
    r"^\| (API\d+|beyond)[^|]*\| [^|]+ \| `(tests/[\w/]+\.py)::(\w+)` \|$", re.MULTILINE
)


def test_every_named_test_exists() -> None:
    rows = ROW.findall(PAGE)
    assert len(rows) == PAGE.count("::test_"), "a row that is not well formed"
    for _, path, name in rows:
        text = (PROJECT / path).read_text("utf-8")
        assert re.search(rf"^(async )?def {name}\(", text, re.MULTILINE), f"{path}::{name}"


def test_every_line_of_the_list_is_covered() -> None:
    assert {line for line, *_ in ROW.findall(PAGE)} >= {f"API{n}" for n in range(1, 11)}
