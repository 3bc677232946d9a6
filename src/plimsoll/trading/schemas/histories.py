"""JSON shapes of what happened to an account: fills, funding, liquidations, and its statement."""

from collections.abc import Sequence
from typing import Final, Literal

from plimsoll.kernel.clock import from_ms, rfc3339
from plimsoll.kernel.money import format_amount
from plimsoll.plumbing.shapes import View
from plimsoll.plumbing.tables import Columns
from plimsoll.trading.domain.events import Deleveraged, LiquidationStarted, TakenOver
from plimsoll.trading.domain.instruments import Instrument
from plimsoll.trading.domain.orders import Leg
from plimsoll.trading.domain.units import money_of, price_of, quantity_of
from plimsoll.trading.schemas.columns import texts, whole
from plimsoll.trading.schemas.orders import AmountText, FillView, MomentText, OrderId
from plimsoll.trading.schemas.tickets import Sides
from plimsoll.trading.service.paying import Wallet
from plimsoll.trading.storage.entries import EntryRow
from plimsoll.trading.storage.fills import FillRow
from plimsoll.trading.storage.funding import PaymentRow
from plimsoll.trading.storage.liquidations import LiquidationRow

RATE_PLACES: Final = 8


class OwnFillView(FillView):
    """A fill of the caller's own, from their side; `order_id` is null where no order of theirs was
    there: their position was taken over, or closed against somebody bankrupt.
    """

    order_id: OrderId | None
    symbol: str
    side: Sides
    position_side: Leg
    paper: Literal[True] = True
    simulated: Literal[True] = True

    @classmethod
    def of_row(cls, row: FillRow, instrument: Instrument) -> "OwnFillView":
        return cls(
            id=str(row.id),
            order_id=str(row.order_id) if row.order_id else None,
            symbol=row.symbol,
            side="buy" if row.side > 0 else "sell",
            position_side=Leg(row.leg),
            price=format_amount(price_of(instrument, row.price)),
            quantity=format_amount(quantity_of(instrument, row.quantity)),
            fee=format_amount(money_of(row.fee)),
            realised_profit=format_amount(money_of(row.profit)),
            maker=row.maker,
            cause=row.cause,
            level=row.level,
            queue_ahead=format_amount(quantity_of(instrument, row.ahead)),
            at=rfc3339(from_ms(row.at_ms)),
        )


_FILL_TEXTS: Final = (
    "id", "order_id", "symbol", "side", "position_side", "price", "quantity", "cause",
    "queue_ahead",
)  # fmt: skip


def fills_table(rows: Sequence[FillRow], views: Sequence[OwnFillView]) -> Columns:
    return {
        **texts(views, *_FILL_TEXTS),
        **texts(views, "fee", "realised_profit"),
        "maker": whole(each.maker for each in rows),
        "level": whole(each.level for each in rows),
        "at_ms": whole(each.at_ms for each in rows),
        "simulated": whole(1 for _ in rows),
    }


class PaymentView(View):
    """Funding that was paid (`amount` below zero) or got at a stamp, in the settlement asset.

    `rate` is a share of the notional at the mark; longs pay when it is above zero.
    """

    symbol: str
    stamp: MomentText
    rate: AmountText
    mark_price: AmountText
    amount: AmountText
    paper: Literal[True] = True

    @classmethod
    def of(cls, row: PaymentRow, instrument: Instrument) -> "PaymentView":
        return cls(
            symbol=row.symbol,
            stamp=rfc3339(from_ms(row.stamp_ms)),
            rate=format_amount(money_of(row.rate)),
            mark_price=format_amount(price_of(instrument, row.mark)),
            amount=format_amount(money_of(row.amount)),
        )


def payments_table(rows: Sequence[PaymentRow], views: Sequence[PaymentView]) -> Columns:
    return {
        **texts(views, "symbol", "mark_price"),
        **texts(views, "rate", "amount"),
        "stamp_ms": whole(each.stamp_ms for each in rows),
        "paper": whole(1 for _ in rows),
    }


class LiquidationView(View):
    """One step of a liquidation; fields that it says nothing of are null.

    `started`: `margin` was no more than `maintenance_margin`, of one isolated position or, without
    a symbol, of all cross positions; what the market took of it is among the fills. `taken-over`:
    the insurance fund took `quantity` at the bankruptcy `price`. `deleveraged`: that much of a
    position in profit was closed at a bankrupt's price, because nobody else took it.
    """

    id: str
    event: Literal["started", "taken-over", "deleveraged"]
    at: MomentText
    symbol: str | None
    position_side: Leg | None = None
    margin: AmountText | None = None
    maintenance_margin: AmountText | None = None
    side: Literal["long", "short"] | None = None
    """Of the position."""
    quantity: AmountText | None = None
    price: AmountText | None = None
    rank: int | None = None
    """Where the position stood among those in profit; 0 is deleveraged first."""
    paper: Literal[True] = True

    @classmethod
    def of(cls, row: LiquidationRow, instrument: Instrument | None) -> "LiquidationView":
        """`instrument` of the event's symbol, None without one."""
        head = {"id": f"{row.seq}-{row.number}", "at": rfc3339(from_ms(row.at_ms))}
        event = row.event
        if isinstance(event, LiquidationStarted):
            return cls(
                **head,
                event="started",
                symbol=event.symbol or None,
                margin=format_amount(money_of(event.margin)),
                maintenance_margin=format_amount(money_of(event.maintenance)),
            )
        assert instrument is not None
        return cls(
            **head,
            event="taken-over" if isinstance(event, TakenOver) else "deleveraged",
            symbol=event.symbol,
            position_side=event.leg,
            side="long" if event.quantity > 0 else "short",
            quantity=format_amount(quantity_of(instrument, abs(event.quantity))),
            price=format_amount(price_of(instrument, event.price)),
            rank=event.rank if isinstance(event, Deleveraged) else None,
        )


_LIQUIDATION_TEXTS: Final = (
    "id", "event", "symbol", "position_side", "side", "maintenance_margin", "quantity", "price",
)  # fmt: skip


def liquidations_table(rows: Sequence[LiquidationRow], views: Sequence[LiquidationView]) -> Columns:
    return {
        **texts(views, *_LIQUIDATION_TEXTS),
        **texts(views, "margin"),
        "at_ms": whole(each.at_ms for each in rows),
        "paper": whole(1 for _ in rows),
    }


class EntryView(View):
    """A line of the statement: `amount` of an asset into a wallet, below zero out of it, and what
    was there afterwards.
    """

    id: str
    at: MomentText
    wallet: Wallet
    asset: str
    amount: AmountText
    balance: AmountText
    reason: str
    paper: Literal[True] = True

    @classmethod
    def of(cls, row: EntryRow) -> "EntryView":
        return cls(
            id=f"{row.seq}-{row.number}",
            at=rfc3339(from_ms(row.at_ms)),
            wallet=Wallet(row.book),
            asset=row.asset,
            amount=format_amount(money_of(row.amount)),
            balance=format_amount(money_of(row.balance)),
            reason=row.reason,
        )


def entries_table(rows: Sequence[EntryRow], views: Sequence[EntryView]) -> Columns:
    return {
        **texts(views, "id", "wallet", "asset", "reason"),
        **texts(views, "amount", "balance"),
        "at_ms": whole(each.at_ms for each in rows),
        "paper": whole(1 for _ in rows),
    }
