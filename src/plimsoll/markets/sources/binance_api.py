"""Binance's market data over REST: what is listed, first prices, candles and trades of the past.

Binance counts weight per address of ours, and tells with every answer how much was used; so what
another process or the other host of the list used up is known as well. A host that does not serve
the place, or is away, is left for the next one. No key is needed.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec

from plimsoll.kernel.errors import Unavailable
from plimsoll.markets.domain.candles import Candle, Interval
from plimsoll.markets.domain.feeds import Trade
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.sources.binance_wire import (
    SOURCE,
    Row,
    Symbol,
    Ticker,
    fault,
    read_listing,
    read_past_trades,
    read_refusal,
    read_rows,
    read_tickers,
    row_candle,
    to_trade,
)
from plimsoll.plumbing.outbound import (
    Answer,
    Outbound,
    Source,
    SourceCircuitOpen,
    SourceRestricted,
    SourceTimeout,
    SourceUnreachable,
)

WEIGHT_PER_MINUTE: Final = 5_000
"""Of the 6,000 that Binance allows an address; the rest is for whoever else is behind it."""
USED_HEADER: Final = "x-mbx-used-weight-1m"
LARGEST_LISTING: Final = 50_000_000
LISTING_WEIGHT: Final = 20
TICKERS_WEIGHT: Final = 80
ROWS_WEIGHT: Final = 2
TRADES_WEIGHT: Final = 25
MOST_ROWS: Final = 1_000
MOST_PAST_TRADES: Final = 1_000
CLOSED_AFTER_MS: Final = 2_000
"""A candle is over so long after its end, or when there is one after it: clocks differ."""

OK: Final = 200
FORBIDDEN: Final = 403
BAD_REQUEST: Final = range(400, 500)

T = TypeVar("T")


class BinanceRefused(Unavailable):
    """Binance answered, but not with what was asked for."""

    code = "binance-refused"
    title = "Binance gave no data"

    @property
    def permanent(self) -> bool:
        """Whether asking again would be answered in the same way."""
        status = self.facts.get("status")
        return isinstance(status, int) and status in BAD_REQUEST


@dataclass(frozen=True, slots=True)
class Page:
    """Closed candles of one answer. `next_ms`: where to go on; None when this was the end.
    `unsure_ms`: where a candle begins that is over by our clock but may not be by theirs.
    """

    candles: list[Candle]
    next_ms: int | None
    unsure_ms: int | None


class BinanceApi:
    """The hosts, the one that serves us first."""

    def __init__(self, outbound: Outbound, urls: Sequence[str], now_ms: Callable[[], int]) -> None:
        assert urls, "somebody has to be asked"
        self._now_ms = now_ms
        self._hosts: deque[Source] = deque(
            outbound.source(
                SOURCE if number == 0 else f"{SOURCE}-{number + 1}",
                base_url=url,
                per_minute=WEIGHT_PER_MINUTE,
                max_bytes=LARGEST_LISTING,
                timeout_s=20.0,
            )
            for number, url in enumerate(urls)
        )

    async def list_symbols(self) -> list[Symbol]:
        """Those that can be traded now."""
        params = {"symbolStatus": "TRADING", "showPermissionSets": "false"}
        answer = await self._get("/api/v3/exchangeInfo", params, LISTING_WEIGHT)
        symbols = _read(answer, read_listing)
        return [symbol for symbol in symbols if symbol.status == "TRADING"]

    async def list_tickers(self) -> list[Ticker]:
        """The last price and the last 24 hours of every symbol."""
        answer = await self._get("/api/v3/ticker/24hr", {"type": "MINI"}, TICKERS_WEIGHT)
        return _read(answer, read_tickers)

    async def page_candles(
        self, symbol: str, interval: Interval, *, from_ms: int, to_ms: int
    ) -> Page:
        """Closed candles that open in from_ms … to_ms − 1, of one request, oldest first.

        A row without a trade is no candle: nobody traded there. Raises Unavailable.
        """
        params = {
            "symbol": symbol,
            "interval": interval.value,
            "startTime": str(from_ms),
            "endTime": str(to_ms - 1),
            "limit": str(MOST_ROWS),
        }
        answer = await self._get("/api/v3/klines", params, ROWS_WEIGHT)
        rows = [row for row in _read(answer, read_rows) if from_ms <= row.open_ms < to_ms]
        return self._page(rows, interval)

    def _page(self, rows: list[Row], interval: Interval) -> Page:
        candles, before_ms, now_ms = list[Candle](), -1, self._now_ms()
        unsure_ms: int | None = None
        for at, row in enumerate(rows):
            if row.open_ms <= before_ms:
                fault("out-of-order")
                continue
            before_ms = row.open_ms
            if at == len(rows) - 1:
                end_ms = interval.next_start(row.open_ms)
                if now_ms < end_ms + CLOSED_AFTER_MS:
                    unsure_ms = row.open_ms if end_ms <= now_ms else None
                    break
            if row.trades > 0 and (candle := row_candle(row, interval)):
                candles.append(candle)
        full = len(rows) >= MOST_ROWS
        return Page(candles, interval.next_start(before_ms) if full else None, unsure_ms)

    async def list_trades(self, pair: Pair, symbol: str, *, first: int, last: int) -> list[Trade]:
        """The trades with these ids, at most MOST_PAST_TRADES of them. Raises Unavailable."""
        assert 0 <= last - first < MOST_PAST_TRADES
        params = {"symbol": symbol, "fromId": str(first), "limit": str(last - first + 1)}
        answer = await self._get("/api/v3/historicalTrades", params, TRADES_WEIGHT)
        said = [
            to_trade(pair, trade.time_ms, trade.id, trade.price, trade.quantity)
            for trade in _read(answer, read_past_trades)
            if first <= trade.id <= last
        ]
        return sorted((trade for trade in said if trade), key=lambda trade: (trade[1], trade[2]))

    async def _get(self, path: str, params: Mapping[str, str], weight: int) -> Answer:
        """From the first host that answers; raises what the last one met."""
        for left in range(len(self._hosts) - 1, -1, -1):
            host = self._hosts[0]
            try:
                answer = await host.get(path, params, weight=weight)
            except (SourceRestricted, SourceUnreachable, SourceTimeout, SourceCircuitOpen):
                self._hosts.rotate(-1)
                if not left:
                    raise
                continue
            used = answer.headers.get(USED_HEADER, "")
            if used.isascii() and used.isdecimal() and len(used) < 9:  # noqa: PLR2004 - sane
                host.note_used(int(used))
            if answer.status != FORBIDDEN or not left:
                return answer
            self._hosts.rotate(-1)
        raise AssertionError("the last host returns or raises")


def _read(answer: Answer, read: Callable[[bytes], T]) -> T:
    if answer.status == OK:
        try:
            return read(answer.body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            detail = f"{len(answer.body)} bytes that are not its JSON"
    else:
        detail = read_refusal(answer.body)
    raise BinanceRefused(
        f"status {answer.status}, {detail}", facts={"source": SOURCE, "status": answer.status}
    )
