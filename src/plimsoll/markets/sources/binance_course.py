"""Where the stream of one symbol stands: what came last, and what is missing.

Closed minutes come one after another and trade ids count up without a hole, so what was missed
shows in what comes next. A piece that is missing stays known as missing until it is there; nothing
is put in its place. Pure; one course, one writer.
"""

from dataclasses import dataclass
from typing import Final

from plimsoll.markets.domain.candles import MINUTE_MS, Candle, Interval
from plimsoll.markets.domain.feeds import Trade
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.sources.binance_wire import (
    KlineEvent,
    TradeEvent,
    bar_candle,
    fault,
    to_trade,
)

AHEAD_MS: Final = MINUTE_MS
"""A stamp further than this in front of our clock is a mistake."""
FAR: Final = 100_000
"""So many ids ahead of the last one, a trade is believed only when another one follows it."""
DOUBTFUL: Final = 3.0
"""A closed minute so many times above or below the last believed one is asked for once more."""
DOUBTED_BACK_MS: Final = 60 * MINUTE_MS
"""So much of what a contradicted level let pass is asked for with it."""
MOST_GAPS: Final = 100
"""Of one symbol; of more, the oldest are given up, and the closed minutes say what happened."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Ids of trades that did not come, and the time between the trades before and after them."""

    first: int
    last: int
    after_ms: int
    before_ms: int


class TradeIds:
    """Each trade once, whatever is repeated, reordered or left out on the way."""

    def __init__(self) -> None:
        self.gaps: list[Gap] = []
        self._last = -1
        self._last_ms = 0
        self._far = -1

    def take(self, trade_id: int, time_ms: int) -> bool:
        """Whether this trade is new, and to be believed."""
        ahead = trade_id - self._last
        if ahead == 1 or self._last < 0:
            self._last, self._last_ms = trade_id, time_ms
            return True
        if ahead <= 0:
            return self._take_late(trade_id, time_ms)
        if ahead > FAR and not 0 < trade_id - self._far <= FAR:
            self._far = trade_id
            fault("far-id")
            return False
        self.gaps.append(Gap(self._last + 1, trade_id - 1, self._last_ms, time_ms))
        del self.gaps[:-MOST_GAPS]
        self._last, self._last_ms = trade_id, time_ms
        return True

    def _take_late(self, trade_id: int, time_ms: int) -> bool:
        """A trade that was missing so far splits its gap; any other was here before."""
        for at, gap in enumerate(self.gaps):
            if gap.first <= trade_id <= gap.last:
                halves = (
                    Gap(gap.first, trade_id - 1, gap.after_ms, time_ms),
                    Gap(trade_id + 1, gap.last, time_ms, gap.before_ms),
                )
                self.gaps[at : at + 1] = [half for half in halves if half.first <= half.last]
                return True
        return False


class Course:
    """One symbol that is followed. `rank`: 0 is the most traded. `since_ms`: what happened from
    then on is not left out, however long the first connection takes.
    """

    def __init__(
        self, symbol: str, pair: Pair, *, rank: int, by_trades: bool, since_ms: int
    ) -> None:
        self.symbol = symbol
        self.pair = pair
        self.rank = rank
        self.ids = TradeIds() if by_trades else None
        self.minutes_from_ms: int | None = None
        """Closed minutes from here on have to be asked for."""
        self.seconds: tuple[int, int] | None = None
        """Between these moments closed seconds have to be asked for."""
        self._closed_ms = Interval.MINUTE.bucket_start(since_ms) - MINUTE_MS
        """Start of the last minute that is known to be closed, or was over before we came."""
        self._believed: float | None = None
        """The last close that agreed with those before it, or that REST has told."""
        self._unsure_ms: int | None = None
        """The first minute that agrees with a level which REST has not told."""
        self._connected = False
        self._event_ms = 0
        self._whole_from_ms = 0
        """Minutes that begin earlier are not made of all of their trades."""

    @property
    def missing(self) -> bool:
        return (
            self.minutes_from_ms is not None
            or self.seconds is not None
            or bool(self.ids and self.ids.gaps)
        )

    def reconnected(self, now_ms: int) -> None:
        """What comes next comes over another connection; between the two there may be a hole."""
        self._whole_from_ms = Interval.MINUTE.next_start(now_ms)
        if self._connected or Interval.MINUTE.bucket_start(now_ms) - MINUTE_MS > self._closed_ms:
            self.miss_minutes(self._closed_ms)
        self._connected = True

    def miss_minutes(self, from_ms: int) -> None:
        known_ms = self.minutes_from_ms
        self.minutes_from_ms = from_ms if known_ms is None else min(known_ms, from_ms)

    def confirm(self, candle: Candle) -> None:
        """REST has told this minute: from here on its level is the one to agree with."""
        self._unsure_ms, self._believed = None, candle.close

    def miss_seconds(self, from_ms: int, to_ms: int) -> None:
        known = self.seconds or (from_ms, to_ms)
        self.seconds = (min(known[0], from_ms), max(known[1], to_ms))

    def take_bar(self, event: KlineEvent, now_ms: int) -> Candle | None:
        """The candle to say, if there is one."""
        bar = event.bar
        if bar.interval != "1m" or bar.trades < 0 or bar.open_ms % MINUTE_MS:
            fault("off-grid")
        elif max(event.event_ms, bar.open_ms) > now_ms + AHEAD_MS:
            fault("ahead")
        elif bar.closed:
            candle = bar_candle(bar) if bar.trades else None
            if candle or not bar.trades:
                self._close(bar.open_ms)
            if candle:
                self._doubt(candle)
            return candle
        elif bar.open_ms > self._closed_ms and event.event_ms >= self._event_ms:
            self._event_ms = event.event_ms
            if bar.trades and not (self.ids and bar.open_ms >= self._whole_from_ms):
                return bar_candle(bar)
        return None

    def take_trade(self, event: TradeEvent, now_ms: int) -> Trade | None:
        """The trade, when it is a new one."""
        trade = to_trade(self.pair, event.time_ms, event.id, event.price, event.quantity)
        if trade is None or self.ids is None:
            return None
        if trade.time_ms > now_ms + AHEAD_MS:
            fault("ahead")
            return None
        gaps = len(self.ids.gaps)
        if not self.ids.take(trade.id, trade.time_ms):
            return None
        if len(self.ids.gaps) > gaps:
            self._whole_from_ms = Interval.MINUTE.next_start(trade.time_ms)
        return trade

    def _close(self, open_ms: int) -> None:
        if self._closed_ms < open_ms - MINUTE_MS:
            self.miss_minutes(self._closed_ms)
        self._closed_ms = max(self._closed_ms, open_ms)

    def _doubt(self, candle: Candle) -> None:
        """Whoever makes candles of this may refuse it: then it has to come from REST. Nobody knows
        yet which side is wrong, so that the level stays and what agreed with it is asked for too.
        """
        believed, open_ms = self._believed, candle.open_time_ms
        if believed and not believed / DOUBTFUL < candle.low <= candle.high < believed * DOUBTFUL:
            self.miss_minutes(max(self._unsure_ms or open_ms, open_ms - DOUBTED_BACK_MS))
        else:
            if not believed:
                self._unsure_ms = open_ms
            self._believed = candle.close
