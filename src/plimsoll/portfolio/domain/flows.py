"""What came in from outside and what went out: the flows that are no result of investing. Pure.

The convention. Outside is what is in no wallet, and so is every asset while it has no price: of
it nobody can say what it earned.

- An exchange (buy, sell, swap, spend …): its legs outside are the flow, at their recorded value.
  A purchase with money from outside is a flow in; one with money from a wallet is none.
- Coins that come or go alone (deposit, withdrawal, gift, loan, wages, mined coins …): a flow of
  quantity × the day's price. Their recorded cost is of the past and moves no return.
- What holdings earn (`EARNED`) and what is lost (`WRITTEN_OFF` of the ledger: lost, stolen,
  funding, adjustments …) is a result: no flow.
- A move between own wallets: none.
- A fee paid from outside is a flow in, lost at once; one from a wallet is a result.
- An asset that gets its first price while it is held comes in at that price on that day.

Amounts are in the reporting currency, above zero when they come in. Recorded values are turned at
the day's price of the transaction's currency.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Final, NamedTuple

from plimsoll.kernel.identifiers import AssetId, TransactionId
from plimsoll.kernel.money import ZERO, worth
from plimsoll.ledger.domain.transactions import (
    SHAPES,
    WRITTEN_OFF,
    Kind,
    Leg,
    Role,
    Shape,
    Transaction,
)
from plimsoll.portfolio.domain.series import Day, PriceOf, day_of

EARNED: Final = frozenset(
    {
        Kind.STAKING,
        Kind.INTEREST,
        Kind.AIRDROP,
        Kind.FORK,
        Kind.REFERRAL,
        Kind.CASHBACK,
        Kind.REBATE,
        Kind.OTHER_INCOME,
        Kind.MARGIN_GAIN,
        Kind.FUNDING,
        Kind.ADJUSTMENT,
    }
)
"""What comes in under these is a result. Wages and mined coins are not among them: they are
earned by work and machines, not by what is held.
"""


class Flow(NamedTuple):
    """`of`: the transaction, or the asset that got its first price."""

    day: date
    of: TransactionId | AssetId
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Flows:
    """`unknown`: transactions with a leg outside of which nobody knows the worth; it is in no
    sum.
    """

    flows: tuple[Flow, ...]
    unknown: tuple[TransactionId, ...]

    def by_day(self) -> dict[date, Decimal]:
        sums: defaultdict[date, Decimal] = defaultdict(Decimal)
        for each in self.flows:
            sums[each.day] += each.amount
        return dict(sums)


def crosses(kind: Kind) -> bool:
    """Whether coins that come or go alone under this kind are a flow."""
    if SHAPES[kind] is Shape.INFLOW:
        return kind not in EARNED
    return SHAPES[kind] is Shape.OUTFLOW and kind not in WRITTEN_OFF


def list_flows(
    transactions: Iterable[Transaction], series: Sequence[Day], price_of: PriceOf
) -> Flows:
    """Everything that came and went; `series` is that of the same transactions and prices."""
    flows, unknown = [], []
    for transaction in transactions:
        flow = flow_of(transaction, price_of)
        if flow is None:
            unknown.append(transaction.id)
        elif flow:
            flows.append(Flow(day_of(transaction.occurred_at), transaction.id, flow))
    flows += _first_prices(series, price_of)
    return Flows(tuple(sorted(flows, key=lambda each: each.day)), tuple(unknown))


def flow_of(transaction: Transaction, price_of: PriceOf) -> Decimal | None:
    """The flow of one transaction; None when it has a leg outside of unknown worth."""
    day = day_of(transaction.occurred_at)

    def measured(leg: Leg) -> bool:
        return leg.wallet_id is not None and price_of(leg.asset_id, day) is not None

    inside = [leg for leg in transaction.legs if measured(leg)]
    if not inside:
        return ZERO
    total = ZERO
    if crosses(transaction.kind):
        total = sum((_market(leg, day, price_of) for leg in inside if _is_principal(leg)), ZERO)
    for leg in transaction.legs:
        of_exchange = SHAPES[transaction.kind] is Shape.EXCHANGE
        if measured(leg) or (_is_principal(leg) and not of_exchange):
            continue
        value = recorded_worth(leg, transaction, price_of)
        if value is None:
            return None
        total += value if leg.quantity < 0 else -value
    return total


def recorded_worth(leg: Leg, transaction: Transaction, price_of: PriceOf) -> Decimal | None:
    """What the ledger says the leg was worth, else quantity × the day's price; never negative."""
    day = day_of(transaction.occurred_at)
    rate = price_of(transaction.currency, day)
    if leg.value and rate is not None:
        return worth(leg.value, rate.price)
    priced = price_of(leg.asset_id, day)
    return None if priced is None else worth(abs(leg.quantity), priced.price)


def _market(leg: Leg, day: date, price_of: PriceOf) -> Decimal:
    priced = price_of(leg.asset_id, day)
    assert priced is not None, "only legs with a price are measured"
    return worth(leg.quantity, priced.price)


def _is_principal(leg: Leg) -> bool:
    return leg.role is Role.PRINCIPAL


def _first_prices(series: Sequence[Day], price_of: PriceOf) -> list[Flow]:
    return [
        each
        for before, after in pairwise(series)
        for each in first_prices(before, after.day, price_of)
    ]


def first_prices(before: Day, day: date, price_of: PriceOf) -> Iterator[Flow]:
    """What comes in on `day` because it has a price for the first time since the day before."""
    for each in before.unvalued:
        priced = price_of(each.asset_id, day)
        if priced is not None:
            yield Flow(day, each.asset_id, worth(each.quantity, priced.price))
