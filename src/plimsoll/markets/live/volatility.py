"""The ranking by volatility, live."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from plimsoll.markets.domain.assets import Catalogue
from plimsoll.markets.domain.volatility import Ranked, VolatilityBoard, Window
from plimsoll.markets.live.pairs import name_of, refuse_symbols
from plimsoll.plumbing.streams.messages import Subscribe
from plimsoll.plumbing.streams.topics import Caller, Topic


class VolatilityRequest(Subscribe):
    """`limit`: how many of the most volatile pairs."""

    window: Window = Window.DAY
    limit: Annotated[int, Meta(ge=1, le=500)] = 50


class VolatilityRow(Struct):
    """`volatility` per minute or hour, as the window is measured; both values are ratios."""

    pair: str
    base: str
    quote: str
    rank: int
    volatility: float
    annualised: float
    returns: int


class VolatilityBody(Struct):
    """The most volatile pairs first."""

    window: Window
    ranking: list[VolatilityRow]


class VolatilityTopic(Topic):
    """The ranking of one window."""

    def __init__(
        self, board: VolatilityBoard, catalogue: Catalogue, window: Window, limit: int
    ) -> None:
        super().__init__("volatility", "", window.value, str(limit))
        self._board = board
        self._catalogue = catalogue
        self._window = window
        self._limit = limit
        self._ranking = board.rank(window)

    def look(self) -> None:
        """Touch when a minute or an hour has changed the ranking."""
        ranking = self._board.rank(self._window)
        if ranking is not self._ranking:
            self._ranking = ranking
            self.touch()

    def snapshot(self) -> bytes:
        ranked = self._board.list_ranked(self._window, self._limit)
        rows = [row for each in ranked if (row := self._row(each)) is not None]
        return msgspec.json.encode(VolatilityBody(self._window, rows))

    def _row(self, ranked: Ranked) -> VolatilityRow | None:
        base = self._catalogue.find_by_id(ranked.pair.base)
        quote = self._catalogue.find_by_id(ranked.pair.quote)
        measured, rank = ranked.volatility, ranked.rank
        if base is None or quote is None or measured is None or rank is None:
            return None
        return VolatilityRow(
            name_of(base, quote),
            base.id,
            quote.id,
            rank,
            measured.value,
            measured.annualised,
            measured.returns,
        )


class VolatilityChannel:
    """The pairs that moved most in a window (1h, 24h, 7d, 30d); told when the ranking changes."""

    name = "volatility"
    request = VolatilityRequest
    body = VolatilityBody

    def __init__(self, board: VolatilityBoard, catalogue: Catalogue) -> None:
        self._board = board
        self._catalogue = catalogue
        self._topics: dict[str, VolatilityTopic] = {}

    async def open(self, request: VolatilityRequest, caller: Caller | None) -> Sequence[Topic]:
        """Raises BadMessage."""
        _ = caller
        refuse_symbols(request)
        topic = VolatilityTopic(self._board, self._catalogue, request.window, request.limit)
        return [self._topics.setdefault(topic.sub, topic)]

    def collect(self) -> None:
        for topic in self._topics.values():
            topic.look()

    def release(self, topic: Topic) -> None:
        self._topics.pop(topic.sub, None)
