"""France: the fraction of everything that was ever paid for digital assets (CGI art. 150 VH bis).

Not coins have a cost but the whole portfolio has: the total acquisition price, less the fractions
that earlier disposals took. A disposal takes that price × price of the disposal ÷ value of the
portfolio just before it, all assets together; gain = price less costs of the disposal − fraction.
Costs are taken off the first term only (form 2086: line 218 − 223 × 217 ÷ 212).

A transaction that both gives and takes digital assets is an exchange and neutral: nothing is
gained by it, and only what was paid beyond the assets given (a soulte) is added to the total
price. What is received beyond the assets taken is not looked at. A gift takes its fraction,
without a gain; what leaves in another way untaxed takes nothing.

The value of the portfolio comes from outside. Where it is unknown, no fraction is taken and the
disposal is listed as unvalued.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from plimsoll.kernel.identifiers import AssetId, TransactionId
from plimsoll.kernel.money import ZERO, share
from plimsoll.ledger.domain.transactions import Kind
from plimsoll.tax.domain.movements import Acquired, Disposed, Movement, Ref, Unvalued
from plimsoll.tax.domain.pools import Units, add_shortfall, by_asset, finish, keep, written
from plimsoll.tax.domain.results import Matched, Pool, Rule, ShortfallPolicy, Slice, Term

PORTFOLIO: Final = AssetId("portfolio")
"""Under this name the total acquisition price stands among the pools. The assets' own pools have
a quantity and no cost.
"""

GRATUITOUS: Final = frozenset({Kind.GIFT_OUT, Kind.SPOUSE_OUT, Kind.DONATION})
"""Their proceeds, taxed or not, are what they were worth."""


def match(
    movements: Iterable[Movement],
    values: Mapping[Ref, Decimal],
    *,
    policy: ShortfallPolicy = ShortfallPolicy.ZERO_BASIS,
) -> Matched:
    """Every disposal with its fraction. `values`: of the whole portfolio just before the disposal
    of that reference.
    """
    matched = Matched()
    listed = [movement for _, some in by_asset(movements, matched) for movement in some]
    listed.sort(key=lambda movement: (movement.at, isinstance(movement, Disposed), movement.ref))
    portfolio = _Portfolio(matched, values, policy, paid_beyond=_exchanges(listed))
    for movement in listed:
        if isinstance(movement, Acquired):
            portfolio.acquire(movement)
        else:
            portfolio.dispose(movement)
    for asset, units in sorted(portfolio.held.items()):
        keep(matched, asset, units)
    if portfolio.paid:
        matched.pools.append(Pool(PORTFOLIO, None, ZERO, portfolio.paid))
    return finish(matched)


def _exchanges(listed: list[Acquired | Disposed]) -> dict[TransactionId, Decimal]:
    """Transactions that give and take, and what was paid in each beyond the assets given."""
    taken: dict[TransactionId, Decimal] = {}
    given: dict[TransactionId, Decimal] = {}
    for movement in listed:
        if isinstance(movement, Acquired):
            side, worth = taken, movement.cost
        else:
            side, worth = given, movement.proceeds + movement.fees
        side[movement.ref.transaction] = side.get(movement.ref.transaction, ZERO) + worth
    return {each: max(ZERO, cost - given[each]) for each, cost in taken.items() if each in given}


@dataclass(slots=True)
class _Portfolio:
    matched: Matched
    values: Mapping[Ref, Decimal]
    policy: ShortfallPolicy
    paid_beyond: dict[TransactionId, Decimal]
    paid: Decimal = ZERO
    held: dict[AssetId, Units] = field(default_factory=dict)

    def acquire(self, acquired: Acquired) -> None:
        self.held.setdefault(acquired.asset, Units()).add(acquired.quantity, ZERO)
        transaction = acquired.ref.transaction
        if transaction in self.paid_beyond:
            self.paid += self.paid_beyond[transaction]
            self.paid_beyond[transaction] = ZERO
        else:
            self.paid += acquired.cost

    def dispose(self, disposed: Disposed) -> None:
        units = self.held.setdefault(disposed.asset, Units())
        quantity = min(disposed.quantity, units.quantity)
        units.take(quantity)
        short = disposed.quantity - quantity
        net = Units(disposed.quantity, disposed.proceeds)
        gross = Units(disposed.quantity, disposed.proceeds + disposed.fees)
        if quantity:
            self._add_slice(disposed, quantity, net.take(quantity), gross.take(quantity))
        if short:
            untaxed = disposed.ref.transaction in self.paid_beyond or not disposed.taxed
            add_shortfall(
                self.matched,
                disposed,
                quantity=short,
                proceeds=ZERO if untaxed or disposed.kind in GRATUITOUS else net.cost,
                policy=self.policy,
            )

    def _add_slice(
        self, disposed: Disposed, quantity: Decimal, net: Decimal, gross: Decimal
    ) -> None:
        proceeds = cost = ZERO
        if disposed.ref.transaction in self.paid_beyond:
            text = "exchange of digital assets: neutral"
        elif disposed.kind in GRATUITOUS:
            cost, text = self._take_fraction(disposed, quantity, gross)
            proceeds = cost
        elif disposed.taxed:
            cost, text = self._take_fraction(disposed, quantity, gross)
            proceeds = net
        else:
            text = "untaxed: takes nothing of the total acquisition price"
        self.matched.slices.append(
            Slice(
                disposed,
                None,
                None,
                quantity,
                proceeds,
                cost,
                Term.NONE,
                Rule.PORTFOLIO_FRACTION,
                text,
            )
        )

    def _take_fraction(
        self, disposed: Disposed, quantity: Decimal, gross: Decimal
    ) -> tuple[Decimal, str]:
        """Its part of the total acquisition price, which is less by it afterwards."""
        value = self.values.get(disposed.ref)
        if value is None:
            self.matched.unvalued.append(
                Unvalued(disposed.ref, disposed.asset, quantity, disposed.at)
            )
            return ZERO, "the value of the portfolio is unknown: no fraction is taken"
        text = f"total acquisition price €{written(self.paid)} × €{written(gross)} ÷ "
        text += f"portfolio €{written(value)}"
        if gross > value:
            self.matched.warnings.append(
                f"{disposed.ref.transaction}: the price €{written(gross)} is above the value of "
                f"the whole portfolio €{written(value)}; the whole acquisition price is taken"
            )
            value = gross
        fraction = share(self.paid, gross, value) if gross else ZERO
        self.paid -= fraction
        return fraction, text
