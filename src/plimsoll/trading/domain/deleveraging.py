"""Automatic deleveraging: when the fund cannot take a bankrupt's position over, those who have
gained most by the most risk are closed against it, at the bankrupt's price and without fees.

    score = profit ÷ collateral × margin ratio

Profit at the mark. Collateral: what was put aside for an isolated position; for a cross one its
cost ÷ leverage, the margin it was opened with. Margin ratio: maintenance ÷ margin balance, of the
position or of the cross account. So a loss ranks behind every profit. The fund and the bankrupt's
own other leg come last.

When so much was lost that even those at a loss are reached, nobody of them pays more than he has:
the rest is made good (covering.py).
"""

from collections import deque
from collections.abc import Iterator
from typing import Final

from plimsoll.trading.domain.accounts import Account, Exposure, MarginMode, Position
from plimsoll.trading.domain.brackets import maintenance
from plimsoll.trading.domain.covering import cover, make_good, sweep_fund
from plimsoll.trading.domain.ending import end_orders
from plimsoll.trading.domain.events import Deleveraged, EndReason, FillCause
from plimsoll.trading.domain.execution import tell_position
from plimsoll.trading.domain.finding import FUND
from plimsoll.trading.domain.handover import Holder, hand_over
from plimsoll.trading.domain.orders import Leg
from plimsoll.trading.domain.standing import standing
from plimsoll.trading.domain.step import Candidate, Step
from plimsoll.trading.domain.venue import Market, Venue

ISOLATED: Final = MarginMode.ISOLATED
SCALE: Final = 10**18
QUANTILES: Final = 5


def rank(venue: Venue, market: Market, *, side: int, last: int = FUND) -> list[Candidate]:
    """Who holds a position of a side (above zero: long), those to be closed first in front. Looks
    at all holders of the market.
    """
    candidates: list[Candidate] = []
    for who, leg in market.holders:
        account = venue.accounts[who]
        exposure = account.exposures[market.instrument.symbol]
        position = exposure.positions[leg]
        if position.quantity * side > 0:
            score = _score(venue, market, account, exposure, position)
            candidates.append(Candidate(who, leg, score))
    candidates.sort(
        key=lambda each: (each.account in {FUND, last}, -each.score, each.account, each.leg)
    )
    return candidates


def quantiles(candidates: list[Candidate]) -> dict[tuple[int, Leg], int]:
    """The fifth of a ranking that each is in, 4 for those that come first: a warning light."""
    count = len(candidates)
    return {
        (each.account, each.leg): QUANTILES - 1 - place * QUANTILES // count
        for place, each in enumerate(candidates)
    }


def _score(
    venue: Venue, market: Market, account: Account, exposure: Exposure, position: Position
) -> int:
    value = market.mark * market.instrument.unit
    profit = position.quantity * value - position.cost
    if exposure.mode is ISOLATED:
        collateral, balance = position.isolated, position.isolated + profit
        kept = maintenance(market.instrument.brackets, abs(position.quantity) * value)
    else:
        now = standing(account, venue.markets)
        balance, kept = now.balance, now.maintenance
        collateral = abs(position.cost) // exposure.leverage
    return profit * kept * SCALE // (max(1, collateral) * max(1, balance))


def deleverage(
    step: Step, market: Market, account: Account, leg: Leg, *, quantity: int, price: int
) -> None:
    """Close `quantity` signed steps of a bankrupt's position against the ranking. There is always
    enough: positions of a market add up to zero.
    """
    side = 1 if quantity > 0 else -1
    left = abs(quantity)
    for place, candidate in _queue(step, market, account, -side):
        left -= _close(
            step,
            market,
            Holder(account, leg),
            candidate,
            quantity=side * left,
            price=price,
            place=place,
        )
        if not left:
            return
    assert not left


def _queue(
    step: Step, market: Market, account: Account, side: int
) -> Iterator[tuple[int, Candidate]]:
    """Those to be closed, with their places. A ranking looks at everybody, so one is made for all
    bankrupts of a command; when it is used up, a new one with all who came since and who are last.
    """
    symbol = market.instrument.symbol
    accounts = step.venue.accounts
    ranking = step.rankings.get((symbol, side))
    if ranking is None:
        ranking = step.rankings[symbol, side] = deque(
            enumerate(rank(step.venue, market, side=side))
        )
    while ranking:
        who, leg, _ = ranking[0][1]
        position = accounts[who].exposures[symbol].positions.get(leg)
        if position is None or position.quantity * side <= 0 or who in {FUND, account.id}:
            ranking.popleft()
        else:
            yield ranking[0]
    del step.rankings[symbol, side]
    yield from enumerate(rank(step.venue, market, side=side, last=account.id))


def _close(
    step: Step,
    market: Market,
    bankrupt: Holder,
    candidate: Candidate,
    *,
    quantity: int,
    price: int,
    place: int,
) -> int:
    """Close one of the ranking, no more than `quantity` signed steps; how many it was."""
    venue, symbol = step.venue, market.instrument.symbol
    who, leg, _ = candidate
    other = venue.accounts[who]
    exposure = other.exposures[symbol]
    end_orders(step, exposure.orders.values(), EndReason.DELEVERAGING)
    position = exposure.positions[leg]
    closed = min(abs(quantity), abs(position.quantity))
    signed = closed if quantity > 0 else -closed
    aside, wallet = position.isolated, other.wallet
    worth = standing(other, venue.markets).balance
    hand_over(
        step,
        market,
        bankrupt,
        Holder(other, leg),
        quantity=signed,
        price=price,
        cause=FillCause.DELEVERAGING,
    )
    step.events.append(Deleveraged(who, symbol, leg, -signed, price, place))
    if who == FUND:
        sweep_fund(step, bankrupt.account.id)
    elif other is not bankrupt.account:
        if exposure.mode is ISOLATED:
            _keep_apart(step, other, exposure, leg, aside=aside, wallet=wallet)
        else:
            _spare(step, other, worth)
        cover(step, other)
    return closed


def _spare(step: Step, account: Account, worth: int) -> None:
    """A cross account that was `worth` something is not made bankrupt by somebody else's loss."""
    after = standing(account, step.venue.markets).balance
    if after < min(worth, 0):
        make_good(step, account, min(worth, 0) - after)


def _keep_apart(
    step: Step, account: Account, exposure: Exposure, leg: Leg, *, aside: int, wallet: int
) -> None:
    """An isolated position that lost more than what was released for the closed part loses the
    rest of its own, and nothing that is not its own.
    """
    position = exposure.positions.get(leg)
    rest = position.isolated if position else 0
    beyond = wallet - account.wallet - (aside - rest)
    if beyond <= 0:
        return
    if position and rest:
        position.isolated -= min(beyond, rest)
        tell_position(step, account.id, exposure, leg)
    if beyond > rest:
        make_good(step, account, beyond - rest)
