"""What a slice offers on live connections: a Channel opens Topics, and a Topic can say how it is
now and what of it has changed.

The hub asks; a topic never sends. Whoever changes something calls `touch` (the last value wins, and
what changes twice between two flushes is told once) or, on a `Log`, `append` (each event is told
exactly once, in order). Both cost next to nothing while nobody listens.

Texts are JSON objects as bytes; the hub puts `sub`, `ch`, `seq` and the rest in front of their
members. What an update says replaces what was known of the same thing: it never means "so much
more", because a snapshot taken just before may already contain it.
"""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, TypeVar

import msgspec
from starlette.types import Scope

from plimsoll.plumbing.streams.messages import Subscribe

REMEMBERED: Final = 1_000
"""Events a log repeats to whoever comes back."""

Asked = TypeVar("Asked", bound=Subscribe)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is behind a connection: `principal` is what the door says of them, for private channels;
    `credential` is what the door wants to look at again.
    """

    user: str
    principal: object
    expires_at_s: float
    credential: Scope


class Topic(ABC):
    """One thing that can be listened to, shared by all who do; the last value wins."""

    def __init__(self, channel: str, symbol: str, *params: str, private: bool = False) -> None:
        """Known as `channel:symbol:params`. `private`: ends when its caller's credential does."""
        self.channel = channel
        self.symbol = symbol
        self.sub = ":".join(part for part in (channel, symbol, *params) if part)
        self.private = private
        self.lines: list[Line] = []
        """Where it is listened to; the hub's own."""
        named = {"sub": self.sub, "ch": channel} | ({"sym": symbol} if symbol else {})
        self.head = msgspec.json.encode(named)[:-1]

    @abstractmethod
    def snapshot(self) -> bytes:
        """The whole state, as a JSON object."""

    def update(self, keys: Sequence[Hashable]) -> bytes | None:
        """What is true now of the parts that were touched; None: nothing worth telling."""
        _ = keys
        return self.snapshot()

    def touch(self, key: Hashable = None) -> None:
        """Something changed, perhaps only the part `key`: tell it at the next flush."""
        for line in self.lines:
            line.touch(key)


class Log(Topic):
    """A topic of events, none of which is ever left out for somebody who listens.

    One whose events are stored overrides `keeps` and `read_on`: then `since_seq` goes back as far
    as they are stored, and its numbers are those of the store.
    """

    keeps = False
    """Whether `read_on` finds what is not remembered any more."""

    def __init__(
        self,
        channel: str,
        symbol: str,
        *params: str,
        seq: int,
        private: bool = True,
        remembered: int = REMEMBERED,
    ) -> None:
        """`seq` is the number of the last event so far; numbers never begin anew, also not after a
        restart, so take them from where the events are kept.
        """
        super().__init__(channel, symbol, *params, private=private)
        self.seq = seq
        self._events: deque[Event] = deque(maxlen=remembered)

    def append(self, body: bytes, seq: int | None = None) -> None:
        """Tell an event, a JSON object; `seq` is above the last one."""
        number = self.seq + 1 if seq is None else seq
        assert number > self.seq, "events are told in their order"
        event = Event(number, self.seq, body)
        self.seq = number
        self._events.append(event)
        for line in self.lines:
            line.add(event)

    def since(self, seq: int) -> list["Event"] | None:
        """The events after number `seq`; None when not all of them are remembered, or when it has
        not come to that number yet.
        """
        oldest = self._events[0].prev if self._events else self.seq
        if not oldest <= seq <= self.seq:
            return None
        return [event for event in self._events if event.seq > seq]

    def recall(self, earlier: Sequence[tuple[int, bytes]], prev: int) -> None:
        """Begin anew with what was before: numbers and bodies of events, the oldest first, and the
        number before them, 0 when there was nothing.
        """
        self._events.clear()
        for seq, body in earlier:
            self._events.append(Event(seq, prev, body))
            prev = seq
        self.seq = prev

    async def read_on(self, seq: int) -> "Page":
        """A page of the events after number `seq`, the oldest first, from where they are stored,
        none beyond the log's own number. Raises a PlimsollError when they cannot be read.
        """
        raise NotImplementedError(f"nothing after {seq} is stored")


class Event(NamedTuple):
    """One event of a log and the number of the one before it."""

    seq: int
    prev: int
    body: bytes


class Page(NamedTuple):
    """Numbers and bodies of events; `until`: the number up to which none is missing."""

    events: Sequence[tuple[int, bytes]]
    until: int


class Framed(NamedTuple):
    """A data frame as it is sent, to everybody alike."""

    seq: int
    text: bytes


class Line:
    """A topic at one pace: all who listen at it are told the very same frames.

    `told` are the frames of the flush that is under way; `waiting` is the hub's own list of lines
    with something to tell.
    """

    __slots__ = (
        "_events",
        "_keys",
        "_waiting",
        "coalesced",
        "every",
        "listeners",
        "next_tick",
        "seq",
        "told",
        "topic",
    )

    def __init__(self, topic: Topic, *, every: int, seq: int, waiting: dict["Line", None]) -> None:
        """`every`: how many flushes lie between two updates at least."""
        self.topic = topic
        self.every = every
        self.seq = topic.seq if isinstance(topic, Log) else seq
        self.listeners = 0
        self.next_tick = 0
        self.coalesced = 0
        self.told: list[Framed] = []
        self._keys: dict[Hashable, None] = {}
        self._events: list[Event] = []
        self._waiting = waiting

    @property
    def keeps_all(self) -> bool:
        """Whether none of its frames may be left out."""
        return isinstance(self.topic, Log)

    def touch(self, key: Hashable) -> None:
        if key in self._keys:
            self.coalesced += 1
        else:
            self._keys[key] = None
            self._waiting[self] = None

    def add(self, event: Event) -> None:
        self._events.append(event)
        self._waiting[self] = None

    def tell(self, ts_ms: int) -> None:
        """Make `told` of what has changed since the last time."""
        if self._events:
            events, self._events = self._events, []
            first = events[0].prev
            self.told = self.repeat([(each.seq, each.body) for each in events], first, ts_ms)
            self.seq = events[-1].seq
            return
        keys, self._keys = tuple(self._keys), {}
        body = self.topic.update(keys)
        if body is not None:
            seq = self.seq + 1
            self.told = [self._frame(b"update", seq, b',"prev":%d' % self.seq, ts_ms, body)]
            self.seq = seq

    def repeat(self, events: Iterable[tuple[int, bytes]], prev: int, ts_ms: int) -> list[Framed]:
        """Events as frames, the first of which follows number `prev`."""
        frames = []
        for seq, body in events:
            frames.append(self._frame(b"update", seq, b',"prev":%d' % prev, ts_ms, body))
            prev = seq
        return frames

    def snapshot(self, ts_ms: int) -> Framed:
        """The state now; it holds all that was told so far and perhaps what will be told next."""
        seq = self.topic.seq if isinstance(self.topic, Log) else self.seq
        return self._frame(b"snapshot", seq, b"", ts_ms, self.topic.snapshot())

    def _frame(self, kind: bytes, seq: int, prev: bytes, ts_ms: int, body: bytes) -> Framed:
        return Framed(
            seq,
            b'%b,"type":"%b","seq":%d%b,"ts_ms":%d%b%b'
            % (self.topic.head, kind, seq, prev, ts_ms, b"" if body == b"{}" else b",", body[1:]),
        )


class Channel(Protocol[Asked]):
    """A kind of subscription. The models say what may be asked and what is told; the protocol is
    described from them.
    """

    @property
    def name(self) -> str: ...

    @property
    def request(self) -> type[Asked]:
        """What `subscribe` takes: `Subscribe`, or a subclass with more fields."""
        ...

    @property
    def body(self) -> type[msgspec.Struct]:
        """The members of a snapshot and of an update, beside those of every frame."""
        ...

    async def open(self, request: Asked, caller: Caller | None) -> Sequence[Topic]:
        """The topics that are asked for: the same object for all who ask for the same. Raises a
        PlimsollError, whose code the client is told.
        """
        ...

    def collect(self) -> None:
        """Called before every flush: touch what has changed, if nobody told so before."""
        ...

    def release(self, topic: Topic) -> None:
        """Nobody listens to this topic any more."""
        ...
