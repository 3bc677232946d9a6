"""What is held, at average cost: the ledger folded. Pure: no clock, no database.

A holding is the balance of one asset in one wallet. Coming in adds quantity and cost; going out
takes the same fraction of the cost as of the quantity, rounded half-even to 1e-18 once, and the
last coin takes the rest, so that an emptied holding has no cost left. `cost` includes the fees
paid to acquire; `fees` is that part of it.

What a fee does: paid on a purchase it is cost, paid on a sale it lowers the proceeds, paid on a
swap it lowers the proceeds of what was given (26 CFR 1.1001-7(b)(5), example 2). A fee paid in a
coin from a wallet is itself a disposal of that coin at the fee's value. A fee with nothing to
attach to (a transfer, a withdrawal) is a loss of the cost of what was paid.

What an import brings may take out more than is there: files begin in the middle of a life. The
units that lack count as held before for nothing, so a holding never falls below zero, and
`missing` says how many they were. Whatever else takes out too much is refused.

Costs are in the holding's own currency. A transfer carries the average cost to the other wallet,
therefore all wallets of one asset are folded together.
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from plimsoll.kernel.errors import Conflict
from plimsoll.kernel.identifiers import AssetId, HoldingId, TransactionId, WalletId
from plimsoll.kernel.money import ZERO, divide, format_amount, multiply, rounded, share, to_stored
from plimsoll.ledger.domain.transactions import (
    SHAPES,
    WRITTEN_OFF,
    Kind,
    Leg,
    Role,
    Shape,
    Transaction,
)


class NotEnoughHeld(Conflict):
    """More goes out than is there at that moment, or a later transaction would be left
    uncovered.
    """

    code = "not-enough-held"
    title = "Not enough is held"


class CostCurrencyDiffers(Conflict):
    """Two wallets keep the cost of the asset in different currencies."""

    code = "cost-currency-differs"
    title = "The wallets keep the cost in different currencies"


@dataclass(frozen=True, slots=True)
class Holding:
    """Balance and cost of one asset in one wallet, and what its disposals have realised."""

    currency: AssetId
    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    fees: Decimal = ZERO
    realised: Decimal = ZERO
    last_at: datetime | None = None
    last_rank: int = 0
    missing: Decimal = ZERO
    """Units that went out though nobody knows where they came from; they had no cost."""

    @property
    def average_cost(self) -> Decimal | None:
        """Cost per unit, fees included; None when nothing is held."""
        return rounded(divide(self.cost, self.quantity)) if self.quantity else None

    @property
    def average_cost_without_fees(self) -> Decimal | None:
        return rounded(divide(self.cost - self.fees, self.quantity)) if self.quantity else None

    def is_before(self, transaction: Transaction) -> bool:
        """Whether `transaction` is the latest, so that it can be applied without a new fold."""
        if self.last_at is None:
            return True
        return (self.last_at, self.last_rank) <= (transaction.occurred_at, transaction.rank)


@dataclass(frozen=True, slots=True)
class HeldAsset:
    """A holding with its identity."""

    id: HoldingId
    wallet_id: WalletId
    asset_id: AssetId
    holding: Holding


@dataclass(frozen=True, slots=True)
class Disposal:
    """What going out of a holding realised, in the holding's currency."""

    transaction_id: TransactionId
    wallet_id: WalletId
    asset_id: AssetId
    currency: AssetId
    quantity: Decimal
    cost: Decimal
    proceeds: Decimal

    @property
    def profit(self) -> Decimal:
        return self.proceeds - self.cost


AT_ONCE: Final = timedelta(seconds=60)
"""How far the recorded moments of concurrent writers may lie apart."""


def happening_after(transaction: Transaction, held: Iterable[Holding]) -> Transaction:
    """`transaction` at the first moment, from its own on, that comes after all that `held` saw.

    Holdings whose last change lies further ahead than clocks differ are left to a new fold.
    """
    at = transaction.occurred_at
    for holding in held:
        if holding.last_at is None or holding.last_at >= transaction.occurred_at + AT_ONCE:
            continue
        later = timedelta(microseconds=int(holding.last_rank > transaction.rank))
        at = max(at, holding.last_at + later)
    return transaction if at == transaction.occurred_at else replace(transaction, occurred_at=at)


class Effect(StrEnum):
    """What a move does to the holding's cost."""

    ACQUIRE = "acquire"
    DISPOSE = "dispose"
    REMOVE = "remove"
    ARRIVE = "arrive"


@dataclass(frozen=True, slots=True)
class Move:
    """One change of one holding. `worth` is cost for ACQUIRE and proceeds for DISPOSE."""

    wallet_id: WalletId
    asset_id: AssetId
    quantity: Decimal
    effect: Effect
    worth: Decimal = ZERO
    fees: Decimal = ZERO
    currency: AssetId | None = None


def moves_of(transaction: Transaction) -> list[Move]:
    """The transaction as changes of holdings: what goes out first, then what comes in.

    A fee withheld from what came in counts as just bought, so it goes out last.
    """
    kind, shape = transaction.kind, SHAPES[transaction.kind]
    principal = [leg for leg in transaction.legs if leg.role is Role.PRINCIPAL]
    fees = [leg for leg in transaction.legs if leg.role is not Role.PRINCIPAL]
    fee_value = sum((leg.value for leg in fees), ZERO)
    went = [leg for leg in principal if leg.quantity < 0]
    came = [leg for leg in principal if leg.quantity > 0]
    attached = shape in (Shape.EXCHANGE, Shape.INFLOW)
    on_sale = shape is Shape.EXCHANGE and any(leg.wallet_id for leg in went)
    moves: list[Move] = []
    for leg, fee in zip(went, _spread(fee_value if on_sale else ZERO, went), strict=True):
        if leg.wallet_id is not None:
            moves.append(_outward(leg, leg.wallet_id, kind=kind, shape=shape, fee=fee))
    bought = {(leg.wallet_id, leg.asset_id) for leg in came}
    withheld: list[Move] = []
    for leg in fees:
        if leg.wallet_id is not None:
            proceeds = leg.cost_value if attached else ZERO
            move = Move(
                leg.wallet_id,
                leg.asset_id,
                -leg.quantity,
                Effect.DISPOSE,
                proceeds,
                currency=leg.cost_currency,
            )
            (withheld if (leg.wallet_id, leg.asset_id) in bought else moves).append(move)
    on_purchase = attached and not on_sale
    for leg, fee in zip(came, _spread(fee_value if on_purchase else ZERO, came), strict=True):
        if leg.wallet_id is None:
            continue
        if shape is Shape.MOVE:
            moves.append(Move(leg.wallet_id, leg.asset_id, leg.quantity, Effect.ARRIVE))
            continue
        cost_fee = _in_cost_currency(fee, leg)
        moves.append(
            Move(
                leg.wallet_id,
                leg.asset_id,
                leg.quantity,
                Effect.ACQUIRE,
                leg.cost_value + cost_fee,
                cost_fee,
                leg.cost_currency or transaction.currency,
            )
        )
    return moves + withheld


def _outward(leg: Leg, wallet_id: WalletId, *, kind: Kind, shape: Shape, fee: Decimal) -> Move:
    quantity = -leg.quantity
    if shape is Shape.EXCHANGE:
        proceeds, effect = to_stored(leg.cost_value - _in_cost_currency(fee, leg)), Effect.DISPOSE
    else:
        proceeds, effect = ZERO, Effect.DISPOSE if kind in WRITTEN_OFF else Effect.REMOVE
    return Move(wallet_id, leg.asset_id, quantity, effect, proceeds, currency=leg.cost_currency)


def _in_cost_currency(value: Decimal, leg: Leg) -> Decimal:
    return value if leg.cost_rate == 1 else multiply(value, leg.cost_rate)


def _spread(value: Decimal, legs: list[Leg]) -> list[Decimal]:
    """`value` over `legs` by their own values; the last takes the rest, so nothing is lost."""
    if not legs:
        return []
    total, left = sum((leg.value for leg in legs), ZERO), value
    parts: list[Decimal] = []
    for leg in legs[:-1]:
        part = share(value, leg.value, total) if total else ZERO
        parts.append(part)
        left -= part
    return [*parts, left]


Key = tuple[WalletId, AssetId]


@dataclass(slots=True)
class Books:
    """Holdings by wallet and asset while transactions are applied to them, and what was
    realised.
    """

    holdings: dict[Key, Holding]
    disposals: list[Disposal]
    only: AbstractSet[AssetId] | None = None

    def apply(self, transaction: Transaction) -> None:
        """Apply one transaction; refuses to take out more than is there, unless an import says
        so.
        """
        carried: dict[AssetId, list[tuple[Decimal, Decimal, Decimal, AssetId]]] = {}
        for move in moves_of(transaction):
            if self.only is not None and move.asset_id not in self.only:
                continue
            key = (move.wallet_id, move.asset_id)
            if move.effect in (Effect.ACQUIRE, Effect.ARRIVE):
                self._bring_in(key, move, transaction, carried)
            else:
                self._take_out(key, move, transaction, carried)

    def _bring_in(
        self,
        key: Key,
        move: Move,
        transaction: Transaction,
        carried: dict[AssetId, list[tuple[Decimal, Decimal, Decimal, AssetId]]],
    ) -> None:
        worth, fees, currency = move.worth, move.fees, move.currency or transaction.currency
        if move.effect is Effect.ARRIVE:
            worth, fees, currency = _carry(carried[move.asset_id], move.quantity)
        held = self.holdings.get(key)
        if held is None:
            held = Holding(currency)
        elif held.currency != currency:
            raise CostCurrencyDiffers(
                f"the cost of {move.asset_id} comes in {currency} and is kept in {held.currency}",
                facts={"from": currency, "to": held.currency},
            )
        self.holdings[key] = replace(
            held,
            quantity=to_stored(held.quantity + move.quantity),
            cost=to_stored(held.cost + worth),
            fees=to_stored(held.fees + fees),
            last_at=transaction.occurred_at,
            last_rank=transaction.rank,
        )

    def _take_out(
        self,
        key: Key,
        move: Move,
        transaction: Transaction,
        carried: dict[AssetId, list[tuple[Decimal, Decimal, Decimal, AssetId]]],
    ) -> None:
        held = self.holdings.get(key)
        lacking = move.quantity - (held.quantity if held else ZERO)
        if lacking > 0 and transaction.import_id is None:
            available = held.quantity if held else ZERO
            raise NotEnoughHeld(
                f"{format_amount(move.quantity)} {move.asset_id} would go out at "
                f"{transaction.occurred_at.isoformat()}, {format_amount(available)} is there",
                facts={
                    "asset_id": move.asset_id,
                    "required": format_amount(move.quantity),
                    "available": format_amount(available),
                },
            )
        if held is None:
            held = Holding(move.currency or transaction.currency)
        known = min(move.quantity, held.quantity)
        cost = share(held.cost, known, held.quantity)
        fees = share(held.fees, known, held.quantity)
        realised = held.realised
        if move.effect is Effect.DISPOSE:
            disposal = Disposal(
                transaction.id, *key, held.currency, move.quantity, cost, move.worth
            )
            self.disposals.append(disposal)
            realised = to_stored(realised + disposal.profit)
        else:
            carried.setdefault(move.asset_id, []).append((move.quantity, cost, fees, held.currency))
        self.holdings[key] = replace(
            held,
            quantity=held.quantity - known,
            cost=held.cost - cost,
            fees=held.fees - fees,
            realised=realised,
            last_at=transaction.occurred_at,
            last_rank=transaction.rank,
            missing=to_stored(held.missing + lacking) if lacking > 0 else held.missing,
        )


def _carry(
    parts: list[tuple[Decimal, Decimal, Decimal, AssetId]], wanted: Decimal
) -> tuple[Decimal, Decimal, AssetId]:
    """Take `wanted` units with their cost and fees from what left other wallets."""
    cost = fees = ZERO
    currency = parts[0][3]
    while wanted:
        quantity, part_cost, part_fees, part_currency = parts.pop(0)
        if part_currency != currency:
            raise CostCurrencyDiffers(
                "one wallet cannot take in two cost currencies at once",
                facts={"from": part_currency, "to": currency},
            )
        taken = min(quantity, wanted)
        moved_cost, moved_fees = (
            share(part_cost, taken, quantity),
            share(part_fees, taken, quantity),
        )
        cost, fees, wanted = cost + moved_cost, fees + moved_fees, wanted - taken
        if taken < quantity:
            rest = (quantity - taken, part_cost - moved_cost, part_fees - moved_fees, currency)
            parts.insert(0, rest)
    return cost, fees, currency


def fold(transactions: Iterable[Transaction], only: frozenset[AssetId] | None = None) -> Books:
    """The holdings that `transactions`, in ledger order, lead to; of `only` these assets when
    given.

    Costs flow between wallets of one asset and never between assets, so assets can be folded apart.
    """
    books = Books({}, [], only)
    for transaction in transactions:
        books.apply(transaction)
    return books
