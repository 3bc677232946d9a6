"""The two things people do most: buy more of a coin, and sell some of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from plimsoll.kernel.errors import Invalid
from plimsoll.kernel.identifiers import AssetId, HoldingId, TransactionId, UserId, WalletId, new_id
from plimsoll.kernel.money import multiply
from plimsoll.ledger.domain.holdings import Disposal, HeldAsset
from plimsoll.ledger.domain.transactions import Kind, Leg, Role, Transaction
from plimsoll.ledger.service.reading import get_holding
from plimsoll.ledger.service.recording import Written, record
from plimsoll.ledger.storage import wallets
from plimsoll.plumbing.database import Unit


class NothingMoved(Invalid):
    """A value so small that it rounds to nothing."""

    code = "nothing-moved"
    title = "The value rounds to nothing"


class SameAsset(Invalid):
    code = "same-asset"
    title = "An asset cannot be priced in itself"


def purchase(  # noqa: PLR0913 - the facts of one purchase, all named
    user_id: UserId,
    *,
    asset_id: AssetId,
    quantity: Decimal,
    price: Decimal,
    currency: AssetId,
    fee: Decimal,
    wallet_id: WalletId | None,
    occurred_at: datetime,
    note: str,
) -> Transaction:
    """A purchase paid with money from outside; the fee is in the same currency."""
    if asset_id == currency:
        raise SameAsset(f"{asset_id} bought with {currency}")
    wallet_id = wallet_id or wallets.default_wallet(user_id)
    value = multiply(quantity, price)
    if not value:
        raise NothingMoved("quantity × price is below 1e-18")
    legs = [
        Leg(wallet_id, asset_id, quantity, Role.PRINCIPAL, value),
        Leg(None, currency, -value, Role.PRINCIPAL, value),
    ]
    if fee:
        legs.append(Leg(None, currency, -fee, Role.FEE, fee))
    return Transaction(
        id=TransactionId(new_id()),
        kind=Kind.BUY,
        occurred_at=occurred_at,
        currency=currency,
        legs=tuple(legs),
        note=note,
    )


@dataclass(frozen=True, slots=True)
class Sale:
    """What a sale brought. `price` is per unit in the holding's currency."""

    written: Written
    disposal: Disposal
    price: Decimal
    fee: Decimal
    held: HeldAsset


async def sell(  # noqa: PLR0913 - the facts of one sale, all named
    unit: Unit,
    user_id: UserId,
    holding_id: HoldingId,
    *,
    quantity: Decimal | None,
    price_of: Callable[[HeldAsset], Decimal],
    fee: Decimal,
    note: str,
    now: datetime,
) -> Sale:
    """Sell part or all of a holding for money that leaves the books, at its average cost."""
    found = await get_holding(unit, user_id, holding_id)
    price = price_of(found)
    quantity = found.holding.quantity if quantity is None else quantity
    currency, value = found.holding.currency, multiply(quantity, price)
    if not value:
        raise NothingMoved("there is nothing to sell, or quantity × price is below 1e-18")
    legs = [
        Leg(found.wallet_id, found.asset_id, -quantity, Role.PRINCIPAL, value),
        Leg(None, currency, value, Role.PRINCIPAL, value),
    ]
    if fee:
        legs.append(Leg(None, currency, -fee, Role.FEE, fee))
    transaction = Transaction(
        id=TransactionId(new_id()),
        kind=Kind.SELL,
        occurred_at=now,
        currency=currency,
        legs=tuple(legs),
        note=note,
    )
    written = await record(unit, user_id, transaction, _no_rate, now=True)
    (disposal,) = written.own_disposals
    held = written.held((found.wallet_id, found.asset_id))
    return Sale(written, disposal, price, fee, held)


def _no_rate(source: AssetId, target: AssetId) -> Decimal:
    raise AssertionError(f"a holding is sold in its own currency, not {source} for {target}")
