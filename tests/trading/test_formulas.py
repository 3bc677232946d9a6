"""The worked numbers on the pages of formulas are those that the tests compute with."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from plimsoll.trading.domain.listing import DEFAULT_INSTRUMENTS
from plimsoll.trading.domain.margin import (
    due_price,
    held_margin,
    initial_margin,
    liquidation_price,
    open_loss,
)
from plimsoll.trading.domain.orders import Side

ROOT: Final = Path(__file__).parents[2]
BTC: Final = DEFAULT_INSTRUMENTS[0]


def vectors(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(
        (ROOT / "tests" / "vectors" / f"{name}.json").read_text("utf-8")
    )
    return read


def table(page: str, heading: str) -> list[list[str]]:
    """The rows of the table whose first heading is this."""
    lines = (ROOT / "docs" / "formulas" / page).read_text("utf-8").splitlines()
    (start,) = (at for at, line in enumerate(lines) if line.startswith(f"| {heading} |"))
    rows = list[list[str]]()
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.split("|")[1:-1]])
    return rows


def told(rows: list[dict[str, Any]], *names: str) -> list[list[str]]:
    return [["" if row[name] is None else str(row[name]) for name in names] for row in rows]


def test_the_page_of_margin_quotes_the_vectors() -> None:
    known = vectors("margin")
    assert table("margin.md", "position") == told(
        known["held"], "position", "bids", "asks", "leverage", "margin"
    )
    assert table("margin.md", "BTC-PERP from") == [
        [str(cell) for cell in row] for row in known["deductions"]["BTC-PERP"]["levels"]
    ]
    assert table("margin.md", "side") == told(
        known["simple"],
        *("side", "size", "price", "leverage", "required", "maintenance", "liquidation"),
        "max_loss",
    )


def test_the_order_of_the_example_needs_what_the_page_says() -> None:
    notional = 925_330 * 10**6  # 9,253.30 in 1e-8
    loss = open_loss(Side.SELL, quantity=1_000, price=925_330, mark=925_984, unit=1_000)
    needs = (
        initial_margin(notional, 20),
        held_margin(0, bids=0, asks=notional, bid_loss=0, ask_loss=loss, leverage=20),
    )
    text = (ROOT / "docs" / "formulas" / "margin.md").read_text("utf-8")
    for amount in needs:
        assert f"needs {Decimal(amount) / 10**8:f}" in text


def test_the_page_of_liquidation_quotes_the_vectors() -> None:
    known = vectors("liquidation")
    assert table("liquidation.md", "case") == told(
        known["binance"],
        *("case", "wallet", "quantity", "entry", "rate", "deduction", "others_maintenance"),
        *("others_profit", "root"),
    )
    assert table("liquidation.md", "step") == told(
        known["lifecycle"],
        *("step", "quantity", "entry", "isolated", "mark", "unrealised", "maintenance", "price"),
        "bankruptcy",
    )
    names = ("leverage", "long", "short", "bankrupt_long", "bankrupt_short")
    simple = ("simple_long", "simple_short", "simple_maintenance")
    assert table("liquidation.md", "leverage | long") == told(
        known["leverages"]["rows"], *names, *simple
    )


def test_the_rounding_of_the_example_is_right() -> None:
    ((leverage, *cells),) = table("liquidation.md", "leverage | root long")
    margin = 50_000 * 10**8 // int(leverage)
    for side, (root, *expected) in ((1, cells[:3]), (-1, cells[3:])):
        cost = side * 50_000 * 10**8
        coarse = [
            price(BTC.brackets, side * 1_000, cost=cost, margin=margin, unit=10_000)
            for price in (liquidation_price, due_price)
        ]
        assert coarse == [int(Decimal(each) * 10) for each in expected]
        fine = liquidation_price(BTC.brackets, side, cost=cost, margin=margin, unit=100)
        assert fine is not None  # in millionths
        assert abs(fine - int(Decimal(root) * 10**6)) <= 1


def listed(levels: list[list[str]]) -> str:
    return ", ".join(" × ".join(each) for each in levels)


def test_the_page_of_funding_quotes_the_vectors() -> None:
    known = vectors("funding")
    assert table("funding.md", "sources (price × weight)") == [
        [listed(row["sources"]), row["index"]] for row in known["index"]
    ]
    assert table("funding.md", "index | last rate") == told(
        known["mark"], "index", "rate", "hours", "basis", "last", "first", "second", "mark"
    )
    assert table("funding.md", "index | bids (price × size)") == [
        [row["index"], listed(row["bids"]), listed(row["asks"]), row["premium"]]
        for row in known["premium"]
    ]
    assert table("funding.md", "P") == told(known["rate"], "premium", "interest", "hours", "rate")
    assert table("funding.md", "quantity") == told(
        known["payment"], "quantity", "mark", "rate", "payment"
    )


def test_the_page_of_deleveraging_quotes_its_lifecycle() -> None:
    known = vectors("lifecycles")["C"]
    text = (ROOT / "docs" / "formulas" / "deleveraging.md").read_text("utf-8")
    rows = [row[1:] for row in _rows_after(text, "| | size | price | profit |")]
    assert rows == [row[2:] for row in known["filled"] + known["deleveraged"]]
    for amount in (known["liquidation"], known["isolated"], known["bankruptcy"]):
        assert f"{Decimal(amount):,}" in text
    for amount in (known["fund_at_mark"], known["fund_after"], *known["scores"].values()):
        assert amount in text


def _rows_after(text: str, heading: str) -> list[list[str]]:
    lines = text.split(heading)[1].splitlines()[2:]
    rows = lines[: lines.index("")]
    return [[cell.strip() for cell in row.split("|")[1:-1]] for row in rows]
