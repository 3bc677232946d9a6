"""Of very many lots the page is shown the first, and every one that was chosen before."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from plimsoll.kernel.identifiers import AssetId, TransactionId
from plimsoll.tax.domain.choices import Choices
from plimsoll.tax.domain.identifying import Candidate, Choice
from plimsoll.tax.domain.movements import Disposed
from plimsoll.tax.domain.report import Names
from plimsoll.tax.domain.results import Term
from plimsoll.tax.domain.rulesets import RULESETS, match_all
from plimsoll.tax.schemas.identifying import PickableView
from plimsoll.tax.service.calculating import Identifiable
from plimsoll.tax.service.decisions import Named, PickRecord
from plimsoll.tax.service.identifying import Identified
from tests.tax.ledgers import fact

COIN, OTHER = AssetId("A"), AssetId("B")
SOLD_AT = datetime(2025, 6, 1, 12, tzinfo=UTC)


def lot(number: int) -> Candidate:
    one = Decimal(1)
    of = TransactionId(UUID(int=number))
    return Candidate(of, date(2025, 1, 1), one, one, one, one, Term.SHORT)


def sale_of(lots: int) -> Choice:
    (sold,) = match_all(
        [fact("sell", SOLD_AT, "X A -3 9", "- usd 9 9")], RULESETS["us"], Choices()
    ).movements
    assert isinstance(sold, Disposed)
    return Choice(sold, tuple(lot(number) for number in range(1, lots + 1)))


def shown(choice: Choice, *units: Named) -> tuple[list[int], int]:
    """The numbers of the lots that are shown, and how many there are in all."""
    of = choice.disposed.ref.transaction
    record = PickRecord(UUID(int=1), of, SOLD_AT, SOLD_AT, units) if units else None
    view = PickableView.of(
        Identified(
            RULESETS["us"],
            AssetId("usd"),
            of,
            SOLD_AT,
            True,
            record,
            Identifiable(True, [choice], 0, 0),
            Names(),
        )
    )
    (disposal,) = view.disposals
    return [each.transaction_id.int for each in disposal.lots], disposal.lots_in_all


def units(of: int, asset: AssetId = COIN) -> Named:
    return Named(TransactionId(UUID(int=of)), asset, Decimal(1))


def test_the_first_500_are_shown() -> None:
    assert shown(sale_of(500)) == (list(range(1, 501)), 500)
    assert shown(sale_of(502)) == (list(range(1, 501)), 502)


def test_what_was_chosen_before_is_shown_however_late_it_was_bought() -> None:
    """Of another coin or leg nothing is shown here, and what nobody holds cannot be."""
    told = units(2), units(700), units(650, OTHER), units(9000), units(640)._replace(leg=1)

    assert shown(sale_of(800), *told) == ([*range(1, 501), 700], 800)
