"""What the pages of formulas say is what is computed: rows, rules and worked examples."""

import re
from pathlib import Path
from typing import Final

import numpy as np

from plimsoll.insights.domain.catalogue import CATALOGUE, ask
from plimsoll.insights.domain.literature import SOURCES
from plimsoll.insights.domain.rating import COMPONENTS, decide
from plimsoll.markets.domain.volatility import garman_klass, measure

FORMULAS: Final = Path(__file__).parents[1] / "docs" / "formulas"


def rows_of(page: str) -> list[list[str]]:
    r"""The rows of every table on a page; a bar within a cell is written \|."""
    lines = (FORMULAS / page).read_text("utf-8").splitlines()
    tables = (line for line in lines if line.startswith("| `"))
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in tables]


def test_every_indicator_is_described_with_its_lengths_and_source() -> None:
    rows = {row[0]: row[1:] for row in rows_of("indicators.md")}
    assert set(rows) == {f"`{ask(name)}`" for name in CATALOGUE}
    for name in CATALOGUE:
        request = ask(name)
        _, first, warm_up, _, source = rows[f"`{request}`"]
        told = ["data" if each is None else str(each) for each in request.first]
        assert first == (told[0] if set(told) == {"data"} else ", ".join(told))
        assert warm_up == str(request.warm_up) or request.warm_up is None
        assert (warm_up in {"always", "day", "data"}) is (request.warm_up is None)
        assert source == SOURCES[name]


def test_every_rule_of_the_rating_is_described_as_it_is_published() -> None:
    rows = {
        name: row[1:]
        for row in rows_of("rating.md")
        if len(row) == 4
        for name in row[0].replace("`", "").split(", ")
    }
    assert set(rows) == {each.name for each in COMPONENTS}
    for each in COMPONENTS:
        buy, sell, confirmed = rows[each.name]
        assert buy.replace("the average", each.name) == each.buys
        assert sell.replace("the average", each.name) == each.sells
        assert confirmed == ("yes" if each.confirmed else "no")
    differing = {row[0].strip("`") for row in rows_of("rating.md") if len(row) == 2}
    assert differing == {each.name for each in COMPONENTS if not each.confirmed}


def test_the_rating_of_the_example_is_right() -> None:
    unknown = dict.fromkeys((name for each in COMPONENTS for name in each.reads), float("nan"))
    known = {"close": 104.0, "sma(10)": 103.0, "ema(10)": 104.0, "sma(20)": 105.0}
    rating = decide(unknown | known | {"momentum": 3.0, "momentum[1]": 2.0})
    assert (rating.value, rating.word, rating.coverage) == (0.5, "buy", 4 / 26)


def test_the_volatility_of_the_example_is_right() -> None:
    text = (FORMULAS / "volatility.md").read_text("utf-8")
    rows = re.findall(
        r"^\| (\d) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|", text, re.MULTILINE
    )
    minutes, *prices = np.array(rows, dtype=float).T
    found = measure((minutes * 60_000).astype(int), prices[3], step_ms=60_000)
    ranged = garman_klass(*prices, step_ms=60_000)
    assert found
    assert ranged
    assert found.returns == 4
    for figure in (f"{found.value:.8f}", f"{found.annualised:.4f}", f"{ranged.value:.8f}"):
        assert figure in text
