"""Paper money: paid in and out, moved between the purses of an account, and begun anew.

Money comes from nowhere, so it is bounded: a deposit may not leave more of an asset in both purses
together than what is worth the limit of the settings. What was won may be more.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Final, NamedTuple

from plimsoll.access.domain.principals import Principal
from plimsoll.kernel.errors import Conflict, FieldFault
from plimsoll.kernel.identifiers import AssetId
from plimsoll.kernel.money import format_amount
from plimsoll.markets.service.prices import Prices
from plimsoll.plumbing.idempotency import Key
from plimsoll.trading.domain.closing import Closing, TooThin, closings
from plimsoll.trading.domain.commands import CancelAll, Deposit, PlaceOrder, Transfer, Withdraw
from plimsoll.trading.domain.events import OrderEnded, WalletChanged
from plimsoll.trading.domain.instruments import MONEY
from plimsoll.trading.domain.orders import OrderType
from plimsoll.trading.domain.units import money_of, quantity_of
from plimsoll.trading.domain.venue import Venue
from plimsoll.trading.engine.applied import Applied, Draft
from plimsoll.trading.service.exchange import Exchange
from plimsoll.trading.service.once import Done, do_once, once
from plimsoll.trading.service.refusals import told

FIRST_MONEY: Final = 10_000
"""What an account begins anew with unless something else is asked for, in usdt."""


class Wallet(StrEnum):
    MARGIN = "margin"
    SPOT = "spot"


class DepositLimitReached(Conflict):
    """`most` is how much of the asset there may be after a deposit, in both purses together."""

    code = "paper-deposit-limit"
    title = "There may not be as much paper money"


class ResetRefused(Conflict):
    """Some position cannot be closed now; nothing was changed. `errors` say which, and why."""

    code = "reset-refused"
    title = "Not all positions can be closed now"


class ResetIncomplete(Conflict):
    """Orders were cancelled and positions closed, but something is left, so the money was not
    touched. `errors` say what is left.
    """

    code = "reset-incomplete"
    title = "The account was not reset to its end"


async def deposit(
    exchange: Exchange,
    prices: Prices,
    principal: Principal,
    key: Key | None,
    *,
    asset: AssetId,
    wallet: Wallet,
    amount: int,
) -> Done:
    """`amount` in hundred-millionths of the asset. Raises DepositLimitReached, PriceUnavailable
    for an asset whose worth nobody knows, and what the machine refuses.
    """
    account = await exchange.account_of(principal)
    spot = wallet is Wallet.SPOT
    draft = partial(_deposit, account=account, asset=asset, amount=amount, spot=spot)

    async def plan() -> Sequence[Draft]:
        held, settle = await exchange.read(partial(_held, account=account, asset=asset))
        most = exchange.settings.paper_deposit_limit * MONEY
        if asset != settle:
            price = prices.get_quote(asset, AssetId(settle)).value
            most = int(most / price)
        check_limit(amount, held=held, most=most)
        return [draft]

    async with exchange.depositing:
        done = await once(exchange, principal.user_id, key, plan)
    refusal = done.applied[0].refusal
    if refusal is not None:
        raise told(refusal, None)
    return done


def check_limit(amount: int, *, held: int, most: int) -> None:
    """Raises DepositLimitReached; all in hundred-millionths of one asset."""
    if held + amount > most:
        raise DepositLimitReached(
            "this would be more paper money than one account may pay in",
            facts={
                "amount": format_amount(money_of(amount)),
                "held": format_amount(money_of(held)),
                "most": format_amount(money_of(most)),
            },
        )


def _held(venue: Venue, *, account: int, asset: str) -> tuple[int, str]:
    """How much of an asset is in both purses; and the settlement asset."""
    owner = venue.accounts[account]
    balance = owner.balances.get(asset)
    held = balance.total if balance else 0
    return held + (owner.wallet if asset == venue.settle else 0), venue.settle


async def withdraw(
    exchange: Exchange,
    principal: Principal,
    key: Key | None,
    *,
    asset: AssetId,
    wallet: Wallet,
    amount: int,
) -> Done:
    """What is free, and no profit that is not realised."""
    account = await exchange.account_of(principal)
    spot = wallet is Wallet.SPOT
    draft = partial(_withdraw, account=account, asset=asset, amount=amount, spot=spot)
    return await do_once(exchange, principal.user_id, key, draft)


async def transfer(
    exchange: Exchange, principal: Principal, key: Key | None, *, to: Wallet, amount: int
) -> Done:
    """The settlement asset, from one purse to the other."""
    account = await exchange.account_of(principal)
    signed = amount if to is Wallet.MARGIN else -amount

    def draft(seq: int, at_ms: int) -> Transfer:
        return Transfer(seq, at_ms, account, signed)

    return await do_once(exchange, principal.user_id, key, draft)


def movements(applied: Iterable[Applied], account: int) -> list[WalletChanged]:
    """What the commands did to the purses of an account."""
    return [
        event
        for each in applied
        for event in each.events
        if isinstance(event, WalletChanged) and event.account == account
    ]


# beginning anew


@dataclass(frozen=True, slots=True)
class Reset:
    """`closed` are the orders that closed positions, each with what it did."""

    account: int
    cancelled: tuple[int, ...]
    closed: tuple[Applied, ...]
    moved: tuple[Applied, ...]
    at_ms: int
    replayed: bool


class _Purses(NamedTuple):
    positions: tuple[Closing, ...]
    orders: int
    wallet: int
    balances: tuple[tuple[str, int], ...]
    settle: str


async def reset(
    exchange: Exchange, principal: Principal, key: Key | None, *, amount: int | None
) -> Reset:
    """Cancel all orders, close all positions at the market, pay everything out and `amount` in.

    In two steps, because what there is to pay out is known when everything is closed: first the
    orders and positions, all of them or, when it can be seen that one cannot be closed, none;
    then the money, all at once. Should the market take less in the first step than it offered a
    moment before, the second does not happen (ResetIncomplete). Settings stay as they are.
    """
    account = await exchange.account_of(principal)
    limit = exchange.settings.paper_deposit_limit
    amount = min(FIRST_MONEY, limit) * MONEY if amount is None else amount
    check_limit(amount, held=0, most=limit * MONEY)
    await _wake(exchange, account)
    async with exchange.depositing:
        user_id = principal.user_id
        closing = await once(
            exchange, user_id, key, partial(_plan_closing, exchange, account), part="closing"
        )
        moving = await once(
            exchange, user_id, key, partial(_plan_moving, exchange, account, amount)
        )
    refusals = [each.refusal for each in moving.applied if each.refusal is not None]
    if refusals:
        raise ResetIncomplete(
            "not all money was free to be paid out",
            faults=tuple(FieldFault("wallet", each.code, each.detail) for each in refusals),
        )
    ended = [event for event in closing.applied[0].events if isinstance(event, OrderEnded)]
    return Reset(
        account,
        cancelled=tuple(each.order for each in ended),
        closed=tuple(each for each in closing.applied[1:] if each.refusal is None),
        moved=tuple(moving.applied),
        at_ms=moving.applied[-1].at_ms,
        replayed=moving.replayed,
    )


def symbol_of(closing: Applied) -> str:
    """Of a command that closed a position."""
    assert isinstance(closing.command, PlaceOrder)
    return closing.command.symbol


async def _wake(exchange: Exchange, account: int) -> None:
    """The markets that the positions are in, so that somebody quotes there."""
    purses = await exchange.read(partial(_purses, account=account))
    if exchange.feeding is not None:
        for symbol in {each.symbol for each in purses.positions}:
            await exchange.feeding.ready(symbol)


def _purses(venue: Venue, *, account: int) -> _Purses:
    owner = venue.accounts[account]
    orders = sum(len(each.orders) for each in owner.exposures.values())
    return _Purses(
        tuple(closings(venue, owner)),
        orders + sum(len(each) for each in owner.spot_orders.values()),
        owner.wallet,
        tuple((asset, each.total) for asset, each in owner.balances.items() if each.total),
        venue.settle,
    )


async def _plan_closing(exchange: Exchange, account: int) -> Sequence[Draft]:
    purses = await exchange.read(partial(_purses, account=account))
    stuck = [each for each in purses.positions if each.left]
    if stuck:
        raise ResetRefused(
            "nothing was changed: reduce or close these positions first",
            faults=tuple(_fault(exchange, each) for each in stuck),
        )
    return [
        partial(_cancel_all, account=account),
        *(partial(close_whole, account, each) for each in purses.positions),
    ]


async def _plan_moving(exchange: Exchange, account: int, amount: int) -> Sequence[Draft]:
    purses = await exchange.read(partial(_purses, account=account))
    if purses.positions or purses.orders:
        raise ResetIncomplete(
            "orders were cancelled and positions closed as far as the market took them; the money "
            "was not touched",
            facts={"orders": purses.orders, "positions": len(purses.positions)},
            faults=tuple(_fault(exchange, each) for each in purses.positions),
        )
    settle = purses.settle
    drafts: list[Draft] = [
        partial(_withdraw, account=account, asset=asset, amount=total, spot=True)
        for asset, total in purses.balances
    ]
    if purses.wallet:
        drafts.append(
            partial(_withdraw, account=account, asset=settle, amount=purses.wallet, spot=False)
        )
    drafts.append(partial(_deposit, account=account, asset=settle, amount=amount, spot=False))
    return drafts


def _fault(exchange: Exchange, closing: Closing) -> FieldFault:
    """Which position is left, how much of it, and why."""
    instrument = exchange.get_instrument(closing.symbol)
    left = format_amount(quantity_of(instrument, closing.left or abs(closing.quantity)))
    obstacle = closing.obstacle
    if obstacle is None:
        return FieldFault(_place(closing), "not-closed", f"{left} of it is open")
    if isinstance(obstacle, TooThin):
        return FieldFault(_place(closing), obstacle.code, f"{obstacle.detail}: {left} would stay")
    return FieldFault(_place(closing), obstacle.code, told(obstacle, instrument).detail)


def _place(closing: Closing) -> str:
    return f"position:{closing.symbol}/{closing.leg}"


def close_whole(account: int, closing: Closing, seq: int, at_ms: int) -> PlaceOrder:
    """All that is there when the command's turn comes."""
    return PlaceOrder(
        seq,
        at_ms,
        account,
        closing.symbol,
        closing.side,
        OrderType.MARKET,
        0,
        leg=closing.leg,
        close_position=True,
    )


def _cancel_all(seq: int, at_ms: int, *, account: int) -> CancelAll:
    return CancelAll(seq, at_ms, account)


def _deposit(seq: int, at_ms: int, *, account: int, asset: str, amount: int, spot: bool) -> Deposit:
    return Deposit(seq, at_ms, account, asset, amount, spot)


def _withdraw(
    seq: int, at_ms: int, *, account: int, asset: str, amount: int, spot: bool
) -> Withdraw:
    return Withdraw(seq, at_ms, account, asset, amount, spot)
