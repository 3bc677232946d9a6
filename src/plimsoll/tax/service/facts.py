"""A person's ledger as facts: every leg's value in the currency of the tax.

The value of a leg, by the first of these that is known: its own quantity, if it is the tax's
currency; what the ledger says it was worth, turned into the tax's currency by the transaction
itself where a principal leg of it is in that currency, else by the price of that day; and where
nobody stated a worth, the asset's own price of that day. Else it is unknown, and said to be.

A price of a day is the person's own or the market's, of the UTC day; none is carried from one day
to the next but official rates of currencies, which have none on some days.

All currencies are money here, no units whose cost is tracked. Which part of a fee paid in a coin
was for paying that fee (26 CFR 1.1001-7(b)(5) example 3) no ledger says, so none is marked so.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final, NamedTuple

from plimsoll.kernel.identifiers import AssetId, TransactionId, UserId
from plimsoll.kernel.money import ZERO, share, worth
from plimsoll.ledger.domain.transactions import (
    SHAPES,
    WITHOUT_WORTH,
    Leg,
    Role,
    Shape,
    Transaction,
)
from plimsoll.ledger.service.history import Entry, stream_in_force
from plimsoll.ledger.service.valuations import load_prices
from plimsoll.markets.service.dailies import Dailies
from plimsoll.plumbing.database import ReadUnit
from plimsoll.tax.domain.facts import Fact, FactLeg, Pick

ONE: Final = Decimal(1)

DayPrices = Mapping[AssetId, Mapping[date, Decimal]]


class Gift(NamedTuple):
    """What a gift had cost whoever gave it, and since when they had it."""

    cost: Decimal
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Valuing:
    """Prices of days that are over, and which assets are money."""

    dailies: Dailies
    is_money: Callable[[AssetId], bool]


@dataclass(frozen=True, slots=True)
class Said:
    """What a person said about single transactions. `treated` are those that count otherwise than
    their kind does: a transfer among them may need a worth.
    """

    picks: Mapping[TransactionId, tuple[Pick, ...]] = field(
        default_factory=dict[TransactionId, tuple[Pick, ...]]
    )
    gifts: Mapping[TransactionId, Gift] = field(default_factory=dict[TransactionId, Gift])
    treated: frozenset[TransactionId] = frozenset()


async def stream_facts(
    unit: ReadUnit,
    user_id: UserId,
    valuing: Valuing,
    currency: AssetId,
    said: Said,
    *,
    until: datetime,
) -> AsyncIterator[list[Fact]]:
    """Everything in force before `until` in the order of the ledger, some thousand at a time."""
    async for entries in stream_in_force(unit, user_id):
        page = [entry for entry in entries if entry[0].occurred_at < until]
        if not page:
            return
        reader = Reader(currency, said, valuing.is_money)
        assets = reader.list_unpriced(page)
        prices: DayPrices = {}
        if assets:
            prices = await load_prices(
                unit,
                user_id,
                valuing.dailies,
                assets,
                currency,
                first=_day(page[0][0]),
                last=_day(page[-1][0]),
            )
        yield [reader.read(transaction, seq, prices) for transaction, seq in page]


def _day(transaction: Transaction) -> date:
    return transaction.occurred_at.astimezone(UTC).date()


class Reader:
    """Transactions as facts in `currency`."""

    __slots__ = ("currency", "is_money", "said")

    def __init__(self, currency: AssetId, said: Said, is_money: Callable[[AssetId], bool]) -> None:
        self.currency, self.said, self.is_money = currency, said, is_money

    def list_unpriced(self, page: Sequence[Entry]) -> set[AssetId]:
        """The assets whose price of some day is needed."""
        assets = set[AssetId]()
        for transaction, _ in page:
            foreign = transaction.currency != self.currency
            for leg in transaction.legs:
                if leg.asset_id == self.currency:
                    continue
                if self._is_stated(transaction, leg):
                    if foreign and leg.value:
                        assets.add(transaction.currency)
                elif self._matters(transaction, leg):
                    assets.add(leg.asset_id)
        return assets

    def read(self, transaction: Transaction, seq: int, prices: DayPrices) -> Fact:
        gift = self._gift(transaction)
        into = self._into_own(transaction, prices)
        return Fact(
            transaction.id,
            seq,
            transaction.kind,
            transaction.occurred_at,
            tuple(
                FactLeg(
                    leg.wallet_id,
                    leg.asset_id,
                    plain(leg.quantity),
                    leg.role,
                    self._value(transaction, leg, into, prices),
                    self.is_money(leg.asset_id),
                )
                for leg in transaction.legs
            ),
            self.said.picks.get(transaction.id, ()),
            gift.cost if gift else None,
            gift.since if gift else None,
        )

    def _gift(self, transaction: Transaction) -> Gift | None:
        """What was said of the giver, unless they would have had it only after they gave it: that
        is refused when it is said, and where it stands all the same nothing of it counts, so that
        the report lacks the gift's cost and names it.
        """
        gift = self.said.gifts.get(transaction.id)
        if gift is None or (gift.since is not None and gift.since > transaction.occurred_at):
            return None
        return gift

    def _is_stated(self, transaction: Transaction, leg: Leg) -> bool:
        """Whether somebody said what the leg was worth. Where worth has no effect on the books
        nobody has to, and 0 stands for nothing said.
        """
        if not leg.valued:
            return False
        return bool(leg.value) or SHAPES[transaction.kind] not in WITHOUT_WORTH

    def _matters(self, transaction: Transaction, leg: Leg) -> bool:
        """What only moves from one own wallet to another needs no worth."""
        return (
            leg.role is not Role.PRINCIPAL
            or SHAPES[transaction.kind] is not Shape.MOVE
            or transaction.id in self.said.treated
        )

    def _value(
        self,
        transaction: Transaction,
        leg: Leg,
        into: Callable[[Decimal], Decimal | None],
        prices: DayPrices,
    ) -> Decimal | None:
        if leg.asset_id == self.currency:
            return plain(abs(leg.quantity))
        value = None
        if self._is_stated(transaction, leg):
            value = into(leg.value)
        elif not self._matters(transaction, leg):
            return None
        if value is None:
            price = self._price(leg.asset_id, _day(transaction), prices)
            value = None if price is None else worth(abs(leg.quantity), price)
        return None if value is None else plain(value)

    def _into_own(
        self, transaction: Transaction, prices: DayPrices
    ) -> Callable[[Decimal], Decimal | None]:
        """What turns a worth in the transaction's currency into the tax's."""
        if transaction.currency == self.currency:
            return lambda value: value
        for leg in transaction.legs:
            if leg.asset_id == self.currency and leg.role is Role.PRINCIPAL and leg.value:
                own, stated = abs(leg.quantity), leg.value
                return lambda value: share(own, value, stated)
        rate = self._price(transaction.currency, _day(transaction), prices)
        if rate is None:
            return lambda value: None if value else ZERO
        return lambda value: worth(value, rate)

    @staticmethod
    def _price(asset: AssetId, day: date, prices: DayPrices) -> Decimal | None:
        return prices.get(asset, {}).get(day)


def plain(amount: Decimal) -> Decimal:
    """One way to write each amount, so that equal inputs have equal hashes."""
    shortest = amount.normalize()
    if not shortest:
        return ZERO
    return shortest.quantize(ONE) if shortest == shortest.to_integral_value() else shortest
