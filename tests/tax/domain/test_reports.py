"""A year's report: the worked numbers of the page, what is missing, and laws for every ledger."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.kernel.identifiers import AssetId
from plimsoll.kernel.money import ZERO, format_amount
from plimsoll.tax.domain.choices import Brought, Choices, Filing, Way
from plimsoll.tax.domain.countries import Treatment
from plimsoll.tax.domain.elections import MethodNotAllowed, UnknownZone
from plimsoll.tax.domain.facts import Fact
from plimsoll.tax.domain.movements import Acquired, Ref
from plimsoll.tax.domain.report import Report
from plimsoll.tax.domain.results import Lot, Pool, Rule, ShortfallPolicy
from plimsoll.tax.domain.rulesets import (
    RULESETS,
    YearNotCovered,
    compute,
    compute_all,
    match_all,
    report_of,
)
from plimsoll.tax.domain.uk import Holder
from tests.tax.domain.test_lots_laws import LEDGERS
from tests.tax.ledgers import account, fact, from_vector, transaction

ROOT: Final = Path(__file__).parents[3]
PAGE: Final = (ROOT / "docs" / "formulas" / "tax.md").read_text("utf-8")
VECTORS: Final = json.loads((ROOT / "tests" / "vectors" / "tax-reports.json").read_text("utf-8"))
US: Final = RULESETS["us"]


def reported(case: dict[str, Any]) -> Report:
    facts, _ = from_vector(case["facts"])
    choices = Choices(
        brought={case["year"]: Brought(*map(Decimal, case.get("brought", ("0", "0"))))},
        portfolios={
            Ref(transaction(int(number)), 0): Decimal(value)
            for number, value in case.get("portfolios", {}).items()
        },
    )
    return compute(facts, RULESETS[case["rules"]], case["year"], choices)


def tables() -> Iterator[list[list[str]]]:
    """The page's tables, as rows of cells."""
    for block in re.findall(r"(?:^\|.*\n)+", PAGE, re.MULTILINE):
        rows = [line.strip("|\n").split("|") for line in block.splitlines()]
        yield [[cell.strip() for cell in row] for row in rows]


def kept(report: Report) -> list[Lot | Pool]:
    return [*report.lots, *report.pools]


def figures(report: Report) -> dict[str, Decimal]:
    return {total.code: total.amount for total in report.totals}


@pytest.mark.parametrize("case", VECTORS, ids=[case["rules"] for case in VECTORS])
def test_the_page_says_what_is_computed(case: dict[str, Any]) -> None:
    title = f"{case['rules']} {case['year']}"
    (table,) = (rows for rows in tables() if rows[0][0] == title)

    report = reported(case)

    told = {row[0].strip("`"): row[2] for row in table[2:]}
    assert {code: format_amount(amount) for code, amount in figures(report).items()} == told
    held: dict[str, tuple[Decimal, Decimal]] = {}
    for each in kept(report):
        quantity, cost = held.get(each.asset, (ZERO, ZERO))
        held[each.asset] = quantity + each.quantity, cost + each.cost
    assert held == {
        asset: (Decimal(quantity), Decimal(cost))
        for asset, (quantity, cost) in case["held"].items()
    }
    assert all(total.formula for total in report.totals)
    assert not report.draft
    assert report.completeness.score == 1


def test_a_net_loss_is_deducted_to_the_limit_and_the_rest_carried_as_the_page_says() -> None:
    (table,) = (rows for rows in tables() if rows[0][0] == "net short")
    for short, long, filing, *expected in table[2:]:
        facts = [
            *traded(gain=int(short), year=2025, asset="A"),
            *traded(gain=int(long), year=2023, asset="B"),
        ]

        found = figures(compute(facts, US, 2025, Choices(filing=Filing(filing))))

        codes = ("short-net", "long-net", "deductible-loss", "carried-short", "carried-long")
        assert [format_amount(found[code]) for code in codes] == [short, long, *expected]


def traded(*, gain: int, year: int, asset: str) -> list[Fact]:
    """Bought in some year, sold in 2025 with that gain."""
    cost, value = (20000, 20000 + gain)
    return [
        fact("buy", f"{year}-02-01", f"X {asset} 1 {cost}", f"- usd -{cost} {cost}"),
        fact("sell", "2025-06-01", f"X {asset} -1 {value}", f"- usd {value} {value}"),
    ]


def test_the_fees_of_a_disposal_fall_on_its_slices_and_add_up() -> None:
    facts = [
        *(fact("buy", f"2025-01-0{n}", "X A 1 100", "- usd -100 100") for n in (1, 2, 3)),
        fact("sell", "2025-02-01", "X A -3 600", "- usd 600 600", "- usd -10 10 fee"),
    ]

    lines = compute(facts, US, 2025, Choices()).lines

    assert [line.number for line in lines] == [1, 2, 3]
    assert sum(line.fees for line in lines) == 10
    assert [round(line.fees, 15) for line in lines] == [Decimal("3.333333333333333")] * 3
    assert {line.box for line in lines} == {"I"}


def sold_too_much(policy: ShortfallPolicy) -> Report:
    facts = [
        fact("buy", "2025-01-02", "X A 1 100", "- usd -100 100"),
        fact("sell", "2025-02-01", "X A -3 600", "- usd 600 600"),
        fact("buy", "2025-03-01", "X B 1 50", "- usd -50 50"),
        fact("sell", "2025-04-01", "X B -1 70", "- usd 70 70"),
    ]
    return compute(facts, US, 2025, Choices(shortfalls=policy))


@pytest.mark.parametrize(
    ("policy", "gain"), [(ShortfallPolicy.ZERO_BASIS, 520), (ShortfallPolicy.EXCLUDE, 120)]
)
def test_more_than_is_known_is_a_draft_that_says_so_in_its_figures(
    policy: ShortfallPolicy, gain: int
) -> None:
    report = sold_too_much(policy)

    found = figures(report)
    assert found["net"] == gain
    assert found["unknown-proceeds"] == 400
    assert found["unknown-gain"] == gain - 120
    assert all(
        "without a known acquisition: 1" in each.formula
        for each in report.totals
        if each.code == "net"
    )
    assert report.draft
    assert not report.blocked
    assert report.completeness == (Decimal("0.5"), 2, 1, 0)
    assert [each.quantity for each in report.shortfalls] == [2]


def test_a_blocked_report_has_lines_and_no_figures() -> None:
    report = sold_too_much(ShortfallPolicy.BLOCK)

    assert report.blocked
    assert report.totals == ()
    assert len(report.lines) == 3


def test_a_value_that_nobody_knows_is_missing_in_the_year_of_the_sale_too() -> None:
    """An airdrop without a price in 2024 is half of what is sold in 2025."""
    facts = [
        fact("airdrop", "2024-02-01", "X A 1 -"),
        fact("buy", "2024-03-01", "X A 1 100", "- usd -100 100"),
        fact("sell", "2025-04-01", "X A -2 400", "- usd 400 400"),
        fact("buy", "2024-03-01", "X B 1 100", "- usd -100 100"),
        fact("sell", "2025-05-01", "X B -1 400", "- usd 400 400"),
    ]
    for rules in (US, replace(RULESETS["generic"], methods=(Way.AVERAGE,))):
        choices = Choices(methods=((2024, Way.AVERAGE),)) if rules is not US else Choices()
        report = compute(facts, rules, 2025, choices)

        assert report.draft
        assert [each.asset for each in report.unvalued] == ["A"]
        assert report.completeness == (Decimal("0.5"), 2, 0, 1)


def test_what_is_missing_in_another_year_and_matters_to_none_of_this_one_is_not_listed() -> None:
    facts = [
        fact("airdrop", "2024-02-01", "X C 1 -"),
        fact("sell", "2023-04-01", "X D -2 400", "- usd 400 400"),
        *traded(gain=10, year=2024, asset="A"),
    ]

    report = compute(facts, US, 2025, Choices())

    assert not report.draft
    assert (report.shortfalls, report.unvalued) == ((), ())


def test_the_lots_of_a_report_are_those_of_its_years_end() -> None:
    facts = [
        fact("buy", "2024-02-01", "X A 2 100", "- usd -100 100"),
        fact("transfer", "2025-02-01", "X A -2 -", "Y A 2 -"),
        fact("sell", "2025-03-01", "Y A -1 70", "- usd 70 70"),
    ]
    whole = match_all(facts, US, Choices())

    ends = {year: report_of(whole, year).lots for year in (2023, 2024, 2025)}

    assert [(lot.account, lot.quantity) for lot in ends[2024]] == [(None, 2)]
    assert [(lot.account, lot.quantity) for lot in ends[2025]] == [(account("Y"), 1)]
    assert ends[2023] == ()


def test_the_method_may_change_with_the_year() -> None:
    facts = [
        fact("buy", "2024-01-02", "X A 1 100", "- usd -100 100"),
        fact("buy", "2024-01-03", "X A 1 300", "- usd -300 300"),
        fact("buy", "2024-01-04", "X A 1 200", "- usd -200 200"),
        fact("sell", "2024-06-01", "X A -1 400", "- usd 400 400"),
        fact("sell", "2025-06-01", "X A -1 400", "- usd 400 400"),
    ]
    choices = Choices(methods=((2025, Way.HIFO),))

    reports = compute_all(facts, US, choices)

    assert [(line.rule, line.cost) for line in reports[2024].lines] == [(Rule.FIFO, 100)]
    assert [(line.rule, line.cost) for line in reports[2025].lines] == [(Rule.HIFO, 300)]
    assert reports[2025].election["method"] == "fifo, hifo from 2025"
    assert reports[2025].election["pools"] == "by owner, by account from 2025-01-01"


@pytest.mark.parametrize(
    ("rules", "methods"),
    [
        ("uk", ((2024, Way.FIFO),)),
        ("us", ((2024, Way.AVERAGE),)),
        ("generic", ((2023, Way.AVERAGE), (2024, Way.FIFO))),
    ],
)
def test_a_method_that_the_rules_do_not_know_is_refused(
    rules: str, methods: tuple[tuple[int, Way], ...]
) -> None:
    with pytest.raises(MethodNotAllowed):
        compute([], RULESETS[rules], 2024, Choices(methods=methods))


@pytest.mark.parametrize("name", ["Mars/Base", "../etc/passwd", "Europe"])
def test_a_zone_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(UnknownZone):
        compute([], US, 2024, Choices(zone=name))


def test_the_persons_zone_decides_the_year() -> None:
    """Five in the morning UTC of New Year is still 2024 in Los Angeles."""
    late = datetime(2025, 1, 1, 5, 30, tzinfo=UTC)
    facts = [
        fact("buy", "2024-01-02", "X A 1 100", "- usd -100 100"),
        fact("sell", late, "X A -1 400", "- usd 400 400"),
    ]
    at_home = Choices(zone="America/Los_Angeles")

    assert len(compute(facts, US, 2025, Choices()).lines) == 1
    assert len(compute(facts, US, 2024, at_home).lines) == 1
    assert compute(facts, US, 2025, at_home).lines == ()


def test_a_person_may_say_that_a_transaction_is_something_else() -> None:
    airdrop = fact("airdrop", "2025-02-01", "X A 1 100", seq=77)
    choices = Choices(treatments={airdrop.id: Treatment.FREE})

    assert len(compute([airdrop], US, 2025, Choices()).incomes) == 1
    assert compute([airdrop], US, 2025, choices).incomes == ()


def test_the_generic_rules_take_any_currency_and_the_others_do_not() -> None:
    choices = Choices(currency="chf")

    assert compute([], RULESETS["generic"], 2025, choices).currency == AssetId("chf")
    assert compute([], US, 2025, choices).currency == AssetId("usd")


def test_austria_begins_with_2023_and_warns_of_old_holdings() -> None:
    rules = RULESETS["at"]
    old = [fact("buy", "2021-02-28", "X A 1 100", "- eur -100 100")]

    with pytest.raises(YearNotCovered):
        compute([], rules, 2022, Choices())
    assert "old holdings" in compute(old, rules, 2023, Choices()).warnings[0]


def test_a_company_of_the_united_kingdom_has_no_exempt_amount() -> None:
    report = compute([], RULESETS["uk"], 2024, Choices(holder=Holder.COMPANY))

    assert "exempt" not in figures(report)


def test_a_year_without_anything_is_complete() -> None:
    for rules in RULESETS.values():
        report = compute([], rules, 2025, Choices())

        assert (report.lines, report.lots, report.warnings) == ((), (), ())
        assert report.completeness == (1, 0, 0, 0)
        assert set(figures(report).values()) <= {ZERO, Decimal(3000)}


AROUND_YEARS_ENDS: Final = st.builds(
    lambda facts, days: [each._replace(at=each.at + timedelta(days=days)) for each in facts],
    LEDGERS,
    st.sampled_from([0, 85, 175]),
)
"""Ledgers of some weeks around New Year, 5 April or 30 June."""

CHOICES: Final = st.builds(
    Choices,
    shortfalls=st.sampled_from([ShortfallPolicy.ZERO_BASIS, ShortfallPolicy.EXCLUDE]),
    brought=st.just({2024: Brought(Decimal(70), Decimal(20))}),
)


@settings(max_examples=30, deadline=None)
@given(facts=AROUND_YEARS_ENDS, choices=CHOICES, code=st.sampled_from(sorted(RULESETS)))
def test_one_matching_of_all_years_gives_each_years_own_report(
    facts: list[Fact], choices: Choices, code: str
) -> None:
    rules = RULESETS[code]

    for year, report in compute_all(facts, rules, choices).items():
        assert report == compute(facts, rules, year, choices)


@settings(max_examples=40, deadline=None)
@given(facts=AROUND_YEARS_ENDS, choices=CHOICES, code=st.sampled_from(sorted(RULESETS)))
def test_figures_are_sums_of_the_lines(facts: list[Fact], choices: Choices, code: str) -> None:
    for report in compute_all(facts, RULESETS[code], choices).values():
        found = figures(report)
        taxed = [line for line in report.lines if line.taxed]
        gain = sum((line.gain for line in taxed), ZERO)
        if code == "us":
            brought = 90 if report.year == 2024 else 0
            assert found["net"] + brought == gain
            boxes = [each for each in report.totals if re.fullmatch("box-.-gain", each.code)]
            assert sum((each.amount for each in boxes), ZERO) == gain
        elif code == "fr":
            assert found["taxable"] == gain
        elif code == "de":
            assert found["profit"] + found["exempt"] == gain
        else:
            assert found["gains"] - found["losses"] == gain
        assert found["income"] == sum((each.value for each in report.incomes), ZERO)
        assert 0 <= report.completeness.score <= 1
        assert report.draft is bool(report.shortfalls or report.unvalued)
        if report.completeness.score < 1:
            assert report.draft


@settings(max_examples=40, deadline=None)
@given(facts=AROUND_YEARS_ENDS, code=st.sampled_from(sorted(set(RULESETS) - {"fr", "at"})))
def test_what_came_in_until_a_years_end_went_out_or_is_held_then(
    facts: list[Fact], code: str
) -> None:
    whole = match_all(facts, RULESETS[code], Choices())
    came = [each for each in whole.movements if isinstance(each, Acquired)]
    for year in whole.years:
        report = report_of(whole, year)
        known = [each for each in came if each.day <= report.last]
        gone = [
            each
            for each in whole.matched.slices
            if each.disposed.day <= report.last
            and each.rule is not Rule.SHORTFALL
            # what a law matches with a later acquisition did not come from what was held
            and not (each.acquired_on and each.acquired_on > report.last)
        ]
        assert sum(each.cost for each in known) == (
            sum(each.cost for each in gone) + sum(each.cost for each in kept(report))
        )
