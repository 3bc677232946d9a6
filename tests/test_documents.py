"""What the documents say of the program is true: links, settings, lists."""

import re
from enum import Enum
from pathlib import Path
from typing import Any, Final

import pytest
from annotated_types import Ge, Gt, Le
from pydantic.fields import FieldInfo

from plimsoll.settings import Settings

PROJECT: Final = Path(__file__).parents[1]
DECISIONS: Final = PROJECT / "docs" / "decisions"
DOCUMENTS: Final = sorted(
    path
    for folder, pattern in (("", "*.md"), ("docs", "**/*.md"), ("benchmarks", "**/*.md"))
    for path in (PROJECT / folder).glob(pattern)
)
LINK: Final = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
HEADING: Final = re.compile(r"^#+ (.+)$", re.MULTILINE)
ROW: Final = re.compile(
    r"^\| `PLIMSOLL_(\w+)` \| ([^|]+?) \| ([^|]+?) \| ([^|]+?) \|$", re.MULTILINE
)


def anchors(path: Path) -> set[str]:
    """The anchors that a heading gets: lower case, dashes for blanks, no punctuation."""
    headings = HEADING.findall(path.read_text("utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_links_lead_somewhere(path: Path) -> None:
    for link in LINK.findall(path.read_text("utf-8")):
        if link.startswith(("https://", "http://")):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.exists(), f"{link} leads nowhere"
        assert not anchor or anchor in anchors(target), f"{link} names no heading"


def test_the_readme_can_be_read_at_one_sitting() -> None:
    assert len((PROJECT / "README.md").read_text("utf-8").splitlines()) <= 150


def test_every_decision_is_listed_by_its_number_and_title() -> None:
    listed = (DECISIONS / "README.md").read_text("utf-8")
    pages = sorted(DECISIONS.glob("[0-9]*.md"))
    assert len(pages) >= 10
    for page in pages:
        number = page.name[:4]
        assert f"| [{number}]({page.name}) |" in listed
        text = page.read_text("utf-8")
        assert text.startswith(f"# {int(number)}. ")
        for part in ("Context", "Decision", "Consequences"):
            assert f"\n## {part}\n" in text, f"{page.name} has no {part}"


def test_no_two_decisions_share_a_number() -> None:
    numbers = [page.name[:4] for page in DECISIONS.glob("[0-9]*.md")]
    assert sorted(numbers) == sorted(set(numbers))


def described() -> dict[str, tuple[str, str]]:
    """Name → default and allowed, as the document has them."""
    text = (PROJECT / "docs" / "configuration.md").read_text("utf-8")
    rows: list[tuple[str, str, str, str]] = ROW.findall(text)
    assert len({name for name, *_ in rows}) == len(rows), "a setting is described twice"
    return {name.lower(): (default, allowed) for name, default, allowed, _ in rows}


def test_every_setting_is_described_and_nothing_else() -> None:
    assert set(described()) == set(Settings.model_fields)


@pytest.mark.parametrize("name", Settings.model_fields)
def test_a_setting_has_the_default_and_bounds_that_are_described(name: str) -> None:
    default, allowed = described()[name]
    field = Settings.model_fields[name]
    if field.default_factory is None:
        assert default == default_of(field.default)
    assert allowed == (bounds_of(field) or allowed)


def default_of(value: Any) -> str:
    match value:
        case None | ():
            return "none"
        case tuple():
            return f"`{','.join(value)}`"
        case Enum():
            return f"`{value.value}`"
        case bool():
            return f"`{str(value).lower()}`"
        case float():
            return f"`{value:g}`"
        case _:
            return f"`{value}`"


def bounds_of(field: FieldInfo) -> str | None:
    """How the document writes what the type allows; None where it takes words to say it."""
    match field.annotation:
        case type() as kind if kind is bool:
            return "`true`, `false`"
        case type() as kind if issubclass(kind, Enum):
            return ", ".join(f"`{member.value}`" for member in kind)
    match field.metadata:
        case [Ge(ge=low), Le(le=high)]:
            return f"{low:,} to {high:,}"
        case [Gt(gt=low), *_]:
            return f"above {low}"
    return None
