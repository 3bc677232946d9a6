"""JSON shapes of a paper account, and of money that goes in and out of it."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from plimsoll.access.domain.principals import Tier
from plimsoll.kernel.clock import from_ms, rfc3339
from plimsoll.kernel.identifiers import AssetId
from plimsoll.kernel.money import format_amount
from plimsoll.plumbing.shapes import AssetName, Body, PositiveAmount, View
from plimsoll.trading.domain.accounts import TradingState
from plimsoll.trading.domain.events import WalletChanged
from plimsoll.trading.domain.instruments import Instrument
from plimsoll.trading.domain.listing import TETHER
from plimsoll.trading.domain.units import money_of
from plimsoll.trading.engine.applied import Applied
from plimsoll.trading.schemas.orders import (
    AmountText,
    FilledOrderView,
    MomentText,
    OrderId,
    filled_view_of,
)
from plimsoll.trading.schemas.positions import PositionView, ratio_text
from plimsoll.trading.service.accounts import AccountLook, BalanceLook, Owner
from plimsoll.trading.service.ordering import placed_of
from plimsoll.trading.service.paying import Reset, Wallet, movements


class MoneyBody(Body):
    """Paper money of the margin wallet, which has only the settlement asset, or of a spot
    balance.
    """

    amount: PositiveAmount
    asset: AssetName = "tether"
    wallet: Wallet = Wallet.MARGIN


class TransferBody(Body):
    """The settlement asset, from the other wallet to this one."""

    amount: PositiveAmount
    to: Wallet


class ResetBody(Body):
    amount: Annotated[PositiveAmount | None, Field(examples=["10000"])] = None
    """What the account begins anew with: 10,000 when left out, or the limit if that is lower."""


class MovementView(View):
    """What happened to one balance; `amount` is below zero when it went out."""

    wallet: Wallet
    asset: str
    amount: AmountText
    balance: AmountText
    reason: str

    @classmethod
    def of(cls, event: WalletChanged) -> "MovementView":
        return cls(
            wallet=Wallet.SPOT if event.asset else Wallet.MARGIN,
            asset=event.asset or TETHER,
            amount=format_amount(money_of(event.change)),
            balance=format_amount(money_of(event.balance)),
            reason=event.reason.value,
        )


class MoneyView(View):
    """What was moved. Nothing of it is real money."""

    movements: list[MovementView]
    at: MomentText
    paper: Literal[True] = True

    @classmethod
    def of(cls, applied: Sequence[Applied], account: int) -> "MoneyView":
        return cls(
            movements=[MovementView.of(each) for each in movements(applied, account)],
            at=rfc3339(from_ms(applied[-1].at_ms)),
        )


class ResetView(View):
    """What a reset did, in this order: orders cancelled, positions closed, money moved."""

    cancelled: list[OrderId]
    closed: list[FilledOrderView]
    movements: list[MovementView]
    at: MomentText
    paper: Literal[True] = True

    @classmethod
    def of(cls, reset: Reset, instruments: Sequence[Instrument]) -> "ResetView":
        """`instruments` of the positions that were closed."""
        return cls(
            cancelled=[str(each) for each in reset.cancelled],
            closed=[
                filled_view_of(placed_of(applied, instrument))
                for applied, instrument in zip(reset.closed, instruments, strict=True)
            ],
            movements=[MovementView.of(each) for each in movements(reset.moved, reset.account)],
            at=rfc3339(from_ms(reset.at_ms)),
        )


class BalanceView(View):
    """A spot balance; `held` of it is reserved by open orders."""

    asset: AssetId
    total: AmountText
    held: AmountText
    free: AmountText

    @classmethod
    def of(cls, look: BalanceLook) -> "BalanceView":
        return cls(
            asset=AssetId(look.asset),
            total=format_amount(money_of(look.total)),
            held=format_amount(money_of(look.held)),
            free=format_amount(money_of(look.total - look.held)),
        )


class AccountView(View):
    """A paper account as it stands at one moment; amounts in `settlement_asset`.

    The margin wallet with the profit of all cross positions is the `margin_balance`; what isolated
    positions put aside (`isolated_margin`) stands for them alone and is not in it. `margin_ratio`
    is `maintenance_margin` ÷ `margin_balance`, both of the cross positions; liquidation begins at
    1. It is null when no cross position is open, or no balance is left. Isolated positions have
    their own ratio.
    """

    user_id: str
    tier: Tier
    leverage_cap: int
    """The most that the tier allows."""
    fee_tier: int
    state: TradingState
    hedge: bool
    """Whether each symbol may have a long and a short position."""
    cancels_at: MomentText | None
    """When all orders are cancelled unless the countdown is set again."""
    settlement_asset: str
    margin_wallet: AmountText
    isolated_margin: AmountText
    unrealised_profit: AmountText
    """Of all positions."""
    margin_balance: AmountText
    maintenance_margin: AmountText
    initial_margin: AmountText
    """Held for positions and open orders."""
    available: AmountText
    """For new orders."""
    withdrawable: AmountText
    margin_ratio: AmountText | None
    balances: list[BalanceView]
    """Spot."""
    positions: list[PositionView]
    open_orders: int
    waiting_orders: int
    """Whose trigger has not been reached."""
    at: MomentText
    """Of the last thing that happened on the exchange before."""
    simulated: bool
    """Whether the prices behind it are invented."""
    paper: Literal[True] = True

    @classmethod
    def of(
        cls, owner: Owner, look: AccountLook, *, terms: tuple[int, int], simulated: bool
    ) -> "AccountView":
        """`terms`: the leverage cap and the fee tier of the person's tier."""
        now = look.standing
        leverage_cap, fee_tier = terms
        has_cross = any(each.isolated is None for each in look.positions)
        return cls(
            user_id=str(owner.user_id),
            tier=owner.tier,
            leverage_cap=leverage_cap,
            fee_tier=fee_tier,
            state=look.state,
            hedge=look.hedge,
            cancels_at=_moment(look.countdown_at_ms),
            settlement_asset=look.settle,
            margin_wallet=format_amount(money_of(look.wallet)),
            isolated_margin=format_amount(money_of(look.put_aside)),
            unrealised_profit=format_amount(money_of(look.profit)),
            margin_balance=format_amount(money_of(now.balance)),
            maintenance_margin=format_amount(money_of(now.maintenance)),
            initial_margin=format_amount(money_of(now.held)),
            available=format_amount(money_of(now.available)),
            withdrawable=format_amount(money_of(look.withdrawable)),
            margin_ratio=ratio_text(now.ratio_ppm) if has_cross else None,
            balances=[BalanceView.of(each) for each in look.balances],
            positions=[PositionView.of(each) for each in look.positions],
            open_orders=look.open_orders,
            waiting_orders=look.waiting_orders,
            at=rfc3339(from_ms(look.at_ms)),
            simulated=simulated,
        )


def _moment(ms: int) -> str | None:
    return rfc3339(from_ms(ms)) if ms else None
