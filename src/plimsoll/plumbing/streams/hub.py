"""The hub: what changes is told ten times a second to all who listen, and it knows no domain.

A flush asks each line that changed for its frames, once, whoever listens; joins them to one packet
for each group of listeners with the very same lines; and writes that packet to each of them. So
the cost of a client is one write.

A client that reads too slowly has more and more lying before it. From ROOM bytes on it is told no
last-value line any more; when it has caught up it is told so (`resync`, `lagged`) and gets
snapshots. What may not be left out goes on being written up to MOST bytes; then the connection is
ended, and whoever comes back says with `since_seq` where to go on.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import prometheus_client
import structlog

from plimsoll.kernel.clock import Clock, to_ms
from plimsoll.kernel.errors import PlimsollError, Unavailable
from plimsoll.plumbing.streams.door import Close, Door
from plimsoll.plumbing.streams.listeners import Group, Groups, Listener, Wanted, introduce, pack
from plimsoll.plumbing.streams.messages import (
    CredentialEnded,
    Heartbeat,
    NotSubscribed,
    Shutdown,
    ShuttingDown,
    SomebodyElse,
    Subscribe,
    TooManySubscriptions,
    UnknownChannel,
    Unsubscribed,
)
from plimsoll.plumbing.streams.outlets import Outlet, Wire
from plimsoll.plumbing.streams.places import Places
from plimsoll.plumbing.streams.repeats import Repeats
from plimsoll.plumbing.streams.rounds import every
from plimsoll.plumbing.streams.topics import Caller, Channel, Line, Log, Topic

log = structlog.get_logger(__name__)

FLUSH_MS: Final = 100
HEARTBEAT_S: Final = 1.0
ROOM: Final = 262_144
"""Bytes that may lie before a client; with more it is lagging."""
CAUGHT_UP: Final = 32_768
MOST: Final = 1_048_576
"""Bytes that may lie before a client at all."""
LAGGING_AT_MOST_S: Final = 30.0
IDLE_AT_MOST_S: Final = 30.0
"""How long a connection may last that neither listens to anything nor has signed in."""
UNCONFIRMED_AT_MOST_S: Final = 10.0
"""How long a credential counts that cannot be looked at again, because the database is away."""
MOST_SUBSCRIPTIONS: Final = 400
TURN: Final = 64
"""Writes between two looks at what else there is to do."""
RETRY_MS: Final = 2_000

CONNECTIONS: Final = prometheus_client.Gauge("stream_connections", "Live connections.")
FRAMES: Final = prometheus_client.Counter("stream_frames", "Data frames sent, for each client.")
COALESCED: Final = prometheus_client.Counter(
    "stream_coalesced", "Changes that a later one replaced before they were told."
)
LAGGED: Final = prometheus_client.Counter("stream_lagged", "Clients that read too slowly.")
CLOSED: Final = prometheus_client.Counter("stream_closed", "Connections ended by us.", ["reason"])


class Hub:
    """All channels and everybody who listens; used from one event loop."""

    def __init__(
        self,
        clock: Clock,
        door: Door,
        *,
        connections: int = 5_000,
        connections_per_caller: int = 100,
        flush_ms: int = FLUSH_MS,
        heartbeat_s: float = HEARTBEAT_S,
    ) -> None:
        """`connections_per_caller`: of one user, or of one address where nobody has signed in."""
        self.clock = clock
        self.door = door
        self.channels: dict[str, Channel[Any]] = {}
        self.closing = False
        self.places = Places(connections, per_caller=connections_per_caller)
        self._listeners: dict[Listener, None] = {}
        self._groups = Groups()
        self._lines: dict[tuple[str, int], Line] = {}
        self._waiting: dict[Line, None] = {}
        self._behind: dict[Listener, None] = {}
        self._repeats = Repeats(self)
        self._flush_ms = flush_ms
        self._heartbeat_s = heartbeat_s
        self._tick = 0

    def register(self, channel: Channel[Any]) -> None:
        assert channel.name not in self.channels, "a channel has a name of its own"
        self.channels[channel.name] = channel

    def get_channel(self, name: str) -> Channel[Any]:
        """Raises UnknownChannel."""
        channel = self.channels.get(name)
        if channel is None:
            raise UnknownChannel(f"there are {', '.join(sorted(self.channels))}")
        return channel

    def now_ms(self) -> int:
        return to_ms(self.clock.now())

    # who is there

    def join(self, outlet: Outlet, *, key: str, caller: Caller | None) -> Listener:
        """Somebody new; raises TooManyConnections or ShuttingDown."""
        if self.closing:
            raise ShuttingDown("come back in a moment", retry_after_s=RETRY_MS / 1000)
        self.places.take(key)
        listener = Listener(outlet, key=key, caller=caller, now_s=self.clock.monotonic())
        self._listeners[listener] = None
        self._groups.place(listener)
        CONNECTIONS.inc()
        return listener

    def leave(self, listener: Listener) -> None:
        """The connection has ended."""
        if self._listeners.pop(listener, self) is self:
            return
        for sub in tuple(listener.subs):
            self._drop(listener, sub)
        self._groups.remove(listener)
        self._behind.pop(listener, None)
        self.places.free(listener.key)
        CONNECTIONS.dec()

    def sign_in(self, listener: Listener, caller: Caller) -> None:
        """The connection is this caller's from here on."""
        if listener.caller is not None and listener.caller.user != caller.user:
            raise SomebodyElse("open another connection")
        key = f"user {caller.user}"
        if listener.key != key:
            self.places.take(key)
            self.places.free(listener.key)
            listener.key = key
        listener.caller = caller
        listener.confirmed_s = self.clock.monotonic()

    def end(self, listener: Listener, why: Close) -> None:
        """End the connection for a reason of ours."""
        CLOSED.labels(why.reason).inc()
        listener.outlet.end(why, why.reason)
        self.leave(listener)

    # what they listen to

    async def subscribe(
        self, listener: Listener, request: Subscribe, confirm: Callable[[Topic], None]
    ) -> None:
        """Listen to what is asked for, all of it or, when something is wrong, nothing; `confirm`
        tells the client of each before its snapshot.
        """
        channel, caller = self.get_channel(request.channel), listener.caller
        topics = await channel.open(request, caller)
        ended = caller is not listener.caller and any(topic.private for topic in topics)
        ended = ended or listener not in self._listeners
        new = sum(topic.sub not in listener.subs for topic in topics)
        if ended or len(listener.subs) + new > MOST_SUBSCRIPTIONS:
            for topic in topics:
                self._release(topic)
            if ended:
                raise CredentialEnded("sign in again")
            raise TooManySubscriptions(f"at most {MOST_SUBSCRIPTIONS} on a connection")
        every = max(1, -(-request.rate_ms // self._flush_ms))
        for topic in topics:
            line = self._obtain(topic, 1 if isinstance(topic, Log) else every)
            line.listeners += 1
            if topic.sub in listener.subs:
                self._drop(listener, topic.sub)
            listener.subs[topic.sub] = line
            listener.wanted[topic.sub] = Wanted(line, since_seq=request.since_seq)
            confirm(topic)
        self.catch_up(listener)

    def unsubscribe(self, listener: Listener, sub: str) -> None:
        if sub not in listener.subs:
            raise NotSubscribed(f"there is no subscription {sub[:100]!r}")
        self._drop(listener, sub)
        self._groups.place(listener)

    def resync(self, listener: Listener, sub: str, message_id: str | None) -> None:
        """Send a snapshot, as soon as there is room."""
        line = listener.subs.get(sub)
        if line is None:
            raise NotSubscribed(f"there is no subscription {sub[:100]!r}")
        since_seq = line.seq if line.keeps_all else None
        listener.wanted[sub] = Wanted(line, "asked", id=message_id, since_seq=since_seq)
        self.catch_up(listener)

    def _obtain(self, topic: Topic, every: int) -> Line:
        """The line of this topic at this pace. Its numbers begin with the time, so that they are
        above those of an earlier one of the same name.
        """
        key = (topic.sub, every)
        line = self._lines.get(key)
        if line is None:
            line = Line(topic, every=every, seq=self.now_ms(), waiting=self._waiting)
            self._lines[key] = line
            topic.lines.append(line)
        return line

    def _drop(self, listener: Listener, sub: str) -> None:
        line = listener.subs.pop(sub)
        listener.wanted.pop(sub, None)
        line.listeners -= 1
        if line.listeners:
            return
        del self._lines[sub, line.every]
        self._waiting.pop(line, None)
        line.topic.lines.remove(line)
        self._release(line.topic)

    def _release(self, topic: Topic) -> None:
        if not topic.lines:
            self.channels[topic.channel].release(topic)

    # telling

    async def run(self) -> None:
        """Flush and watch until cancelled: the schedule loop of all channels."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(every(self._flush_ms / 1000, self.flush), name="stream-flush")
            tasks.create_task(every(self._heartbeat_s, self.watch), name="stream-watch")

    async def flush(self) -> None:
        """Tell everybody what has changed since the last time."""
        self._tick += 1
        self._collect()
        told = self._render()
        written = 0
        # Whoever goes to another group while this waits is still told what this one was.
        heard = [(group, tuple(group.listeners)) for group in self._groups.that_hear(told)]
        for group, listeners in heard:
            frames = group.frames()
            packets: dict[Wire, bytes] = {}
            FRAMES.inc(len(frames) * len(listeners))
            for listener in listeners:
                wire = listener.outlet.wire
                packet = packets.get(wire)
                if packet is None:
                    packet = packets[wire] = wire.pack(frames)
                self._write(listener, group, packet)
                written += 1
                if written % TURN == 0:
                    await asyncio.sleep(0)
        for line in told:
            line.told = []
        for listener in tuple(self._behind):
            try:
                self.catch_up(listener)
            except Exception:
                log.exception("snapshot_failed", subs=list(listener.wanted)[:1])
                self.end(listener, Close.FAILED)

    def _collect(self) -> None:
        for channel in self.channels.values():
            try:
                channel.collect()
            except Exception:
                log.exception("channel_failed", channel=channel.name)

    def _render(self) -> list[Line]:
        """The frames of every line that has changed and whose turn it is."""
        now_ms = self.now_ms()
        told = []
        for line in [line for line in self._waiting if line.next_tick <= self._tick]:
            del self._waiting[line]
            line.next_tick = self._tick + line.every
            try:
                line.tell(now_ms)
            except Exception:
                log.exception("topic_failed", sub=line.topic.sub)
                continue
            if line.told:
                told.append(line)
            if line.coalesced:
                COALESCED.inc(line.coalesced)
                line.coalesced = 0
        return told

    def _write(self, listener: Listener, group: Group, packet: bytes) -> None:
        outlet = listener.outlet
        backlog = outlet.backlog
        if backlog <= ROOM:
            outlet.write(packet)
        elif backlog > MOST:
            self.end(listener, Close.TOO_SLOW)
        elif not group.may_lag:
            outlet.write(packet)
        else:
            self._lag(listener)
            if kept := group.frames(kept_only=True):
                outlet.write(outlet.wire.pack(kept))

    def _lag(self, listener: Listener) -> None:
        """Leave out what is not worth sending any more, until the client has caught up."""
        LAGGED.inc()
        for sub, line in listener.subs.items():
            if not line.keeps_all:
                listener.wanted.setdefault(sub, Wanted(line, "lagged"))
        listener.lagging_since_s = self.clock.monotonic()
        self._behind[listener] = None
        self._groups.place(listener)

    def catch_up(self, listener: Listener) -> None:
        """Send the snapshots that are wanted, and what was missed, as far as there is room."""
        outlet = listener.outlet
        if outlet.backlog <= CAUGHT_UP:
            now_ms = self.now_ms()
            for sub, wanted in tuple(listener.wanted.items()):
                if outlet.backlog > ROOM:
                    break
                if self._repeats.takes(listener, sub):
                    continue
                del listener.wanted[sub]
                for packet in introduce(wanted, outlet.wire, now_ms):
                    outlet.write(packet)
        self._groups.place(listener)
        if listener.wanted:
            self._behind[listener] = None
            if listener.lagging_since_s is None:
                listener.lagging_since_s = self.clock.monotonic()
        else:
            self._behind.pop(listener, None)
            listener.lagging_since_s = None

    # watching

    async def watch(self) -> None:
        """Once a second: heartbeats, and whoever is here without a right to."""
        now_s, now_ms = self.clock.monotonic(), self.now_ms()
        for group in self._groups.all():
            word = Heartbeat(now_ms, group.seqs())
            packets: dict[Wire, bytes] = {}
            for listener in tuple(group.listeners):
                wire = listener.outlet.wire
                if wire not in packets:
                    packets[wire] = pack(word, wire)
                if listener.outlet.backlog <= ROOM:
                    listener.outlet.write(packets[wire])
        for listener in tuple(self._listeners):
            lagging = listener.lagging_since_s
            too_long = lagging is not None and now_s - lagging > LAGGING_AT_MOST_S
            if too_long or listener.outlet.backlog > MOST:
                self.end(listener, Close.TOO_SLOW)
            elif listener.subs or listener.caller:
                listener.active_s = now_s
            elif now_s - listener.active_s > IDLE_AT_MOST_S:
                self.end(listener, Close.IDLE)
        known = [listener for listener in self._listeners if listener.caller]
        await asyncio.gather(*(self._confirm(listener, now_s) for listener in known))

    async def _confirm(self, listener: Listener, now_s: float) -> None:
        """Private subscriptions end with the credential that they were opened with."""
        caller = listener.caller
        if caller is None:
            return
        try:
            await self.door.confirm(caller)
        except Unavailable as error:
            if now_s - listener.confirmed_s <= UNCONFIRMED_AT_MOST_S:
                return
            code = error.code
        except PlimsollError as error:
            code = error.code
        else:
            listener.confirmed_s = now_s
            return
        if listener.caller is not caller:  # signed in anew meanwhile
            return
        listener.caller = None
        for sub, line in tuple(listener.subs.items()):
            if line.topic.private:
                self.unsubscribe(listener, sub)
                listener.say(Unsubscribed(sub, reason=code))

    async def close(self, retry_ms: int = RETRY_MS) -> None:
        """Tell everybody to come back later, and end every connection."""
        self.closing = True
        for listener in tuple(self._listeners):
            listener.say(Shutdown(retry_ms))
            self.end(listener, Close.RESTARTING)
        await self._repeats.close()
