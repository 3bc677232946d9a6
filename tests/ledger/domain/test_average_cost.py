"""Average cost reproduces what others published, and what our own document says."""

import json
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from plimsoll.kernel.money import ZERO
from plimsoll.ledger.domain.holdings import Books, fold
from plimsoll.ledger.domain.transactions import Kind, Leg, Role, check
from tests.ledger.entries import BTC, MAIN, OUTSIDE, buy, day, entry, leg, sell

ROOT = Path(__file__).parents[3]
VECTORS = ROOT / "tests" / "vectors"
DOCUMENT = ROOT / "docs" / "formulas" / "average-cost.md"


def load(name: str) -> list[Any]:
    cases: list[Any] = json.loads((VECTORS / name).read_text("utf-8"))
    return [pytest.param(case, id=case["name"]) for case in cases]


@pytest.mark.parametrize("case", load("average-cost.json"))
def test_published_averages_and_profits(case: dict[str, Any]) -> None:
    days = count(1)
    record = {"buy": buy, "sell": sell}
    books = fold(
        record[each["kind"]](
            each["quantity"],
            value=Decimal(each["quantity"]) * Decimal(each["price"]),
            paid_fee=each["fee"],
            at=day(next(days)),
        )
        for each in case["trades"]
    )
    held = books.holdings[MAIN, BTC]
    profit = held.quantity * Decimal(case["price"]) - held.cost + held.realised

    assert held.average_cost_without_fees == Decimal(case["average_without_fees"])
    assert held.cost - held.fees == Decimal(case["invested"])
    assert profit == Decimal(case["profit"])
    assert profit + held.fees == Decimal(case["profit_without_fees"])


@pytest.mark.parametrize("case", load("transaction-costs.json"))
def test_published_fees_of_an_exchange(case: dict[str, Any]) -> None:
    bought = [
        buy(quantity, value=cost, asset=asset) for asset, (quantity, cost) in case["basis"].items()
    ]
    exchange = entry(Kind(case["kind"]), *(_leg(each) for each in case["legs"]), at=day(2))
    check(exchange)

    books = fold([*bought, exchange])

    for asset, expected in case["held"].items():
        held = books.holdings[MAIN, asset]
        assert held.quantity == Decimal(expected["quantity"])
        assert held.cost == Decimal(expected["cost"])
    for asset, expected in case["disposed"].items():
        parts = [each for each in books.disposals if each.asset_id == asset]
        assert sum(each.quantity for each in parts) == Decimal(expected["quantity"])
        assert sum(each.proceeds for each in parts) == Decimal(expected["proceeds"])
        assert sum(each.cost for each in parts) == Decimal(expected["cost"])
        assert sum(each.profit for each in parts) == Decimal(expected["gain"])
    assert {each.asset_id for each in books.disposals} == set(case["disposed"])


def _leg(each: dict[str, Any]) -> Leg:
    return leg(
        each["quantity"],
        each["asset"],
        value=each["value"],
        wallet=OUTSIDE if each.get("outside") else MAIN,
        role=Role(each.get("role", "principal")),
    )


def _document_rows() -> list[dict[str, str]]:
    lines = DOCUMENT.read_text("utf-8").partition("## Example")[2].splitlines()
    table = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines if line[:1] == "|"
    ]
    header, _, *rows = table
    return [dict(zip(header, row, strict=True)) for row in rows]


def test_the_documents_example_is_what_is_computed() -> None:
    rows, books = _document_rows(), Books({}, [])
    assert len(rows) == 7
    for number, row in enumerate(rows, 1):
        before = books.holdings[MAIN, BTC].cost if number > 1 else ZERO
        disposed = len(books.disposals)
        kind = Kind(row["kind"])
        terms = {"value": row["value"], "paid_fee": row["fee"], "at": day(number)}
        match kind:
            case Kind.BUY:
                books.apply(buy(row["quantity"], **terms))  # type: ignore[arg-type]
            case Kind.SELL:
                books.apply(sell(row["quantity"], **terms))  # type: ignore[arg-type]
            case Kind.STAKING:
                books.apply(entry(kind, leg(row["quantity"], value=row["value"]), at=day(number)))
            case _:
                books.apply(entry(kind, leg("-" + row["quantity"]), at=day(number)))

        held = books.holdings[MAIN, BTC]
        assert held.quantity == Decimal(row["held"]), row
        assert held.cost == Decimal(row["cost"]), row
        assert held.fees == Decimal(row["fees"]), row
        assert held.average_cost == (Decimal(row["average"]) if row["average"] else None), row
        if row["out"]:
            assert before - held.cost == Decimal(row["out"]), row
        realised = [each.profit for each in books.disposals[disposed:]]
        assert realised == ([Decimal(row["realised"])] if row["realised"] else []), row
