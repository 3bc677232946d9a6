from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from plimsoll.kernel.identifiers import AssetId, TransactionId, WalletId
from plimsoll.ledger.domain.transactions import Leg, Role
from plimsoll.tax.service.decisions import (
    UNITS,
    Named,
    NoSuchLeg,
    PickRecord,
    check_legs,
    choose_picks,
)
from plimsoll.tax.service.inputs import ENCODER

SOLD = TransactionId(UUID(int=1))
SOLD_AT = datetime(2025, 6, 15, tzinfo=UTC)


def said(day: int, *of: int) -> PickRecord:
    """On a day of June, half a month before or after the sale."""
    units = tuple(
        Named(TransactionId(UUID(int=each)), AssetId("bitcoin"), Decimal(1)) for each in of
    )
    return PickRecord(UUID(int=day), SOLD, SOLD_AT, datetime(2025, 6, day, tzinfo=UTC), units)


def chosen(*records: PickRecord) -> list[tuple[int, int]]:
    """The acquisitions that are meant, and the day on which that was said."""
    picks = choose_picks(records).get(SOLD, ())
    return [(pick.of.int, pick.identified_at.day) for pick in picks]


def test_the_last_record_in_time_counts() -> None:
    assert chosen(said(1, 7), said(2, 8)) == [(8, 2)]


def test_a_late_record_does_not_replace_one_in_time() -> None:
    assert chosen(said(1, 7), said(20, 8)) == [(7, 1)]


def test_a_late_record_by_itself_is_told_with_its_moment() -> None:
    assert chosen(said(20, 8), said(21, 9)) == [(9, 21)]


def test_a_record_can_be_taken_back_in_time_only() -> None:
    assert chosen(said(1, 7), said(2)) == []
    assert chosen(said(1, 7), said(20)) == [(7, 1)]


def named(leg: int | None, asset: str = "bitcoin") -> Named:
    return Named(TransactionId(UUID(int=7)), AssetId(asset), Decimal(1), leg)


def test_what_was_said_of_a_leg_is_of_that_leg() -> None:
    record = PickRecord(UUID(int=1), SOLD, SOLD_AT, SOLD_AT, (named(2), named(None)))

    assert [pick.leg for pick in choose_picks([record])[SOLD]] == [2, None]


def test_a_record_of_before_there_were_legs_is_of_none() -> None:
    written = b'[["00000000-0000-0000-0000-000000000007","bitcoin","1"]]'

    assert UNITS.decode(written) == (named(None),)
    assert UNITS.decode(ENCODER.encode((named(2),))) == (named(2),)


def test_a_leg_that_is_named_disposes_of_the_units() -> None:
    """Of a sale with a fee in its coin: nobody says which units a fee is."""
    wallet = WalletId(UUID(int=1))
    legs = [
        Leg(wallet, AssetId(asset), Decimal(quantity), role, Decimal(1))
        for asset, quantity, role in (
            ("bitcoin", -1, Role.PRINCIPAL),
            ("bitcoin", -1, Role.FEE),
            ("usd", 9, Role.PRINCIPAL),
        )
    ]

    check_legs(legs, [named(0), named(None), named(None, "ether")])
    for wrong in (named(0, "ether"), named(1), named(2, "usd"), named(3)):
        with pytest.raises(NoSuchLeg) as refused:
            check_legs(legs, [named(0), wrong])
        assert [fault.pointer for fault in refused.value.faults] == ["#/units/1/leg"]
