"""Who has to be liquidated, found without looking at everybody.

An account is looked at when something of its own changed, or when an alarm rings: the mark at which
an isolated position, or the only cross position of an account, is due exactly; with several cross
positions a nearer one, before which the account cannot be due even if all others used up their
parts of what is left too. So those found are always all who are due, and what is kept for it
(alarms, the accounts to look at) is no part of the state.

In a halted market nobody is due, nor is a cross account with a position in it: its owner could do
nothing about it. They are looked at again when time passes.
"""

from typing import Final, NamedTuple

from plimsoll.trading.domain import margin
from plimsoll.trading.domain.accounts import Account, Exposure, MarginMode, Position, TradingState
from plimsoll.trading.domain.bankruptcy import Open
from plimsoll.trading.domain.brackets import maintenance
from plimsoll.trading.domain.coverage import put_aside
from plimsoll.trading.domain.finding import FUND
from plimsoll.trading.domain.instruments import MILLION
from plimsoll.trading.domain.orders import Leg
from plimsoll.trading.domain.standing import standing
from plimsoll.trading.domain.step import Step
from plimsoll.trading.domain.venue import Market, Venue

ISOLATED: Final = MarginMode.ISOLATED
HALTED: Final = TradingState.HALTED
WORST: Final = 10**30


class Due(NamedTuple):
    """Who has to be liquidated; `symbol` empty: the cross positions of the account. Sorted, those
    with the worst margin ratio are first.
    """

    order: int
    """− margin ratio in millionths, −WORST without any balance."""
    account: int
    symbol: str
    leg: Leg


class Place(NamedTuple):
    """Where a position is."""

    market: Market
    exposure: Exposure
    leg: Leg
    position: Position

    def open(self) -> Open:
        instrument = self.market.instrument
        return Open(self.position.quantity, self.position.cost, self.market.mark, instrument.unit)

    def maintenance(self) -> int:
        instrument = self.market.instrument
        value = self.market.mark * instrument.unit
        return maintenance(instrument.brackets, abs(self.position.quantity) * value)

    def due_price(self, money: int) -> int | None:
        """If `money` alone stands for it."""
        return margin.due_price(
            self.market.instrument.brackets,
            self.position.quantity,
            cost=self.position.cost,
            margin=money,
            unit=self.market.instrument.unit,
        )

    def fee(self, notional: int) -> int:
        return -(-notional * self.market.instrument.liquidation_fee_ppm // MILLION)


def remember(step: Step) -> None:
    """Look at the accounts that this command changed, when time passes next."""
    step.venue.unchecked.update(dict.fromkeys(step.touched))


def look_at_everyone(venue: Venue) -> None:
    """After a venue was restored: nothing that is derived is there yet."""
    for market in venue.markets.values():
        for who, _ in sorted(market.holders):
            venue.unchecked[who] = None


def find_due(venue: Venue) -> list[Due]:
    """Of those who are to be looked at; the others are watched by alarms from now on."""
    due: list[Due] = []
    for who in list(venue.unchecked):
        if who == FUND or not _look(venue, venue.accounts[who], due):
            del venue.unchecked[who]
    due.sort()
    return due


def _look(venue: Venue, account: Account, due: list[Due]) -> bool:
    """Set the alarms of an account, or note what is due; whether to look again next time."""
    again = False
    cross: list[Place] = []
    for exposure in account.exposures.values():
        market = venue.markets[exposure.symbol]
        for leg, position in exposure.positions.items():
            place = Place(market, exposure, leg, position)
            if exposure.mode is not ISOLATED:
                cross.append(place)
            elif _look_isolated(venue, account, place, due):
                again = True
    if cross and _look_cross(venue, account, cross, due):
        again = True
    return again


def _look_isolated(venue: Venue, account: Account, place: Place, due: list[Due]) -> bool:
    balance, kept = place.position.isolated + place.open().profit, place.maintenance()
    if margin.is_due(maintenance=kept, balance=balance):
        if not is_halted(venue, [place]):
            order = _order(kept, balance)
            due.append(Due(order, account.id, place.exposure.symbol, place.leg))
        return True
    _set_alarm(account, place, place.due_price(place.position.isolated))
    return False


def _look_cross(venue: Venue, account: Account, places: list[Place], due: list[Due]) -> bool:
    now = standing(account, venue.markets)
    if now.is_due:
        if not is_halted(venue, places):
            due.append(Due(_order(now.maintenance, now.balance), account.id, "", Leg.NET))
        return True
    if len(places) == 1:
        place = places[0]
        price = place.due_price(account.wallet - put_aside(account))
        _set_alarm(account, place, price)
        return False
    # Each position may use up an equal part of what is left, less one for roundings: while no mark
    # is beyond its alarm, all together cannot have used up everything.
    part = (now.balance - now.maintenance - 1) // len(places) - 1
    if part < 0:
        return True
    for place in places:
        _set_alarm(account, place, _nearer_price(place, part))
    return False


def _nearer_price(place: Place, part: int) -> int | None:
    """The first mark at which a position has used up more than `part`: by its loss, and when it is
    short by the maintenance that grows at no more than the highest rate.
    """
    instrument, mark = place.market.instrument, place.market.mark
    worth = abs(place.position.quantity) * instrument.unit
    if place.position.quantity > 0:
        price = mark - part // worth - 1
        return price if price > 0 else None
    rate = MILLION + instrument.brackets[-1].maintenance_ppm
    return mark + part * MILLION // (worth * rate) + 1


def _set_alarm(account: Account, place: Place, price: int | None) -> None:
    alarms = place.market.alarms
    if price is None:
        alarms.drop(account.id, place.leg)
    else:
        alarms.put(account.id, place.leg, price=price, long=place.position.quantity > 0)


def is_halted(venue: Venue, places: list[Place]) -> bool:
    return venue.state is HALTED or any(each.market.state is HALTED for each in places)


def _order(maintenance: int, balance: int) -> int:
    ratio = margin.margin_ratio_ppm(maintenance=maintenance, balance=balance)
    return -WORST if ratio is None else -min(ratio, WORST)


def cross_places(venue: Venue, account: Account) -> list[Place]:
    return [
        Place(venue.markets[exposure.symbol], exposure, leg, position)
        for exposure in account.exposures.values()
        if exposure.mode is not ISOLATED
        for leg, position in exposure.positions.items()
    ]
