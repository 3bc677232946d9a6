"""What liquidation did to the caller's own account, step by step."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from plimsoll.trading.domain.events import Deleveraged, Event, LiquidationStarted, TakenOver
from plimsoll.trading.engine.applied import Applied
from plimsoll.trading.live.amounts import (
    DecimalText,
    money_text,
    price_text,
    quantity_text,
)
from plimsoll.trading.live.private import AccountLog, LogChannel
from plimsoll.trading.storage.replays import Story


class LiquidationRow(Struct):
    """`margin` was no more than `maintenance_margin` when it started; what was taken over or
    deleveraged has a quantity and a price. `side` of the position.
    """

    event: Annotated[str, Meta(description="started, taken-over or deleveraged")]
    symbol: Annotated[str | None, Meta(description="Null: the cross account as a whole")]
    at_ms: int
    margin: DecimalText | UnsetType = UNSET
    maintenance_margin: DecimalText | UnsetType = UNSET
    position_side: str | UnsetType = UNSET
    side: str | UnsetType = UNSET
    quantity: DecimalText | UnsetType = UNSET
    price: DecimalText | UnsetType = UNSET
    rank: Annotated[int | UnsetType, Meta(description="In the queue of those in profit")] = UNSET


class LiquidationBody(Struct):
    """An update has what one command did. A snapshot has nothing: it says from which number on it
    is told; `GET /liquidations` has what was before.
    """

    liquidations: list[LiquidationRow]
    paper: bool = True


class LiquidationLog(AccountLog):
    """The liquidations of one account."""

    def snapshot(self) -> bytes:
        return msgspec.json.encode(LiquidationBody([]))

    def tell(self, applied: Applied, events: Sequence[Event]) -> bytes | None:
        rows = [row for each in events if (row := self._row(each, applied.at_ms)) is not None]
        return msgspec.json.encode(LiquidationBody(rows)) if rows else None

    def _row(self, event: Event, at_ms: int) -> LiquidationRow | None:
        if isinstance(event, LiquidationStarted):
            return LiquidationRow(
                "started",
                event.symbol or None,
                at_ms,
                margin=money_text(event.margin),
                maintenance_margin=money_text(event.maintenance),
            )
        if not isinstance(event, TakenOver | Deleveraged):
            return None
        instrument = self.broadcasting.exchange.get_instrument(event.symbol)
        taken = isinstance(event, TakenOver)
        row = LiquidationRow(
            "taken-over" if taken else "deleveraged",
            event.symbol,
            at_ms,
            position_side=event.leg.value,
            side="long" if event.quantity > 0 else "short",
            quantity=quantity_text(instrument, abs(event.quantity)),
            price=price_text(instrument, event.price),
        )
        if isinstance(event, Deleveraged):
            row.rank = event.rank
        return row


class LiquidationChannel(LogChannel):
    """What liquidation did to the caller's own account; nothing is left out."""

    body = LiquidationBody
    story = Story.LIQUIDATIONS
    log = LiquidationLog
