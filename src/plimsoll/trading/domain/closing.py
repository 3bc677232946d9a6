"""Closing positions at the market: what would be closed now, and why not.

Asks the very checks that an order of this kind has to pass, and changes nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from plimsoll.kernel.errors import Conflict, PlimsollError
from plimsoll.trading.domain.accounts import Account, Exposure, Position
from plimsoll.trading.domain.admission import check_money, check_state
from plimsoll.trading.domain.filters import check_filters
from plimsoll.trading.domain.orders import Leg, Order, OrderType, Side, TimeInForce
from plimsoll.trading.domain.venue import Venue


class TooThin(Conflict):
    """Within the price band nobody takes all of it."""

    code = "too-thin"
    title = "Nobody takes all of the position"


@dataclass(frozen=True, slots=True)
class Closing:
    """A position with `quantity` signed steps. `left`: steps of it that would stay, and `obstacle`
    why.
    """

    symbol: str
    leg: Leg
    quantity: int
    left: int = 0
    obstacle: PlimsollError | None = None

    @property
    def side(self) -> Side:
        """Of the order that closes it."""
        return Side.SELL if self.quantity > 0 else Side.BUY


def closings(venue: Venue, account: Account) -> Iterator[Closing]:
    """Each open position, and what would stay of it if it were the only one to be closed."""
    for exposure in account.exposures.values():
        for leg, position in exposure.positions.items():
            if position.quantity:
                yield _closing(venue, account, exposure, leg, position)


def _closing(
    venue: Venue, account: Account, exposure: Exposure, leg: Leg, position: Position
) -> Closing:
    market, size = venue.markets[exposure.symbol], abs(position.quantity)
    order = Order(
        0,
        account.id,
        exposure.symbol,
        Side.SELL if position.quantity > 0 else Side.BUY,
        OrderType.MARKET,
        0,
        0,
        TimeInForce.IOC,
        leg,
        reduce_only=True,
        close_position=True,
    )
    try:
        check_filters(market, order)
        check_state(venue, market, account)
        order.quantity = size
        outcome = check_money(venue, market, account, exposure, order).outcome
    except PlimsollError as refusal:
        return Closing(exposure.symbol, leg, position.quantity, size, refusal)
    left = outcome.left if outcome else size
    obstacle = TooThin("within the price band nobody takes all of it") if left else None
    return Closing(exposure.symbol, leg, position.quantity, left, obstacle)
