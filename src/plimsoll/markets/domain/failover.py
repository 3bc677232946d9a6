"""Which of several sources a price is taken from, and how the sources are.

Every pair has an order of sources. Its price comes from the first one that is well: that has said a
price of the pair and is heard from. When it falls silent the next one takes over at once with what
it said last; when it is back, it is preferred again with its first word. If none is well, the last
good value stays, and its age tells.

A price far away from what the same source said before is a mistake more often than a move, so it
waits until the source has repeated it for a while or another source of the pair agrees. Two sources
that are both well and lie far apart for some seconds are flagged: nobody here knows which is right.

Pure: the caller says what time it is, in seconds of a monotonic clock.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from plimsoll.markets.domain.prices import Pair, Tick

FARTHEST: Final = 3.0
"""A price this many times as high or low as the one before waits for confirmation."""
CONFIRMED_AFTER_S: Final = 30.0
CONFIRMED_BY: Final = 3
"""So many prices of the new level in a row, over CONFIRMED_AFTER_S, are believed."""
AGREES_WITHIN: Final = 1.1
APART_FOR_S: Final = 5.0
"""Sources differ for a moment whenever the price moves; longer than this is worth a word."""


class SourceState(StrEnum):
    """`live`: heard from. `degraded`: cut off or refusing, but what it said is not old yet.
    `stale`: silent for longer than it should ever be. `starting`: not heard from so far.
    """

    STARTING = "starting"
    LIVE = "live"
    DEGRADED = "degraded"
    STALE = "stale"


class SourceHealth:
    """How one source is, from what is heard of it."""

    def __init__(self, name: str, *, pushes: bool, silence_s: float, now_s: float) -> None:
        self.name = name
        self.pushes = pushes
        self.silence_s = silence_s
        self.state = SourceState.STARTING
        self.since_s = now_s
        self.heard_s = float("-inf")
        self.failures = 0
        """How often it could not be reached or refused, since the start."""
        self.error: str | None = None
        """The code of the last failure, as long as it has not been heard from again."""
        self.detail: str | None = None
        self._began_s = now_s

    @property
    def well(self) -> bool:
        return self.state is SourceState.LIVE

    def heard(self, now_s: float) -> bool:
        """It said something; whether that changes its state."""
        self.heard_s = now_s
        if self.state is SourceState.LIVE:
            return False
        self.error = self.detail = None
        return self._become(SourceState.LIVE, now_s)

    def failed(self, code: str, detail: str, now_s: float) -> bool:
        """It could not be reached, or refused; whether that changes its state."""
        self.failures += 1
        self.error, self.detail = code, detail
        return self.state is SourceState.LIVE and self._become(SourceState.DEGRADED, now_s)

    def look(self, now_s: float) -> bool:
        """Whether it has fallen silent meanwhile."""
        if self.state is SourceState.STALE or now_s - self._last_s() <= self.silence_s:
            return False
        return self._become(SourceState.STALE, now_s)

    def _last_s(self) -> float:
        return max(self.heard_s, self._began_s)

    def _become(self, state: SourceState, now_s: float) -> bool:
        self.state, self.since_s = state, now_s
        return True


class Word(NamedTuple):
    """What a source said last of a pair."""

    source: str
    tick: Tick
    received_s: float


@dataclass(slots=True)
class Doubt:
    """A price that waits to be believed."""

    tick: Tick
    value: float
    since_s: float
    times: int = 1


class FlagKind(StrEnum):
    DISAGREEMENT = "disagreement"
    """Two sources of a pair lie further apart than they should."""
    SUSPICIOUS_PRICE = "suspicious-price"
    """A source said a price far from the one before; it is not used until it is confirmed."""


@dataclass(frozen=True, slots=True)
class Flag:
    """Something about the data of a pair that a person should know. `ratio`: the higher price
    over the lower one.
    """

    kind: FlagKind
    pair: Pair
    sources: tuple[str, ...]
    ratio: float
    since_s: float


class Failover:
    """Chooses for every pair; knows what each source said last."""

    def __init__(
        self,
        sources: Iterable[SourceHealth],
        *,
        orders: Mapping[Pair, Sequence[str]],
        apart: float,
    ) -> None:
        """`sources` in the order in which they are preferred; `orders` holds for single pairs, the
        sources that are not in it come after. `apart`: 0.02 flags differences of two percent.
        """
        self._sources = {source.name: source for source in sources}
        self._apart = 1.0 + apart
        self._orders = {
            pair: _ranks([*order, *(name for name in self._sources if name not in order)])
            for pair, order in orders.items()
        }
        self._order = _ranks(self._sources)
        self._words: dict[Pair, dict[str, Word]] = {}
        self._chosen: dict[Pair, str] = {}
        self._doubts: dict[tuple[Pair, str], Doubt] = {}
        self._differences: dict[tuple[Pair, str, str], Flag] = {}
        self._compared_s = float("-inf")

    def chosen(self, pair: Pair) -> str | None:
        """Whose price the pair has; None while nobody said one."""
        return self._chosen.get(pair)

    def outranked(self, pair: Pair, source: str) -> bool:
        """Whether the pair has its price from a source that is preferred to this one."""
        chosen = self._chosen.get(pair, source)
        order = self._orders.get(pair, self._order)
        return order[chosen] < order[source]

    def sources_of(self, pair: Pair) -> list[str]:
        """Who ever said a price of the pair, the preferred one first."""
        order = self._orders.get(pair, self._order)
        return sorted(self._words.get(pair, ()), key=order.__getitem__)

    def list_well(self, pair: Pair) -> list[Word]:
        """What the sources said last of the pair that tell every change and are well, the preferred
        one first. A polled price is as old as its round, so it is not among them.
        """
        words = self._words.get(pair, {})
        return [
            words[name]
            for name in self.sources_of(pair)
            if self._sources[name].pushes and self._sources[name].well
        ]

    def count_pairs(self) -> Counter[str]:
        """How many pairs have their price from each source."""
        return Counter(self._chosen.values())

    def offer(self, source: str, tick: Tick, received_s: float) -> bool:
        """Take what `source` says; whether it is the price of the pair now."""
        pair = tick.pair
        words = self._words.get(pair)
        if words is None:
            words = self._words[pair] = {}
        before = words.get(source)
        if before is not None:
            ratio = float(tick.price.value) / float(before.tick.price.value)
            far = not 1.0 / FARTHEST < ratio < FARTHEST
            if (far or self._doubts) and self._doubtful(source, tick, received_s, far=far):
                return False
        words[source] = Word(source, tick, received_s)
        chosen = self._chosen.get(pair)
        if chosen == source:
            return True
        if chosen is not None:
            order = self._orders.get(pair, self._order)
            if order[source] > order[chosen] and self._sources[chosen].well:
                return False
        self._chosen[pair] = source
        return True

    def step_in(self, silent: str) -> Iterator[Word]:
        """Give the pairs of a source that is not well to the best other source that is; what those
        said last of them.
        """
        for pair, chosen in self._chosen.items():
            if chosen != silent:
                continue
            for other in self.sources_of(pair):
                if self._sources[other].well:
                    self._chosen[pair] = other
                    yield self._words[pair][other]
                    break

    def list_flags(self) -> list[Flag]:
        """What is wrong now; the oldest first."""
        doubts = [
            Flag(
                FlagKind.SUSPICIOUS_PRICE,
                pair,
                (source,),
                _apart(doubt.value, float(self._words[pair][source].tick.price.value)),
                doubt.since_s,
            )
            for (pair, source), doubt in self._doubts.items()
        ]
        return sorted([*doubts, *self._list_lasting()], key=lambda flag: flag.since_s)

    def compare(self, now_s: float) -> list[Flag]:
        """Look at all pairs that several sources know; the disagreements that have just become
        worth a word.
        """
        found = dict[tuple[Pair, str, str], Flag]()
        fresh = list[Flag]()
        for pair, words in self._words.items():
            if len(words) < 2:  # noqa: PLR2004 - it takes two to disagree
                continue
            well = [name for name in words if self._sources[name].well]
            prices = {name: float(words[name].tick.price.value) for name in well}
            for at, one in enumerate(well):
                for other in well[at + 1 :]:
                    ratio = _apart(prices[one], prices[other])
                    if ratio <= self._apart:
                        continue
                    key = (pair, one, other)
                    known = self._differences.get(key)
                    since_s = known.since_s if known else now_s
                    flag = Flag(FlagKind.DISAGREEMENT, pair, (one, other), ratio, since_s)
                    found[key] = flag
                    if self._compared_s - since_s < APART_FOR_S <= now_s - since_s:
                        fresh.append(flag)
        self._differences = found
        self._compared_s = now_s
        return fresh

    def _list_lasting(self) -> list[Flag]:
        return [
            flag
            for flag in self._differences.values()
            if self._compared_s - flag.since_s >= APART_FOR_S
        ]

    def _doubtful(self, source: str, tick: Tick, now_s: float, *, far: bool) -> bool:
        """Whether a price is not to be used yet."""
        key = (tick.pair, source)
        doubt = self._doubts.get(key)
        if not far:
            if doubt is not None:
                del self._doubts[key]
            return False
        value = float(tick.price.value)
        if self._agreed(tick.pair, source, value):
            self._doubts.pop(key, None)
            return False
        if doubt is None or _apart(doubt.value, value) > AGREES_WITHIN:
            self._doubts[key] = Doubt(tick, value, now_s)
            return True
        doubt.tick, doubt.value, doubt.times = tick, value, doubt.times + 1
        if doubt.times >= CONFIRMED_BY and now_s - doubt.since_s >= CONFIRMED_AFTER_S:
            del self._doubts[key]
            return False
        return True

    def _agreed(self, pair: Pair, source: str, value: float) -> bool:
        return any(
            self._sources[other].well
            and _apart(value, float(word.tick.price.value)) <= AGREES_WITHIN
            for other, word in self._words[pair].items()
            if other != source
        )


def _ranks(names: Iterable[str]) -> dict[str, int]:
    return {name: rank for rank, name in enumerate(names)}


def _apart(one: float, other: float) -> float:
    return max(one, other) / min(one, other)
