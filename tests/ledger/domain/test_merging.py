"""A withdrawal and a deposit as one transfer."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from plimsoll.kernel.identifiers import ImportId, TransactionId, new_id
from plimsoll.ledger.domain.holdings import fold
from plimsoll.ledger.domain.merging import NotOneTransfer, merge
from plimsoll.ledger.domain.pairing import as_hash
from plimsoll.ledger.domain.transactions import Kind, Precision, Role, check
from tests.ledger.entries import BTC, COLD, ETH, EUR, MAIN, buy, day, entry, fee, leg

NEW = TransactionId(new_id())
OUT = entry(Kind.WITHDRAWAL, leg("-1", value="40000"), fee("0.001", BTC, wallet=MAIN), at=day(2))
INTO = entry(Kind.DEPOSIT, leg("0.99", wallet=COLD, value="39000"), at=day(3))


def test_what_did_not_arrive_is_a_fee_and_the_fees_of_both_are_kept() -> None:
    into = replace(INTO, legs=(*INTO.legs, fee("1", ETH, wallet=COLD)))
    transfer = merge(OUT, into, NEW)
    check(transfer)
    assert [(each.wallet_id, each.asset_id, each.quantity) for each in transfer.legs] == [
        (MAIN, BTC, Decimal("-0.99")),
        (COLD, BTC, Decimal("0.99")),
        (MAIN, BTC, Decimal("-0.01")),
        (MAIN, BTC, Decimal("-0.001")),
        (COLD, ETH, Decimal(-1)),
    ]
    assert transfer.legs[2].role is Role.FEE
    assert transfer.legs[2].value == 400
    assert str(OUT.id) in transfer.note
    assert str(INTO.id) in transfer.note


def test_the_cost_goes_along_and_only_the_fee_is_lost() -> None:
    bought = buy("2", value="20000", at=day(1))
    books = fold([bought, merge(OUT, INTO, NEW)])
    assert books.holdings[COLD, BTC].cost == 9900
    assert books.holdings[MAIN, BTC].cost == 9990


def test_it_happened_with_the_withdrawal_or_with_an_earlier_deposit() -> None:
    assert merge(OUT, INTO, NEW).occurred_at == day(2)
    early = replace(INTO, occurred_at=day(2) - timedelta(minutes=3))
    assert merge(OUT, early, NEW).occurred_at == early.occurred_at
    by_day = replace(early, precision=Precision.DAY)
    assert merge(OUT, by_day, NEW).occurred_at == day(2)


def test_it_may_take_out_too_much_if_the_withdrawal_might() -> None:
    file = ImportId(new_id())
    out = replace(OUT, import_id=file, lines=(7,))
    transfer = merge(out, INTO, NEW)
    assert (transfer.import_id, transfer.lines) == (file, (7,))
    assert fold([transfer]).holdings[MAIN, BTC].missing == Decimal("1.001")


def test_a_fee_in_another_currency_counts_as_not_valued() -> None:
    into = replace(INTO, currency=EUR, legs=(*INTO.legs, fee("1", ETH, wallet=COLD, value="3")))
    last = merge(OUT, into, NEW).legs[-1]
    assert (last.value, last.valued) == (0, False)


@pytest.mark.parametrize(
    ("out", "into"),
    [
        (OUT, replace(INTO, legs=(leg("0.99", wallet=MAIN),))),
        (OUT, replace(INTO, legs=(leg("1.01", wallet=COLD),))),
        (OUT, replace(INTO, legs=(leg("0.99", ETH, wallet=COLD),))),
        (INTO, OUT),
        (OUT, OUT),
        (OUT, buy("0.99", value="1", wallet=COLD)),
    ],
    ids=["one wallet", "more arrives", "another asset", "swapped", "the same", "a purchase"],
)
def test_what_cannot_be_one_transfer_is_refused(out: object, into: object) -> None:
    with pytest.raises(NotOneTransfer):
        merge(out, into, NEW)  # type: ignore[arg-type]


def test_a_hash_is_known_by_its_form_and_a_venues_number_is_none() -> None:
    digits = "ab" * 32
    assert as_hash(f"0x{digits.upper()}") == as_hash(digits) == digits
    assert as_hash("FTQcuak-V6Za8qrWnhzTx67yYHz8Tg") == ""
    assert as_hash("") == ""
    assert as_hash("5" * 88) == "5" * 88
