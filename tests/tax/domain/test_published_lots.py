"""Lots reproduce what laws, authorities and others published, to the cent."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from plimsoll.kernel.identifiers import TransactionId
from plimsoll.kernel.money import ZERO, format_amount
from plimsoll.tax.domain.choices import Choices, Filing
from plimsoll.tax.domain.countries import Country, Treatment
from plimsoll.tax.domain.matching import Election
from plimsoll.tax.domain.results import Matched
from plimsoll.tax.domain.rules import au, de, us
from plimsoll.tax.domain.rulesets import RULESETS, compute
from tests.tax.ledgers import account, from_vector, matched, transaction

VECTORS = Path(__file__).parents[2] / "vectors"


def load(name: str) -> list[Any]:
    cases: list[Any] = json.loads((VECTORS / name).read_text("utf-8"))
    return [pytest.param(case, id=case["id"]) for case in cases]


def outcome(
    case: dict[str, Any], country: Country, election: Election
) -> tuple[Matched, dict[str, TransactionId]]:
    facts, names = from_vector(case["facts"])
    overrides = {
        transaction(number): Treatment(row["treatment"])
        for number, row in enumerate(case["facts"], 1)
        if "treatment" in row
    }
    as_of = date.fromisoformat(case["as_of"]) if "as_of" in case else None
    return matched(facts, country, election, as_of=as_of, overrides=overrides), names


def check(case: dict[str, Any], result: Matched, names: dict[str, TransactionId]) -> None:
    named = {number: name for name, number in names.items()}
    for asset, expected in case.get("sold", {}).items():
        parts = [each for each in result.slices if each.disposed.asset == asset]
        assert sum(each.quantity for each in parts) == Decimal(expected["quantity"])
        assert sum(each.proceeds for each in parts) == Decimal(expected["proceeds"])
        assert sum(each.cost for each in parts) == Decimal(expected["cost"])
        assert sum(each.gain for each in parts) == Decimal(expected["gain"])
    if "sold" in case:
        assert {each.disposed.asset for each in result.slices} == set(case["sold"])
    if "slices" in case:
        assert [
            f"{format_amount(each.quantity)} {each.disposed.asset} "
            f"{format_amount(each.proceeds)}-{format_amount(each.cost)} {each.term} {each.rule} "
            f"{named[each.acquired.transaction] if each.acquired else '-'}"
            for each in result.slices
        ] == case["slices"]
    if "held" in case:
        held: dict[str, tuple[Decimal, Decimal]] = {}
        for lot in result.lots:
            quantity, cost = held.get(lot.asset, (ZERO, ZERO))
            held[lot.asset] = quantity + lot.quantity, cost + lot.cost
        assert held == {
            asset: (Decimal(quantity), Decimal(cost))
            for asset, (quantity, cost) in case["held"].items()
        }
    for name, quantity in case.get("accounts", {}).items():
        there = sum(lot.quantity for lot in result.lots if lot.account == account(name))
        assert there == Decimal(quantity)
    if "income" in case:
        assert sum((each.value for each in result.incomes), ZERO) == Decimal(case["income"])
    assert len(result.warnings) == case.get("warnings", 0)
    assert not result.shortfalls
    assert not result.unvalued


@pytest.mark.parametrize("case", load("tax-us.json"))
def test_united_states(case: dict[str, Any]) -> None:
    result, names = outcome(case, us.COUNTRY, us.ELECTION)

    check(case, result, names)
    if "figures" in case:
        facts, _ = from_vector(case["facts"])
        report = compute(facts, RULESETS["us"], 2025, Choices(filing=Filing(case["filing"])))
        found = {total.code: format_amount(total.amount) for total in report.totals}
        assert found.items() >= case["figures"].items()


@pytest.mark.parametrize("case", load("tax-au.json"))
def test_australia(case: dict[str, Any]) -> None:
    result, names = outcome(case, au.COUNTRY, au.ELECTION)

    check(case, result, names)
    if "taxable" in case:
        assert au.net_gain(result.slices).taxable == Decimal(case["taxable"])


@pytest.mark.parametrize("case", load("tax-de.json"))
def test_germany(case: dict[str, Any]) -> None:
    result, names = outcome(case, de.COUNTRY, de.ELECTION)
    year = result.slices[-1].disposed.day.year

    check(case, result, names)
    assert de.taxable_profit(result.slices, year) == Decimal(case["taxable"])
