"""No wallet is ever below zero, and neither is the insurance fund: who makes good what is missing.

A loss can be larger than the money of an account that is not bankrupt: it has profit in another
position that nobody has paid yet. Then that profit is realised without closing anything: what is
missing is added to the cost of the position and to the wallet. Profit plus wallet stays the same,
and so does Σ wallets − Σ cost, by which all money of the venue is accounted for.

Only when no position is left the fund pays, and what the fund does not have either is the venue's
own loss: what it earned as fees, which may be below zero.
"""

from typing import Final

from plimsoll.trading.domain.accounts import Account, Exposure, MarginMode, Position
from plimsoll.trading.domain.coverage import put_aside
from plimsoll.trading.domain.events import InsuranceChanged, WalletChanged, WalletReason
from plimsoll.trading.domain.execution import tell_position
from plimsoll.trading.domain.finding import FUND
from plimsoll.trading.domain.orders import Leg
from plimsoll.trading.domain.step import Step
from plimsoll.trading.domain.venue import Venue

ISOLATED: Final = MarginMode.ISOLATED


def fund_of(venue: Venue) -> Account:
    """The account under which the fund holds positions. Its money is `venue.insurance`, its wallet
    is empty after every step.
    """
    fund = venue.accounts.get(FUND)
    if fund is None:
        fund = venue.accounts[FUND] = Account(FUND, leverage_cap=1, house=True)
    return fund


def change_insurance(step: Step, amount: int, account: int) -> None:
    """Into the fund, or out of it; not more than it has."""
    venue = step.venue
    venue.insurance += amount
    assert venue.insurance >= 0
    if amount:
        step.events.append(InsuranceChanged(amount, venue.insurance, account))


def make_good(step: Step, account: Account, amount: int) -> None:
    """Pay into a wallet what it lost beyond what it had: the fund, then the venue."""
    venue = step.venue
    paid = min(amount, venue.insurance)
    change_insurance(step, -paid, account.id)
    venue.fees -= amount - paid
    account.wallet += amount
    step.touched[account.id] = account
    step.events.append(
        WalletChanged(account.id, "", amount, account.wallet, WalletReason.INSURANCE)
    )


def cover(step: Step, account: Account) -> None:
    """Bring the free wallet back to zero or more, with profit of cross positions if there is any
    position, else by making good.
    """
    missing = put_aside(account) - account.wallet
    if missing <= 0:
        return
    if not _realise(step, account, missing):
        make_good(step, account, missing)
        return
    account.wallet += missing
    step.touched[account.id] = account
    step.events.append(WalletChanged(account.id, "", missing, account.wallet, WalletReason.PROFIT))


def sweep_fund(step: Step, account: int = 0) -> None:
    """What fills and funding did to the fund's wallet belongs to the fund. `account`: whose
    liquidation it was.
    """
    venue = step.venue
    fund = fund_of(venue)
    change, fund.wallet = fund.wallet, 0
    missing = -(venue.insurance + change)
    if missing > 0:
        if not _realise(step, fund, missing):
            venue.fees -= missing
        change += missing
    change_insurance(step, change, account)


def _realise(step: Step, account: Account, amount: int) -> bool:
    """Add an amount to the cost of cross positions: of those with the most profit at the mark, to
    each its profit, and what is beyond all profits to the first. False: there is no position.
    """
    venue = step.venue
    found: list[tuple[int, Exposure, Leg, Position]] = []
    for exposure in account.exposures.values():
        if exposure.mode is ISOLATED:
            continue
        market = venue.markets[exposure.symbol]
        value = market.mark * market.instrument.unit
        for leg, position in exposure.positions.items():
            found.append((position.quantity * value - position.cost, exposure, leg, position))
    if not found:
        return False
    found.sort(key=lambda each: (-each[0], each[1].symbol, each[2]))
    beyond = max(0, amount - sum(max(0, profit) for profit, *_ in found))
    left = amount
    for profit, exposure, leg, position in found:
        part = min(left, max(0, profit) + beyond)
        if not part:
            break
        position.cost += part
        left -= part
        beyond = 0
        tell_position(step, account.id, exposure, leg)
    assert not left
    return True
