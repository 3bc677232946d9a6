"""Money in and out of an account, and its settings for margin: mode, leverage, money put aside."""

from typing import Final

from plimsoll.trading.domain.accounts import Account, Exposure, MarginMode, Position
from plimsoll.trading.domain.admission import check_leverage, exposure_view
from plimsoll.trading.domain.commands import (
    Deposit,
    MoveMargin,
    OpenAccount,
    SetHedge,
    SetLeverage,
    SetMarginMode,
    SetTier,
    Transfer,
    Withdraw,
)
from plimsoll.trading.domain.coverage import put_aside
from plimsoll.trading.domain.events import (
    AccountOpened,
    HedgeSet,
    LeverageSet,
    MarginModeSet,
    TierSet,
    WalletChanged,
    WalletReason,
)
from plimsoll.trading.domain.execution import tell_position
from plimsoll.trading.domain.finding import FUND, find_account, find_perpetual
from plimsoll.trading.domain.holds import balance_of
from plimsoll.trading.domain.margin import initial_margin
from plimsoll.trading.domain.refusals import (
    AlreadyExists,
    InsufficientBalance,
    MarginNeeded,
    NoPosition,
    NotFlat,
    OutOfRange,
    UnknownAsset,
)
from plimsoll.trading.domain.standing import maintenance_of, standing
from plimsoll.trading.domain.step import Step
from plimsoll.trading.domain.venue import Market, Venue

MOST_AMOUNT: Final = 10**26
"""More than all money there is, in hundred-millionths: what is above is a mistake."""
HIGHEST_LEVERAGE_CAP: Final = 1_000


def open_account(step: Step, command: OpenAccount) -> None:
    venue, account_id = step.venue, command.account
    if account_id <= FUND:
        raise OutOfRange("account numbers begin at 1", facts={"account": account_id})
    if account_id in venue.accounts:
        raise AlreadyExists("the account is open already", facts={"account": account_id})
    _check_tier(command.leverage_cap, command.fee_tier)
    venue.accounts[account_id] = Account(
        account_id, command.leverage_cap, command.fee_tier, house=command.house
    )
    step.events.append(AccountOpened(account_id))


def set_tier(step: Step, command: SetTier) -> None:
    account = find_account(step.venue, command.account)
    _check_tier(command.leverage_cap, command.fee_tier)
    account.leverage_cap, account.fee_tier = command.leverage_cap, command.fee_tier
    step.events.append(TierSet(account.id, account.leverage_cap, account.fee_tier))


def _check_tier(leverage_cap: int, fee_tier: int) -> None:
    if not 1 <= leverage_cap <= HIGHEST_LEVERAGE_CAP or fee_tier < 0:
        raise OutOfRange("no such tier", facts={"leverage_cap": leverage_cap, "fee_tier": fee_tier})


def deposit(step: Step, command: Deposit) -> None:
    venue = step.venue
    account = find_account(venue, command.account)
    _check_amount(command.amount)
    _check_asset(venue, command.asset, spot=command.spot)
    _move_money(
        step,
        account,
        command.asset if command.spot else "",
        command.amount,
        WalletReason.DEPOSIT,
    )
    _supply(venue, command.asset, command.amount)


def withdraw(step: Step, command: Withdraw) -> None:
    venue = step.venue
    account = find_account(venue, command.account)
    _check_amount(command.amount)
    _check_asset(venue, command.asset, spot=command.spot)
    asset = command.asset if command.spot else ""
    _check_free(venue, account, asset, command.amount)
    _move_money(step, account, asset, -command.amount, WalletReason.WITHDRAWAL)
    _supply(venue, command.asset, -command.amount)


def transfer(step: Step, command: Transfer) -> None:
    venue = step.venue
    account = find_account(venue, command.account)
    amount, settle = command.amount, venue.settle
    _check_amount(abs(amount))
    _check_asset(venue, settle, spot=False)
    _check_free(venue, account, settle if amount > 0 else "", abs(amount))
    _move_money(step, account, settle, -amount, WalletReason.TRANSFER)
    _move_money(step, account, "", amount, WalletReason.TRANSFER)


def _check_amount(amount: int) -> None:
    if not 0 < amount <= MOST_AMOUNT:
        raise OutOfRange("no such amount", facts={"amount": str(amount), "most": str(MOST_AMOUNT)})


def _check_asset(venue: Venue, asset: str, *, spot: bool) -> None:
    """The margin wallet has the settlement asset only; spot every asset of a spot pair, and it."""
    if asset and asset == venue.settle:
        return
    bases = {each.instrument.base for each in venue.markets.values() if each.base_unit}
    if not spot or asset not in bases:
        raise UnknownAsset(f"no wallet for {asset}", facts={"asset": asset})


def _check_free(venue: Venue, account: Account, asset: str, amount: int) -> None:
    """What may leave the margin wallet: what is available, and no profit that is not realised."""
    if asset:
        balance = account.balances.get(asset)
        free = balance.total - balance.held if balance else 0
    else:
        free = min(standing(account, venue.markets).available, account.wallet - put_aside(account))
    if amount > free:
        raise InsufficientBalance(
            "there is not that much free", facts={"required": amount, "available": max(0, free)}
        )


def _move_money(
    step: Step, account: Account, asset: str, change: int, reason: WalletReason
) -> None:
    if asset:
        balance = balance_of(account, asset)
        balance.total += change
        left = balance.total
    else:
        account.wallet += change
        left = account.wallet
        step.touched[account.id] = account
    step.events.append(WalletChanged(account.id, asset, change, left, reason))


def _supply(venue: Venue, asset: str, change: int) -> None:
    if asset == venue.settle:
        venue.deposited += change
    else:
        venue.supplies[asset] = venue.supplies.get(asset, 0) + change


# -- settings


def set_leverage(step: Step, command: SetLeverage) -> None:
    venue = step.venue
    account = find_account(venue, command.account)
    market = find_perpetual(venue, command.symbol)
    exposure = _exposure(account, market)
    if command.leverage != exposure.leverage:
        check_leverage(venue, market, account, exposure, command.leverage)
    exposure.leverage = command.leverage
    account.exposures[command.symbol] = exposure
    step.touched[account.id] = account
    step.events.append(LeverageSet(account.id, command.symbol, command.leverage))


def set_margin_mode(step: Step, command: SetMarginMode) -> None:
    venue = step.venue
    account = find_account(venue, command.account)
    exposure = _exposure(account, find_perpetual(venue, command.symbol))
    if exposure.mode is not command.mode and (exposure.positions or exposure.orders):
        raise NotFlat(
            "positions or orders stand in the way of a new margin mode",
            facts={"positions": len(exposure.positions), "orders": len(exposure.orders)},
        )
    exposure.mode = command.mode
    account.exposures[command.symbol] = exposure
    step.events.append(MarginModeSet(account.id, command.symbol, command.mode))


def set_hedge(step: Step, command: SetHedge) -> None:
    account = find_account(step.venue, command.account)
    positions = sum(len(each.positions) for each in account.exposures.values())
    orders = sum(len(each.orders) for each in account.exposures.values())
    if account.hedge != command.hedge and (positions or orders):
        raise NotFlat(
            "positions or orders stand in the way of a new position mode",
            facts={"positions": positions, "orders": orders},
        )
    account.hedge = command.hedge
    step.events.append(HedgeSet(account.id, command.hedge))


def move_margin(step: Step, command: MoveMargin) -> None:
    """Added from what is available; taken away down to initial margin, and never so that a loss is
    left without cover.
    """
    venue = step.venue
    account = find_account(venue, command.account)
    market = find_perpetual(venue, command.symbol)
    exposure = account.exposures.get(command.symbol)
    position = exposure.positions.get(command.leg) if exposure else None
    if exposure is None or position is None or exposure.mode is not MarginMode.ISOLATED:
        raise NoPosition("there is no such isolated position")
    _check_amount(abs(command.amount))
    if command.amount > 0:
        _check_free(venue, account, "", command.amount)
    else:
        free = _removable(market, exposure, position)
        if -command.amount > free:
            raise MarginNeeded(
                "the position needs this margin",
                facts={"required": -command.amount, "available": free},
            )
    position.isolated += command.amount
    step.touched[account.id] = account
    tell_position(step, account.id, exposure, command.leg)


def _removable(market: Market, exposure: Exposure, position: Position) -> int:
    """What is above both initial margin and, counting the loss, above what has to stay."""
    value = market.mark * market.instrument.unit
    profit = position.quantity * value - position.cost
    least = initial_margin(abs(position.quantity) * value, exposure.leverage)
    kept = maintenance_of(exposure, market.instrument.brackets, value=value)
    needed = max(least, least - profit, kept - profit + 1)
    return max(0, position.isolated - needed)


def _exposure(account: Account, market: Market) -> Exposure:
    exposure = exposure_view(account, market)
    assert exposure is not None
    return exposure
