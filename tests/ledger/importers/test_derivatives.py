"""Results, fees and funding: whatever a row tells, the balance changes by result less fee."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.ledger.domain.imports import Draft, LeftOut
from plimsoll.ledger.domain.transactions import Kind, Precision, Role
from plimsoll.ledger.importers.dates import Moment
from plimsoll.ledger.importers.derivatives import fund, settle
from plimsoll.ledger.importers.drafting import Story
from plimsoll.ledger.importers.format import Options
from tests.imports.corpus import CATALOGUE

OPTIONS = Options(catalogue=CATALOGUE)
STORY = Story((2,), Moment(datetime(2026, 1, 2, tzinfo=UTC), Precision.INSTANT))
AMOUNTS = st.decimals(-100, 100, places=2)


@pytest.mark.parametrize(
    ("result", "fee", "kind"),
    [
        ("1.5", "0.1", Kind.MARGIN_GAIN),
        ("-1.5", "0.1", Kind.MARGIN_LOSS),
        ("0", "0.1", Kind.MARGIN_FEE),
        ("0", "-0.1", Kind.REBATE),
        ("0.1", "0.3", Kind.MARGIN_FEE),
        ("-0.1", "-0.3", Kind.MARGIN_GAIN),
    ],
)
def test_a_result_is_a_gain_a_loss_or_a_fee(result: str, fee: str, kind: Kind) -> None:
    draft = settle(STORY, OPTIONS, "USDT", result=Decimal(result), fee=Decimal(fee))
    assert isinstance(draft, Draft)
    assert draft.kind is kind


@given(result=AMOUNTS, fee=AMOUNTS)
def test_the_balance_changes_by_the_result_less_the_fee(result: Decimal, fee: Decimal) -> None:
    outcome = settle(STORY, OPTIONS, "USDT", result=result, fee=fee)
    if isinstance(outcome, LeftOut):
        assert result == fee
        return
    assert isinstance(outcome, Draft)
    assert sum(leg.quantity for leg in outcome.legs) == result - fee
    withheld = sum(-leg.quantity for leg in outcome.legs if leg.role is Role.WITHHELD_FEE)
    assert not withheld or withheld < outcome.legs[0].quantity


@given(amount=AMOUNTS)
def test_funding_goes_either_way(amount: Decimal) -> None:
    outcome = fund(STORY, OPTIONS, "USDT", amount)
    if not amount:
        assert isinstance(outcome, LeftOut)
        return
    assert isinstance(outcome, Draft)
    assert (outcome.kind, outcome.legs[0].quantity) == (Kind.FUNDING, amount)
