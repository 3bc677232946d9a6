"""The caller's own fills."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from plimsoll.trading.domain.events import Event, Filled
from plimsoll.trading.engine.applied import Applied
from plimsoll.trading.live.amounts import (
    DecimalText,
    IdText,
    money_text,
    price_text,
    quantity_text,
)
from plimsoll.trading.live.private import AccountLog, LogChannel
from plimsoll.trading.storage.replays import Story


class FillRow(Struct):
    """`level` counts the prices that the taker went through, from the best; `queue_ahead` stood
    before the maker's order at its price.
    """

    id: IdText
    order_id: Annotated[IdText | None, Meta(description="Null: taken over, or deleveraged")]
    symbol: str
    side: str
    position_side: str
    price: DecimalText
    quantity: DecimalText
    fee: DecimalText
    realised_profit: Annotated[DecimalText, Meta(description="Before the fee")]
    maker: bool
    cause: Annotated[str, Meta(description="order, liquidation, takeover or deleveraging")]
    level: int
    queue_ahead: DecimalText
    at_ms: int


class FillBody(Struct):
    """An update has the fills of one command. A snapshot has none: it says from which number on
    they are told; `GET /fills` has those before.
    """

    fills: list[FillRow]
    paper: bool = True


class FillLog(AccountLog):
    """The fills of one account."""

    def snapshot(self) -> bytes:
        return msgspec.json.encode(FillBody([]))

    def tell(self, applied: Applied, events: Sequence[Event]) -> bytes | None:
        rows = [self._row(each, applied.at_ms) for each in events if isinstance(each, Filled)]
        return msgspec.json.encode(FillBody(rows)) if rows else None

    def _row(self, event: Filled, at_ms: int) -> FillRow:
        instrument = self.broadcasting.exchange.get_instrument(event.symbol)
        return FillRow(
            id=str(event.fill),
            order_id=str(event.order) if event.order else None,
            symbol=event.symbol,
            side=event.side.name.lower(),
            position_side=event.leg.value,
            price=price_text(instrument, event.price),
            quantity=quantity_text(instrument, event.quantity),
            fee=money_text(event.fee),
            realised_profit=money_text(event.profit),
            maker=event.maker,
            cause=event.cause.value,
            level=event.level,
            queue_ahead=quantity_text(instrument, event.ahead),
            at_ms=at_ms,
        )


class FillChannel(LogChannel):
    """The caller's own fills; nothing is left out."""

    body = FillBody
    story = Story.FILLS
    log = FillLog
