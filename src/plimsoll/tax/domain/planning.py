"""Before a sale: what is held and what it would bring, which losses are there, and what-if.

Prices are in the tax's currency per unit; an asset without a price has no value here, never 0.
Nothing is recorded by looking.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from plimsoll.kernel.errors import Invalid
from plimsoll.kernel.identifiers import AssetId, TransactionId, WalletId
from plimsoll.kernel.money import ZERO, worth
from plimsoll.ledger.domain.transactions import Kind
from plimsoll.tax.domain import average, matching
from plimsoll.tax.domain.calendars import day_of, long_from
from plimsoll.tax.domain.choices import Way
from plimsoll.tax.domain.countries import Country
from plimsoll.tax.domain.elections import METHODS, MethodNotAllowed
from plimsoll.tax.domain.matching import ALWAYS, Election, Scope
from plimsoll.tax.domain.movements import Acquired, Disposed, Movement, Ref
from plimsoll.tax.domain.results import Lot, Matched, Rule, Slice, Term
from plimsoll.tax.domain.rulesets import Family, Matching, match_movements
from plimsoll.tax.domain.windows import WINDOW, Purchases

SALE = Ref(TransactionId(UUID(int=(1 << 128) - 1)), 0)
"""A sale that is only thought of: after everything that is recorded."""


class SaleInThePast(Invalid):
    """A sale can be tried out from the last recorded moment on."""

    code = "sale-in-the-past"
    title = "That moment lies before what is recorded"


class Unrealised(NamedTuple):
    """A lot, or a pool, and what it would bring now. `long_on`: the first day on which a sale is
    long-term, or exempt; None where nobody asks. `value` None: there is no price.
    """

    ref: Ref | None
    asset: AssetId
    account: WalletId | None
    acquired_on: date | None
    quantity: Decimal
    cost: Decimal
    value: Decimal | None
    term: Term
    long_on: date | None
    days_to_long: int | None

    @property
    def gain(self) -> Decimal | None:
        return None if self.value is None else self.value - self.cost


def unrealised(whole: Matching, prices: Mapping[AssetId, Decimal], as_of: date) -> list[Unrealised]:
    """Everything that is held, lot by lot, or pool by pool where there are no lots.

    In France assets have no cost of their own: only the whole portfolio has a line with one, whose
    value is known when that of every asset is.
    """
    country, found = whole.country, list[Unrealised]()
    for lot in whole.matched.lots:
        since, days = None, None
        if country.years is not None:
            since = long_from(lot.since, years=country.years)
            days = max(0, (since - as_of).days)
        term = country.after if days == 0 else country.before
        value = _value(prices, lot.asset, lot.quantity)
        found.append(
            Unrealised(
                lot.ref,
                lot.asset,
                lot.account,
                lot.since,
                lot.quantity,
                lot.cost,
                value,
                term,
                since,
                days,
            )
        )
    values = {pool.asset: _value(prices, pool.asset, pool.quantity) for pool in whole.matched.pools}
    for pool in whole.matched.pools:
        value = values[pool.asset]
        if whole.ruleset.family is Family.FRANCE:
            if pool.quantity:
                continue
            known = [each for asset, each in values.items() if asset != pool.asset]
            priced = [each for each in known if each is not None]
            value = sum(priced, ZERO) if len(priced) == len(known) else None
        found.append(
            Unrealised(
                None,
                pool.asset,
                pool.account,
                None,
                pool.quantity,
                pool.cost,
                value,
                Term.NONE,
                None,
                None,
            )
        )
    return found


def _value(prices: Mapping[AssetId, Decimal], asset: AssetId, quantity: Decimal) -> Decimal | None:
    price = prices.get(asset)
    return None if price is None else worth(quantity, price)


class Harvest(NamedTuple):
    """`losses`: what would count as a loss, the largest first. `soon`: gains that become long-term
    (or exempt) within the days asked for, the nearest first: better not sold before.
    """

    losses: tuple[Unrealised, ...]
    soon: tuple[Unrealised, ...]


def harvest(held: Iterable[Unrealised], *, within_days: int = 60) -> Harvest:
    """Candidates among what is held. A loss that is exempt saves nothing and is not in it."""
    losses, soon = list[tuple[Decimal, Unrealised]](), list[tuple[int, Unrealised]]()
    for each in held:
        gain = each.gain
        if gain is None:
            continue
        if gain < 0 and each.term is not Term.EXEMPT:
            losses.append((gain, each))
        elif gain > 0 and each.days_to_long and each.days_to_long <= within_days:
            soon.append((each.days_to_long, each))
    losses.sort(key=lambda pair: pair[0])
    soon.sort(key=lambda pair: pair[0])
    return Harvest(tuple(each for _, each in losses), tuple(each for _, each in soon))


@dataclass(frozen=True, slots=True)
class Sale:
    """A sale that is thought of; `proceeds` before `fees`. `picks`: units that would be named.
    `portfolio` (France): what everything is worth just before it.
    """

    asset: AssetId
    account: WalletId
    quantity: Decimal
    proceeds: Decimal
    at: datetime
    fees: Decimal = ZERO
    picks: tuple[tuple[TransactionId, Decimal], ...] = ()
    portfolio: Decimal | None = None


class Warned(NamedTuple):
    """Something to know before the sale. `until`: the last day on which it matters."""

    code: str
    text: str
    until: date | None = None


class Outcome(NamedTuple):
    """What the sale would be under one method. `missing` units have no known acquisition."""

    way: Way
    slices: tuple[Slice, ...]
    proceeds: Decimal
    cost: Decimal
    gain: Decimal
    by_term: Mapping[Term, Decimal]
    missing: Decimal
    warnings: tuple[Warned, ...]


def what_if(whole: Matching, sale: Sale, ways: Sequence[Way] = ()) -> list[Outcome]:
    """The same sale under each method; without `ways` all that the rules allow.

    History stays as it was matched: only the sale itself goes by each method.
    """
    if whole.movements and sale.at < whole.movements[-1].at:
        raise SaleInThePast(f"the last recorded moment is {whole.movements[-1].at.isoformat()}")
    asked = ways or _open_to(whole)
    for way in asked:
        if way not in _open_to(whole):
            raise MethodNotAllowed(
                f"{way} is none of {', '.join(_open_to(whole))}", facts={"method": way.value}
            )
    day = day_of(sale.at, whole.country.zone)
    movement = Disposed(
        SALE,
        Kind.SELL,
        sale.at,
        day,
        sale.asset,
        sale.account,
        sale.quantity,
        sale.proceeds - sale.fees,
        sale.fees,
    )
    if whole.election.scopes[-1][0] != ALWAYS:  # pools that are split by the day of the sale
        whole = replace(whole, matched=match_movements(whole, whole.movements, as_of=day))
    purchases = Purchases(whole.movements)
    outcomes = []
    for way in asked:
        picked = sale.picks if way is Way.SPECIFIC else ()
        matched = _tried(whole, movement._replace(picks=picked), way, sale)
        slices = tuple(each for each in matched.slices if each.disposed.ref == SALE)
        outcomes.append(_outcome(whole, way, slices, purchases))
    return outcomes


def _open_to(whole: Matching) -> tuple[Way, ...]:
    """Methods that the sale may still go by: lots do not become averages, nor the other way."""
    if not whole.by_lots:
        return (whole.ways[0][1],)
    return tuple(way for way in whole.ruleset.methods if way is not Way.AVERAGE)


def _tried(whole: Matching, sale: Disposed, way: Way, asked: Sale) -> Matched:
    family = whole.ruleset.family
    if family is Family.FRANCE:
        portfolios = dict(whole.choices.portfolios)
        if asked.portfolio is not None:
            portfolios[SALE] = asked.portfolio
        choices = replace(whole.choices, portfolios=portfolios)
        return match_movements(replace(whole, choices=choices), [*whole.movements, sale])
    if family in {Family.UK, Family.CANADA}:
        same = [each for each in whole.movements if each.asset == sale.asset]
        return match_movements(whole, [*same, sale])
    policy = whole.choices.shortfalls
    if not whole.by_lots:
        held: list[Movement] = [
            _pooled(sale, number, pool.account or sale.account, pool.quantity, pool.cost)
            for number, pool in enumerate(whole.matched.pools)
            if pool.asset == sale.asset
        ]
        return average.match_average([*held, sale], policy)
    lots = [lot for lot in whole.matched.lots if lot.asset == sale.asset]
    by_owner = any(lot.account is None for lot in lots)
    held = held_again(lots, sale.account, whole.country)
    election = Election(
        methods=((ALWAYS, METHODS[way]),),
        scopes=((ALWAYS, Scope.OWNER if by_owner else Scope.ACCOUNT),),
        shortfalls=policy,
    )
    return matching.match([*held, sale], whole.country, election)


def held_again(lots: Iterable[Lot], account: WalletId, country: Country) -> list[Movement]:
    """Acquisitions that leave these lots behind; those of nobody's account lie in `account`."""
    return [
        Acquired(
            lot.ref,
            Kind.BUY,
            lot.acquired_at,
            day_of(lot.acquired_at, country.zone),
            lot.asset,
            lot.account or account,
            lot.quantity,
            lot.cost,
            lot.since,
            lot.market_value,
        )
        for lot in lots
    ]


def _pooled(
    sale: Disposed, number: int, account: WalletId, quantity: Decimal, cost: Decimal
) -> Acquired:
    ref = Ref(TransactionId(UUID(int=number)), 0)
    return Acquired(ref, Kind.BUY, sale.at, sale.day, sale.asset, account, quantity, cost, sale.day)


def _outcome(whole: Matching, way: Way, slices: tuple[Slice, ...], purchases: Purchases) -> Outcome:
    by_term: dict[Term, Decimal] = {}
    for each in slices:
        by_term[each.term] = by_term.get(each.term, ZERO) + each.gain
    missing = sum((each.quantity for each in slices if each.rule is Rule.SHORTFALL), ZERO)
    return Outcome(
        way,
        slices,
        sum((each.proceeds for each in slices), ZERO),
        sum((each.cost for each in slices), ZERO),
        sum((each.gain for each in slices), ZERO),
        by_term,
        missing,
        tuple(_warnings(whole, slices, purchases)),
    )


def _warnings(whole: Matching, slices: tuple[Slice, ...], purchases: Purchases) -> Iterable[Warned]:
    disposed = slices[0].disposed
    day, until = disposed.day, disposed.day + WINDOW
    loss = sum((each.gain - each.denied for each in slices), ZERO) < 0
    sold = [each.acquired for each in slices if each.acquired is not None]
    near = purchases.near(disposed.asset, day, sold=sold)
    match whole.ruleset.code:
        case "uk":
            yield Warned(
                "bought-back",
                "what is acquired in the 30 days after the sale is matched with it first",
                until,
            )
        case "ca" if loss:
            text = "no purchase lies near it yet"
            if near:
                text = f"acquired on {near[-1].isoformat()}: the loss is denied as far as that is "
                text += "still held 30 days after"
            yield Warned("superficial-loss", f"30 days before to 30 days after; {text}", until)
        case "us" if loss and _watches(whole, day):
            text = "IRC 1091 does not speak of such assets today; you asked to be told"
            if near:
                text = f"acquired on {near[-1].isoformat()}; {text}"
            yield Warned("wash-sale", text, until)
        case _:
            pass
    yield from _waiting(whole, slices, day)


def _watches(whole: Matching, day: date) -> bool:
    since = whole.choices.wash_sales_from
    return since is not None and day >= since


def _waiting(whole: Matching, slices: tuple[Slice, ...], day: date) -> Iterable[Warned]:
    """Gains that would be taxed less later, in the order of the days from which on."""
    years, later = whole.country.years, dict[date, Decimal]()
    if years is None:
        return
    for each in slices:
        if each.acquired_on is not None and each.term is whole.country.before and each.gain > 0:
            since = long_from(each.acquired_on, years=years)
            later[since] = later.get(since, ZERO) + each.quantity
    for since, quantity in sorted(later.items()):
        yield Warned(
            "not-long-yet",
            f"{quantity.normalize():f} of it are {whole.country.after} from {since.isoformat()} on,"
            f" in {(since - day).days} days",
            since - timedelta(1),
        )
