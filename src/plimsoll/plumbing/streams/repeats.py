"""What a listener missed of a log and is further back than memory goes: told page by page from
where it is stored, as fast as the client reads.

Until it has all of it, the listener is told nothing else of that log; then it goes on with what is
remembered, in the same breath as its snapshot, so that nothing is left out and nothing comes twice.
Pages are read one at a time for everybody, with a pause after each: whoever asks for a long past
takes his time, and nobody else's.
"""

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import structlog

from plimsoll.kernel.errors import PlimsollError
from plimsoll.plumbing.streams.door import Close
from plimsoll.plumbing.streams.listeners import Listener, Wanted
from plimsoll.plumbing.streams.messages import Unsubscribed
from plimsoll.plumbing.streams.topics import Log, Page

if TYPE_CHECKING:
    from plimsoll.plumbing.streams.hub import Hub  # which has one of these

log = structlog.get_logger(__name__)

PAUSE_S: Final = 0.005


class Repeats:
    """All that is being repeated."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def takes(self, listener: Listener, sub: str) -> bool:
        """Whether what this listener wants of `sub` is not remembered but stored: then the next
        page of it is on its way.
        """
        wanted = listener.wanted[sub]
        if wanted.reading:
            return True
        if not wanted.is_far_back:
            return False
        wanted = listener.wanted[sub] = replace(wanted, reading=True)
        task = asyncio.create_task(self._go_on(listener, sub, wanted), name=f"repeat {sub}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def close(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _go_on(self, listener: Listener, sub: str, wanted: Wanted) -> None:
        try:
            page = await self._read(listener, sub, wanted)
            if page is not None:
                self._tell(listener, sub, wanted, page)
        except PlimsollError as error:
            if listener.wanted.get(sub) is wanted:  # the client comes back with what it has
                self._hub.unsubscribe(listener, sub)
                listener.say(Unsubscribed(sub, reason=error.code))
        except Exception:
            log.exception("repeat_failed", sub=sub)
            self._hub.end(listener, Close.FAILED)

    async def _read(self, listener: Listener, sub: str, wanted: Wanted) -> Page | None:
        """None: nobody waits for it any more."""
        topic, since = wanted.line.topic, wanted.since_seq
        assert isinstance(topic, Log)
        assert since is not None
        async with self._turn:
            if listener.wanted.get(sub) is not wanted:
                return None
            page = await topic.read_on(max(since, wanted.complete_to))
            await asyncio.sleep(PAUSE_S)
        return page if listener.wanted.get(sub) is wanted else None

    def _tell(self, listener: Listener, sub: str, wanted: Wanted, page: Page) -> None:
        since, events = wanted.since_seq, page.events
        assert since is not None
        if events:
            frames = wanted.line.repeat(events, since, self._hub.now_ms())
            listener.outlet.write(listener.outlet.wire.pack(frames))
            since = events[-1][0]
        listener.wanted[sub] = replace(
            wanted, since_seq=since, complete_to=page.until, reading=False
        )
        listener.lagging_since_s = None  # whoever takes pages is not too slow
        self._hub.catch_up(listener)
