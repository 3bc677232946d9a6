"""The tape: the trades of each market as everybody may see them, none left out."""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

import msgspec
from msgspec import Struct

from plimsoll.plumbing.streams.messages import Subscribe
from plimsoll.plumbing.streams.topics import Caller, Log, Topic
from plimsoll.trading.domain.events import Event, FillCause, Filled
from plimsoll.trading.domain.instruments import Instrument
from plimsoll.trading.domain.orders import Side
from plimsoll.trading.domain.venue import Venue
from plimsoll.trading.engine.applied import Applied
from plimsoll.trading.live.amounts import DecimalText, IdText, price_text, quantity_text
from plimsoll.trading.live.markets import Markets
from plimsoll.trading.service.broadcasting import Broadcasting
from plimsoll.trading.storage import replays
from plimsoll.trading.storage.replays import TapeRow

KEPT: Final = 1_000
"""Trades that whoever comes back may ask for."""
SHOWN: Final = 50
"""In a snapshot."""
OF_THE_BOOK: Final = frozenset({FillCause.ORDER, FillCause.LIQUIDATION})
"""What is taken over or deleveraged never met the book."""


class TradeRow(Struct):
    """`side` of the taker; `liquidation`: the taker was liquidated."""

    id: IdText
    price: DecimalText
    quantity: DecimalText
    side: str
    liquidation: bool
    at_ms: int


class TradeBody(Struct):
    """The oldest first: an update has those of one command, a snapshot the last ones."""

    trades: list[TradeRow]


class Tape(Log):
    """The trades of one market. Its numbers are those of the journal; the last KEPT trades are
    read when somebody begins to listen, so that a restart forgets none of them.
    """

    def __init__(self, broadcasting: Broadcasting, instrument: Instrument) -> None:
        super().__init__("trades", instrument.symbol, seq=0, private=False, remembered=KEPT)
        self._instrument = instrument
        self._broadcasting = broadcasting
        self._last: list[TradeRow] = []
        self._heard = 0
        """The number of the last command that it knows of."""
        self._held: list[tuple[Applied, Sequence[Event]]] | None = []

    async def load(self) -> None:
        await self._broadcasting.begin(self._begin)
        async with self._broadcasting.exchange.database.read() as unit:
            found = await replays.list_tape(unit, self.symbol, until=self._heard, limit=KEPT)
        commands = [
            (seq, [self._row(each) for each in rows])
            for seq, rows in groupby(found, key=lambda each: each.seq)
        ]
        before = 0
        if len(found) == KEPT:  # of the first command perhaps not all
            before = commands.pop(0)[0]
        self.recall([(seq, _body(rows)) for seq, rows in commands], before)
        self._last = [row for _, rows in commands for row in rows][-SHOWN:]
        held, self._held = self._held or [], None
        for applied, events in held:
            self.hear(applied, events)

    def close(self) -> None:
        self._broadcasting.follow_market(self.symbol).hearers.pop(self, None)
        self._broadcasting.leave_market(self.symbol)

    def hear(self, applied: Applied, events: Sequence[Event]) -> None:
        if self._held is not None:
            self._held.append((applied, events))
            return
        if applied.seq <= self._heard:
            return
        self._heard = applied.seq
        rows = [
            self._row(
                TapeRow(
                    each.fill, applied.seq, applied.at_ms, each.side, each.price, each.quantity,
                    each.cause,
                )
            )
            for each in events
            if isinstance(each, Filled) and not each.maker and each.cause in OF_THE_BOOK
        ]  # fmt: skip
        if rows:
            self._last = (self._last + rows)[-SHOWN:]
            self.append(_body(rows), applied.seq)

    def snapshot(self) -> bytes:
        return _body(self._last)

    def _begin(self, venue: Venue) -> None:
        self._heard = venue.seq
        self._broadcasting.follow_market(self.symbol).hearers[self] = None

    def _row(self, trade: TapeRow) -> TradeRow:
        return TradeRow(
            id=str(trade.id),
            price=price_text(self._instrument, trade.price),
            quantity=quantity_text(self._instrument, trade.quantity),
            side=Side(trade.side).name.lower(),
            liquidation=trade.cause == FillCause.LIQUIDATION,
            at_ms=trade.at_ms,
        )


def _body(rows: list[TradeRow]) -> bytes:
    return msgspec.json.encode(TradeBody(rows))


class TapeChannel:
    """Every trade of each market that is named in `symbols`, such as BTC-PERP."""

    name = "trades"
    request = Subscribe
    body = TradeBody

    def __init__(self, broadcasting: Broadcasting) -> None:
        self._broadcasting = broadcasting
        self._markets: Markets[Tape] = Markets(broadcasting.exchange)

    async def open(self, request: Subscribe, caller: Caller | None) -> Sequence[Topic]:
        """Raises BadMessage, UnknownSymbol, EngineAway."""
        _ = caller
        return await self._markets.open(
            lambda symbol: f"trades:{symbol}",
            request.symbols,
            lambda instrument: Tape(self._broadcasting, instrument),
        )

    def collect(self) -> None:
        self._markets.collect()

    def release(self, topic: Topic) -> None:
        self._markets.release(topic)
