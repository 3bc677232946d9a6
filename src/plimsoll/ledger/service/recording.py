"""Use cases that write the ledger: record what happened, void what did not.

Every write takes the person's ledger, loads what it touches, lets the domain decide, and writes the
transaction together with what it made of the holdings. What happened last is applied to the
holdings as they stand; what happened earlier, or is voided, folds the assets it touches anew, only
these, and from that moment on.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from plimsoll.kernel.errors import Conflict, Invalid, NotFound
from plimsoll.kernel.identifiers import AssetId, HoldingId, TransactionId, UserId, new_id
from plimsoll.kernel.money import format_amount
from plimsoll.ledger.domain.holdings import (
    Books,
    Disposal,
    HeldAsset,
    Key,
    happening_after,
    moves_of,
)
from plimsoll.ledger.domain.transactions import Kind, Leg, Transaction, check, keep_costs
from plimsoll.ledger.service.reading import get_transaction
from plimsoll.ledger.service.refolding import refold
from plimsoll.ledger.storage import heads, holdings, transactions, wallets
from plimsoll.markets.service.prices import Prices
from plimsoll.plumbing.database import Unit

RECENT: Final = timedelta(minutes=10)
"""How long ago the latest price may still stand for the price of the moment."""


class WalletNotFound(NotFound):
    code = "wallet-not-found"
    title = "No such wallet"


class AlreadyVoided(Conflict):
    code = "already-voided"
    title = "The transaction is already voided"


class VoidOfVoid(Conflict):
    code = "void-of-void"
    title = "A void cannot be voided; record the transaction again"


class RateRequired(Invalid):
    """The holding's cost is kept in another currency, and what one was worth in the other is not
    known.
    """

    code = "rate-required"
    title = "An exchange rate is needed"


RateOf = Callable[[AssetId, AssetId], Decimal]


@dataclass(frozen=True, slots=True)
class Written:
    """A transaction that is now in the ledger, the holdings it changed and what it realised."""

    transaction: Transaction
    seq: int
    recorded_at: datetime
    books: Books
    ids: dict[Key, HoldingId]

    def held(self, key: Key) -> HeldAsset:
        return HeldAsset(self.ids[key], *key, self.books.holdings[key])

    @property
    def own_disposals(self) -> list[Disposal]:
        return [each for each in self.books.disposals if each.transaction_id == self.transaction.id]


def rates(prices: Prices, *, occurred_at: datetime, now: datetime, given: Decimal | None) -> RateOf:
    """What one currency was worth in another: the caller's word, else the latest price if
    recent.
    """

    def rate_of(source: AssetId, target: AssetId) -> Decimal:
        if given is not None:
            return given
        if now - occurred_at <= RECENT:
            quote = prices.find_quote(source, target)
            if quote is not None and not quote.stale:
                return quote.value
        raise RateRequired(
            f"the cost is kept in {target}: give `rate`, how much {target} one {source} was worth",
            facts={"from": source, "to": target},
        )

    return rate_of


async def record(
    unit: Unit, user_id: UserId, transaction: Transaction, rate_of: RateOf, *, now: bool = False
) -> Written:
    """Put `transaction` into the ledger; refuses what breaks a law or takes more than is there.

    `now`: it happens as it is written, so it comes after what is recorded of the same holdings,
    whoever of two concurrent callers was first to read the clock.
    """
    check(transaction)
    # Before the head, as in a batch: the other way round each would wait for the other.
    await ensure_default_wallet(unit, user_id, transaction.legs)
    seq = await heads.lock_head(unit, user_id)
    await transactions.refuse_recorded(unit, user_id, transaction)
    # Under the head: whoever undoes an import puts the wallets away that it made.
    await check_wallets(unit, user_id, transaction.legs)
    assets = frozenset(move.asset_id for move in moves_of(transaction))
    held = {
        (each.wallet_id, each.asset_id): each
        for each in await holdings.list_holdings_of(unit, user_id, assets)
    }
    # A holding whose transactions were all voided binds nobody, not even to its currency.
    alive = {key: each.holding for key, each in held.items() if each.holding.last_at is not None}
    currencies = {key: holding.currency for key, holding in alive.items()}
    transaction = keep_costs(transaction, currencies, rate_of)
    keys = {(move.wallet_id, move.asset_id) for move in moves_of(transaction)}
    touched = {key: alive[key] for key in keys if key in alive}
    if now:
        transaction = happening_after(transaction, touched.values())
    if all(holding.is_before(transaction) for holding in touched.values()):
        books = Books(touched, [])
        books.apply(transaction)
        ids = {key: held[key].id if key in held else HoldingId(new_id()) for key in books.holdings}
        recorded_at = await _append(unit, user_id, transaction, seq, books=books, ids=ids)
        return Written(transaction, seq, recorded_at, books, ids)
    changed = dict.fromkeys(assets, transaction.occurred_at)
    return await _append_and_refold(unit, user_id, transaction, seq, changed)


async def ensure_default_wallet(unit: Unit, user_id: UserId, legs: Iterable[Leg]) -> None:
    """Make the person's first wallet if `legs` name it and nobody did before."""
    if wallets.default_wallet(user_id) in {leg.wallet_id for leg in legs}:
        await wallets.ensure_default_wallet(unit, user_id)


async def check_wallets(unit: Unit, user_id: UserId, legs: Iterable[Leg]) -> None:
    """Raise WalletNotFound unless all wallets of `legs` but the first one are this person's."""
    named = {leg.wallet_id for leg in legs if leg.wallet_id is not None}
    named.discard(wallets.default_wallet(user_id))
    if named and (foreign := await wallets.list_foreign_wallets(unit, user_id, named)):
        raise WalletNotFound(f"there is no wallet {foreign[0]}")


async def _append(
    unit: Unit,
    user_id: UserId,
    transaction: Transaction,
    seq: int,
    *,
    books: Books,
    ids: dict[Key, HoldingId],
) -> datetime:
    print_ = fingerprint(transaction)
    return await transactions.append(
        unit, user_id, transaction, seq=seq, fingerprint=print_, books=books, ids=ids
    )


async def _append_and_refold(
    unit: Unit,
    user_id: UserId,
    transaction: Transaction,
    seq: int,
    changed: dict[AssetId, datetime],
) -> Written:
    recorded_at = await _append(unit, user_id, transaction, seq, books=Books({}, []), ids={})
    books, ids = await refold(unit, user_id, changed, told_of=transaction.id)
    return Written(transaction, seq, recorded_at, books, ids)


def fingerprint(transaction: Transaction) -> bytes:
    """Equal for transactions that say the same, whatever their id, note and source."""
    said = [
        transaction.kind,
        transaction.occurred_at.isoformat(),
        transaction.currency,
        str(transaction.voids),
        *(
            f"{leg.wallet_id} {leg.asset_id} {format_amount(leg.quantity)} {leg.role} "
            f"{format_amount(leg.value)}"
            for leg in transaction.legs
        ),
    ]
    return hashlib.sha256("\n".join(said).encode()).digest()


async def void(
    unit: Unit, user_id: UserId, transaction_id: TransactionId, *, note: str, now: datetime
) -> Written:
    """Take a transaction out of force; it stays readable, marked by the one that voids it."""
    seq = await heads.lock_head(unit, user_id)
    recorded = await get_transaction(unit, user_id, transaction_id)
    if recorded.transaction.kind is Kind.VOID:
        raise VoidOfVoid("record the transaction again instead")
    if recorded.voided_by is not None:
        raise AlreadyVoided(f"by {recorded.voided_by}")
    voiding = Transaction(
        id=TransactionId(new_id()),
        kind=Kind.VOID,
        occurred_at=now,
        currency=recorded.transaction.currency,
        legs=(),
        note=note,
        voids=transaction_id,
    )
    gone = recorded.transaction
    changed = dict.fromkeys((move.asset_id for move in moves_of(gone)), gone.occurred_at)
    return await _append_and_refold(unit, user_id, voiding, seq, changed)
