"""A deterministic course of trades, from which klines and tickers follow, at a world's own pace."""

import random
import time
from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from plimsoll.markets.domain.candles import Interval

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
START_MS = int(START.timestamp() * 1000)


class WorldClock:
    """Runs `speed` times as fast as the machine's clock, from START; monotonic is the machine's."""

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self._began = time.monotonic()

    def now(self) -> datetime:
        return START + timedelta(seconds=(time.monotonic() - self._began) * self.speed)

    def monotonic(self) -> float:
        return time.monotonic()

    def now_ms(self) -> int:
        return int((self.now() - START).total_seconds() * 1000) + START_MS


@dataclass(frozen=True, slots=True)
class Deal:
    """One trade."""

    id: int
    time_ms: int
    price: Decimal
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Listed:
    """A symbol; `per_minute`: how often it is traded."""

    symbol: str
    base: str
    quote: str
    price: str
    per_minute: float
    status: str = "TRADING"


class Market:
    """What happened, and when; nothing of it depends on who asks."""

    def __init__(self, listed: list[Listed], *, minutes: int, seed: int = 7) -> None:
        self.listed = {each.symbol: each for each in listed}
        self.deals = {each.symbol: _course(each, minutes, seed) for each in listed}
        self._times = {
            symbol: [deal.time_ms for deal in deals] for symbol, deals in self.deals.items()
        }

    def between(self, symbol: str, from_ms: int, to_ms: int) -> list[Deal]:
        """Trades at from_ms … to_ms − 1."""
        times = self._times[symbol]
        return self.deals[symbol][bisect_left(times, from_ms) : bisect_left(times, to_ms)]

    def rows(
        self, symbol: str, interval: Interval, *, from_ms: int, to_ms: int, now_ms: int
    ) -> list[list[object]]:
        """Klines as REST tells them: the last one may be unfinished; one without trades is flat."""
        rows = list[list[object]]()
        start_ms = max(interval.bucket_start(from_ms), interval.bucket_start(START_MS))
        if start_ms < from_ms:
            start_ms = interval.next_start(start_ms)
        while start_ms < min(to_ms, now_ms + 1):
            row = self.row(symbol, interval, start_ms, now_ms)
            if row:
                rows.append(row)
            start_ms = interval.next_start(start_ms)
        return rows

    def row(
        self, symbol: str, interval: Interval, start_ms: int, now_ms: int
    ) -> list[object] | None:
        """One kline as of now; None before the first trade of all."""
        end_ms = interval.next_start(start_ms)
        deals = self.between(symbol, start_ms, min(end_ms, now_ms + 1))
        if deals:
            prices = [deal.price for deal in deals]
        else:
            before = bisect_left(self._times[symbol], start_ms)
            if not before:
                return None
            prices = [self.deals[symbol][before - 1].price]
        volume = sum((deal.quantity for deal in deals), Decimal(0))
        quote = sum((deal.quantity * deal.price for deal in deals), Decimal(0))
        return [
            start_ms,
            str(prices[0]),
            str(max(prices)),
            str(min(prices)),
            str(prices[-1]),
            str(volume),
            end_ms - 1,
            str(quote),
            len(deals),
            "0",
            "0",
            "0",
        ]

    def last_price(self, symbol: str, now_ms: int) -> Decimal:
        at = bisect_left(self._times[symbol], now_ms + 1)
        return self.deals[symbol][at - 1].price if at else Decimal(self.listed[symbol].price)

    def truth(
        self, symbol: str, interval: Interval, *, from_ms: int, to_ms: int
    ) -> dict[int, tuple[float, float, float, float, float, int]]:
        """Every closed candle with a trade in it, by its start."""
        return {
            int(str(row[0])): (
                float(str(row[1])),
                float(str(row[2])),
                float(str(row[3])),
                float(str(row[4])),
                float(str(row[5])),
                int(str(row[8])),
            )
            for row in self.rows(symbol, interval, from_ms=from_ms, to_ms=to_ms, now_ms=to_ms)
            if row[8]
        }


def _course(listed: Listed, minutes: int, seed: int) -> list[Deal]:
    dice = random.Random(f"{seed}:{listed.symbol}")  # noqa: S311 - a course, not a secret
    price, at_ms, deals = Decimal(listed.price), float(START_MS), list[Deal]()
    quantum = price.scaleb(-4).normalize()
    while True:
        at_ms += dice.expovariate(listed.per_minute / 60_000)
        if at_ms >= START_MS + minutes * 60_000:
            return deals
        price = max(price + dice.randint(-9, 9) * quantum, quantum)
        quantity = Decimal(dice.randint(1, 99_999)).scaleb(-4)
        deals.append(Deal(1_000 + len(deals), int(at_ms), price, quantity))
