from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from plimsoll.kernel.identifiers import AssetId, TransactionId
from plimsoll.tax.service.decisions import Named, PickRecord, choose_picks

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
