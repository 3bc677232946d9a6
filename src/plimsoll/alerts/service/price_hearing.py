"""Prices as they are taken, one batch for each word of a source.

A pair that a source prices itself is one look into a dictionary. One that follows from others is
computed when one of its legs has a new price; which those are is looked up again whenever the
board has learned of a new pair. A price that was stale when it came is not told; whether it was has
to be looked up only where the price itself is old.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from plimsoll.alerts.domain.alerts import Origin
from plimsoll.alerts.domain.conditions import Subject, Value
from plimsoll.alerts.domain.subjects import Aim
from plimsoll.alerts.service.hearing import Tell, Wanted
from plimsoll.markets.domain.board import Path, PriceBoard
from plimsoll.markets.domain.prices import Pair, Tick
from plimsoll.markets.service.prices import Prices

NOBODY: Final = Origin("nobody", simulated=False)


class PriceHearing:
    """`hear` has to be called with every price that the board has taken."""

    def __init__(self, prices: Prices, tell: Tell) -> None:
        self._prices = prices
        self._board: PriceBoard = prices.board
        self._tell = tell
        self._pairs: dict[Subject, Pair] = {}
        self._direct: dict[Pair, Subject] = {}
        self._derived: dict[Pair, set[Subject]] = {}
        """By each leg's own pair."""
        self._paths: dict[Subject, Path | None] = {}
        self._known = -1

    def hear(self, ticks: Sequence[Tick]) -> None:
        if not self._pairs:
            return
        if len(self._board) != self._known:
            self._find_paths()
        clock, stale_s = self._prices.clock, self._board.stale_after_s
        find, oldest = self._direct.get, clock.now() - timedelta(seconds=stale_s)
        oldest_s = clock.monotonic() - stale_s
        values = list[tuple[Subject, Value | None]]()
        for tick in ticks:
            subject = find(tick.pair)
            if subject is None:
                continue
            price = tick.price
            if price.at >= oldest or self._board.get_entry(tick.pair).held_s() >= oldest_s:
                values.append((subject, price.value))
        if self._derived:
            touched = {
                subject: None for tick in ticks for subject in self._derived.get(tick.pair, ())
            }
            values += [(subject, self._value(subject)) for subject in touched]
        if values:
            self._tell(values, self._origin)

    def follow(self, subject: Subject, aim: Aim, wanted: Wanted) -> None:
        _ = wanted
        assert aim.pair is not None
        self._pairs[subject] = aim.pair
        self._find_path(subject, aim.pair)

    def leave(self, subject: Subject) -> None:
        self._unlink(subject)
        del self._pairs[subject]

    def look(self, subject: Subject) -> None:
        self._tell([(subject, self._value(subject))], self._origin)

    def beat(self) -> None:
        """Nothing to do: prices come by themselves."""

    def _value(self, subject: Subject) -> Value | None:
        found = self._prices.find_quote(*self._pairs[subject])
        return None if found is None or found.stale else found.value

    def _origin(self, subject: Subject) -> Origin:
        found = self._prices.find_quote(*self._pairs[subject])
        return Origin(found.source, found.simulated) if found else NOBODY

    def _find_paths(self) -> None:
        self._known = len(self._board)
        for subject, pair in self._pairs.items():
            if pair not in self._direct:
                self._unlink(subject)
                self._find_path(subject, pair)

    def _find_path(self, subject: Subject, pair: Pair) -> None:
        path = self._paths[subject] = self._board.find_path(*pair)
        if path is None:
            return
        if len(path.legs) == 1 and not path.legs[0].inverted:
            self._direct[pair] = subject
            return
        for leg in _pairs_of(path, pair):
            self._derived.setdefault(leg, set()).add(subject)

    def _unlink(self, subject: Subject) -> None:
        pair, path = self._pairs[subject], self._paths.pop(subject, None)
        if self._direct.get(pair) == subject:
            del self._direct[pair]
        elif path is not None:
            for leg in _pairs_of(path, pair):
                subjects = self._derived[leg]
                subjects.discard(subject)
                if not subjects:
                    del self._derived[leg]


def _pairs_of(path: Path, pair: Pair) -> list[Pair]:
    """The pairs as they stand on the board."""
    ends = (pair.base, pair.quote) if path.via is None else (pair.base, path.via, pair.quote)
    return [
        Pair(ends[at + 1], ends[at]) if leg.inverted else Pair(ends[at], ends[at + 1])
        for at, leg in enumerate(path.legs)
    ]
