"""Form 1099-DA beside the ledger: what agrees, what differs, what is on one side only."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from plimsoll.kernel.identifiers import AssetId
from plimsoll.kernel.money import ZERO
from plimsoll.tax.domain.choices import Choices, FormRow
from plimsoll.tax.domain.report import Report, Verdict
from plimsoll.tax.domain.rulesets import RULESETS, compute
from tests.tax.ledgers import account, fact

A: Final = AssetId("A")
SOLD: Final = date(2025, 6, 1)


def row(
    number: int,
    quantity: str,
    proceeds: str,
    cost: str | None = None,
    *,
    wallet: str | None = "X",
    on: date = SOLD,
) -> FormRow:
    return FormRow(
        number,
        None if wallet is None else account(wallet),
        A,
        Decimal(quantity),
        on,
        Decimal(proceeds),
        None if cost is None else Decimal(cost),
        "Broker",
    )


def report(*rows: FormRow) -> Report:
    """Two lots, an old one and a new one, of which 1.5 are sold for 1,500 less 15."""
    facts = [
        fact("buy", "2023-01-02", "X A 1 100", "- usd -100 100"),
        fact("buy", "2025-02-01", "X A 1 900", "- usd -900 900"),
        fact("sell", "2025-06-01", "X A -1.5 1500", "- usd 1500 1500", "- usd -15 15 fee"),
    ]
    return compute(facts, RULESETS["us"], 2025, Choices(forms=rows))


def told(found: Report) -> list[tuple[str, tuple[int, ...], tuple[int, ...]]]:
    return [(each.verdict.value, each.rows, each.lines) for each in found.reconciled]


def boxes(found: Report) -> list[str]:
    return [line.box for line in found.lines]


def test_without_forms_nothing_was_reported() -> None:
    assert boxes(report()) == ["L", "I"]
    assert report().reconciled == ()


def test_a_row_of_the_whole_disposal_agrees_to_the_cent() -> None:
    found = report(row(7, "1.5", "1485", "550"))

    assert told(found) == [("agrees", (7,), (1, 2))]
    assert boxes(found) == ["J", "G"]
    assert {line.adjustment for line in found.lines} == {0}


def test_without_a_basis_the_boxes_say_so() -> None:
    assert boxes(report(row(7, "1.5", "1485"))) == ["K", "H"]


def test_proceeds_before_fees_agree_and_it_is_said() -> None:
    (found,) = report(row(7, "1.5", "1500", "550")).reconciled

    assert (found.verdict, found.proceeds) == (Verdict.AGREES, 0)
    assert found.text == "reported before fees of 15"


def test_another_basis_is_code_b_and_an_adjustment_that_leaves_the_gain() -> None:
    found = report(row(7, "1.5", "1485", "610"))

    assert told(found) == [("differs", (7,), (1, 2))]
    assert [(line.code, line.adjustment) for line in found.lines] == [("B", 40), ("B", 20)]
    assert [line.gain for line in found.lines] == [890, 45]
    figures = {total.code: total.amount for total in found.totals}
    assert (figures["box-j-cost"], figures["box-j-adjustment"]) == (140, 40)
    assert figures["box-j-gain"] == 890
    assert figures["net"] == 935


def test_rows_by_lot_are_lines() -> None:
    found = report(row(1, "1", "990", "100"), row(2, "0.5", "495"))

    assert told(found) == [("agrees", (1,), (1,)), ("agrees", (2,), (2,))]
    assert boxes(found) == ["J", "H"]


def test_rows_that_only_add_up_are_compared_as_a_sum() -> None:
    found = report(row(1, "0.7", "693"), row(2, "0.8", "800"))

    assert told(found) == [("differs", (1, 2), (1, 2))]
    assert found.reconciled[0].proceeds == 8


def test_a_row_of_the_next_day_or_of_a_wallet_that_is_not_known_is_found() -> None:
    late = report(row(7, "1.5", "1485", "550", on=SOLD + timedelta(1)))
    anywhere = report(row(7, "1.5", "1485", "550", wallet=None))

    assert told(late) == told(anywhere) == [("agrees", (7,), (1, 2))]
    assert late.reconciled[0].text == "reported for 2025-06-02"


def test_what_is_on_one_side_only_is_named() -> None:
    found = report(row(7, "3", "9", wallet="Y"))

    assert told(found) == [("not-in-ledger", (7,), ()), ("not-reported", (), (1, 2))]
    assert boxes(found) == ["L", "I"]


def test_a_row_of_another_wallet_is_not_taken() -> None:
    assert told(report(row(7, "1.5", "1485", wallet="Y")))[0][0] == "not-in-ledger"


def test_rows_of_other_years_are_left_alone() -> None:
    assert report(row(7, "1.5", "1485", on=date(2024, 6, 1))).reconciled == ()


ROWS: Final = st.lists(
    st.builds(
        row,
        st.just(0),
        st.sampled_from(["1.5", "1", "0.5", "0.25"]),
        st.sampled_from(["1485", "990", "495"]),
        st.sampled_from([None, "550", "100"]),
        wallet=st.sampled_from(["X", "Y", None]),
        on=st.integers(-2, 2).map(lambda days: SOLD + timedelta(days)),
    ),
    max_size=6,
).map(lambda rows: [each._replace(number=n) for n, each in enumerate(rows)])


@given(rows=ROWS)
def test_each_row_and_each_line_has_one_verdict_and_no_gain_changes(rows: list[FormRow]) -> None:
    found = report(*rows)

    assert sorted(n for each in found.reconciled for n in each.rows) == list(range(len(rows)))
    numbers = [n for each in found.reconciled for n in each.lines]
    assert sorted(numbers) == ([1, 2] if rows else [])
    assert sum((line.gain for line in found.lines), ZERO) == 935
    assert {total.amount for total in found.totals if total.code == "net"} == {935}
