"""Seeded worlds: 2 to 50 accounts, random commands of every kind, prices that walk and jump.

A command is made when it is due, with a look at the machine it goes to, so that cancels and amends
meet orders that are there; the same seed makes the same commands for ever.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from plimsoll.trading.domain.accounts import Account, MarginMode, TradingState
from plimsoll.trading.domain.commands import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    Command,
    Countdown,
    Deposit,
    ForceReduce,
    FundInsurance,
    ListInstrument,
    MoveMargin,
    OpenAccount,
    PassTime,
    PlaceOrder,
    Quote,
    SetHedge,
    SetIndex,
    SetLeverage,
    SetLimits,
    SetMarginMode,
    SetState,
    SetTier,
    Transfer,
    Withdraw,
)
from plimsoll.trading.domain.house import HouseStyle, quotes
from plimsoll.trading.domain.instruments import MONEY
from plimsoll.trading.domain.listing import DEFAULT_INSTRUMENTS
from plimsoll.trading.domain.machine import Machine
from plimsoll.trading.domain.orders import (
    Attached,
    Leg,
    OrderType,
    Side,
    TimeInForce,
    TriggerOn,
)

Draft = Callable[..., Command]
"""A command but for its number and time."""
START_MS: Final = 1_767_225_600_000
HOUSE: Final = 1
LISTED: Final = {each.symbol: each for each in DEFAULT_INSTRUMENTS}
PRICES: Final = {"BTC-PERP": 500_000, "DOGE-PERP": 15_000, "BTC-USDT": 5_000_000}
"""Index prices in ticks at the start."""
STYLE: Final = HouseStyle(levels=4, quantity=4_000, half_spread_ppm=300, gap_ppm=800)


@dataclass(slots=True)
class World:
    """What a seed makes of a machine. The commands look at the venue, so each is made when it is
    due.
    """

    seed: int
    machine: Machine = field(default_factory=Machine)
    at_ms: int = START_MS
    prices: dict[str, int] = field(default_factory=lambda: dict(PRICES))
    begun: bool = False
    jumps: float = 0.05
    """How many of the moves of a price are gaps."""

    def commands(self) -> Iterator[Command]:
        """Without end, numbered: for a machine that gets them all."""
        return (draft(seq=seq, at_ms=self.at_ms) for seq, draft in enumerate(self.drafts(), 1))

    def drafts(self) -> Iterator[Draft]:
        """Without end: first the world, then what people do in it at `at_ms`."""
        chance = random.Random(self.seed)  # noqa: S311 -- the same world for the same seed
        people = range(2, 2 + int(50 ** chance.random()))
        self.begun, self.jumps = False, chance.choice((0.05, 0.4))
        yield from self._beginning(chance, people)
        self.begun = True
        symbols = tuple(PRICES)
        while True:
            self.at_ms += chance.choice((0, 0, 1, 40, 900, 5_000))
            if chance.random() < 0.002:
                self.at_ms += 4 * 3_600_000
            yield self._next(chance, people, symbols)

    def _beginning(self, chance: random.Random, people: range) -> Iterator[Draft]:
        for symbol in PRICES:
            yield partial(ListInstrument, instrument=LISTED[symbol])
        yield partial(OpenAccount, account=HOUSE, leverage_cap=1, house=True)
        big = 10**8 * MONEY
        yield partial(Deposit, account=HOUSE, asset="tether", amount=big)
        yield partial(Deposit, account=HOUSE, asset="tether", amount=big, spot=True)
        yield partial(Deposit, account=HOUSE, asset="bitcoin", amount=10**4 * MONEY, spot=True)
        yield partial(FundInsurance, amount=chance.choice((100, 10_000, 1_000_000)) * MONEY)
        for who in people:
            cap = chance.choice((5, 20, 50, 125))
            yield partial(OpenAccount, account=who, leverage_cap=cap, fee_tier=chance.randrange(4))
            money = chance.choice((100, 3_000, 50_000)) * MONEY
            yield partial(Deposit, account=who, asset="tether", amount=money)
            yield partial(Deposit, account=who, asset="tether", amount=money, spot=True)
            yield partial(Deposit, account=who, asset="bitcoin", amount=MONEY, spot=True)
        for symbol, price in PRICES.items():
            yield partial(SetIndex, symbol=symbol, index_price=price)

    def _next(self, chance: random.Random, people: range, symbols: Sequence[str]) -> Any:
        who = chance.choice(people) if chance.random() > 0.002 else 999
        symbol = chance.choice(symbols) if chance.random() > 0.002 else "NONE"
        drawn = chance.random()
        if drawn < 0.12:
            return self._move_price(chance, symbol)
        if drawn < 0.22:
            return self._quote(chance, symbol)
        if drawn < 0.70:
            return self._place(chance, who, symbol)
        if drawn < 0.90:
            return self._change(chance, who, symbol)
        return self._rare(chance, who, symbol)

    def _move_price(self, chance: random.Random, symbol: str) -> Any:
        price = self.prices.get(symbol, 1)
        size = 0.08 if chance.random() < self.jumps else 0.004
        price = max(10, int(price * (1 + chance.gauss(0, size))))
        self.prices[symbol] = price
        return partial(SetIndex, symbol=symbol, index_price=price)

    def _quote(self, chance: random.Random, symbol: str) -> Any:
        if chance.random() < 0.15:
            return partial(Quote, account=HOUSE, symbol=symbol, bids=(), asks=())
        account = self.machine.venue.accounts.get(HOUSE)
        exposure = account.exposures.get(symbol) if account else None
        position = exposure.positions.get(Leg.NET) if exposure else None
        index = self.prices.get(symbol, 1)
        if chance.random() < 0.1:  # a gap is coming, and the house is on its other side already
            index = max(1, index * chance.choice((60, 80, 120, 150)) // 100)
        made = quotes(
            STYLE,
            index_price=index,
            inventory=position.quantity if position else 0,
            seed=chance.randrange(1 << 32),
        )
        return partial(
            Quote,
            account=HOUSE,
            symbol=symbol,
            bids=made.bids,
            asks=made.asks,
            index_price=chance.choice((0, index)),
        )

    def _place(self, chance: random.Random, who: int, symbol: str) -> Any:
        price = self.prices.get(symbol, 1)
        side = chance.choice(tuple(Side))
        if chance.random() < 0.4:
            side = Side.BUY if who % 2 else Side.SELL  # what somebody believes in, so it adds up
        kind = chance.choices(tuple(OrderType), (10, 8, 1, 1, 1, 1, 1))[0]
        limit = kind in {OrderType.LIMIT, OrderType.STOP, OrderType.TAKE_PROFIT}
        triggered = kind not in {OrderType.LIMIT, OrderType.MARKET}
        fields: dict[str, Any] = {
            "price": self._near(chance, price) if limit else 0,
            "time_in_force": chance.choices(tuple(TimeInForce), (8, 2, 1, 1, 1))[0]
            if limit or chance.random() < 0.1
            else TimeInForce.GTC,
            "leg": self._leg(chance, who),
            "reduce_only": chance.random() < 0.15,
        }
        if fields["time_in_force"] is TimeInForce.GTD:
            fields["expires_at_ms"] = self.at_ms + chance.choice((0, 500, 60_000))
        if triggered:
            fields |= self._trigger(chance, kind, price)
        if chance.random() < 0.05:
            fields["leverage"] = chance.choice((0, 1, 5, 20, 101))
        if chance.random() < 0.1:
            fields["client_id"] = f"c{chance.randrange(20)}"
        if chance.random() < 0.1:
            fields["attached"] = self._attached(chance, side, price)
        quantity = self._size(chance, who, symbol, price)
        if kind is OrderType.LIMIT and chance.random() < 0.1:
            side = self._despair(who, symbol) or side
            fields["price"] = int(price * (1 - 0.045 * side * chance.choice((1, -1))))
            fields["reduce_only"] = chance.random() < 0.5
        if chance.random() < 0.05:
            fields["close_position"], quantity = True, 0
        if chance.random() < 0.01:
            quantity = chance.choice((0, -1, 10**30))
        return partial(
            PlaceOrder,
            account=who,
            symbol=symbol,
            side=side,
            type=kind,
            quantity=quantity,
            **fields,
        )

    def _trigger(self, chance: random.Random, kind: OrderType, price: int) -> dict[str, Any]:
        fields: dict[str, Any] = {"trigger": chance.choice((*TriggerOn, None))}
        if kind is OrderType.TRAILING_STOP:
            fields["callback_ppm"] = chance.choice((1_000, 10_000))
        if kind is not OrderType.TRAILING_STOP or chance.random() < 0.3:
            fields["trigger_price"] = self._near(chance, price)
        return fields

    def _despair(self, who: int, symbol: str) -> Side | None:
        """The side that closes a position, to be used with a price far from the mark."""
        account = self.machine.venue.accounts.get(who)
        exposure = account.exposures.get(symbol) if account else None
        for position in exposure.positions.values() if exposure else ():
            return Side.SELL if position.quantity > 0 else Side.BUY
        return None

    def _size(self, chance: random.Random, who: int, symbol: str, price: int) -> int:
        """Often nearly all that somebody can carry, so that there is somebody to liquidate."""
        account = self.machine.venue.accounts.get(who)
        if symbol not in LISTED or account is None or chance.random() < 0.4:
            return int(10 ** chance.uniform(1, 4))
        exposure = account.exposures.get(symbol)
        leverage = exposure.leverage if exposure else account.leverage_cap
        most = account.wallet * leverage // (price * LISTED[symbol].unit)
        return int(most * chance.choice((0.1, 0.5, 0.95))) + 1

    def _near(self, chance: random.Random, price: int) -> int:
        """Half of them round numbers, where people meet in one queue."""
        found = max(1, int(price * (1 + chance.gauss(0, 0.004 if chance.random() < 0.8 else 0.03))))
        coarse = 10 ** (len(str(found)) - 3)
        return found // coarse * coarse if coarse >= 1 and chance.random() < 0.5 else found

    def _leg(self, chance: random.Random, who: int) -> Leg:
        account = self.machine.venue.accounts.get(who)
        hedged = bool(account and account.hedge) != (chance.random() < 0.02)
        return chance.choice((Leg.LONG, Leg.SHORT)) if hedged else Leg.NET

    def _attached(self, chance: random.Random, side: Side, price: int) -> tuple[Attached, ...]:
        away = max(1, int(price * chance.choice((0.002, 0.01))))
        both = (
            Attached(OrderType.TAKE_PROFIT_MARKET, price + side * away, TriggerOn.LAST),
            Attached(OrderType.STOP_MARKET, price - side * away),
        )
        return both[: chance.randrange(1, 3)]

    def _change(self, chance: random.Random, who: int, symbol: str) -> Any:
        venue = self.machine.venue
        account = venue.accounts.get(who)
        mine = _orders(account) if account else []
        if venue.orders and chance.random() < (0.02 if mine else 0.4):
            mine = [chance.choice(list(venue.orders))]
            who = chance.choice((who, venue.orders[mine[0]].account))
        order = chance.choice(mine) if mine else 77
        drawn = chance.random()
        if drawn < 0.45:
            return partial(CancelOrder, account=who, order=order)
        if drawn < 0.9:
            old = self.machine.venue.orders.get(order)
            price = self._near(chance, old.price) if old and old.price else 0
            quantity = max(1, int(old.quantity * chance.uniform(0.2, 2))) if old else 5
            return partial(
                AmendOrder,
                account=who,
                order=order,
                price=chance.choice((0, price)),
                quantity=chance.choice((0, quantity)),
                counted=True,
            )
        if drawn < 0.93:
            return partial(CancelAll, account=who, symbol=chance.choice(("", symbol)))
        if drawn < 0.97:
            return partial(PassTime)
        return partial(
            Countdown, account=who, until_ms=chance.choice((0, self.at_ms + 5_000, self.at_ms))
        )

    def _rare(self, chance: random.Random, who: int, symbol: str) -> Any:
        leg, amount = self._leg(chance, who), int(10 ** chance.uniform(0, 3)) * MONEY
        spot, sign = chance.random() < 0.4, chance.choice((1, -1))
        asset = chance.choice(("tether", "bitcoin"))
        made = (
            partial(Deposit, account=who, asset=asset, amount=amount, spot=spot),
            partial(Withdraw, account=who, asset=asset, amount=amount, spot=spot),
            partial(Transfer, account=who, amount=sign * amount),
            partial(MoveMargin, account=who, symbol=symbol, leg=leg, amount=sign * amount // 10),
            partial(MoveMargin, account=who, symbol=symbol, leg=leg, amount=sign * amount // 10),
            partial(
                SetLeverage, account=who, symbol=symbol, leverage=chance.choice((1, 3, 10, 20))
            ),
            partial(SetLeverage, account=who, symbol=symbol, leverage=chance.choice((0, 50, 125))),
            partial(
                SetMarginMode, account=who, symbol=symbol, mode=chance.choice(tuple(MarginMode))
            ),
            partial(SetMarginMode, account=who, symbol=symbol, mode=MarginMode.ISOLATED),
            partial(SetHedge, account=who, hedge=chance.random() < 0.5),
            partial(SetTier, account=who, leverage_cap=chance.choice((5, 20)), fee_tier=1),
            self._state(chance, who, symbol) if chance.random() < 0.3 else partial(PassTime),
            partial(SetState, state=TradingState.ACTIVE),
            partial(SetState, state=TradingState.ACTIVE, symbol=symbol),
            partial(SetState, state=TradingState.ACTIVE, account=who),
            self._limits(chance) if chance.random() < 0.5 else partial(PassTime),
            partial(ForceReduce, account=who, symbol=symbol, leg=leg, quantity=sign * 50),
            partial(FundInsurance, amount=sign * amount),
            partial(OpenAccount, account=who, leverage_cap=5),
            partial(ListInstrument, instrument=LISTED["BTC-PERP"]),
            partial(PassTime),
        )
        return chance.choice(made)

    def _state(self, chance: random.Random, who: int, symbol: str) -> Any:
        state = chance.choice(tuple(TradingState))
        return partial(
            SetState, state=state, **chance.choice(({}, {"symbol": symbol}, {"account": who}))
        )

    def _limits(self, chance: random.Random) -> Any:
        if chance.random() < 0.6:
            return partial(SetLimits, account_notional=0, venue_notional=0, orders_per_second=0)
        return partial(
            SetLimits,
            account_notional=chance.choice((0, 20_000 * MONEY)),
            venue_notional=chance.choice((0, 10**6 * MONEY)),
            orders_per_second=chance.choice((0, 3)),
        )


def _orders(account: Account) -> list[int]:
    mine = [each for exposure in account.exposures.values() for each in exposure.orders]
    return mine + [each for orders in account.spot_orders.values() for each in orders]
