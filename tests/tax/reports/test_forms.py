import csv
import io
from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from plimsoll.kernel.money import ZERO
from plimsoll.tax.domain.report import Names, Reconciled, Report, Verdict
from plimsoll.tax.domain.results import Rule
from plimsoll.tax.reports import forms
from tests.tax.reports.samples import (
    BITCOIN,
    META,
    NAMES,
    american,
    british,
    german,
    line,
    long,
    report,
)


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(content.decode().splitlines()))


def test_form_8949_has_a_line_for_each_taxed_slice_by_box_in_the_forms_own_columns() -> None:
    head, *lines = forms.form_8949(american(), NAMES, META).decode().splitlines()

    assert head == (
        "(a) Description of property,(b) Date acquired,(c) Date sold or disposed of,(d) Proceeds,"
        "(e) Cost or other basis,(f) Code,(g) Adjustment,(h) Gain or (loss),Box"
    )
    assert lines == [
        "0.5 BTC,11/02/2024,03/14/2025,41250.00,34600.00,,,6650.00,H",
        "3 ETH,06/01/2025,06/30/2025,7400.12,8100.50,,,-700.38,I",
        "0.123456789012345678 BTC,02/28/2021,03/14/2025,10185.18,5555.56,,,4629.63,K",
        "1000000 =1+1,01/01/2020,12/31/2025,0.00,0.00,,,0.00,L",
    ]


def test_a_basis_that_a_broker_reported_otherwise_is_taken_back_in_column_g() -> None:
    slice_ = line(
        1, sold=date(2025, 3, 1), bought=date(2025, 1, 1), quantity="1", proceeds="100",
        cost="60", box="G",
    )._replace(code="B", adjustment=Decimal(-20))  # fmt: skip
    told = replace(american(), lines=(slice_,))

    (row,) = rows_of(forms.form_8949(told, NAMES, META))
    (box,) = rows_of(forms.schedule_d(told, NAMES, META))

    assert (row["(e) Cost or other basis"], row["(f) Code"]) == ("40.00", "B")
    assert (row["(g) Adjustment"], row["(h) Gain or (loss)"]) == ("-20.00", "40.00")
    assert (box["(e) Cost"], box["(g) Adjustments"]) == ("40.00", "-20.00")
    assert box["(h) Gain or (loss)"] == "40.00"


def test_a_box_is_the_sum_of_exact_amounts_rounded_once() -> None:
    thirds = [
        line(each, sold=date(2025, 3, 1), bought=date(2025, 1, 1), quantity="1",
             proceeds="0.333333333333333333", cost="0", box="I")
        for each in range(1, 4)
    ]  # fmt: skip
    told = replace(american(), lines=tuple(thirds))

    assert {row["(d) Proceeds"] for row in rows_of(forms.form_8949(told, NAMES, META))} == {"0.33"}
    assert rows_of(forms.schedule_d(told, NAMES, META))[0]["(d) Proceeds"] == "1.00"


def test_boxes_of_schedule_d_add_up_to_all_taxed_lines() -> None:
    told = long(500)

    boxes = rows_of(forms.schedule_d(told, NAMES, META))

    assert [box["Box"] for box in boxes] == list("GHIJKL")
    assert sum(int(box["Lines"]) for box in boxes) == 500
    gain = sum((Decimal(box["(h) Gain or (loss)"]) for box in boxes), ZERO)
    assert abs(gain - told.totals[0].amount) < Decimal("0.04")


def test_sa108_tells_each_disposal_of_an_asset_and_day_with_its_computation() -> None:
    rows = rows_of(forms.sa108(british(), NAMES, META))

    assert [row["part"] for row in rows] == ["figure", "figure", "disposal", "disposal"]
    assert [row["amount"] for row in rows] == ["2", "98000.56", "92500.00", "5500.56"]
    assert rows[2]["computation"] == (
        "500 =1+1 of 2024-09-11 by 30-day: cost 17500.00; 3500 =1+1 by section-104: cost 50000.00 "
        "(3500 of 14000 pooled units × 200000 = 50000). Gain: 160000.00 − 67500.00 = 92500.00"
    )


def test_sa108_counts_fees_among_the_costs() -> None:
    row = rows_of(forms.sa108(british(), NAMES, META))[3]

    assert (row["proceeds"], row["allowable_costs"]) == ("8008.56", "2508.00")
    assert "fees 8.00" in row["computation"]


def test_sa108_says_where_no_acquisition_is_known() -> None:
    text = rows_of(forms.sa108(german(), NAMES, META))[-1]["computation"]

    assert text.startswith("0.25 BTC: no acquisition is known, cost 0.00")


def test_what_brokers_reported_stands_beside_what_was_found() -> None:
    told = replace(
        american(),
        reconciled=(
            Reconciled(Verdict.DIFFERS, (3,), (1, 2), BITCOIN, date(2025, 3, 14), Decimal("0.5"),
                       Decimal("10.555"), None, "another amount"),
        ),
    )  # fmt: skip

    assert forms.form_1099_da(told, NAMES, META).decode().splitlines()[1] == (
        "differs,2025-03-14,bitcoin,BTC,0.5,10.56,,3,1 2,another amount"
    )


def test_a_report_without_lines_is_a_header() -> None:
    nothing = report("us", "usd", first=date(2025, 1, 1), last=date(2025, 12, 31), lines=[])

    for form in (forms.form_8949, forms.schedule_d, forms.sa108, forms.form_1099_da):
        assert len(form(nothing, NAMES, META).splitlines()) == 1


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12))
def test_no_symbol_becomes_a_formula_or_another_cell(symbol: str) -> None:
    names = Names(symbols={BITCOIN: symbol})
    told = british_of(rule=Rule.SECTION_104)

    _, row = csv.reader(io.StringIO(forms.sa108(told, names, META).decode(), newline=""))

    assert row[2] == f"1 {symbol}"
    assert not row[8].startswith(("=", "+", "-", "@"))


def british_of(rule: Rule) -> Report:
    return report(
        "uk",
        "gbp",
        first=date(2024, 4, 6),
        last=date(2025, 4, 5),
        lines=[line(1, sold=date(2024, 5, 1), quantity="1", proceeds="2", cost="1", rule=rule)],
    )
