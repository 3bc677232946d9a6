"""JSON shapes of what those who oversee see. Money is in coins of the settlement asset."""

from decimal import Decimal
from typing import Generic, Literal, TypeVar
from uuid import UUID

from pydantic import Field

from plimsoll.access.domain.audit import Row
from plimsoll.access.domain.principals import Role, Tier
from plimsoll.access.service.directory import PeopleCount
from plimsoll.kernel.clock import from_ms
from plimsoll.operations.domain.cases import Severity
from plimsoll.operations.schemas.cases import NAMES, SeverityName
from plimsoll.operations.service.regulator import (
    Exposed,
    Exposure,
    Overview,
    PersonRow,
    PositionRow,
)
from plimsoll.plumbing.paging import Page
from plimsoll.plumbing.shapes import Figure, Moment, View
from plimsoll.trading.domain.accounts import TradingState
from plimsoll.trading.domain.events import Deleveraged, LiquidationStarted, TakenOver
from plimsoll.trading.domain.instruments import MILLION, Instrument
from plimsoll.trading.domain.orders import Leg
from plimsoll.trading.domain.overseeing import NO_RATIO, Concentration, Sight
from plimsoll.trading.domain.units import entry_price, money_of, price_of, quantity_of
from plimsoll.trading.service.oversight import EngineState, LiquidatedRow, Picture, Step

T = TypeVar("T")


def _share(ppm: int) -> Decimal:
    return Decimal(ppm) / MILLION


def _ratio(ppm: int) -> Decimal | None:
    return None if ppm == NO_RATIO else _share(ppm)


def _part(part: int, whole: int) -> Decimal | None:
    """Rounded down to a millionth; None of nothing."""
    return _share(part * MILLION // whole) if whole else None


class SeenPage(Page[T], Generic[T]):
    """A page of what is live: as it was after command `seq`, at `at`."""

    seq: int
    at: Moment


class PeopleView(View):
    role: Role
    tier: Tier
    enabled: bool
    people: int

    @classmethod
    def of(cls, count: PeopleCount) -> "PeopleView":
        return cls(role=count.role, tier=count.tier, enabled=count.enabled, people=count.people)


class SpreadView(View):
    """How much is with few: the largest share, and the sum of the squares of all shares
    (Herfindahl–Hirschman): 1 where one has everything, 1/n where n have the same.
    """

    largest_share: Figure
    hhi: Figure

    @classmethod
    def of(cls, spread: Concentration) -> "SpreadView":
        return cls(largest_share=_share(spread.largest_ppm), hhi=_share(spread.hhi_ppm))


class OpenView(View):
    """Of people; what they are long and short, the house is short and long. `venue_notional` is the
    open interest of all markets at the marks, which the venue's limit is held against.
    """

    people: int
    long: Figure
    short: Figure
    net: Figure
    notional: Figure
    venue_notional: Figure
    threshold: Figure
    share_of_threshold: Figure
    concentration: SpreadView


class LimitView(View):
    """`limit` 0: none, and nothing of it is used. `used` is the most of any account, or of all."""

    limit: Figure
    used: Figure
    share: Figure | None

    @classmethod
    def of(cls, *, limit: int, used: int) -> "LimitView":
        return cls(limit=money_of(limit), used=money_of(used), share=_part(used, limit))


class LimitsInForceView(View):
    account_notional: LimitView
    venue_notional: LimitView
    orders_per_second: int = Field(description="Of one account; 0: no limit")


class MarketStateView(View):
    symbol: str
    state: TradingState


class TradingStateView(View):
    """Of the venue, and markets that are not active."""

    venue: TradingState
    markets: list[MarketStateView]
    engine: EngineState


class OverviewView(View):
    """The desk at one moment, after command `seq` of the exchange.

    In danger is whose margin ratio is 0.8 or more; at 1 liquidation begins. `liquidations_24h`
    began in the last 24 hours; `volume_24h` is what people traded in this hour and the 23 before
    it, as far as the last compliance scan has counted.
    """

    seq: int
    at: Moment
    people: list[PeopleView]
    accounts: int
    exposure: OpenView
    in_danger: int
    liquidations_24h: int
    volume_24h: Figure
    insurance_fund: Figure
    active_cases: dict[SeverityName, int]
    limits: LimitsInForceView
    trading: TradingStateView

    @classmethod
    def of(cls, seen: Overview) -> "OverviewView":
        sight = seen.picture.sight
        return cls(
            seq=sight.seq,
            at=from_ms(sight.at_ms),
            people=[PeopleView.of(each) for each in seen.people],
            accounts=sight.accounts,
            exposure=_open(seen),
            in_danger=seen.in_danger,
            liquidations_24h=seen.day.liquidations,
            volume_24h=seen.day.volume,
            insurance_fund=money_of(sight.insurance),
            active_cases={NAMES[each]: seen.cases.get(each, 0) for each in Severity},
            limits=_limits(sight, largest=seen.largest),
            trading=TradingStateView(
                venue=sight.state,
                markets=[
                    MarketStateView(symbol=symbol, state=each.state)
                    for symbol, each in sight.markets.items()
                    if each.state is not TradingState.ACTIVE
                ],
                engine=seen.engine_state,
            ),
        )


def _open(seen: Overview) -> OpenView:
    long, short, total = seen.long, seen.short, seen.picture.sight.venue_notional
    return OpenView(
        people=len(seen.picture.stances),
        long=money_of(long),
        short=money_of(short),
        net=money_of(long - short),
        notional=money_of(long + short),
        venue_notional=money_of(total),
        threshold=money_of(seen.threshold),
        share_of_threshold=_share(total * MILLION // seen.threshold),
        concentration=SpreadView.of(seen.spread),
    )


def _limits(sight: Sight, *, largest: int) -> LimitsInForceView:
    return LimitsInForceView(
        account_notional=LimitView.of(limit=sight.most_account_notional, used=largest),
        venue_notional=LimitView.of(limit=sight.most_venue_notional, used=sight.venue_notional),
        orders_per_second=sight.orders_per_second,
    )


class ExposureView(View):
    """Open notional of people at the marks: of a symbol, or of one person. Both sides are above
    zero; `share` is of all that is listed.
    """

    symbol: str | None
    user_id: UUID | None
    positions: int
    long: Figure
    short: Figure
    net: Figure
    notional: Figure
    share: Figure | None
    share_of_threshold: Figure

    @classmethod
    def of(cls, row: Exposed, whole: Exposure) -> "ExposureView":
        return cls(
            symbol=row.symbol,
            user_id=row.user_id,
            positions=row.positions,
            long=money_of(row.long),
            short=money_of(row.short),
            net=money_of(row.long - row.short),
            notional=money_of(row.notional),
            share=_part(row.notional, whole.total),
            share_of_threshold=_share(row.notional * MILLION // whole.threshold),
        )


class ExposurePage(SeenPage[ExposureView]):
    """`notional` and `concentration` are of all pages together."""

    notional: Figure
    threshold: Figure
    concentration: SpreadView


class OverseenPositionView(View):
    """Somebody's open position. `margin_ratio` is that of what stands for it, null when nothing is
    left; `isolated_margin` null: all cross positions stand together.
    """

    user_id: UUID | None
    symbol: str
    position_side: Leg
    quantity: Figure
    entry_price: Figure | None
    mark_price: Figure
    notional: Figure
    profit: Figure
    leverage: int
    isolated_margin: Figure | None
    margin_ratio: Figure | None

    @classmethod
    def of(cls, row: PositionRow, picture: Picture) -> "OverseenPositionView":
        weighed, holding = row.weighed, row.weighed.holding
        instrument = picture.sight.markets[holding.symbol].instrument
        aside = holding.isolated
        return cls(
            user_id=row.user_id,
            symbol=holding.symbol,
            position_side=holding.leg,
            quantity=quantity_of(instrument, holding.quantity),
            entry_price=entry_price(instrument, cost=holding.cost, quantity=holding.quantity),
            mark_price=price_of(instrument, weighed.mark),
            notional=money_of(weighed.notional),
            profit=money_of(weighed.profit),
            leverage=holding.leverage,
            isolated_margin=None if aside is None else money_of(aside),
            margin_ratio=_ratio(weighed.ratio_ppm),
        )


class OverseenLiquidationView(View):
    """One step of somebody's liquidation: `started` with its margins, `taken-over` by the insurance
    fund, or `deleveraged` against somebody bankrupt; what it says nothing of is null.
    """

    id: str
    at: Moment
    user_id: UUID | None
    event: Step
    symbol: str | None
    side: Literal["long", "short"] | None
    quantity: Figure | None
    price: Figure | None
    margin: Figure | None
    maintenance_margin: Figure | None

    @classmethod
    def of(cls, row: LiquidatedRow, instrument: Instrument | None) -> "OverseenLiquidationView":
        """`instrument` of the event's symbol; None without one, or where it is not known."""
        event = row.event
        started = event if isinstance(event, LiquidationStarted) else None
        closed = event if isinstance(event, TakenOver | Deleveraged) else None
        exact = closed if instrument is not None else None
        return cls(
            id=f"{row.seq}-{row.number}",
            at=from_ms(row.at_ms),
            user_id=row.user_id,
            event=row.kind,
            symbol=event.symbol or None,
            side=("long" if closed.quantity > 0 else "short") if closed else None,
            quantity=quantity_of(instrument, abs(exact.quantity)) if exact and instrument else None,
            price=price_of(instrument, exact.price) if exact and instrument else None,
            margin=money_of(started.margin) if started else None,
            maintenance_margin=money_of(started.maintenance) if started else None,
        )


class OverseenPersonView(View):
    """Somebody with an account, what they have open, and how they stand against their limit.

    `leverage` is the highest in use, of one isolated position or of all cross ones: notional for
    each coin that stands for it.
    """

    user_id: UUID
    role: Role
    tier: Tier
    enabled: bool
    created_at: Moment
    last_sign_in: Moment | None
    notional: Figure
    leverage: Figure
    leverage_limit: int
    margin_ratio: Figure | None = Field(description="The worst; null: nothing is left")
    active_cases: int

    @classmethod
    def of(cls, row: PersonRow) -> "OverseenPersonView":
        person, stance = row.person, row.stance
        return cls(
            user_id=person.id,
            role=person.role,
            tier=person.tier,
            enabled=person.disabled_at is None,
            created_at=person.created_at,
            last_sign_in=person.last_sign_in,
            notional=money_of(stance.notional if stance else 0),
            leverage=_share(stance.leverage_ppm if stance else 0),
            leverage_limit=row.leverage_cap,
            margin_ratio=_ratio(stance.ratio_ppm if stance else 0),
            active_cases=row.cases,
        )


class AuditEntryView(View):
    """An entry of the audit log; `hash` is over it and the one before."""

    sequence: int
    at: Moment
    event: str
    user_id: UUID | None
    subject: str | None
    address: str | None
    facts: dict[str, str | int | bool | None]
    hash: str

    @classmethod
    def of(cls, row: Row) -> "AuditEntryView":
        return cls(
            sequence=row.sequence,
            at=row.at,
            event=row.event,
            user_id=row.user_id,
            subject=row.subject,
            address=row.address,
            facts=dict(row.facts),
            hash=row.hash.hex(),
        )
