"""Funding: what long and short positions pay each other so that trades stay near the index.

    rate    = (P + clamp(I − P, −0.05 %, +0.05 %)) ÷ (8 ÷ N), not beyond the cap
    payment = quantity × mark × rate, at the stamp; long positions pay when the rate is above zero

P is the premium of the interval of N hours, each one counted for as long as it stood, and I the
interest for 8 hours. An interval in which nobody looked has rate 0.

A stamp is settled by the first command at or after it that lets time pass, before anything else of
it and at the mark before it: what was opened by an earlier command pays, what comes later does not,
whatever the milliseconds say. The next stamp is set in the same step, so none is settled twice.

Payments are rounded up, receipts down; the difference is the venue's. An isolated position pays
with what was put aside for it. Who has not enough money pays the rest with profit: it is added to
the cost of a position (covering.py), and nobody else has to pay for it.
"""

from typing import Final

from plimsoll.trading.domain.accounts import Account, MarginMode
from plimsoll.trading.domain.covering import cover, sweep_fund
from plimsoll.trading.domain.events import FundingSettled, WalletChanged, WalletReason
from plimsoll.trading.domain.execution import tell_position
from plimsoll.trading.domain.finding import FUND
from plimsoll.trading.domain.instruments import Instrument
from plimsoll.trading.domain.mark import (
    PREMIUM,
    RATE,
    MarkState,
    close_premium,
    next_stamp,
    round_half_even,
)
from plimsoll.trading.domain.orders import Leg
from plimsoll.trading.domain.step import Step
from plimsoll.trading.domain.venue import Market

ISOLATED: Final = MarginMode.ISOLATED
FUNDING: Final = WalletReason.FUNDING
DAMPENER: Final = 50_000
"""In hundred-millionths: within 0.05 % of the premium the interest alone is the rate."""
INTEREST_HOURS: Final = 8
FINER: Final = PREMIUM // RATE


def rate_of(instrument: Instrument, *, premium_sum: int, premium_ms: int) -> int:
    """The rate of an interval in hundred-millionths, rounded once, half to even."""
    if not premium_ms:
        return 0
    interest, dampener = instrument.interest * FINER * premium_ms, DAMPENER * FINER * premium_ms
    total = premium_sum + max(-dampener, min(interest - premium_sum, dampener))
    rate = round_half_even(
        total * instrument.funding_interval_h, INTEREST_HOURS * FINER * premium_ms
    )
    return max(-instrument.funding_cap, min(rate, instrument.funding_cap))


def rate_now(market: Market) -> int:
    """What the rate would be if the interval ended now: to be shown."""
    marking = market.marking
    if not marking.premium_ms:
        return rate_of(market.instrument, premium_sum=marking.premium, premium_ms=1)
    return rate_of(
        market.instrument, premium_sum=marking.premium_sum, premium_ms=marking.premium_ms
    )


def payment(quantity: int, *, mark: int, unit: int, rate: int) -> int:
    """What a position pays, in money; below zero: what it gets. Rounded against it."""
    return -(-quantity * mark * unit * rate // RATE)


def settle_due(step: Step) -> None:
    """All stamps that time has reached, market by market. After a silence only the one that ends
    the interval in which somebody looked; those in between pass without payment.
    """
    now = step.at_ms
    for market in step.venue.markets.values():
        stamp_ms = market.marking.stamp_ms
        if stamp_ms and stamp_ms <= now:
            settle(step, market, stamp_ms)
            following = next_stamp(now, market.instrument.funding_interval_h)
            if following > market.marking.stamp_ms:
                _begin(market.marking, following)
                market.marking.premium_at_ms = 0


def settle(step: Step, market: Market, stamp_ms: int) -> None:
    """One stamp of one market: the rate is fixed, everybody pays, and the next interval begins."""
    marking, instrument = market.marking, market.instrument
    assert stamp_ms == marking.stamp_ms
    close_premium(marking, stamp_ms)
    rate = rate_of(instrument, premium_sum=marking.premium_sum, premium_ms=marking.premium_ms)
    marking.last_rate = rate
    _begin(marking, next_stamp(stamp_ms, instrument.funding_interval_h))
    step.events.append(FundingSettled(instrument.symbol, stamp_ms, rate, market.mark))
    if not rate:
        return
    legs: dict[int, list[Leg]] = {}
    for who, leg in sorted(market.holders):
        legs.setdefault(who, []).append(leg)
    accounts = step.venue.accounts
    for who, mine in legs.items():
        _pay(step, market, accounts[who], mine, rate)


def _begin(marking: MarkState, stamp_ms: int) -> None:
    """The interval that ends with this stamp."""
    marking.stamp_ms = stamp_ms
    marking.premium_sum = marking.premium_ms = 0


def _pay(step: Step, market: Market, account: Account, legs: list[Leg], rate: int) -> None:
    venue = step.venue
    exposure = account.exposures[market.instrument.symbol]
    isolated = exposure.mode is ISOLATED
    change = 0
    for leg in legs:
        position = exposure.positions[leg]
        owed = payment(position.quantity, mark=market.mark, unit=market.instrument.unit, rate=rate)
        venue.fees += owed
        if isolated:
            paid = min(owed, position.isolated)
            position.isolated -= paid
            position.cost += owed - paid
            tell_position(step, account.id, exposure, leg)
            owed = paid
        change -= owed
    step.touched[account.id] = account
    account.wallet += change
    if account.id == FUND:
        sweep_fund(step)
        return
    if change:
        step.events.append(WalletChanged(account.id, "", change, account.wallet, FUNDING))
    cover(step, account)
