"""A fact read as movements of units, as a country's law says.

Order within a fact: what goes out, then what comes in, then fees withheld from what came in,
which are units just bought (26 CFR 1.1012-1(j)(3)(iii)).

Fees. Paid on a purchase with money they are cost, paid on a sale for money they come off the
proceeds. When one coin is exchanged for another, the side that is disposed of bears them (26 CFR
1.1001-7(b)(2), 1.1012-1(h)), or each side a half (`SwapFee`). A fee in a coin is itself a disposal
of that coin at the fee's value, less what the payment itself cost (`FactLeg.for_fee`). Transfers,
withdrawals and calls on a chain have nothing to attach a fee to (`TransferFee`).

A value that nobody knows is taken from the other side of an exchange where it is the only one
missing on its side; else it counts as 0 and is listed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from plimsoll.kernel.identifiers import AssetId, TransactionId, WalletId
from plimsoll.kernel.money import ZERO, share
from plimsoll.ledger.domain.transactions import Role
from plimsoll.tax.domain.calendars import day_of
from plimsoll.tax.domain.countries import Country, SwapFee, TransferFee, Treatment
from plimsoll.tax.domain.facts import Fact, FactLeg
from plimsoll.tax.domain.movements import (
    Acquired,
    Carried,
    Disposed,
    Earned,
    Movement,
    Ref,
    Unvalued,
)

UNTAXED: Final = frozenset(
    {Treatment.LEAVE, Treatment.FREE, Treatment.DONOR, Treatment.DONOR_OR_MARKET}
)
"""What goes out under these leaves at its cost."""

DONATED: Final = frozenset({Treatment.DONOR, Treatment.DONOR_OR_MARKET})
EARNING: Final = frozenset({Treatment.INCOME, Treatment.RESULT})


@dataclass(slots=True)
class Reading:
    """Movements in order, what had no value, and what a person should know."""

    movements: list[Movement] = field(default_factory=list)
    unvalued: list[Unvalued] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def read(
    facts: Iterable[Fact],
    country: Country,
    overrides: Mapping[TransactionId, Treatment] | None = None,
) -> Reading:
    """All `facts`, put in the ledger's order, as movements."""
    whole, chosen = Reading(), overrides or {}
    for fact in sorted(facts, key=_order):
        _Reader(fact, country, chosen.get(fact.id), whole).read()
    return whole


def movements_of(fact: Fact, country: Country, treatment: Treatment | None = None) -> Reading:
    """One fact as movements; `treatment` where a person says it is another than the country's."""
    reading = Reading()
    _Reader(fact, country, treatment, reading).read()
    return reading


def _order(fact: Fact) -> tuple[object, ...]:
    takes = any(leg.account is not None and leg.quantity < 0 for leg in fact.legs)
    return fact.at, takes, fact.seq


Place = tuple[int, FactLeg, WalletId]
"""Units in an account: the leg's number, the leg, its account."""


class _Reader:
    """One fact while it is read into `out`."""

    __slots__ = ("came", "country", "day", "fact", "fees", "money", "out", "treatment", "went")

    def __init__(
        self, fact: Fact, country: Country, treatment: Treatment | None, out: Reading
    ) -> None:
        self.fact, self.country, self.out = fact, country, out
        self.day: date = day_of(fact.at, country.zone)
        self.treatment = treatment or country.treatment_of(fact.kind, self.day)
        self.came: list[Place] = []
        self.went: list[Place] = []
        self.money: list[tuple[int, FactLeg]] = []
        self.fees: list[tuple[int, FactLeg]] = []
        for number, leg in enumerate(_completed(fact.legs)):
            if leg.role is not Role.PRINCIPAL:
                self.fees.append((number, leg))
            elif leg.is_money:
                self.money.append((number, leg))
            elif leg.account is not None:
                (self.came if leg.quantity > 0 else self.went).append((number, leg, leg.account))

    def read(self) -> None:
        if self.treatment is Treatment.IGNORE:
            return
        if self.treatment is Treatment.CARRY:
            self._pay_fees((), attached=False)
            self._carry()
            return
        sells = bool(self.went) and self.treatment not in UNTAXED
        attached = sells or bool(self.came)
        off_proceeds, on_cost = self._fees_of_sides(sells=sells)
        for place, fee in zip(self.went, _spread(off_proceeds, self.went), strict=True):
            self._give(place, fee)
        bought = {(account, leg.asset) for _, leg, account in self.came}
        self._pay_fees(bought, attached=attached)
        costs = _spread(self.fact.donor_cost, self.came)
        for place, fee, cost in zip(self.came, _spread(on_cost, self.came), costs, strict=True):
            self._take(place, fee or ZERO, cost)
        if bought:
            self._pay_fees(bought, attached=attached, withheld=True)
        if self.treatment in EARNING:
            for number, leg in self.money:
                self._earn(number, leg, self._value(number, leg).copy_sign(leg.quantity))

    def _fees_of_sides(self, *, sells: bool) -> tuple[Decimal, Decimal]:
        """What comes off the proceeds and what is added to the cost."""
        if not self.fees or not (sells or self.came):
            return ZERO, ZERO
        fees = sum((self._value(*each) for each in self.fees if not each[1].for_fee), ZERO)
        if not sells:
            return ZERO, fees
        if self.came and self.country.swap_fee is SwapFee.HALVES:
            half = share(fees, Decimal(1), Decimal(2))
            return half, fees - half
        return fees, ZERO

    def _give(self, place: Place, fee: Decimal | None) -> None:
        """Units that go out."""
        number, leg, account = place
        taxed, fees = self.treatment not in UNTAXED, fee or ZERO
        worthless = not taxed or self.treatment is Treatment.LOSE
        value = ZERO if worthless else self._value(number, leg)
        if self.treatment is Treatment.RESULT:
            self._earn(number, leg, -value)
        self.out.movements.append(
            Disposed(
                Ref(self.fact.id, number),
                self.fact.kind,
                self.fact.at,
                self.day,
                leg.asset,
                account,
                -leg.quantity,
                value - fees,
                fees,
                taxed,
                self._picks(number, leg.asset),
            )
        )

    def _take(self, place: Place, fee: Decimal, donor_cost: Decimal | None) -> None:
        """Units that come in."""
        number, leg, account = place
        since, market_value = self.day, None
        if self.treatment is Treatment.FREE:
            cost = ZERO
        elif self.treatment in DONATED:
            if donor_cost is None:
                self._miss(number, leg)
            cost = donor_cost or ZERO
            if self.fact.donor_since is not None:
                since = day_of(self.fact.donor_since, self.country.zone)
            lower = leg.value is not None and leg.value < cost
            if lower and self.treatment is Treatment.DONOR_OR_MARKET:
                market_value = leg.value
        else:
            cost = self._value(number, leg)
        if self.treatment in EARNING:
            self._earn(number, leg, cost)
        self.out.movements.append(
            Acquired(
                Ref(self.fact.id, number),
                self.fact.kind,
                self.fact.at,
                self.day,
                leg.asset,
                account,
                leg.quantity,
                cost + fee,
                since,
                market_value,
            )
        )

    def _earn(self, number: int, leg: FactLeg, value: Decimal) -> None:
        fact = self.fact
        self.out.movements.append(
            Earned(
                Ref(fact.id, number),
                fact.kind,
                fact.at,
                self.day,
                leg.asset,
                leg.account,
                abs(leg.quantity),
                value,
                self.country.category_of(fact.kind),
            )
        )

    def _pay_fees(
        self,
        bought: "set[tuple[WalletId, AssetId]] | tuple[()]",
        *,
        attached: bool,
        withheld: bool = False,
    ) -> None:
        """Coins that pay fees, as disposals: those of what was just bought when `withheld`."""
        taxed = attached or self.country.transfer_fee is TransferFee.DISPOSED
        for number, leg in self.fees:
            if leg.account is None or leg.is_money:
                continue
            if ((leg.account, leg.asset) in bought) is not withheld:
                continue
            quantity, just_bought = -leg.quantity, withheld and leg.role is Role.WITHHELD_FEE
            worth = self._value(number, leg) if taxed else ZERO
            fees = worth if leg.for_fee else ZERO
            self.out.movements.append(
                Disposed(
                    Ref(self.fact.id, number),
                    self.fact.kind,
                    self.fact.at,
                    self.day,
                    leg.asset,
                    leg.account,
                    quantity,
                    worth - fees,
                    fees,
                    taxed,
                    ((self.fact.id, quantity),) if just_bought else (),
                )
            )

    def _carry(self) -> None:
        """Each unit that arrives is paired with one that left, in the order of the legs."""
        left = [-leg.quantity for _, leg, _ in self.went]
        unpaired = False
        for number, leg, target in self.came:
            wanted = leg.quantity
            for place, (_, source, account) in enumerate(self.went):
                taken = min(wanted, left[place])
                if source.asset != leg.asset or not taken:
                    continue
                left[place] -= taken
                wanted -= taken
                ref = Ref(self.fact.id, number)
                self.out.movements.append(
                    Carried(ref, self.fact.at, self.day, leg.asset, account, target, taken)
                )
            unpaired = unpaired or bool(wanted)
        if unpaired or any(left):
            self.out.warnings.append(
                f"{self.fact.id}: what left and what arrived differ; the rest is not carried over"
            )

    def _picks(self, number: int, asset: AssetId) -> tuple[tuple[TransactionId, Decimal], ...]:
        """Units that were meant, as long as somebody said so in time (26 CFR 1.1012-1(j)(2))."""
        valid = []
        for pick in self.fact.picks:
            if pick.asset != asset or pick.leg not in {None, number}:
                continue
            if pick.identified_at <= self.fact.at:
                valid.append((pick.of, pick.quantity))
            else:
                self.out.warnings.append(
                    f"{self.fact.id}: units of {asset} were identified after they were disposed of"
                )
        return tuple(valid)

    def _value(self, number: int, leg: FactLeg) -> Decimal:
        if leg.value is None:
            self._miss(number, leg)
            return ZERO
        return leg.value

    def _miss(self, number: int, leg: FactLeg) -> None:
        missing = Unvalued(Ref(self.fact.id, number), leg.asset, abs(leg.quantity), self.fact.at)
        if missing not in self.out.unvalued[-len(self.fact.legs) :]:
            self.out.unvalued.append(missing)


def _completed(legs: Sequence[FactLeg]) -> Sequence[FactLeg]:
    """`legs`, the only one without a value on its side given what the other side is worth."""
    for leg in legs:
        if leg.value is None:
            break
    else:
        return legs
    principal = [leg for leg in legs if leg.role is Role.PRINCIPAL]
    sides = (
        [leg for leg in principal if leg.quantity > 0],
        [leg for leg in principal if leg.quantity < 0],
    )
    completed = list(legs)
    for side, other in (sides, sides[::-1]):
        missing = [leg for leg in side if leg.value is None]
        worth = [leg.value for leg in other if leg.value is not None]
        if len(missing) == 1 and other and len(worth) == len(other):
            known = sum((leg.value for leg in side if leg.value is not None), ZERO)
            rest = sum(worth, ZERO) - known
            if rest >= 0:
                completed[legs.index(missing[0])] = missing[0]._replace(value=rest)
    return completed


def _spread(whole: Decimal | None, places: Sequence[Place]) -> list[Decimal | None]:
    """`whole` over `places` by their values; the last takes what is left."""
    if whole is None or not places:
        return [None] * len(places)
    if len(places) == 1:
        return [whole]
    total = sum((leg.value or ZERO for _, leg, _ in places), ZERO)
    left, parts = whole, list[Decimal | None]()
    for _, leg, _ in places[:-1]:
        part = share(whole, leg.value or ZERO, total) if total else ZERO
        parts.append(part)
        left -= part
    return [*parts, left]
