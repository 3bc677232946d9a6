"""From a draft of a file to a transaction of the ledger."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Final

from plimsoll.kernel.identifiers import AssetId, ImportId, TransactionId, WalletId, new_id
from plimsoll.kernel.money import ZERO
from plimsoll.ledger.domain.imports import Draft, Side
from plimsoll.ledger.domain.transactions import Leg, Transaction
from plimsoll.ledger.domain.worth import PriceOf, value_legs

ONE: Final = Decimal(1)
LONGEST_REFERENCE: Final = 200


def make_transaction(
    draft: Draft,
    *,
    identity: str,
    source: str,
    import_id: ImportId | None,
    currency: AssetId,
    wallet_of: Callable[[str], WalletId],
    price_of: PriceOf,
) -> Transaction:
    """Every leg of `draft` has its asset. `wallet_of` is by the name in the file, `price_of` of the
    draft's day. `source` is of drafts that name none.
    """
    legs = []
    for leg, booked in zip(draft.legs, _booked(draft, currency, price_of), strict=True):
        assert leg.asset_id is not None, "who asks has looked"
        wallet_id = None if leg.side is Side.OUTSIDE else wallet_of(leg.wallet)
        legs.append(Leg(wallet_id, leg.asset_id, leg.quantity, leg.role, *booked))
    return Transaction(
        id=TransactionId(new_id()),
        kind=draft.kind,
        occurred_at=draft.at,
        currency=currency,
        legs=tuple(legs),
        precision=draft.precision,
        note=draft.note,
        source=draft.source or source,
        external_id=identity,
        import_id=import_id,
        reference=draft.reference[:LONGEST_REFERENCE],
        lines=draft.lines if import_id else (),
    )


def _booked(
    draft: Draft, currency: AssetId, price_of: PriceOf
) -> Iterator[tuple[Decimal, AssetId | None, Decimal, bool]]:
    """The worth of each leg, the currency its cost is kept in at which rate, and whether it is
    known.
    """
    if draft.was_booked:
        for leg in draft.legs:
            assert leg.booked is not None, "all legs of a ledger were booked"
            valued, kept_in, rate = leg.booked
            yield leg.value or ZERO, kept_in, ONE if rate is None else rate, valued
        return
    for worth in value_legs(draft.kind, draft.legs, currency, price_of):
        yield worth.value, None, ONE, worth.known
