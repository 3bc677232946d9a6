"""From what a caller says happened to a transaction that the ledger can check.

A leg may leave out what follows from the rest: a leg in the transaction's own currency is worth
itself; what is moved or leaves without a result needs no worth; what happens now is worth the
latest price, and in an exchange one leg is worth what balances the others.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from plimsoll.kernel.errors import FieldFault, Invalid
from plimsoll.kernel.identifiers import AssetId, TransactionId, UserId, WalletId, new_id
from plimsoll.kernel.money import ZERO, multiply, to_stored
from plimsoll.ledger.domain.transactions import (
    SHAPES,
    WITHOUT_WORTH,
    Kind,
    Leg,
    Precision,
    Role,
    Shape,
    Transaction,
)
from plimsoll.ledger.service.recording import RECENT
from plimsoll.ledger.storage.wallets import default_wallet
from plimsoll.markets.service.prices import Prices


class ValueRequired(Invalid):
    """What a leg was worth cannot be told."""

    code = "value-required"
    title = "A leg needs its value"


class VoidByLegs(Invalid):
    code = "void-has-a-route"
    title = "A transaction is voided through its own route"


@dataclass(frozen=True, slots=True)
class DraftLeg:
    """A leg as stated; `value` None is left to be told."""

    asset_id: AssetId
    quantity: Decimal
    role: Role
    value: Decimal | None
    wallet_id: WalletId | None
    outside: bool


def draft(  # noqa: PLR0913 - the facts of one transaction, all named
    user_id: UserId,
    prices: Prices,
    *,
    kind: Kind,
    currency: AssetId,
    legs: Sequence[DraftLeg],
    occurred_at: datetime,
    precision: Precision,
    note: str,
    source: str,
    external_id: str | None,
    now: datetime,
) -> Transaction:
    """The transaction with every leg's worth; raises ValueRequired naming the leg without one."""
    if kind is Kind.VOID:
        raise VoidByLegs("POST /transactions/{id}/void")

    def worth_now(leg: DraftLeg) -> Decimal | None:
        if SHAPES[kind] in WITHOUT_WORTH:
            return ZERO
        if now - occurred_at > RECENT:
            return None
        quote = prices.find_quote(leg.asset_id, currency)
        return multiply(abs(leg.quantity), quote.value) if quote and not quote.stale else None

    values = [_own_worth(leg, currency) for leg in legs]
    if SHAPES[kind] is Shape.EXCHANGE:
        _complete_exchange(legs, values, worth_now)
    for position, leg in enumerate(legs):
        if values[position] is None:
            values[position] = worth_now(leg)
    return Transaction(
        id=TransactionId(new_id()),
        kind=kind,
        occurred_at=occurred_at,
        currency=currency,
        legs=tuple(
            _leg(user_id, leg, value, position)
            for position, (leg, value) in enumerate(zip(legs, values, strict=True))
        ),
        precision=precision,
        note=note,
        source=source,
        external_id=external_id,
    )


def _own_worth(leg: DraftLeg, currency: AssetId) -> Decimal | None:
    if leg.value is not None:
        return leg.value
    return abs(leg.quantity) if leg.asset_id == currency else None


def _complete_exchange(
    legs: Sequence[DraftLeg],
    values: list[Decimal | None],
    worth_now: Callable[[DraftLeg], Decimal | None],
) -> None:
    """The last principal leg without a worth is worth what balances the two sides.

    Where several have none they are priced first, what came in before what went out: two latest
    prices never balance by themselves.
    """
    principal = [i for i, leg in enumerate(legs) if leg.role is Role.PRINCIPAL]
    missing = [i for i in principal if values[i] is None]
    for i in sorted(missing, key=lambda i: legs[i].quantity < 0):
        if len(missing) > 1 and (worth := worth_now(legs[i])) is not None:
            values[i] = worth
            missing.remove(i)
    if len(missing) != 1 or len(principal) == 1:
        return
    (open_leg,) = missing
    came_in = legs[open_leg].quantity > 0
    same = sum((values[i] or ZERO for i in principal if (legs[i].quantity > 0) == came_in), ZERO)
    other = sum((values[i] or ZERO for i in principal if (legs[i].quantity > 0) != came_in), ZERO)
    if other >= same:
        values[open_leg] = to_stored(other - same)


def _leg(user_id: UserId, leg: DraftLeg, value: Decimal | None, position: int) -> Leg:
    if value is None:
        message = "say what it was worth then, in the transaction's currency"
        raise ValueRequired(
            f"leg {position} ({leg.asset_id}) has no value",
            faults=(FieldFault(f"#/legs/{position}/value", "value-required", message),),
        )
    wallet_id = None if leg.outside else leg.wallet_id or default_wallet(user_id)
    return Leg(wallet_id, leg.asset_id, leg.quantity, leg.role, value)
