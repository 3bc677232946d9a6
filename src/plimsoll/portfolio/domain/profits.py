"""Where the profit of a period came from: realised, unrealised, income; and the fees in it. Pure.

Costs are average costs with fees, as the holdings keep them, so realised and unrealised are after
fees; `fees` tells how much that was and is added to nothing. A cost kept in another currency is
turned at the price of the day on which it counts.

realised    proceeds - cost, of everything disposed of and written off; a fee from outside that
            belongs to no purchase and no sale is a cost without proceeds
unrealised  (value - cost) at the end - the same before the first day - what coins that came or went
            alone brought or took along (their market value - their cost): nobody earned it here
income      what holdings earned, at its recorded value, which becomes its cost
rest        profit - these three: movements of exchange rates on costs, and coins without a price
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from plimsoll.kernel.identifiers import AssetId
from plimsoll.kernel.money import ZERO, worth
from plimsoll.ledger.domain.holdings import Books, Holding, Key
from plimsoll.ledger.domain.transactions import SHAPES, Kind, Leg, Role, Shape, Transaction
from plimsoll.portfolio.domain.explained import Figure, amount
from plimsoll.portfolio.domain.flows import EARNED, crosses, flow_of, recorded_worth
from plimsoll.portfolio.domain.returns import Course
from plimsoll.portfolio.domain.returns import profit as profit_of
from plimsoll.portfolio.domain.series import ONE_DAY, PriceOf, day_of

ATTACHING: Final = (Shape.EXCHANGE, Shape.INFLOW)
"""Shapes whose fees are part of a cost or of proceeds."""


@dataclass(frozen=True, slots=True)
class Split:
    """`realised` + `unrealised` + `income` + `rest` = `profit`, exactly; `fees` is within them.

    `unvalued`: assets held at either end without a price, or whose cost has no rate.
    """

    profit: Figure
    realised: Figure
    unrealised: Figure
    income: Figure
    fees: Figure
    rest: Figure
    unvalued: tuple[AssetId, ...]


@dataclass(slots=True)
class Sums:
    """What transactions brought, in the reporting currency."""

    proceeds: Decimal = ZERO
    cost: Decimal = ZERO
    income: Decimal = ZERO
    fees: Decimal = ZERO
    brought: Decimal = ZERO

    def add(self, other: "Sums") -> None:
        self.proceeds += other.proceeds
        self.cost += other.cost
        self.income += other.income
        self.fees += other.fees
        self.brought += other.brought


@dataclass(frozen=True, slots=True)
class Standing:
    """What is held and what it cost, of everything that has a price."""

    value: Decimal
    cost: Decimal
    unvalued: frozenset[AssetId]


def split(course: Course, transactions: Iterable[Transaction], price_of: PriceOf) -> Split:
    """`transactions`: all in force up to the end of the course, in ledger order."""
    first, last = course.days[0].day, course.days[-1].day
    books, sums = Books({}, []), Sums()
    start: Standing | None = None
    for transaction in transactions:
        day = day_of(transaction.occurred_at)
        if day > last:
            break
        if day < first:
            books.apply(transaction)
            continue
        if start is None:
            start = stand(books.holdings, first - ONE_DAY, price_of)
        count(transaction, books, sums, price_of)
    end = stand(books.holdings, last, price_of)
    return tell(course, sums, start or stand(books.holdings, first - ONE_DAY, price_of), end)


def tell(course: Course, sums: Sums, start: Standing, end: Standing) -> Split:
    """The split of a period of which `sums` are, from how it stood before to how it stood then."""
    whole = course.profit
    realised = sums.proceeds - sums.cost
    unrealised = (end.value - end.cost) - (start.value - start.cost) - sums.brought
    return Split(
        profit_of(course),
        amount(realised, "proceeds - cost", {"proceeds": sums.proceeds, "cost": sums.cost}),
        amount(
            unrealised,
            "(value_at_end - cost_at_end) - (value_before - cost_before) - brought",
            {
                "value_at_end": end.value,
                "cost_at_end": end.cost,
                "value_before": start.value,
                "cost_before": start.cost,
                "brought": sums.brought,
            },
        ),
        amount(
            sums.income, "sum of the recorded values of what was earned", {"income": sums.income}
        ),
        amount(sums.fees, "sum of the values of all fees", {"fees": sums.fees}),
        amount(
            whole - realised - unrealised - sums.income,
            "profit - realised - unrealised - income",
            {
                "profit": whole,
                "realised": realised,
                "unrealised": unrealised,
                "income": sums.income,
            },
        ),
        tuple(sorted(start.unvalued | end.unvalued)),
    )


def stand(holdings: Mapping[Key, Holding], day: date, price_of: PriceOf) -> Standing:
    value = cost = ZERO
    unvalued = set()
    for (_, asset_id), held in holdings.items():
        if not held.quantity:
            continue
        priced, rate = price_of(asset_id, day), price_of(held.currency, day)
        if priced is None or rate is None:
            unvalued.add(asset_id)
            continue
        value += worth(held.quantity, priced.price)
        cost += worth(held.cost, rate.price)
    return Standing(value, cost, frozenset(unvalued))


def count(transaction: Transaction, books: Books, sums: Sums, price_of: PriceOf) -> None:
    """Apply one transaction of the period and add up what it brought."""
    day, seen = day_of(transaction.occurred_at), len(books.disposals)
    cost_before = _cost(transaction, books, price_of)
    books.apply(transaction)
    disposed_cost = ZERO
    for each in books.disposals[seen:]:
        rate = price_of(each.currency, day)
        if rate is not None and price_of(each.asset_id, day) is not None:
            disposed_cost += worth(each.cost, rate.price)
            sums.proceeds += worth(each.proceeds, rate.price)
    unattached = _count_legs(transaction, sums, price_of)
    sums.cost += disposed_cost + unattached
    if crosses(transaction.kind):
        moved = _cost(transaction, books, price_of) - cost_before + disposed_cost
        sums.brought += (flow_of(transaction, price_of) or ZERO) - unattached - moved


def _count_legs(transaction: Transaction, sums: Sums, price_of: PriceOf) -> Decimal:
    """Fees and income of the legs. Returns the fees that were paid from outside and are in no cost
    and no proceeds, because there is nothing that they could be attached to.
    """
    day, unattached = day_of(transaction.occurred_at), ZERO
    rate = price_of(transaction.currency, day)
    for leg in transaction.legs:
        if leg.role is not Role.PRINCIPAL:
            fee = recorded_worth(leg, transaction, price_of) or ZERO
            sums.fees += fee
            if leg.wallet_id is None and SHAPES[transaction.kind] not in ATTACHING:
                unattached += fee
        elif _is_earned(leg, transaction.kind) and rate and price_of(leg.asset_id, day):
            sums.income += worth(leg.value, rate.price)
    return unattached


def _is_earned(leg: Leg, kind: Kind) -> bool:
    return kind in EARNED and leg.wallet_id is not None and leg.quantity > 0


def _cost(transaction: Transaction, books: Books, price_of: PriceOf) -> Decimal:
    """The cost of the holdings that the transaction touches and that have a price."""
    day, total = day_of(transaction.occurred_at), ZERO
    for wallet_id, asset_id in {(leg.wallet_id, leg.asset_id) for leg in transaction.legs}:
        held = books.holdings.get((wallet_id, asset_id)) if wallet_id else None
        rate = price_of(held.currency, day) if held else None
        if held and rate and price_of(asset_id, day):
            total += worth(held.cost, rate.price)
    return total
