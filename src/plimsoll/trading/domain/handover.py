"""A position changes hands without the book: at a price that is given, without fees.

So the insurance fund takes over, and so those in profit are closed against somebody bankrupt.
"""

from typing import Final, NamedTuple

from plimsoll.trading.domain.accounts import Account
from plimsoll.trading.domain.events import FillCause, Filled, WalletChanged, WalletReason
from plimsoll.trading.domain.execution import move_position, tell_position
from plimsoll.trading.domain.holds import exposure_of
from plimsoll.trading.domain.orders import Leg, Side
from plimsoll.trading.domain.step import Step
from plimsoll.trading.domain.venue import Market

PROFIT: Final = WalletReason.PROFIT


class Holder(NamedTuple):
    account: Account
    leg: Leg


def hand_over(
    step: Step,
    market: Market,
    giver: Holder,
    taker: Holder,
    *,
    quantity: int,
    price: int,
    cause: FillCause,
) -> None:
    """`quantity` signed steps of the giver's position. Both wallets get or pay their profit, and
    may be below zero after it: the caller makes it good.
    """
    side = Side.SELL if quantity > 0 else Side.BUY
    step.venue.fills += 1
    for holder, own_side, is_maker in ((giver, side, False), (taker, Side(-side), True)):
        account, leg = holder
        exposure = exposure_of(account, market)
        profit = move_position(
            market, account, exposure, leg, own_side, quantity=abs(quantity), price=price
        )
        step.events.append(
            Filled(
                step.venue.fills, 0, account.id, exposure.symbol, own_side, leg, price,
                abs(quantity), 0, profit, is_maker, cause, 0, 0, 0,
            )
        )  # fmt: skip
        if profit:
            account.wallet += profit
            step.events.append(WalletChanged(account.id, "", profit, account.wallet, PROFIT))
        tell_position(step, account.id, exposure, leg)
        step.touched[account.id] = account
