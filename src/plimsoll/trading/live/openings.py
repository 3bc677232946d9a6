"""Topics that have to be read before anybody can be told of them."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from plimsoll.plumbing.streams.topics import Line, Topic


class Loaded(Protocol):
    """A topic that follows the exchange from `load` on until `close`."""

    sub: str
    lines: list[Line]

    async def load(self) -> None:
        """Raises a PlimsollError when it cannot be read now."""
        ...

    def close(self) -> None:
        """Also when it was never loaded."""
        ...


T = TypeVar("T", bound=Loaded)


@dataclass(slots=True, eq=False)
class _Entry(Generic[T]):
    topic: T
    loading: asyncio.Task[None]
    waiting: int = 0


class Openings(Generic[T]):
    """The topics of one channel, each loaded once for all who ask for it."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry[T]] = {}

    def all(self) -> list[T]:
        return [entry.topic for entry in self._entries.values()]

    async def obtain(self, wanted: Sequence[tuple[str, Callable[[], T]]]) -> list[T]:
        """The topics that are known as these, all of them or none; those that are new are made."""
        entries = [self._entry(name, make) for name, make in wanted]
        loaded = False
        try:
            for entry in entries:
                await asyncio.shield(entry.loading)
            loaded = True
        finally:
            for entry in entries:
                entry.waiting -= 1
                if not loaded:
                    self._let_go(entry)
        return [entry.topic for entry in entries]

    def release(self, topic: Topic) -> None:
        """Let it go, unless somebody is still waiting for it or listens to it."""
        entry = self._entries.get(topic.sub)
        if entry is not None:
            self._let_go(entry)

    def _entry(self, name: str, make: Callable[[], T]) -> _Entry[T]:
        entry = self._entries.get(name)
        if entry is None:
            topic = make()
            task = asyncio.create_task(topic.load(), name=f"load {topic.sub}")
            entry = self._entries[name] = _Entry(topic, task)
        entry.waiting += 1
        return entry

    def _let_go(self, entry: _Entry[T]) -> None:
        sub = entry.topic.sub
        if entry.waiting or entry.topic.lines or self._entries.get(sub) is not entry:
            return
        del self._entries[sub]
        entry.loading.cancel()
        with suppress(asyncio.InvalidStateError, asyncio.CancelledError):
            entry.loading.exception()  # or the loop says that nobody looked at it
        entry.topic.close()
