"""One ledger fact and its legs. Pure.

A transaction is something that happened at a moment: a purchase, a swap, a transfer. It is never
changed; a correction voids it and records another. Its legs say what moved: a signed quantity of
an asset in a wallet (positive came in), or outside of every wallet, where money comes from that
nobody keeps books of.

Quantities are in units of the asset. A leg's `value` is what that quantity was worth in the
transaction's currency at that moment, never negative. The wallet may keep the asset's cost in
another currency: `cost_currency` names it (None: the transaction's own) and `cost_rate` is how
much of it one unit of the transaction's currency was worth.

Laws, checked by `check`: in an exchange (buy, sell, swap, …) the values of what came in and of
what went out are equal; in a move (transfer, …) each asset's principal quantities add up to
zero; a one-sided kind (income, gift, …) has principal legs of one sign only; fees only go out.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from plimsoll.kernel.errors import FieldFault, Invalid
from plimsoll.kernel.identifiers import AssetId, ImportId, TransactionId, WalletId
from plimsoll.kernel.money import ZERO, format_amount, multiply

MAX_LEGS: Final = 50


class Kind(StrEnum):
    """What happened. How it is taxed is decided elsewhere, by jurisdiction and year."""

    BUY = "buy"
    SELL = "sell"
    SWAP = "swap"
    WRAP = "wrap"
    UNWRAP = "unwrap"
    LP_JOIN = "lp_join"
    LP_EXIT = "lp_exit"
    LIQUIDATION = "liquidation"
    SPEND = "spend"
    TRANSFER = "transfer"
    COLLATERAL_MOVE = "collateral_move"
    DEPOSIT = "deposit"
    OPENING_LOT = "opening_lot"
    STAKING = "staking"
    MINING = "mining"
    INTEREST = "interest"
    AIRDROP = "airdrop"
    FORK = "fork"
    WAGES = "wages"
    REFERRAL = "referral"
    CASHBACK = "cashback"
    REBATE = "rebate"
    OTHER_INCOME = "other_income"
    GIFT_IN = "gift_in"
    SPOUSE_IN = "spouse_in"
    LOAN_IN = "loan_in"
    MARGIN_GAIN = "margin_gain"
    WITHDRAWAL = "withdrawal"
    GIFT_OUT = "gift_out"
    SPOUSE_OUT = "spouse_out"
    DONATION = "donation"
    LOAN_REPAY = "loan_repay"
    LOAN_INTEREST = "loan_interest"
    LOST = "lost"
    STOLEN = "stolen"
    MARGIN_LOSS = "margin_loss"
    MARGIN_FEE = "margin_fee"
    FUNDING = "funding"
    FEE_ONLY = "fee_only"
    ADJUSTMENT = "adjustment"
    VOID = "void"


class Shape(StrEnum):
    """How the legs of a kind must stand to each other."""

    EXCHANGE = "exchange"
    MOVE = "move"
    INFLOW = "inflow"
    OUTFLOW = "outflow"
    EITHER = "either"
    FEES = "fees"
    NOTHING = "nothing"


SHAPES: Final[dict[Kind, Shape]] = {
    **dict.fromkeys(
        (
            Kind.BUY,
            Kind.SELL,
            Kind.SWAP,
            Kind.WRAP,
            Kind.UNWRAP,
            Kind.LP_JOIN,
            Kind.LP_EXIT,
            Kind.LIQUIDATION,
            Kind.SPEND,
        ),
        Shape.EXCHANGE,
    ),
    **dict.fromkeys((Kind.TRANSFER, Kind.COLLATERAL_MOVE), Shape.MOVE),
    **dict.fromkeys(
        (
            Kind.DEPOSIT,
            Kind.OPENING_LOT,
            Kind.STAKING,
            Kind.MINING,
            Kind.INTEREST,
            Kind.AIRDROP,
            Kind.FORK,
            Kind.WAGES,
            Kind.REFERRAL,
            Kind.CASHBACK,
            Kind.REBATE,
            Kind.OTHER_INCOME,
            Kind.GIFT_IN,
            Kind.SPOUSE_IN,
            Kind.LOAN_IN,
            Kind.MARGIN_GAIN,
        ),
        Shape.INFLOW,
    ),
    **dict.fromkeys(
        (
            Kind.WITHDRAWAL,
            Kind.GIFT_OUT,
            Kind.SPOUSE_OUT,
            Kind.DONATION,
            Kind.LOAN_REPAY,
            Kind.LOAN_INTEREST,
            Kind.LOST,
            Kind.STOLEN,
            Kind.MARGIN_LOSS,
            Kind.MARGIN_FEE,
        ),
        Shape.OUTFLOW,
    ),
    **dict.fromkeys((Kind.FUNDING, Kind.ADJUSTMENT), Shape.EITHER),
    Kind.FEE_ONLY: Shape.FEES,
    Kind.VOID: Shape.NOTHING,
}

WITHOUT_WORTH: Final = frozenset({Shape.MOVE, Shape.OUTFLOW, Shape.FEES})
"""Shapes whose values have no effect: what is moved, removed or written off goes at its cost."""

WRITTEN_OFF: Final = frozenset(
    {
        Kind.LOST,
        Kind.STOLEN,
        Kind.MARGIN_LOSS,
        Kind.MARGIN_FEE,
        Kind.LOAN_INTEREST,
        Kind.FUNDING,
        Kind.ADJUSTMENT,
    }
)
"""Outflows whose cost is a realised loss; of the other outflows the cost leaves without a
result.
"""


class Role(StrEnum):
    """What a leg is for."""

    PRINCIPAL = "principal"
    FEE = "fee"
    WITHHELD_FEE = "withheld_fee"


class Precision(StrEnum):
    """How exactly the moment is known."""

    INSTANT = "instant"
    DAY = "day"


class UnbalancedLegs(Invalid):
    """Legs that break the law of their kind."""

    code = "unbalanced-legs"
    title = "The legs do not fit the kind of transaction"


@dataclass(frozen=True, slots=True)
class Leg:
    """A signed quantity of an asset in a wallet; `wallet_id` None is outside of every wallet."""

    wallet_id: WalletId | None
    asset_id: AssetId
    quantity: Decimal
    role: Role
    value: Decimal
    cost_currency: AssetId | None = None
    cost_rate: Decimal = Decimal(1)
    valued: bool = True
    """False: nobody knew what it was worth, and `value` 0 only keeps its place; or not in the
    currency its cost is kept in, and `cost_rate` is 0.
    """

    @property
    def cost_value(self) -> Decimal:
        """The value in the currency that the wallet keeps this asset's cost in."""
        return self.value if self.cost_rate == 1 else multiply(self.value, self.cost_rate)


@dataclass(frozen=True, slots=True)
class Transaction:
    """One ledger fact. `currency` is what its values are in."""

    id: TransactionId
    kind: Kind
    occurred_at: datetime
    currency: AssetId
    legs: tuple[Leg, ...]
    precision: Precision = Precision.INSTANT
    note: str = ""
    source: str = "manual"
    external_id: str | None = None
    voids: TransactionId | None = None
    import_id: ImportId | None = None
    """The import that brought it: it may take out more than is known to be there."""
    reference: str = ""
    """What others know it by, such as a hash on its chain."""
    lines: tuple[int, ...] = ()
    """Where it stands in the file of the import."""

    @property
    def rank(self) -> int:
        """Within one moment what only brings something in comes first, so that it can be sold."""
        return int(any(leg.wallet_id and leg.quantity < 0 for leg in self.legs))


@dataclass(frozen=True, slots=True)
class Realised:
    """What the disposals of one transaction brought, in one currency."""

    currency: AssetId
    profit: Decimal


@dataclass(frozen=True, slots=True)
class Recorded:
    """A transaction as it stands in the ledger."""

    transaction: Transaction
    seq: int
    recorded_at: datetime
    voided_by: TransactionId | None
    realised: tuple[Realised, ...]


@dataclass(frozen=True, slots=True)
class TransactionFilter:
    """Which transactions to list; every part that is None lets all through. `until` is
    exclusive.
    """

    kinds: tuple[Kind, ...] | None = None
    asset_id: AssetId | None = None
    wallet_id: WalletId | None = None
    since: datetime | None = None
    until: datetime | None = None
    id: TransactionId | None = None
    in_force: bool = False


Order = tuple[datetime, int, int]
"""Sort key of the ledger: moment, rank, and the sequence in which it was recorded."""


def check(transaction: Transaction) -> None:
    """Refuse legs that break the laws of their kind, naming the leg."""
    legs, shape = transaction.legs, SHAPES[transaction.kind]
    if shape is Shape.NOTHING:
        assert not legs, "a void has no legs"
        return
    principal = [leg for leg in legs if leg.role is Role.PRINCIPAL]
    fees = [leg for leg in legs if leg.role is not Role.PRINCIPAL]
    for position, leg in enumerate(legs):
        if leg.quantity == 0 or leg.value < 0:
            raise _refusal("a leg moves something and its value is not negative", position)
        if leg.role is not Role.PRINCIPAL and leg.quantity > 0:
            raise _refusal("a fee goes out: its quantity is negative", position)
    if shape is Shape.FEES:
        if principal or not fees:
            raise UnbalancedLegs(f"{transaction.kind} has fee legs only")
        return
    if not principal:
        raise UnbalancedLegs(f"{transaction.kind} needs a principal leg")
    if all(leg.wallet_id is None for leg in principal):
        raise UnbalancedLegs("at least one principal leg is in a wallet")
    _check_shape(transaction.kind, shape, principal)


def _check_shape(kind: Kind, shape: Shape, principal: list[Leg]) -> None:
    came = [leg for leg in principal if leg.quantity > 0]
    went = [leg for leg in principal if leg.quantity < 0]
    match shape:
        case Shape.EXCHANGE:
            inward, outward = _total(came), _total(went)
            if not came or not went or inward != outward:
                raise UnbalancedLegs(
                    f"in a {kind} the value that came in equals the value that went out",
                    facts={
                        "came_in": format_amount(inward),
                        "went_out": format_amount(outward),
                    },
                )
        case Shape.MOVE:
            sums: defaultdict[AssetId, Decimal] = defaultdict(Decimal)
            for leg in principal:
                sums[leg.asset_id] += leg.quantity
            open_ended = [asset for asset, total in sums.items() if total]
            if open_ended or any(leg.wallet_id is None for leg in principal):
                raise UnbalancedLegs(
                    f"in a {kind} what leaves one wallet arrives in another; fees are legs apart",
                    facts={asset: format_amount(sums[asset]) for asset in open_ended},
                )
        case Shape.INFLOW if went:
            raise UnbalancedLegs(f"a {kind} only brings something in")
        case Shape.OUTFLOW if came:
            raise UnbalancedLegs(f"a {kind} only takes something out")
        case _:
            pass


def _total(legs: Iterable[Leg]) -> Decimal:
    return sum((leg.value for leg in legs), ZERO)


def _refusal(message: str, position: int) -> UnbalancedLegs:
    return UnbalancedLegs(message, faults=(FieldFault(f"#/legs/{position}", "bad-leg", message),))


def keep_costs(
    transaction: Transaction,
    currencies: Mapping[tuple[WalletId, AssetId], AssetId],
    rate_of: Callable[[AssetId, AssetId], Decimal],
) -> Transaction:
    """The transaction with each leg's worth expressed in the currency its holding is kept in.

    `currencies` names the currency of the holdings that exist. `rate_of(a, b)` is how much of b
    one a was worth at the time; it is asked only where the two differ and the worth matters.
    """
    if SHAPES[transaction.kind] in WITHOUT_WORTH:
        return transaction
    legs = []
    for leg in transaction.legs:
        kept = currencies.get((leg.wallet_id, leg.asset_id)) if leg.wallet_id else None
        if kept is None or kept == transaction.currency:
            legs.append(leg)
        else:
            rate = rate_of(transaction.currency, kept)
            legs.append(replace(leg, cost_currency=kept, cost_rate=rate))
    return replace(transaction, legs=tuple(legs))
