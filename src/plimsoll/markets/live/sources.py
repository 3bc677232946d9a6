"""How the sources are, live."""

from collections.abc import Sequence
from typing import Annotated, Protocol

import msgspec
from msgspec import Meta, Struct

from plimsoll.kernel.clock import rfc3339
from plimsoll.markets.live.pairs import refuse_symbols
from plimsoll.markets.service.intake import DataFlag, SourceStatus
from plimsoll.plumbing.streams.messages import Subscribe
from plimsoll.plumbing.streams.topics import Caller, Topic


class SourceRow(Struct):
    """`since`: when it came into this state; `heard_at`: null when it never was heard from."""

    name: str
    state: Annotated[str, Meta(description="starting, live, degraded or stale")]
    since: str
    heard_at: str | None
    pairs: int
    failures: int
    error: str | None
    detail: str | None


class FlagRow(Struct):
    """`sources` is empty and `ratio` null for what was refused where candles are made."""

    kind: str
    base: str
    quote: str
    sources: list[str]
    ratio: float | None
    since: str


class SourceBody(Struct):
    """All sources in the order in which they are preferred, and the doubts about what they say."""

    sources: list[SourceRow]
    flags: list[FlagRow]


class Sources(Protocol):
    """Who knows how the sources are."""

    def list_sources(self) -> list[SourceStatus]: ...

    def list_flags(self) -> list[DataFlag]: ...


class SourceTopic(Topic):
    """How all sources are."""

    def __init__(self, sources: Sources) -> None:
        super().__init__("sources", "")
        self._sources = sources

    def snapshot(self) -> bytes:
        sources = [
            SourceRow(
                name=one.name,
                state=one.state.value,
                since=rfc3339(one.since),
                heard_at=rfc3339(one.heard_at) if one.heard_at else None,
                pairs=one.pairs,
                failures=one.failures,
                error=one.error,
                detail=one.detail,
            )
            for one in self._sources.list_sources()
        ]
        flags = [
            FlagRow(
                flag.kind.value, *flag.pair, list(flag.sources), flag.ratio, rfc3339(flag.since)
            )
            for flag in self._sources.list_flags()
        ]
        return msgspec.json.encode(SourceBody(sources, flags))


class SourceChannel:
    """How the sources of prices are, told whenever one changes."""

    name = "sources"
    request = Subscribe
    body = SourceBody

    def __init__(self, sources: Sources) -> None:
        self._topic = SourceTopic(sources)

    async def open(self, request: Subscribe, caller: Caller | None) -> Sequence[Topic]:
        """Raises BadMessage."""
        _ = caller
        refuse_symbols(request)
        return [self._topic]

    def touch(self) -> None:
        """A source has changed."""
        self._topic.touch()

    def collect(self) -> None:
        """Nothing to do: sources tell."""

    def release(self, topic: Topic) -> None:
        """Kept: there is only one."""
