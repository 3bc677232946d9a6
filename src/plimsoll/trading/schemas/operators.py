"""JSON shapes of what operators do to the exchange. Money is in coins of the settlement asset."""

from decimal import Decimal
from typing import Annotated, Final
from uuid import UUID

from pydantic import Field

from plimsoll.access.domain.principals import Tier
from plimsoll.kernel.identifiers import AssetId
from plimsoll.plumbing.shapes import (
    Amount,
    AssetName,
    Body,
    Figure,
    Moment,
    PositiveAmount,
    Text,
    UnsignedAmount,
    View,
)
from plimsoll.trading.domain.accounts import TradingState
from plimsoll.trading.domain.brackets import make_brackets
from plimsoll.trading.domain.events import Filled, OrderEnded, PositionChanged
from plimsoll.trading.domain.instruments import (
    MILLION,
    Bracket,
    Fees,
    Instrument,
    InstrumentKind,
)
from plimsoll.trading.domain.listing import TETHER, InstrumentRefused, unit_of
from plimsoll.trading.domain.mark import RATE
from plimsoll.trading.domain.orders import Leg
from plimsoll.trading.domain.units import (
    average_price,
    entry_price,
    money_of,
    quantity_of,
    to_money,
)
from plimsoll.trading.engine.applied import Applied
from plimsoll.trading.engine.states import EngineState
from plimsoll.trading.schemas.instruments import Symbol
from plimsoll.trading.service.operators import Carried, Fund, Limits
from plimsoll.trading.storage.lease import LeaseRow

Reason = Annotated[Text, Field(min_length=1, max_length=500, description="For the audit log")]

COARSEST: Final = Decimal(10_000)
"""Of ticks and steps: with them every notional still fits where money is kept."""
HIGHEST_CAP: Final = 10**10
"""Of brackets, in whole coins, for the same reason."""
MOST_STEPS: Final = 10**15


class StateBody(Body):
    """Of one market, of one person's account, or without both of the whole venue."""

    state: TradingState
    symbol: Symbol | None = None
    user_id: UUID | None = None
    reason: Reason


class StateView(View):
    state: TradingState
    symbol: str | None
    user_id: UUID | None
    orders_ended: int
    seq: int

    @classmethod
    def of(cls, body: StateBody, applied: Applied) -> "StateView":
        return cls(
            state=body.state,
            symbol=body.symbol,
            user_id=body.user_id,
            orders_ended=sum(isinstance(each, OrderEnded) for each in applied.events),
            seq=applied.seq,
        )


class LimitsBody(Body):
    """The most notional that one account, and all together, may have; orders of one account in a
    second. 0: no limit. What is there already stays.
    """

    account_notional: UnsignedAmount
    venue_notional: UnsignedAmount
    orders_per_second: Annotated[int, Field(strict=True, ge=0, le=100_000)]
    reason: Reason

    def limits(self) -> Limits:
        """Raises AmountOffGrid and NumberTooLarge."""
        return Limits(
            to_money(self.account_notional) if self.account_notional else 0,
            to_money(self.venue_notional) if self.venue_notional else 0,
            self.orders_per_second,
        )


class LimitsView(View):
    """0: no limit."""

    account_notional: Figure
    venue_notional: Figure
    orders_per_second: int

    @classmethod
    def of(cls, limits: Limits) -> "LimitsView":
        return cls(
            account_notional=money_of(limits.account_notional),
            venue_notional=money_of(limits.venue_notional),
            orders_per_second=limits.orders_per_second,
        )


class ReduceBody(Body):
    """A part of somebody's position, closed at the market whatever the trading state."""

    user_id: UUID
    symbol: Symbol
    position_side: Leg = Leg.NET
    quantity: PositiveAmount
    reason: Reason


class ReducedView(View):
    """What became of it: the market may have held less. `position` is what is left, signed."""

    user_id: UUID
    symbol: str
    position_side: Leg
    filled_quantity: Figure
    average_price: Figure | None
    fee: Figure
    realised_profit: Figure
    position: Figure | None = Field(description="Null when nothing was filled")
    seq: int

    @classmethod
    def of(cls, body: ReduceBody, applied: Applied, instrument: Instrument) -> "ReducedView":
        own = [each for each in applied.events if isinstance(each, Filled) and not each.maker]
        account = own[0].account if own else 0
        fills = [each for each in own if each.account == account]
        left = [
            each.quantity
            for each in applied.events
            if isinstance(each, PositionChanged)
            and (each.account, each.symbol, each.leg) == (account, body.symbol, body.position_side)
        ]
        quantity = sum(each.quantity for each in fills)
        cost = sum(each.quantity * each.price for each in fills)
        return cls(
            user_id=body.user_id,
            symbol=body.symbol,
            position_side=body.position_side,
            filled_quantity=quantity_of(instrument, quantity),
            average_price=average_price(instrument, cost=cost, quantity=quantity),
            fee=money_of(sum(each.fee for each in fills)),
            realised_profit=money_of(sum(each.profit for each in fills)),
            position=quantity_of(instrument, left[-1]) if left else None,
            seq=applied.seq,
        )


class TierBody(Body):
    tier: Tier
    reason: Reason


class TierView(View):
    """`seq` is null when the person has no trading account yet: it will be opened like this."""

    user_id: UUID
    tier: Tier
    leverage_cap: int
    seq: int | None


class InsuranceBody(Body):
    amount: Amount = Field(description="Above 0 into the fund, below 0 out of it")
    reason: Reason

    def units(self) -> int:
        """Raises AmountOffGrid and NumberTooLarge."""
        money = to_money(abs(self.amount)) if self.amount else 0
        return money if self.amount > 0 else -money


class CarriedView(View):
    """A position that the fund took over and works off."""

    symbol: str
    quantity: Figure
    entry_price: Figure | None

    @classmethod
    def of(cls, carried: Carried) -> "CarriedView":
        instrument = carried.instrument
        return cls(
            symbol=instrument.symbol,
            quantity=quantity_of(instrument, carried.quantity),
            entry_price=entry_price(instrument, cost=carried.cost, quantity=carried.quantity),
        )


class FundView(View):
    balance: Figure
    positions: list[CarriedView]
    seq: int

    @classmethod
    def of(cls, fund: Fund) -> "FundView":
        return cls(
            balance=money_of(fund.balance),
            positions=[CarriedView.of(each) for each in fund.positions],
            seq=fund.seq,
        )


class FeesBody(Body):
    """Ratios of what an order is worth; a maker's may be below 0."""

    maker: Amount
    taker: UnsignedAmount


class LevelBody(Body):
    """From `floor` on: `maintenance_rate` as a ratio, and the highest leverage."""

    floor: UnsignedAmount
    maintenance_rate: PositiveAmount
    max_leverage: Annotated[int, Field(strict=True, ge=1, le=1_000)]


class ListingBody(Body):
    """A new market. `fees` by tier, from beginner to advanced, the last for all after it; brackets
    and what funding needs are of perpetuals.
    """

    symbol: Symbol
    kind: InstrumentKind
    base: AssetName
    tick: PositiveAmount
    step: PositiveAmount
    minimum_notional: PositiveAmount = Decimal(5)
    max_quantity: PositiveAmount
    price_band: PositiveAmount = Decimal("0.1")
    fees: Annotated[list[FeesBody], Field(min_length=1, max_length=len(Tier))]
    brackets: Annotated[tuple[LevelBody, ...], Field(max_length=50)] = ()
    bracket_cap: PositiveAmount | None = None
    liquidation_fee: UnsignedAmount = Decimal("0.012")
    funding_interval_h: Annotated[int, Field(strict=True, ge=1, le=24)] = 8
    interest: UnsignedAmount = Decimal("0.0001")
    funding_cap: UnsignedAmount = Decimal("0.02")
    max_orders: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 200
    reason: Reason

    def instrument(self, base: AssetId) -> Instrument:
        """As the machine takes it. Raises InstrumentRefused and what is wrong with brackets."""
        spot = self.kind is InstrumentKind.SPOT
        if not self.symbol.endswith("-USDT" if spot else "-PERP"):
            raise InstrumentRefused(
                f"a {self.kind.value} instrument is called …{'-USDT' if spot else '-PERP'}",
                facts={"symbol": self.symbol},
            )
        if max(self.tick, self.step) > COARSEST:
            raise InstrumentRefused("tick or step is too coarse", facts={"most": str(COARSEST)})
        if self.max_quantity > MOST_STEPS * self.step:
            raise InstrumentRefused("the most quantity is too many steps")
        return Instrument(
            symbol=self.symbol,
            kind=self.kind,
            base=base,
            settle=TETHER,
            tick=self.tick,
            step=self.step,
            unit=unit_of(self.tick, self.step),
            minimum_notional=to_money(self.minimum_notional),
            most_quantity=_whole(self.max_quantity, self.step, "max_quantity"),
            band_ppm=_ppm(self.price_band, "price_band"),
            fees=tuple(
                Fees(_ppm(each.maker, "maker"), _ppm(each.taker, "taker")) for each in self.fees
            ),
            brackets=() if spot and not self.brackets else self._brackets(),
            liquidation_fee_ppm=0 if spot else _ppm(self.liquidation_fee, "liquidation_fee"),
            funding_interval_h=self.funding_interval_h,
            interest=_whole(self.interest, Decimal(1) / RATE, "interest"),
            funding_cap=_whole(self.funding_cap, Decimal(1) / RATE, "funding_cap"),
            most_orders=self.max_orders,
        )

    def _brackets(self) -> tuple[Bracket, ...]:
        cap = self.bracket_cap
        if not self.brackets or cap is None or cap > HIGHEST_CAP:
            raise InstrumentRefused(
                "a perpetual has brackets, and a cap for the last one",
                facts={"most": str(HIGHEST_CAP)},
            )
        return make_brackets(
            [
                (
                    _whole(each.floor, Decimal(1), "floor"),
                    _ppm(each.maintenance_rate, "maintenance_rate"),
                    each.max_leverage,
                )
                for each in self.brackets
            ],
            cap=_whole(cap, Decimal(1), "bracket_cap"),
        )


def _ppm(ratio: Decimal, name: str) -> int:
    return _whole(ratio, Decimal(1) / MILLION, name)


def _whole(number: Decimal, grid: Decimal, name: str) -> int:
    whole, rest = divmod(number, grid)
    if rest:
        raise InstrumentRefused(
            f"{name} has to be a multiple of {grid:f}", facts={name: f"{number:f}"}
        )
    return int(whole)


class ListedView(View):
    symbol: str
    seq: int


class JournalView(View):
    """Where the journal stands, whichever process writes it. `epoch` counts its writers."""

    seq: int
    epoch: int
    writer_since: Moment
    snapshot_seq: int | None
    snapshot_at: Moment | None

    @classmethod
    def of(cls, row: LeaseRow) -> "JournalView":
        return cls(
            seq=row.seq,
            epoch=row.epoch,
            writer_since=row.taken_at,
            snapshot_seq=row.snapshot_seq,
            snapshot_at=row.snapshot_at,
        )


class EngineView(View):
    """The writer in this process: only one of all processes is `running`."""

    state: EngineState
    epoch: int
    seq: int
    waiting: int = Field(description="Commands that wait for their turn")
    instruments: int
    awake: list[str] = Field(description="Markets that follow their index now")
    journal: JournalView
