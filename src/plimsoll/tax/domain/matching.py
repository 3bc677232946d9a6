"""Disposals matched with lots: first in first out and its kin, and units that were named.

One sweep over movements in time, O(n log n). Pools are by owner or by account, as the election
says for each day; a change from owner to account places the unused lots (`allocation`). A transfer
carries cost, age and place in the order from pool to pool; in a pool of the owner it is nothing.

The method of a day decides disposals and transfers alike (26 CFR 1.1012-1(j)(3)). Nothing is
rounded but a share of a cost or of proceeds, to 1e-18, and the last slice takes what is left.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from plimsoll.kernel.identifiers import AssetId, TransactionId, WalletId
from plimsoll.kernel.money import ZERO, divide, format_amount, share
from plimsoll.tax.domain.allocation import Allocation, allocate
from plimsoll.tax.domain.calendars import long_from
from plimsoll.tax.domain.countries import Country
from plimsoll.tax.domain.lots import Held, LotPool, Method
from plimsoll.tax.domain.movements import Acquired, Carried, Disposed, Earned, Movement
from plimsoll.tax.domain.results import (
    Lot,
    Matched,
    Rule,
    Shortfall,
    ShortfallPolicy,
    Slice,
    Term,
)


class Scope(StrEnum):
    """Which units are matched with each other."""

    OWNER = "owner"
    ACCOUNT = "account"


ALWAYS: Final = date.min


@dataclass(frozen=True, slots=True)
class Election:
    """What the person chose, or the law, each from a day on, the oldest first."""

    methods: tuple[tuple[date, Method], ...] = ((ALWAYS, Method.FIFO),)
    scopes: tuple[tuple[date, Scope], ...] = ((ALWAYS, Scope.ACCOUNT),)
    shortfalls: ShortfallPolicy = ShortfallPolicy.ZERO_BASIS
    allocation: Allocation = field(default_factory=Allocation)


RULES: Final = {method: Rule(method.value) for method in Method}


def match(
    movements: Sequence[Movement],
    country: Country,
    election: Election,
    *,
    as_of: date | None = None,
) -> Matched:
    """Slices, incomes, lots left and shortfalls of `movements`, which are in the order of time.

    `as_of`: changes of scope up to that day take place even when nothing happens afterwards.
    """
    matcher = _Matcher(movements, country, election)
    matcher.sweep(movements)
    if as_of is not None:
        matcher.advance(as_of)
    matcher.list_lots()
    return matcher.matched


Cut = tuple[Held, Decimal, Decimal, Decimal | None, Rule]
"""Units of a lot that go to one disposal: lot, quantity, cost, market value, by what right."""


class _Matcher:
    """The pools while movements pass."""

    def __init__(self, movements: Sequence[Movement], country: Country, election: Election) -> None:
        self.country, self.election = country, election
        self.matched = Matched()
        self.long_from: dict[date, date] = {}
        self.pools: dict[tuple[AssetId, int | None], LotPool] = {}  # a UUID is slow to hash
        self.balances: dict[AssetId, dict[WalletId, Decimal]] = {}
        self.places = _places(movements)
        self.named = _named_lots(movements, self.places)
        self.method = election.methods[0][1]
        self.rule = RULES[self.method]
        self.by_account = election.scopes[0][1] is Scope.ACCOUNT
        self.methods_ahead = list(reversed(election.methods[1:]))
        self.scopes_ahead = list(reversed(election.scopes[1:]))
        self.next_change = ALWAYS
        self.advance(ALWAYS)

    def sweep(self, movements: Sequence[Movement]) -> None:
        for index, movement in zip(self.places, movements, strict=True):
            if movement.day >= self.next_change:
                self.advance(movement.day)
            match movement:
                case Acquired():
                    self._acquire(index, movement)
                case Disposed():
                    self._dispose(movement)
                case Carried():
                    self._carry(index, movement)
                case Earned():
                    self.matched.incomes.append(movement)

    def advance(self, day: date) -> None:
        """What the election says for `day` comes into force."""
        while self.methods_ahead and self.methods_ahead[-1][0] <= day:
            self.method = self.methods_ahead.pop()[1]
            self.rule = RULES[self.method]
        while self.scopes_ahead and self.scopes_ahead[-1][0] <= day:
            by_account = self.scopes_ahead.pop()[1] is Scope.ACCOUNT
            if by_account and not self.by_account:
                self._split_pools()
            elif self.by_account and not by_account:
                self._merge_pools()
            self.by_account = by_account
        ahead = [each[-1][0] for each in (self.methods_ahead, self.scopes_ahead) if each]
        self.next_change = min(ahead, default=date.max)

    def _pool(self, asset: AssetId, account: WalletId) -> LotPool:
        key = (asset, account.int if self.by_account else None)
        pool = self.pools.get(key)
        if pool is None:
            pool = self.pools[key] = LotPool(asset, account if self.by_account else None)
        return pool

    def _move(self, asset: AssetId, account: WalletId, quantity: Decimal) -> None:
        """Keep count of what each account holds while the pools do not know it."""
        held = self.balances.setdefault(asset, {})
        held[account] = held.get(account, ZERO) + quantity

    def _acquire(self, index: int, movement: Acquired) -> None:
        asset, account = movement.asset, movement.account
        if not self.by_account:
            self._move(asset, account, movement.quantity)
        held = self._lot(index, movement, quantity=movement.quantity, cost=movement.cost)
        held.market_value = movement.market_value
        if movement.since != movement.day:
            self._date(held, movement.since)
        self._pool(asset, account).add(held)

    def _lot(
        self, index: int, movement: Acquired | Carried, *, quantity: Decimal, cost: Decimal
    ) -> Held:
        held = Held(index, movement.ref, acquired_at=movement.at, day=movement.day)
        held.quantity, held.cost, held.unit = quantity, cost, divide(cost, quantity)
        self._date(held, movement.day)
        return held

    def _date(self, held: Held, since: date) -> None:
        held.since = since
        if self.country.years is not None:
            after = self.long_from.get(since)
            if after is None:
                after = self.long_from[since] = long_from(since, years=self.country.years)
            held.long_from = after

    def _dispose(self, movement: Disposed) -> None:
        pool = self._pool(movement.asset, movement.account)
        cuts, missing = self._take(pool, movement.quantity, movement.picks, movement)
        if not self.by_account:
            self._move(movement.asset, movement.account, missing - movement.quantity)
        left, proceeds = movement.quantity, movement.proceeds
        for cut in cuts:
            quantity = cut[1]
            part = share(proceeds, quantity, left)
            left -= quantity
            proceeds -= part
            self.matched.slices.append(self._slice(movement, cut, part))
        if missing:
            self._miss(movement, movement.account, missing)
            self.matched.slices.append(self._unknown(movement, missing, proceeds))

    def _unknown(self, movement: Disposed, quantity: Decimal, proceeds: Decimal) -> Slice:
        """What nobody knows the purchase of: all gain, or, where it is excluded, none."""
        excluded = self.election.shortfalls is ShortfallPolicy.EXCLUDE
        cost = proceeds if excluded else ZERO
        term = self.country.before if movement.taxed else Term.NONE
        return Slice(movement, None, None, quantity, proceeds, cost, term, Rule.SHORTFALL)

    def _take(
        self,
        pool: LotPool,
        wanted: Decimal,
        picks: Iterable[tuple[TransactionId, Decimal]],
        movement: Disposed | Carried,
    ) -> tuple[list[Cut], Decimal]:
        """Units from the pool, the named ones first; and how many it does not have."""
        cuts = list[Cut]()
        for of, named in picks:
            most = min(wanted, named)
            for index in self.named.get(of, ()):
                held = pool.live.get(index)
                if held is not None and most:
                    taken = min(held.quantity, most)
                    cuts.append((held, taken, *pool.cut(held, taken), Rule.SPECIFIC))
                    most -= taken
                    wanted -= taken
            if most:
                self.matched.warnings.append(
                    f"{movement.ref.transaction}: {format_amount(most)} {movement.asset} were "
                    f"identified as of {of} and are not there; {self.method} applies"
                )
        method, rule = self.method, self.rule
        while wanted:
            held = pool.first(method)
            if held is None:
                break
            taken = min(held.quantity, wanted)
            cuts.append((held, taken, *pool.cut(held, taken), rule))
            wanted -= taken
        return cuts, wanted

    def _slice(self, movement: Disposed, cut: Cut, proceeds: Decimal) -> Slice:
        held, quantity, cost, market_value, rule = cut
        since, after, term = held.since, held.long_from, Term.NONE
        if not movement.taxed:
            proceeds = cost
        else:
            if market_value is not None and proceeds <= cost:
                # A gift worth less than its donor's cost: no loss from that cost, no gain from
                # the value then (IRC 1015(a)); who uses the value counts from the gift on.
                if proceeds < market_value:
                    cost, since = market_value, held.day
                    after = after and long_from(since, years=self.country.years or 1)
                else:
                    cost = proceeds
            if after is not None:
                term = self.country.after if movement.day >= after else self.country.before
        return Slice(movement, held.ref, since, quantity, proceeds, cost, term, rule)

    def _carry(self, index: int, movement: Carried) -> None:
        asset, source, target = movement.asset, movement.source, movement.target
        if not self.by_account:
            self._move(asset, source, -movement.quantity)
            self._move(asset, target, movement.quantity)
            return
        if source == target:
            return
        arriving = self._pool(asset, target)
        cuts, missing = self._take(self._pool(asset, source), movement.quantity, (), movement)
        for held, quantity, cost, market_value, _ in cuts:
            arriving.add(held.part(quantity, cost, market_value))
        if missing:
            self._miss(movement, source, missing)
            if self.election.shortfalls is not ShortfallPolicy.EXCLUDE:
                arriving.add(self._lot(index, movement, quantity=missing, cost=ZERO))

    def _miss(self, movement: Disposed | Carried, account: WalletId, quantity: Decimal) -> None:
        self.matched.shortfalls.append(
            Shortfall(
                movement.ref,
                movement.asset,
                account,
                movement.at,
                quantity,
                self.election.shortfalls,
            )
        )

    def _split_pools(self) -> None:
        """Pools of the owner become pools of accounts."""
        whole, self.pools = self.pools, {}
        for pool in whole.values():
            parts = allocate(
                pool.asset,
                list(pool.live.values()),
                self.balances.get(pool.asset, {}),
                self.election.allocation,
            )
            for account, held, quantity in parts:
                key = (pool.asset, account.int)
                there = self.pools.get(key) or LotPool(pool.asset, account)
                there.add(held.part(quantity, *pool.cut(held, quantity)))
                self.pools[key] = there
        self.balances = {}

    def _merge_pools(self) -> None:
        """Pools of accounts become pools of the owner."""
        apart, self.pools = self.pools, {}
        for pool in apart.values():
            whole = self.pools.setdefault((pool.asset, None), LotPool(pool.asset, None))
            for held in pool.live.values():
                whole.add(held)
                if pool.account is not None:
                    self._move(pool.asset, pool.account, held.quantity)

    def list_lots(self) -> None:
        """What is left, in the order of acquisition."""
        left = [
            (held.index, pool, held) for pool in self.pools.values() for held in pool.live.values()
        ]
        left.sort(key=lambda each: each[0])
        self.matched.lots = [
            Lot(
                held.ref,
                pool.asset,
                pool.account,
                held.acquired_at,
                held.since,
                held.quantity,
                held.cost,
                held.market_value,
            )
            for _, pool, held in left
        ]


def _places(movements: Sequence[Movement]) -> list[int]:
    """The place of each movement in the order of acquisition: by time, within a moment by id."""
    places, start, end = list(range(len(movements))), 0, len(movements)
    while start < end:
        stop, at = start + 1, movements[start].at
        while stop < end and movements[stop].at == at:
            stop += 1
        if stop > start + 1:
            refs = [
                (movements[n].ref.transaction.int, movements[n].ref.leg, n)
                for n in range(start, stop)
            ]
            for place, (_, _, n) in enumerate(sorted(refs), start):
                places[n] = place
        start = stop
    return places


def _named_lots(
    movements: Sequence[Movement], places: Sequence[int]
) -> dict[TransactionId, list[int]]:
    """The lots of each transaction that some disposal names."""
    named: dict[TransactionId, list[int]] = {
        of: []
        for movement in movements
        if isinstance(movement, Disposed)
        for of, _ in movement.picks
    }
    if named:
        for index, movement in zip(places, movements, strict=True):
            if isinstance(movement, Acquired) and movement.ref.transaction in named:
                named[movement.ref.transaction].append(index)
    return named
