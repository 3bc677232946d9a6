"""What one message of a live source costs, from its bytes to where it is used, in µs.

    python -m benchmarks.sources [--entries 300] [--rounds 7]

Ours: typed decoding, checks, and the price on the board (mini tickers), or the checked candle or
trade. Beside it, in the same run and for the same bytes, what the usual adapter does at least:
`json.loads` and floats in a dictionary, without a check. A mini ticker message carries many
entries; its figures are per entry, of which all are followed. Rounds alternate; each figure is the
median.
"""

import argparse
import gc
import json
import random
import statistics
import time
from collections.abc import Callable
from typing import Final

from plimsoll.kernel.clock import SystemClock, to_ms
from plimsoll.markets.domain.assets import AssetKind
from plimsoll.markets.domain.board import PriceBoard
from plimsoll.markets.domain.candles import MINUTE_MS
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.service.catalogue import load_catalogue
from plimsoll.markets.sources.binance import BinanceSource, Plan, Told
from plimsoll.markets.sources.binance_course import Course
from plimsoll.plumbing.outbound import Outbound
from plimsoll.plumbing.sockets import SocketTerms

TIMES: Final = 300


def make_messages(symbols: list[str], now_ms: int) -> dict[str, list[bytes]]:
    """TIMES messages of each kind, as Binance writes them."""
    dice = random.Random(5)

    def price() -> str:
        return f"{dice.uniform(0.1, 90_000):.8f}"

    tickers, klines, trades = list[bytes](), list[bytes](), list[bytes]()
    start_ms = now_ms - now_ms % MINUTE_MS
    for number in range(TIMES):
        entries = [
            {
                "e": "24hrMiniTicker",
                "E": now_ms - TIMES + number,
                "s": symbol,
                "c": price(),
                "o": price(),
                "h": price(),
                "l": price(),
                "v": price(),
                "q": price(),
            }
            for symbol in symbols
        ]
        tickers.append(json.dumps(entries, separators=(",", ":")).encode())
        symbol = symbols[number % len(symbols)]
        bar: dict[str, object] = {"t": start_ms, "T": start_ms + 59_999, "s": symbol, "i": "1m"}
        bar |= {"f": 1, "L": 9, "o": "2.5", "c": "2.6", "h": "2.7", "l": "2.4", "v": price()}
        bar |= {"n": 9, "x": False, "q": price(), "V": "1", "Q": "1", "B": "0"}
        kline = {"e": "kline", "E": now_ms - TIMES + number, "s": symbol, "k": bar}
        klines.append(json.dumps(kline, separators=(",", ":")).encode())
        trade = {"e": "trade", "E": now_ms, "s": symbols[0], "t": number + 1, "p": price()}
        trade |= {"q": "0.5", "T": now_ms, "m": True, "M": True}
        trades.append(json.dumps(trade, separators=(",", ":")).encode())
    return {"mini ticker entry": tickers, "kline": klines, "trade": trades}


class Ours:
    """A source as it runs, without its connection."""

    def __init__(self, symbols: dict[str, Pair]) -> None:
        clock = SystemClock()
        plan = Plan(("http://127.0.0.1",), ("ws://127.0.0.1",), frozenset(), SocketTerms(1.0), 1.0)
        self._source = BinanceSource(Outbound(clock), clock, plan)
        self._board = PriceBoard(stale_after_s=60.0)
        now_ms = to_ms(clock.now())
        for rank, (symbol, pair) in enumerate(symbols.items()):
            course = Course(symbol, pair, rank=rank, by_trades=rank == 0, since_ms=now_ms)
            course.reconnected(now_ms)
            self._source._courses[symbol] = course  # noqa: SLF001 - the listing, without a network

    def take(self, messages: list[bytes]) -> int:
        """How many prices, candles and trades came of it."""
        count = 0
        for message in messages:
            told = Told()
            self._source._take(message, told)  # noqa: SLF001 - the part that is measured
            for tick in told.ticks:
                self._board.put(tick.pair, tick.price, 0.0)
            count += len(told.ticks) + len(told.candles) + len(told.trades)
        return count


class Plain:
    """json.loads, and floats in a dictionary."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, ...]] = {}

    def take(self, messages: list[bytes]) -> int:
        count = 0
        for message in messages:
            said = json.loads(message)
            for entry in said if isinstance(said, list) else [said]:
                values = entry.get("k", entry)
                names = "coq" if "c" in values else "pq"
                if values is not entry:
                    names = "ohlcv"
                self._known[entry["s"]] = tuple(float(values[name]) for name in names)
                count += 1
        return count


def seconds(take: Callable[[list[bytes]], int], messages: list[bytes], wanted: int) -> float:
    gc.collect()
    began = time.perf_counter()
    count = take(messages)
    taken = time.perf_counter() - began
    assert count == wanted, f"{count} of {wanted} were taken"
    return taken


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--entries", type=int, default=300)
    options.add_argument("--rounds", type=int, default=7)
    chosen = options.parse_args()
    assets = load_catalogue().list_assets(AssetKind.CRYPTO)
    pairs = [Pair(base.id, quote.id) for quote in assets[:5] for base in assets if base != quote]
    symbols = {f"SYMBOL{number}": pair for number, pair in enumerate(pairs[: chosen.entries])}
    messages = make_messages(list(symbols), to_ms(SystemClock().now()))
    print(f"{'µs':20}{'ours':>10}{'json + float':>14}{'bytes':>8}")
    for kind, data in messages.items():
        wanted = TIMES * len(symbols) if kind.startswith("mini") else TIMES
        ours, plain = list[float](), list[float]()
        for _ in range(chosen.rounds):
            ours.append(seconds(Ours(symbols).take, data, wanted) / wanted)
            plain.append(seconds(Plain().take, data, wanted) / wanted)
        size = sum(map(len, data)) / wanted
        figures = f"{statistics.median(ours) * 1e6:10.2f}{statistics.median(plain) * 1e6:14.2f}"
        print(f"{kind:20}{figures}{size:8.0f}")


if __name__ == "__main__":
    main()
