from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from plimsoll.kernel.identifiers import AssetId, TransactionId
from plimsoll.tax.domain.movements import Ref, Unvalued
from plimsoll.tax.domain.report import Completeness, Report, Total
from plimsoll.tax.service import documents

GAPS = tuple(
    Unvalued(
        Ref(TransactionId(UUID(int=n)), 0),
        AssetId("bitcoin"),
        Decimal(n),
        datetime(2025, 1, 1, tzinfo=UTC),
    )
    for n in range(documents.ROWS_A_PART * 2 + 1)
)
REPORT = Report(
    jurisdiction="us",
    ruleset="us/1",
    year=2025,
    first=date(2025, 1, 1),
    last=date(2025, 12, 31),
    currency=AssetId("usd"),
    zone="America/New_York",
    election={"method": "fifo"},
    lines=(),
    incomes=(),
    totals=(Total("net", "Net gain", Decimal("1.50"), "2 − 0.50"),),
    lots=(),
    pools=(),
    shortfalls=(),
    unvalued=GAPS,
    warnings=("look here",),
    completeness=Completeness(Decimal("0.5"), 2, 0, 1),
    draft=True,
)


def test_a_report_reads_back_as_it_was_written() -> None:
    document = documents.write(REPORT)

    assert documents.read(document.head, document.parts) == REPORT
    sizes = [each.rows for each in document.parts if each.section == "unvalued"]
    assert sizes == [documents.ROWS_A_PART, documents.ROWS_A_PART, 1]


def test_the_head_is_small_and_says_the_figures() -> None:
    head = documents.read_head(documents.write(REPORT).head)

    assert (head.totals, head.unvalued, head.warnings) == (REPORT.totals, (), ())


def test_every_list_of_a_report_is_in_its_hash() -> None:
    """A list that is not named would be lost silently: the head carries it, whatever its size."""
    lists = {"lines", "incomes", "lots", "pools", "shortfalls", "unvalued", "warnings"}
    assert lists <= documents.SECTIONS.keys()
    assert documents.write(REPORT).sha256 == documents.write(REPORT).sha256
