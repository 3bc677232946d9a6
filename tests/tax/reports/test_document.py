from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.kernel.identifiers import WalletId, new_id
from plimsoll.tax.domain.report import Names
from plimsoll.tax.reports.document import facts, state_of, to_cents, wallet, year_of
from tests.tax.reports.samples import META, NAMES, american, british, german


@pytest.mark.parametrize(
    ("amount", "printed"),
    [
        ("0.005", "0.00"),
        ("0.015", "0.02"),
        ("-0.001", "0.00"),
        ("-1.005", "-1.00"),
        ("1e20", "100000000000000000000.00"),
    ],
)
def test_money_is_rounded_half_to_even_and_never_minus_nothing(amount: str, printed: str) -> None:
    assert to_cents(Decimal(amount)) == printed


@given(st.decimals(min_value=-(10**24), max_value=10**24, places=18))
def test_cents_are_at_most_half_a_cent_away(amount: Decimal) -> None:
    assert abs(Decimal(to_cents(amount)) - amount) <= Decimal("0.005")


def test_a_year_across_two_is_called_by_both() -> None:
    assert (year_of(american()), year_of(british())) == ("2025", "2024/25")


def test_the_facts_say_who_which_year_by_which_rules_and_from_what() -> None:
    told = dict(facts(german(), NAMES, META))

    assert told["Country"] == "Germany"
    assert told["Tax year"] == "2025, 2025-01-01 to 2025-12-31, days in Europe/Berlin"
    assert told["Method"] == "fifo"
    assert told["Input hash"] == META.input_hash
    assert told["Completeness"].startswith("50 % of 4 disposals and incomes rest on known facts")


def test_nobody_is_named_where_nobody_said_how() -> None:
    assert "For" not in dict(facts(german(), NAMES, replace(META, person="")))


def test_a_report_is_complete_a_draft_or_without_figures() -> None:
    states = [state_of(told) for told in (american(), german(), replace(german(), blocked=True))]
    assert [state.partition(":")[0] for state in states] == ["Complete", "Draft", "No figures"]


def test_of_very_many_wallets_the_rest_is_counted() -> None:
    (first, *_), accounts = american().lines, [WalletId(new_id()) for _ in range(30)]
    told = replace(
        american(),
        lines=tuple(first._replace(account=account) for account in accounts),
        incomes=(),
        lots=(),
    )

    assert dict(facts(told, Names(), META))["Wallets"].endswith(", and 6 more")


def test_a_wallet_without_a_name_goes_by_its_id() -> None:
    account = WalletId(new_id())
    assert wallet(NAMES, account) == str(account)
    assert wallet(NAMES, None, everywhere="all") == "all"
