"""JSON of planning: what is held and would bring, and a sale that is only thought of."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field

from plimsoll.kernel.identifiers import AssetId, TransactionId, WalletId
from plimsoll.kernel.money import ZERO
from plimsoll.plumbing.shapes import (
    AssetName,
    Body,
    Figure,
    Moment,
    PositiveAmount,
    UnsignedAmount,
    View,
)
from plimsoll.plumbing.tables import Columns
from plimsoll.tax.domain.choices import Way
from plimsoll.tax.domain.planning import Outcome, Unrealised
from plimsoll.tax.domain.report import Names
from plimsoll.tax.domain.results import Rule, Slice, Term
from plimsoll.tax.schemas.identifying import MOST_LOTS, ChoiceView
from plimsoll.tax.schemas.runs import Jurisdiction, as_table
from plimsoll.tax.service.calculating import SaleWish, Tried
from plimsoll.tax.service.decisions import Named
from plimsoll.tax.service.planning import Seen


class UnrealisedView(View):
    """A lot, or a pool, and what it would bring now. Without a price there is no value, never 0.
    `long_on` is the first day on which a sale is long-term, or exempt.
    """

    coin_id: str
    wallet_id: UUID | None
    wallet: str
    transaction_id: UUID | None
    acquired_on: date | None
    quantity: Figure
    cost: Figure
    value: Figure | None
    gain: Figure | None
    term: Term
    long_on: date | None
    days_to_long: int | None

    @classmethod
    def of(cls, held: Unrealised, names: Names) -> Self:
        return cls(
            coin_id=held.asset,
            wallet_id=held.account,
            wallet=names.wallets.get(held.account, "") if held.account else "",
            transaction_id=held.ref.transaction if held.ref else None,
            acquired_on=held.acquired_on,
            quantity=held.quantity,
            cost=held.cost,
            value=held.value,
            gain=held.gain,
            term=held.term,
            long_on=held.long_on,
            days_to_long=held.days_to_long,
        )


class LookView(View):
    """`shortfalls`: disposals of all years beyond what is known. `unvalued`: what moved whose worth
    nobody knows; it counts as 0. While there are any of them, what is held, and what it cost, is
    not to be relied on. `simulated`: the prices are invented.
    """

    jurisdiction: str
    ruleset: str
    currency: str
    as_of: Moment
    simulated: bool
    shortfalls: int
    unvalued: int
    prices: dict[str, Figure]


class UnrealisedPage(LookView):
    """Totals are of everything that has a price; `unpriced` lots have none."""

    cost: Figure
    value: Figure
    gain: Figure
    unpriced: int
    data: list[UnrealisedView]
    next_cursor: str | None


class HarvestView(LookView):
    """`losses`: what would count as a loss, the largest first. `soon`: gains that are taxed less
    within the days asked for.
    """

    losses: list[UnrealisedView]
    soon: list[UnrealisedView]


def facts_of(seen: Seen, held: list[Unrealised]) -> dict[str, object]:
    """What every look says beside its lots."""
    assets = {each.asset for each in held}
    return {
        "jurisdiction": seen.ruleset.code,
        "ruleset": seen.ruleset.name,
        "currency": seen.currency,
        "as_of": seen.as_of,
        "simulated": seen.simulated,
        "shortfalls": seen.looked.shortfalls,
        "unvalued": seen.looked.unvalued,
        "prices": {asset: seen.prices[asset] for asset in sorted(assets & seen.prices.keys())},
    }


def sums_of(held: list[Unrealised]) -> dict[str, object]:
    priced = [each for each in held if each.value is not None]
    cost = sum((each.cost for each in priced), ZERO)
    value = sum((each.value or ZERO for each in priced), ZERO)
    unpriced = len(held) - len(priced)
    return {"cost": cost, "value": value, "gain": value - cost, "unpriced": unpriced}


def held_table(currency: str, views: Sequence[UnrealisedView]) -> Columns:
    """A row for each lot; its amounts of money are in `currency`."""
    return {**as_table(UnrealisedView, (), views), "currency": [currency] * len(views)}


def harvest_table(
    currency: str, losses: Sequence[UnrealisedView], soon: Sequence[UnrealisedView]
) -> Columns:
    """Both lists, the losses first."""
    which = ["loss"] * len(losses) + ["soon"] * len(soon)
    return {"candidate": which, **held_table(currency, [*losses, *soon])}


class PickBody(Body):
    """Units of an acquisition that would be named."""

    transaction_id: UUID
    quantity: PositiveAmount


class WhatIfBody(Body):
    """A sale that is only thought of. Without `price` (per unit) at the latest one, without `at`
    now, without `wallet_id` from the wallet that holds most, without `method` by each in turn.
    `picks` are of the method `specific`. `portfolio_value` (France): what everything is worth just
    before it.
    """

    jurisdiction: Jurisdiction
    coin_id: AssetName
    quantity: PositiveAmount
    price: PositiveAmount | None = None
    fees: UnsignedAmount = Decimal(0)
    wallet_id: UUID | None = None
    at: Moment | None = None
    method: Way | None = None
    picks: Annotated[tuple[PickBody, ...], Field(max_length=MOST_LOTS)] = ()
    portfolio_value: PositiveAmount | None = None

    def sale(self, asset: AssetId) -> SaleWish:
        return SaleWish(
            asset,
            self.quantity,
            self.price,
            self.fees,
            WalletId(self.wallet_id) if self.wallet_id else None,
            self.at,
            self.portfolio_value,
            tuple((TransactionId(each.transaction_id), each.quantity) for each in self.picks),
        )


class SliceView(View):
    acquired_transaction_id: UUID | None
    acquired_on: date | None
    quantity: Figure
    proceeds: Figure
    cost: Figure
    gain: Figure
    term: Term
    rule: Rule
    formula: str

    @classmethod
    def of(cls, each: Slice) -> Self:
        return cls(
            acquired_transaction_id=each.acquired.transaction if each.acquired else None,
            acquired_on=each.acquired_on,
            quantity=each.quantity,
            proceeds=each.proceeds,
            cost=each.cost,
            gain=each.gain,
            term=each.term,
            rule=each.rule,
            formula=each.formula,
        )


class WarnedView(View):
    """Something to know before the sale; `until` is the last day on which it matters."""

    code: str
    text: str
    until: date | None


class OutcomeView(View):
    """The sale under one method. `missing` units have no known acquisition. Of the slices the
    first hundred are shown, all of them count.
    """

    method: Way
    proceeds: Figure
    cost: Figure
    gain: Figure
    by_term: dict[str, Figure]
    missing: Figure
    slices: list[SliceView]
    slices_in_all: int
    warnings: list[WarnedView]

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        return cls(
            method=outcome.way,
            proceeds=outcome.proceeds,
            cost=outcome.cost,
            gain=outcome.gain,
            by_term={term.value: gain for term, gain in outcome.by_term.items()},
            missing=outcome.missing,
            slices=[SliceView.of(each) for each in outcome.slices[:100]],
            slices_in_all=len(outcome.slices),
            warnings=[WarnedView(**each._asdict()) for each in outcome.warnings],
        )


class WhatIfView(View):
    """Nothing was recorded. `disposal`: the lots that it could be of, null where the rules leave
    nothing to choose. `simulated`: the price is invented. `shortfalls`, `unvalued`: what is missing
    of everything before the sale, whose figures are not to be relied on while it is.
    """

    currency: str
    coin_id: str
    wallet_id: UUID
    quantity: Figure
    proceeds: Figure
    at: Moment
    simulated: bool
    shortfalls: int
    unvalued: int
    outcomes: list[OutcomeView]
    disposal: ChoiceView | None

    @classmethod
    def of(cls, tried: Tried, names: Names, *, simulated: bool) -> Self:
        sale, choice = tried.sale, tried.choice
        picked = [Named(of, sale.asset, quantity) for of, quantity in sale.picks]
        return cls(
            currency=tried.currency,
            coin_id=sale.asset,
            wallet_id=sale.account,
            quantity=sale.quantity,
            proceeds=sale.proceeds,
            at=sale.at,
            simulated=simulated,
            shortfalls=tried.shortfalls,
            unvalued=tried.unvalued,
            outcomes=[OutcomeView.of(each) for each in tried.outcomes],
            disposal=ChoiceView.of(choice, picked, names) if choice else None,
        )
