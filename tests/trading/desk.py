"""A machine with people at it, for stories: commands get their numbers and times by themselves, and
after each one everything that must always hold is checked.
"""

from typing import Any, TypeVar

from plimsoll.trading.domain.accounts import Account, MarginMode, Position
from plimsoll.trading.domain.commands import (
    Command,
    Deposit,
    ListInstrument,
    OpenAccount,
    PlaceOrder,
    Quote,
    SetIndex,
    SetMarginMode,
)
from plimsoll.trading.domain.digest import START, chain, state_digest
from plimsoll.trading.domain.events import Event, OrderAccepted, Refused
from plimsoll.trading.domain.instruments import MONEY
from plimsoll.trading.domain.invariants import check
from plimsoll.trading.domain.listing import DEFAULT_INSTRUMENTS
from plimsoll.trading.domain.machine import Machine
from plimsoll.trading.domain.orders import Leg, OrderType, Side

BTC, SPOT = "BTC-PERP", "BTC-USDT"
HOUSE, ANNA, BERT = 1, 2, 3
INDEX = 500_000
"""50,000.0 USDT in ticks of BTC-PERP; a step is 0.001 BTC, worth 50 USDT there."""
UNIT = 10_000
"""Money of one tick times one step of BTC-PERP."""
BUY, SELL = Side.BUY, Side.SELL

E = TypeVar("E")


class Desk:
    """`people`: 100,000 USDT in the margin wallet each, leverage up to 20; the house has plenty."""

    def __init__(self, *, people: tuple[int, ...] = (ANNA, BERT), money: int = 100_000) -> None:
        self.machine = Machine()
        self.venue = self.machine.venue
        self.at_ms = 1_767_225_600_000
        self.chain = START
        self.journal: list[Command] = []
        for instrument in DEFAULT_INSTRUMENTS:
            if instrument.symbol in {BTC, SPOT}:
                self.do(ListInstrument, instrument=instrument)
        self.do(OpenAccount, account=HOUSE, leverage_cap=125, house=True)
        self.do(Deposit, account=HOUSE, asset="tether", amount=10**8 * MONEY)
        for who in people:
            self.do(OpenAccount, account=who, leverage_cap=20)
            self.do(Deposit, account=who, asset="tether", amount=money * MONEY)
        self.do(SetIndex, symbol=BTC, index_price=INDEX)
        self.do(SetIndex, symbol=SPOT, index_price=INDEX * 10)

    def apply(self, kind: type[Any], **fields: Any) -> list[Event]:
        command = kind(seq=self.venue.seq + 1, at_ms=self.at_ms, **fields)
        self.journal.append(command)
        events = self.machine.apply(command)
        self.chain = chain(self.chain, events)
        assert check(self.venue) == []
        return events

    def do(self, kind: type[Any], **fields: Any) -> list[Event]:
        """What is expected to be done."""
        events = self.apply(kind, **fields)
        assert not (events and isinstance(events[0], Refused)), events
        return events

    def refused(self, kind: type[Any], **fields: Any) -> Refused:
        """What is expected to be refused, and to change nothing."""
        before = state_digest(self.venue)
        events = self.apply(kind, **fields)
        assert len(events) == 1
        assert isinstance(events[0], Refused)
        assert state_digest(self.venue) == before
        return events[0]

    def place(
        self, who: int, side: Side, quantity: int, price: int = 0, **more: Any
    ) -> list[Event]:
        """A limit order, or without a price a market order, in BTC-PERP unless said otherwise."""
        return self.do(PlaceOrder, **order(who, side, quantity, price, **more))

    def refuse(self, who: int, side: Side, quantity: int, price: int = 0, **more: Any) -> Refused:
        return self.refused(PlaceOrder, **order(who, side, quantity, price, **more))

    def rest(self, who: int, side: Side, quantity: int, price: int = 0, **more: Any) -> int:
        """The id of an order that was placed."""
        return of(OrderAccepted, self.place(who, side, quantity, price, **more))[0].order

    def quote(self, bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> list[Event]:
        return self.do(Quote, account=HOUSE, symbol=BTC, bids=tuple(bids), asks=tuple(asks))

    def index(self, price: int, symbol: str = BTC) -> list[Event]:
        return self.do(SetIndex, symbol=symbol, index_price=price)

    def walk(self, price: int, *, quantity: int = 1_000) -> list[Event]:
        """A minute later the house quotes around a price, and the index is there: so is the mark
        as far as trades allow.
        """
        self.at_ms += 60_000
        levels = [(price - 10, quantity)], [(price + 10, quantity)]
        events = self.quote(*levels) if quantity else []
        return events + self.index(price)

    def isolate(self, who: int) -> None:
        self.do(SetMarginMode, account=who, symbol=BTC, mode=MarginMode.ISOLATED)

    def account(self, who: int) -> Account:
        return self.venue.accounts[who]

    def position(self, who: int, leg: Leg = Leg.NET) -> Position:
        """An empty one when there is none."""
        exposure = self.account(who).exposures.get(BTC)
        return (exposure.positions.get(leg) if exposure else None) or Position()

    def wallet(self, who: int) -> int:
        return self.account(who).wallet


def order(who: int, side: Side, quantity: int, price: int = 0, **more: Any) -> dict[str, Any]:
    kind = OrderType.LIMIT if price else OrderType.MARKET
    fields = {"account": who, "symbol": BTC, "side": side, "type": kind, "quantity": quantity}
    return fields | {"price": price} | more


def of(kind: type[E], events: list[Event]) -> list[E]:
    """The events of one kind."""
    return [each for each in events if isinstance(each, kind)]


def facts(refusal: Refused) -> dict[str, int | str]:
    return dict(refusal.facts)
