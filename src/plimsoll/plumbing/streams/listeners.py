"""Who listens: one connection with its subscriptions, and the groups of those that listen to the
very same lines and so get the very same bytes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from plimsoll.plumbing.streams.messages import Resynced, Say
from plimsoll.plumbing.streams.outlets import Outlet, Wire
from plimsoll.plumbing.streams.topics import Caller, Event, Framed, Line, Log


@dataclass(frozen=True, slots=True)
class Wanted:
    """A line whose snapshot has still to be sent, and why, if a client has to be told.

    `since_seq` is the last event the client has; none is missing to it up to `complete_to`, where
    that is more. `reading`: a page of what is stored is on its way.
    """

    line: Line
    reason: Literal["asked", "lagged"] | None = None
    id: str | None = None
    since_seq: int | None = None
    complete_to: int = 0
    reading: bool = False

    def missed(self) -> list[Event] | None:
        """The events the client has not had yet; None: not all of them are remembered."""
        topic = self.line.topic
        if self.since_seq is None or not isinstance(topic, Log):
            return []
        return topic.since(max(self.since_seq, self.complete_to))

    @property
    def is_far_back(self) -> bool:
        """Whether what was missed has to be read from where it is stored."""
        topic = self.line.topic
        return (
            self.since_seq is not None
            and isinstance(topic, Log)
            and topic.keeps
            and self.since_seq <= topic.seq
            and self.missed() is None
        )


class Listener:
    """One connection. `subs` is all it listens to; of that, `wanted` awaits its snapshot, and the
    rest is told by its group.
    """

    __slots__ = (
        "active_s",
        "caller",
        "confirmed_s",
        "group",
        "key",
        "lagging_since_s",
        "outlet",
        "subs",
        "wanted",
    )

    def __init__(self, outlet: Outlet, *, key: str, caller: Caller | None, now_s: float) -> None:
        """`key`: whom the connection is counted for."""
        self.outlet = outlet
        self.key = key
        self.caller = caller
        self.subs: dict[str, Line] = {}
        self.wanted: dict[str, Wanted] = {}
        self.group: Group | None = None
        self.active_s = now_s
        self.confirmed_s = now_s
        self.lagging_since_s: float | None = None

    def say(self, word: Say) -> None:
        """Tell this client alone."""
        self.outlet.write(pack(word, self.outlet.wire))

    def lines_to_tell(self) -> frozenset[Line]:
        return frozenset(line for sub, line in self.subs.items() if sub not in self.wanted)


class Group:
    """Listeners that are told the same lines."""

    __slots__ = ("lines", "listeners", "may_lag")

    def __init__(self, lines: Iterable[Line]) -> None:
        self.lines = sorted(lines, key=lambda line: line.topic.sub)
        self.listeners: dict[Listener, None] = {}
        self.may_lag = any(not line.keeps_all for line in self.lines)

    def frames(self, *, kept_only: bool = False) -> list[Framed]:
        """What this flush tells; with `kept_only`, what of it may not be left out."""
        return [
            frame for line in self.lines if line.keeps_all or not kept_only for frame in line.told
        ]

    def seqs(self) -> dict[str, int]:
        return {line.topic.sub: line.seq for line in self.lines}


class Groups:
    """All groups, by what they are told."""

    def __init__(self) -> None:
        self._by_lines: dict[frozenset[Line], Group] = {}
        self._by_line: dict[Line, dict[Group, None]] = {}

    def all(self) -> list[Group]:
        return list(self._by_lines.values())

    def that_hear(self, lines: Iterable[Line]) -> list[Group]:
        """Those that are told at least one of these lines."""
        heard: dict[Group, None] = {}
        for line in lines:
            heard |= self._by_line.get(line, {})
        return list(heard)

    def place(self, listener: Listener) -> None:
        """Put the listener where it belongs now."""
        self.remove(listener)
        lines = listener.lines_to_tell()
        group = self._by_lines.get(lines)
        if group is None:
            group = self._by_lines[lines] = Group(lines)
            for line in lines:
                self._by_line.setdefault(line, {})[group] = None
        group.listeners[listener] = None
        listener.group = group

    def remove(self, listener: Listener) -> None:
        group, listener.group = listener.group, None
        if group is None:
            return
        del group.listeners[listener]
        if group.listeners:
            return
        del self._by_lines[frozenset(group.lines)]
        for line in group.lines:
            heard_by = self._by_line[line]
            del heard_by[group]
            if not heard_by:
                del self._by_line[line]


def pack(word: Say, wire: Wire) -> bytes:
    """A message of the server that is no data."""
    return wire.pack_word(str(word.__struct_config__.tag), msgspec.json.encode(word))


def introduce(wanted: Wanted, wire: Wire, now_ms: int) -> Sequence[bytes]:
    """What is sent before the first update: why, the events that were missed, and the state."""
    line, reason = wanted.line, wanted.reason
    packets = []
    missed = wanted.missed()
    if missed is None:
        packets.append(pack(Resynced(line.topic.sub, "forgotten"), wire))
    if reason is not None:
        word = Resynced(line.topic.sub, reason)
        if wanted.id is not None:
            word.id = wanted.id
        packets.append(pack(word, wire))
    later = [(event.seq, event.body) for event in missed or ()]
    frames = line.repeat(later, wanted.since_seq or 0, now_ms)
    packets.append(wire.pack([*frames, line.snapshot(now_ms)]))
    return packets
