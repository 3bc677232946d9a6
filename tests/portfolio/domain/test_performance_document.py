"""The page about performance says what is computed."""

from decimal import Decimal
from pathlib import Path
from typing import Final

from plimsoll.kernel.money import format_amount
from plimsoll.ledger.domain.transactions import SHAPES, Kind, Shape
from plimsoll.portfolio.domain.explained import RATIO, Figure
from plimsoll.portfolio.domain.flows import EARNED
from plimsoll.portfolio.domain.returns import Timing, daily_returns, profit, simple, time_weighted
from plimsoll.portfolio.domain.risk import downside, drawdown, known, units_of, volatility
from tests.portfolio.domain.courses import course

PAGE: Final = (Path(__file__).parents[3] / "docs" / "formulas" / "performance.md").read_text(
    "utf-8"
)
EXAMPLE: Final = PAGE.partition("## Example")[2]


def written(figure: Figure) -> str:
    assert figure.value is not None
    return format_amount(figure.value)


def test_the_example_is_what_is_computed() -> None:
    lines = [line for line in EXAMPLE.splitlines() if line.startswith("| ")][1:]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert len(rows) == 4
    example = course(*((row[1], row[2]) for row in rows), before="100")
    for column, timing in ((3, Timing.START), (4, Timing.END)):
        ratios = [round(each, 12) for each in known(daily_returns(example, timing))]
        assert [format_amount(each) for each in ratios] == [row[column] for row in rows]
    returns = daily_returns(example)
    units = units_of(returns)
    assert [each.worth for each in units[1:]] == [Decimal(row[5]) for row in rows]
    fall = drawdown(units)
    for figure in (
        profit(example),
        simple(example),
        *(time_weighted(example, timing) for timing in Timing),
        volatility(known(returns)),
        downside(known(returns)),
        fall.depth,
        fall.longest_days,
    ):
        assert f" {written(figure)}" in EXAMPLE.replace("\n", " ")
    assert Decimal("1e-12") == RATIO


def test_every_word_of_a_convention_is_on_the_page() -> None:
    for timing in Timing:
        assert f"`{timing}`" in PAGE
    for kind in EARNED:
        if SHAPES[kind] is Shape.INFLOW:
            assert Kind(kind).replace("_", " ") in PAGE
