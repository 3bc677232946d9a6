"""Compliance rules: from observed facts to findings. Pure; facts are counted by the caller.

Each rule makes one figure of which higher is worse, and sets it against its levels. Conditions
(leverage, exposure) are over when their figure is; conduct (liquidations, self trades, orders
without trades, sign-ins) is over once a person looked, for a window that has passed excuses
nothing.

Figures with a window count what happened in `window`, up to the moment of the finding. A figure
keeps six places, rounded down, which moves it over no level of as many places.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from plimsoll.kernel.errors import Invalid
from plimsoll.kernel.identifiers import UserId
from plimsoll.kernel.money import CONTEXT
from plimsoll.operations.domain.cases import (
    Closing,
    Evidence,
    Finding,
    Number,
    Rule,
    Severity,
    Subject,
    Terms,
    Zone,
)

_ZERO: Final = Decimal(0)
_PLACES: Final = Decimal("0.000001")
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


class LevelsOutOfOrder(Invalid):
    code = "levels-out-of-order"
    title = "Levels have to rise"


@dataclass(frozen=True, slots=True)
class Levels:
    """A case opens from `open_at` on and its figure is over only below `close_at`; it is medium
    from `medium_at` and high from `high_at` on.
    """

    close_at: Decimal
    open_at: Decimal
    medium_at: Decimal
    high_at: Decimal

    def __post_init__(self) -> None:
        if not self.close_at < self.open_at <= self.medium_at <= self.high_at:
            raise LevelsOutOfOrder("close_at < open_at <= medium_at <= high_at does not hold")

    def severity(self, value: Decimal) -> Severity | None:
        if value < self.open_at:
            return None
        if value < self.medium_at:
            return Severity.LOW
        return Severity.MEDIUM if value < self.high_at else Severity.HIGH


@dataclass(frozen=True, slots=True)
class Measure:
    """A rule as it is set: its levels, how its cases behave, and how many observations its figure
    needs before it says anything.
    """

    rule: Rule
    levels: Levels
    terms: Terms
    least: int = 0

    def judge(
        self,
        subject: Subject,
        at: datetime,
        value: Decimal,
        numbers: Mapping[str, Number],
        *,
        seen: int = 0,
    ) -> Finding:
        """Set a figure against the levels; with fewer than `least` observations it is clear."""
        value = value.quantize(_PLACES, ROUND_FLOOR, context=CONTEXT).normalize(CONTEXT)
        evidence = Evidence(at, value, tuple(sorted(numbers.items())))
        levels, shown = self.levels, f"{value:f}"
        severity = levels.severity(value)
        if seen < self.least:
            zone, severity = Zone.CLEAR, None
            reason = f"{self.rule}: {seen} seen, fewer than {self.least}"
        elif severity is not None:
            zone = Zone.BREACHED
            reason = f"{self.rule}: {shown} reaches {levels.open_at:f}"
        elif value < levels.close_at:
            zone = Zone.CLEAR
            reason = f"{self.rule}: {shown} is below {levels.close_at:f}"
        else:
            zone = Zone.BETWEEN
            reason = f"{self.rule}: {shown} is between {levels.close_at:f} and {levels.open_at:f}"
        return Finding(self.rule, subject, zone, severity, evidence, self.terms, reason)


def _levels(close_at: str, open_at: str, medium_at: str, high_at: str) -> Levels:
    return Levels(Decimal(close_at), Decimal(open_at), Decimal(medium_at), Decimal(high_at))


LEVERAGE: Final = Measure(
    Rule.LEVERAGE,
    _levels("0.8", "0.9", "1.05", "1.25"),
    Terms(Closing.BY_FIGURE, cooldown=_HOUR, every=_HOUR),
)
"""In shares of the tier's limit. Above 1: the limit was lowered, or losses
ate what stood against the position."""

EXPOSURE: Final = Measure(
    Rule.EXPOSURE,
    _levels("0.2", "0.25", "0.5", "0.8"),
    Terms(Closing.BY_FIGURE, cooldown=_HOUR, every=_HOUR),
)
"""Of a person, in shares of the threshold for everybody together."""

SYMBOL_EXPOSURE: Final = replace(EXPOSURE, levels=_levels("0.45", "0.5", "0.75", "0.9"))
"""The same of a symbol: some are expected to have much of it."""

WHOLE_EXPOSURE: Final = replace(EXPOSURE, levels=_levels("0.75", "0.8", "0.9", "1"))
"""The same of everybody together."""

LIQUIDATIONS: Final = Measure(
    Rule.LIQUIDATIONS,
    _levels("1", "2", "4", "8"),
    Terms(Closing.BY_PERSON, cooldown=_DAY, every=_HOUR),
)
"""Liquidations of one person in the window."""

SELF_TRADES: Final = Measure(
    Rule.SELF_TRADES,
    _levels("0.1", "0.2", "0.5", "0.8"),
    Terms(Closing.BY_PERSON, cooldown=_DAY, every=_HOUR),
    least=6,
)
"""Wash-like notional as a share of all of it; `least` in fills."""

ORDER_TO_TRADE: Final = Measure(
    Rule.ORDER_TO_TRADE,
    _levels("50", "100", "250", "1000"),
    Terms(Closing.BY_PERSON, cooldown=_DAY, every=_HOUR),
    least=500,
)
"""Orders, changes and cancels per fill; `least` in those."""

NEW_PLACE: Final = Measure(
    Rule.NEW_PLACE,
    _levels("0.5", "1", "2", "3"),
    Terms(Closing.BY_PERSON, cooldown=30 * _DAY),
)
"""1 for a new place, 1 more for each thing that makes it odd."""


def judge_leverage(
    user_id: UserId,
    symbol: str,
    at: datetime,
    *,
    leverage: Decimal,
    limit: Decimal,
    measure: Measure = LEVERAGE,
) -> Finding:
    """Leverage in use on a symbol, as a share of what the person's tier allows."""
    assert limit > 0
    value = CONTEXT.divide(leverage, limit)
    numbers = {"leverage": leverage, "limit": limit}
    return measure.judge(Subject(user_id, symbol), at, value, numbers)


def judge_exposure(
    subject: Subject,
    at: datetime,
    *,
    notional: Decimal,
    threshold: Decimal,
    measure: Measure = EXPOSURE,
) -> Finding:
    """Open notional of a person, a symbol or everybody, as a share of the global threshold; both
    in one currency.
    """
    assert threshold > 0
    value = CONTEXT.divide(notional, threshold)
    return measure.judge(subject, at, value, {"notional": notional, "threshold": threshold})


def judge_liquidations(
    user_id: UserId,
    at: datetime,
    moments: Collection[datetime],
    *,
    window: timedelta = _DAY,
    measure: Measure = LIQUIDATIONS,
) -> Finding:
    """How often a person was liquidated in the window; moments outside of it are ignored."""
    count = sum(at - window < moment <= at for moment in moments)
    numbers: dict[str, Number] = {"liquidations": count, "window_s": int(window.total_seconds())}
    return measure.judge(Subject(user_id), at, Decimal(count), numbers)


@dataclass(frozen=True, slots=True)
class Trade:
    """A fill by who stood behind its two sides. None is the house: trading with it is no
    arrangement.
    """

    buyer: UserId | None
    seller: UserId | None
    notional: Decimal


@dataclass(frozen=True, slots=True)
class WashLike:
    """A person's trades: with themselves, and passed there and back with one other person."""

    fills: int
    notional: Decimal
    own: Decimal
    round_trips: Decimal


def count_wash_like(user_id: UserId, trades: Iterable[Trade]) -> WashLike:
    """Sum up what did not change hands in the end; a trade of two others is ignored.

    With another person it is twice the smaller of what was bought from and sold to them. Prices
    are not compared: trading back at a profit is honest only now and then, hence a share of it.
    """
    fills, notional, own = 0, _ZERO, _ZERO
    bought, sold = dict[UserId, Decimal](), dict[UserId, Decimal]()
    for trade in trades:
        if user_id not in {trade.buyer, trade.seller}:
            continue
        fills += 1
        notional += trade.notional
        if trade.buyer == trade.seller:
            own += trade.notional
        elif trade.buyer == user_id and trade.seller is not None:
            bought[trade.seller] = bought.get(trade.seller, _ZERO) + trade.notional
        elif trade.buyer is not None and trade.seller == user_id:
            sold[trade.buyer] = sold.get(trade.buyer, _ZERO) + trade.notional
    both_ways = (min(bought[other], sold[other]) for other in bought.keys() & sold.keys())
    return WashLike(fills, notional, own, 2 * sum(both_ways, _ZERO))


def judge_self_trades(
    user_id: UserId,
    symbol: str,
    at: datetime,
    counted: WashLike,
    *,
    window: timedelta = _DAY,
    measure: Measure = SELF_TRADES,
) -> Finding:
    """Wash-like notional on a symbol in the window, as a share of all that the person traded."""
    washed = counted.own + counted.round_trips
    value = CONTEXT.divide(washed, counted.notional) if counted.notional else _ZERO
    numbers: dict[str, Number] = {
        "fills": counted.fills,
        "notional": counted.notional,
        "own": counted.own,
        "round_trips": counted.round_trips,
        "window_s": int(window.total_seconds()),
    }
    return measure.judge(Subject(user_id, symbol), at, value, numbers, seen=counted.fills)


def judge_order_to_trade(
    user_id: UserId,
    at: datetime,
    *,
    orders: int,
    fills: int,
    window: timedelta = _DAY,
    measure: Measure = ORDER_TO_TRADE,
) -> Finding:
    """New, changed and cancelled orders per fill in the window; without a fill, as if with one."""
    value = CONTEXT.divide(Decimal(orders), Decimal(max(fills, 1)))
    numbers: dict[str, Number] = {
        "fills": fills,
        "orders": orders,
        "window_s": int(window.total_seconds()),
    }
    return measure.judge(Subject(user_id), at, value, numbers, seen=orders)


def place_of(address: str) -> str:
    """The network an address is in: /24 of IPv4, /48 of IPv6. Raises ValueError for no address."""
    ip = ip_address(address)
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped is None:
            return str(IPv6Network((int(ip), 48), strict=False))
        ip = ip.ipv4_mapped
    return str(IPv4Network((int(ip), 24), strict=False))


@dataclass(frozen=True, slots=True)
class SignIn:
    """`failures`: sign-ins refused from this place within the window before it."""

    user_id: UserId
    at: datetime
    place: str
    failures: int


def judge_sign_in(
    sign_in: SignIn,
    known: Mapping[str, datetime],
    *,
    window: timedelta = _HOUR,
    known_for: timedelta = 90 * _DAY,
    measure: Measure = NEW_PLACE,
) -> Finding:
    """A sign-in from a place that the person was not seen at in the last `known_for`.

    Odd: they were elsewhere within the window, or others were refused before it. `known` says
    when each place was last seen, without this sign-in; the first one of all is from no new place.
    """
    at, place = sign_in.at, sign_in.place
    remembered = {name: seen for name, seen in known.items() if at - known_for < seen <= at}
    elsewhere = any(at - window < seen for seen in remembered.values())
    new = bool(known) and place not in remembered
    value = Decimal(1 + elsewhere + (sign_in.failures > 0)) if new else _ZERO
    numbers: dict[str, Number] = {
        "failures": sign_in.failures,
        "known_places": len(remembered),
        "place": place,
        "seen_elsewhere": int(elsewhere),
        "window_s": int(window.total_seconds()),
    }
    return measure.judge(Subject(sign_in.user_id, place), at, value, numbers)
