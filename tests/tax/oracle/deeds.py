"""Random ledgers that a peer can be told in its own words, and ours as facts.

A deed is what happened, in no program's language. Quantities have four decimals and prices two, so
that a peer that reads numbers as floats still reads them exactly. No two deeds are of one moment,
and nothing is ever given away that is not there.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from random import Random
from typing import Final, NamedTuple
from uuid import UUID

from plimsoll.kernel.identifiers import AssetId, TransactionId
from plimsoll.kernel.money import ZERO
from plimsoll.ledger.domain.transactions import Kind, Role
from plimsoll.tax.domain.facts import Fact, FactLeg
from tests.tax.ledgers import account

START: Final = datetime(2020, 1, 1, 5, tzinfo=UTC)
STEP: Final = Decimal("0.0001")
CENT: Final = Decimal("0.01")
INCOMES: Final = frozenset({Kind.STAKING, Kind.MINING, Kind.INTEREST, Kind.AIRDROP})
GIFTS: Final = frozenset({Kind.GIFT_OUT, Kind.SPOUSE_OUT, Kind.DONATION})


class Deed(NamedTuple):
    """`value` is that of `quantity`, `fee` in money beside it. A swap gives `target` for it,
    `received` many; a transfer goes to the wallet `target` and costs `received` coins, worth `fee`.
    A gift received cost its donor `donor_cost`, at `donor_since`.
    """

    number: int
    at: datetime
    kind: Kind
    wallet: str
    asset: str
    quantity: Decimal
    value: Decimal
    fee: Decimal = ZERO
    target: str = ""
    received: Decimal = ZERO
    donor_cost: Decimal | None = None
    donor_since: datetime | None = None


class World(NamedTuple):
    """What a peer knows: how often each kind happens, and how many of everything there are."""

    kinds: Mapping[Kind, int]
    assets: int
    wallets: int
    hours: int
    fees: bool = True
    apart: tuple[Kind, ...] = ()
    """Each deed of these kinds is of an asset of its own, so that it touches nothing else."""


class Teller:
    """Tells deeds one after the other."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.chance = world, Random(seed)  # noqa: S311 -- a repeatable walk
        self.held: dict[tuple[str, str], Decimal] = {}
        self.deeds: list[Deed] = []
        self.at = START

    def tell(self, count: int) -> list[Deed]:
        kinds, weights = zip(*self.world.kinds.items(), strict=True)
        while len(self.deeds) < count:
            kind = self.chance.choices(kinds, weights)[0]
            if kind in self.world.apart:
                self._apart(kind)
            else:
                self._among_all(kind)
        return self.deeds[:count]

    def _moment(self) -> datetime:
        self.at += timedelta(seconds=self.chance.randrange(1, 7200 * self.world.hours))
        return self.at

    def _price(self) -> Decimal:
        return Decimal(self.chance.randrange(5_000, 20_000)) / 100

    def _fee(self) -> Decimal:
        return Decimal(self.chance.randrange(1, 300)) / 100 if self.world.fees else ZERO

    def _add(
        self, kind: Kind, wallet: str, asset: str, quantity: Decimal, *, fee: Decimal = ZERO
    ) -> Deed:
        value = quantity * self._price()
        fee = min(fee, value.quantize(CENT, ROUND_DOWN))
        deed = Deed(len(self.deeds), self._moment(), kind, wallet, asset, quantity, value, fee)
        self.deeds.append(deed)
        return deed

    def _among_all(self, kind: Kind) -> None:
        wallet = f"W{self.chance.randrange(self.world.wallets)}"
        asset = f"COIN{self.chance.randrange(self.world.assets)}"
        held = self.held.get((wallet, asset), ZERO)
        if kind is Kind.BUY or kind in INCOMES:
            quantity = self.chance.randrange(1, 50_000) * STEP
            fee = self._fee() if kind is Kind.BUY else ZERO
            self.held[wallet, asset] = held + quantity
            self._add(kind, wallet, asset, quantity, fee=fee)
            return
        quantity = (held * self.chance.randrange(1, 30) / 100).quantize(STEP)
        if quantity < STEP * 10:
            return
        if kind is Kind.TRANSFER:
            self._transfer(wallet, asset, quantity)
            return
        self.held[wallet, asset] = held - quantity
        if kind is Kind.SWAP:
            self._swap(wallet, asset, quantity)
        else:
            taxed_by_fee = kind in {Kind.SELL, Kind.SPEND}
            self._add(kind, wallet, asset, quantity, fee=self._fee() if taxed_by_fee else ZERO)

    def _transfer(self, wallet: str, asset: str, quantity: Decimal) -> None:
        target = f"W{(int(wallet[1:]) + 1) % self.world.wallets}"
        lost = STEP * self.chance.randrange(1, 9)
        self.held[wallet, asset] -= quantity
        self.held[target, asset] = self.held.get((target, asset), ZERO) + quantity - lost
        moved, fee = quantity - lost, lost * self._price()
        deed = self._add(Kind.TRANSFER, wallet, asset, moved, fee=fee)
        self.deeds[-1] = deed._replace(target=target, received=lost)

    def _swap(self, wallet: str, asset: str, quantity: Decimal) -> None:
        target = f"COIN{(int(asset[4:]) + 1) % self.world.assets}"
        received = self.chance.randrange(1, 50_000) * STEP
        self.held[wallet, target] = self.held.get((wallet, target), ZERO) + received
        deed = self._add(Kind.SWAP, wallet, asset, quantity, fee=self._fee())
        self.deeds[-1] = deed._replace(target=target, received=received)

    def _apart(self, kind: Kind) -> None:
        """A gift received and sold, or bought twice on one day and given on that day."""
        asset, quantity = f"LONE{len(self.deeds)}", self.chance.randrange(1, 9000) * STEP
        if kind is Kind.GIFT_IN:
            since = self.at - timedelta(days=self.chance.randrange(1, 900))
            cost = quantity * self._price()
            deed = self._add(kind, "W0", asset, quantity)
            self.deeds[-1] = deed._replace(donor_cost=cost, donor_since=since)
            self.at += timedelta(days=self.chance.randrange(30))
            self._add(Kind.SELL, "W0", asset, quantity)
            return
        self._add(Kind.BUY, "W0", asset, quantity * 3)
        self.at += timedelta(days=40)
        self.at = self.at.replace(hour=11, minute=0, second=0)
        for of in (Kind.BUY, kind):
            deed = self._add(of, "W0", asset, quantity)
            self.at = deed.at.replace(hour=11 + (of is kind), minute=0, second=0)
            self.deeds[-1] = deed._replace(at=self.at)


def facts_of(deeds: list[Deed], currency: AssetId) -> list[Fact]:
    """The same in our words: the transaction of a fact has the deed's number."""
    return [_fact(deed, currency) for deed in deeds]


def _fact(deed: Deed, currency: AssetId) -> Fact:
    place, asset, legs = account(deed.wallet), AssetId(deed.asset), list[FactLeg]()

    def coin(of: AssetId, quantity: Decimal, value: Decimal, role: Role = Role.PRINCIPAL) -> None:
        legs.append(FactLeg(place, of, quantity, role, value))

    def money(amount: Decimal, role: Role = Role.PRINCIPAL) -> None:
        if amount:
            legs.append(FactLeg(None, currency, amount, role, abs(amount), is_money=True))

    if deed.kind is Kind.TRANSFER:
        coin(asset, -deed.quantity, deed.value)
        there = account(deed.target)
        legs.append(FactLeg(there, asset, deed.quantity, Role.PRINCIPAL, deed.value))
        coin(asset, -deed.received, deed.fee, Role.FEE)
    elif deed.kind is Kind.BUY or deed.kind in INCOMES or deed.kind is Kind.GIFT_IN:
        coin(asset, deed.quantity, deed.value)
        if deed.kind is Kind.BUY:
            money(-deed.value)
        money(-deed.fee, Role.FEE)
    else:
        coin(asset, -deed.quantity, deed.value)
        if deed.kind is Kind.SELL:
            money(deed.value)
        elif deed.kind is Kind.SWAP:
            coin(AssetId(deed.target), deed.received, deed.value)
        money(-deed.fee, Role.FEE)
    return Fact(
        TransactionId(UUID(int=deed.number)),
        deed.number,
        deed.kind,
        deed.at,
        tuple(legs),
        donor_cost=deed.donor_cost,
        donor_since=deed.donor_since,
    )
