"""Whether those who would trade can pay: no wallet is ever below zero because of a fill.

Margin keeps most of this, but a fill can be worse than the mark by which margin is counted: a maker
whose price the mark has left, a position closed far from it. What a fill takes is its loss on the
closed part, its fee, and for an isolated position what has to be put aside for the opened part.
"""

from plimsoll.trading.domain.accounts import Account, Exposure, MarginMode, Position
from plimsoll.trading.domain.fills import apply_fill, fee
from plimsoll.trading.domain.instruments import Instrument
from plimsoll.trading.domain.matching import Plan
from plimsoll.trading.domain.matching import plan as market_plan
from plimsoll.trading.domain.orders import Leg, Order, Side
from plimsoll.trading.domain.venue import Market, Venue

BUY = Side.BUY
ISOLATED = MarginMode.ISOLATED


def fee_ppm(account: Account, instrument: Instrument, *, maker: bool) -> int:
    if account.house:
        return 0
    fees = instrument.fees
    tier = fees[min(account.fee_tier, len(fees) - 1)]
    return tier.maker_ppm if maker else tier.taker_ppm


def put_aside(account: Account) -> int:
    """Σ of the wallet that stands for isolated positions."""
    return sum(
        position.isolated
        for exposure in account.exposures.values()
        if exposure.mode is ISOLATED
        for position in exposure.positions.values()
    )


def market_limit(market: Market, side: Side) -> int:
    """How far an order at the market's price may go from the mark, in ticks."""
    band = market.instrument.band_ppm
    if side is BUY:
        return market.mark * (1_000_000 + band) // 1_000_000
    return max(1, -(-market.mark * (1_000_000 - band) // 1_000_000))


def closable(account: Account, symbol: str, leg: Leg, side: Side) -> int:
    """How many steps an order of this side could take off the position."""
    exposure = account.exposures.get(symbol)
    position = exposure.positions.get(leg) if exposure else None
    return max(0, -side * position.quantity) if position else 0


class Trial:
    """One position as fills would leave it, and what they would take from the free wallet."""

    __slots__ = ("isolated", "leverage", "position", "ppm", "unit")

    def __init__(self, exposure: Exposure, leg: Leg, *, unit: int, ppm: int) -> None:
        self.isolated = exposure.mode is ISOLATED
        self.leverage = exposure.leverage
        self.unit = unit
        self.ppm = ppm
        held = exposure.positions.get(leg)
        self.position = Position(held.quantity, held.cost, held.isolated) if held else Position()

    def fill(self, side: Side, *, quantity: int, price: int) -> int:
        """By how much one more fill changes what is free."""
        unit, position = self.unit, self.position
        done = apply_fill(position, side, quantity=quantity, price=price, unit=unit)
        change = done.profit - fee(price=price, quantity=quantity, unit=unit, ppm=self.ppm)
        if self.isolated:
            aside = -(-done.opened * price * unit // self.leverage)
            position.isolated += aside
            change += done.released - aside
        return change


def plan_order(venue: Venue, market: Market, order: Order, limit: int) -> Plan:
    """What the order would do now, without the makers that could not pay for their part."""
    accounts, book = venue.accounts, market.book

    def room(maker: Order) -> int:
        return closable(accounts[maker.account], maker.symbol, maker.leg, maker.side)

    unable: set[int] = set()
    while True:
        outcome = market_plan(
            book,
            account=order.account,
            side=order.side,
            quantity=order.quantity - order.filled,
            limit=limit,
            room=room,
            unable=unable,
        )
        if market.base_unit or not outcome.matches:
            return outcome
        found = uncovered(venue, market, outcome)
        if not found:
            return outcome
        unable |= found


def uncovered(venue: Venue, market: Market, outcome: Plan) -> set[int]:
    """The makers of a plan, by id, that the wallet of their account could not pay for: of each
    account the first one, because without it the others may fit.
    """
    instrument = market.instrument
    unit = instrument.unit
    trials: dict[tuple[int, Leg], Trial] = {}
    free: dict[int, int] = {}
    found: set[int] = set()
    for maker, price, quantity, _, _ in outcome.matches:
        who = maker.account
        account = venue.accounts[who]
        if who not in free:
            free[who] = account.wallet - put_aside(account)
        elif free[who] < 0:
            continue
        trial = trials.get((who, maker.leg))
        if trial is None:
            trial = trials[who, maker.leg] = Trial(
                account.exposures[maker.symbol],
                maker.leg,
                unit=unit,
                ppm=fee_ppm(account, instrument, maker=True),
            )
        free[who] += trial.fill(maker.side, quantity=quantity, price=price)
        if free[who] < 0:
            found.add(maker.id)
    return found
