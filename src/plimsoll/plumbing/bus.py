"""Publish, subscribe and request, in the words of NATS: one contract, here inside one process.

A subject is words joined by dots (`prices.bitcoin`). A subscription may use `*` for exactly one
word and a last `>` for one word or more. Delivery is at most once, to whoever is subscribed at that
moment, in the order of each publisher. A publisher never waits for a subscriber: each subscription
has a bounded queue, and when its reader is too slow messages are lost, as on NATS. The loss is
told: the next message carries how many went `missed` just before it, so a reader for whom a gap
matters reads the state again.

Nothing may depend on a message arriving for its correctness; the record is PostgreSQL.
"""

import asyncio
import re
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from types import TracebackType
from typing import Final, Protocol, Self
from uuid import uuid4

import structlog

from plimsoll.kernel.errors import Invalid, Unavailable

MAX_PAYLOAD_BYTES: Final = 1_048_576
"""What a NATS server accepts unless told otherwise; kept here too, so that nothing outgrows it."""

CAPACITY: Final = 1_024
"""Messages that wait for a slow reader, unless the subscription says otherwise."""

log = structlog.get_logger(__name__)


class BadSubject(Invalid):
    """Not words joined by dots, or a wildcard where none can be."""

    code = "bad-subject"
    title = "Not a subject"


class PayloadTooLarge(Invalid):
    code = "payload-too-large"
    title = "The message is too large"


class NoAnswer(Unavailable):
    """Nobody listens to the subject of a request, or nobody answered in time."""

    code = "no-answer"
    title = "Nobody answered"


class BusClosed(Unavailable):
    """The bus was closed before or while this was asked of it."""

    code = "bus-closed"
    title = "The bus is closed"


class Overflow(StrEnum):
    """Which message is lost when a full queue gets another one."""

    DROP_OLDEST = "drop-oldest"
    """The newest counts: prices, states."""
    DROP_NEWEST = "drop-newest"
    """First come, first served: requests. What NATS clients do by themselves."""


@dataclass(frozen=True, slots=True)
class Message:
    subject: str
    payload: bytes
    reply_to: str | None = None
    """Where an answer is awaited, if one is."""
    missed: int = 0
    """Messages this subscription lost directly before this one."""


Handler = Callable[[Message], Awaitable[bytes | None]]
"""What it returns is sent to whoever awaits an answer; None sends nothing."""


class Subscription(Protocol):
    """An async iterator of messages and an async context manager that closes itself."""

    @property
    def missed(self) -> int:
        """Messages lost since the subscription began."""
        ...

    def __aiter__(self) -> Self: ...

    async def __anext__(self) -> Message:
        """The next message; after the close first what is still queued, then the end."""
        ...

    async def aclose(self) -> None:
        """Take no more messages; a handler may work off what is queued for a moment."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Bus(Protocol):
    async def publish(self, subject: str, payload: bytes, *, reply_to: str | None = None) -> None:
        """Hand `payload` to everyone subscribed to `subject`, without waiting for them.

        Raises BadSubject, PayloadTooLarge, BusClosed.
        """
        ...

    async def subscribe(
        self,
        pattern: str,
        handler: Handler | None = None,
        *,
        capacity: int = CAPACITY,
        overflow: Overflow = Overflow.DROP_OLDEST,
    ) -> Subscription:
        """Receive what matches `pattern` from now on, until the subscription is closed.

        Without a handler the caller iterates. With one, it is called for one message after the
        other; when it raises, the stack is logged and the next message comes. Raises BadSubject,
        BusClosed.
        """
        ...

    async def request(self, subject: str, payload: bytes, *, timeout_s: float) -> bytes:
        """Publish, and return the payload of the first answer.

        Raises NoAnswer: after the timeout, or at once when nobody is subscribed.
        """
        ...

    async def aclose(self) -> None:
        """Close every subscription; open requests get NoAnswer. Closing again does nothing."""
        ...


class LocalBus:
    """The bus of one event loop: a publish is one look-up and one append for each reader."""

    def __init__(self, *, grace_s: float = 1.0) -> None:
        """`grace_s`: how long a closing handler may go on with what is queued."""
        self._grace_s = grace_s
        self._closed = False
        self._subscriptions: dict[_LocalSubscription, tuple[str, ...]] = {}
        self._readers: dict[str, tuple[_LocalSubscription, ...]] = {}
        """Who reads a subject seen before; forgotten whenever someone comes or goes."""
        self._answers: dict[str, asyncio.Future[bytes]] = {}
        """Open requests by the subject their answer is sent to."""

    async def publish(self, subject: str, payload: bytes, *, reply_to: str | None = None) -> None:
        self._publish(Message(subject, payload, reply_to))

    async def subscribe(
        self,
        pattern: str,
        handler: Handler | None = None,
        *,
        capacity: int = CAPACITY,
        overflow: Overflow = Overflow.DROP_OLDEST,
    ) -> Subscription:
        assert capacity >= 1
        self._refuse_when_closed()
        subscription = _LocalSubscription(self, pattern, capacity, overflow)
        self._subscriptions[subscription] = _words_of_pattern(pattern)
        self._readers.clear()
        if handler is not None:
            subscription.start(handler)
        return subscription

    async def request(self, subject: str, payload: bytes, *, timeout_s: float) -> bytes:
        inbox = _INBOX + uuid4().hex
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._answers[inbox] = answer
        try:
            if not self._publish(Message(subject, payload, inbox)):
                raise NoAnswer(f"nobody listens to {subject}")
            async with asyncio.timeout(timeout_s):
                return await answer
        except TimeoutError:
            raise NoAnswer(f"nobody answered {subject} within {timeout_s} s") from None
        finally:
            del self._answers[inbox]

    async def aclose(self) -> None:
        self._closed = True
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(NoAnswer("the bus was closed before an answer came"))
        await asyncio.gather(*[subscription.aclose() for subscription in self._subscriptions])

    def forget(self, subscription: "_LocalSubscription") -> None:
        self._subscriptions.pop(subscription, None)
        self._readers.clear()

    @property
    def grace_s(self) -> float:
        return self._grace_s

    def _publish(self, message: Message) -> int:
        """How many received it."""
        self._refuse_when_closed()
        if len(message.payload) > MAX_PAYLOAD_BYTES:
            raise PayloadTooLarge(f"{len(message.payload)} bytes; at most {MAX_PAYLOAD_BYTES}")
        if message.subject.startswith(_INBOX):
            return self._answer(message)
        readers = self._readers.get(message.subject)
        if readers is None:
            readers = self._find_readers(message.subject)
        for reader in readers:
            reader.put(message)
        return len(readers)

    def _answer(self, message: Message) -> int:
        answer = self._answers.get(message.subject)
        if answer is None or answer.done():
            return 0  # too late, or not the first
        answer.set_result(message.payload)
        return 1

    def _find_readers(self, subject: str) -> tuple["_LocalSubscription", ...]:
        words = _words_of_subject(subject)
        readers = tuple(
            subscription
            for subscription, pattern in self._subscriptions.items()
            if _matches(words, pattern)
        )
        if len(self._readers) >= _REMEMBERED_SUBJECTS:
            self._readers.clear()
        self._readers[subject] = readers
        return readers

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise BusClosed


class _LocalSubscription:
    def __init__(self, bus: LocalBus, pattern: str, capacity: int, overflow: Overflow) -> None:
        self._bus = bus
        self._pattern = pattern
        self._capacity = capacity
        self._overflow = overflow
        self._queue: deque[Message] = deque()
        self._ready = asyncio.Event()
        self._closed = False
        self._missed = 0
        self._gap = 0
        """Lost and not told yet: before the queue's head, or after its tail with DROP_NEWEST."""
        self._behind = False
        self._work: asyncio.Task[None] | None = None

    @property
    def missed(self) -> int:
        return self._missed

    def put(self, message: Message) -> None:
        if len(self._queue) >= self._capacity:
            self._lose_one()
            if self._overflow is Overflow.DROP_NEWEST:
                return
            self._queue.popleft()
        elif self._gap and self._overflow is Overflow.DROP_NEWEST:
            message, self._gap = replace(message, missed=self._gap), 0
        self._queue.append(message)
        self._ready.set()

    def start(self, handler: Handler) -> None:
        self._work = asyncio.create_task(self._consume(handler), name=f"bus {self._pattern}")

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Message:
        while not self._queue:
            if self._closed:
                raise StopAsyncIteration
            self._behind = False
            self._ready.clear()
            await self._ready.wait()
        message = self._queue.popleft()
        if self._gap and self._overflow is Overflow.DROP_OLDEST:
            message, self._gap = replace(message, missed=self._gap), 0
        return message

    async def aclose(self) -> None:
        self._closed = True
        self._bus.forget(self)
        self._ready.set()
        work = self._work
        if work is None or work is asyncio.current_task():
            return
        _, unfinished = await asyncio.wait({work}, timeout=self._bus.grace_s)
        if unfinished:
            log.warning("handler_cancelled", subject=self._pattern, unread=len(self._queue))
            work.cancel()
            await asyncio.wait({work})

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    def _lose_one(self) -> None:
        self._missed += 1
        self._gap += 1
        if not self._behind:  # once for each time the reader falls behind, not for each message
            self._behind = True
            log.warning("slow_subscriber", subject=self._pattern, capacity=self._capacity)

    async def _consume(self, handler: Handler) -> None:
        async for message in self:
            try:
                answer = await handler(message)
                if answer is not None and message.reply_to is not None:
                    with suppress(BusClosed):  # who asked has been told already
                        await self._bus.publish(message.reply_to, answer)
            except (
                Exception
            ):  # the consumer loop's edge: one bad message must not end the subscription
                log.exception("handler_failed", subject=message.subject)


_WORD: Final = re.compile(r"[^\s.*>]+")
_MAX_SUBJECT: Final = 255
_REMEMBERED_SUBJECTS: Final = 10_000
_INBOX: Final = "_inbox."


def _words_of_subject(subject: str) -> tuple[str, ...]:
    words = tuple(subject.split("."))
    if len(subject) > _MAX_SUBJECT or not all(_WORD.fullmatch(word) for word in words):
        raise BadSubject(f"{subject[:80]!r} is not words joined by dots")
    return words


def _words_of_pattern(pattern: str) -> tuple[str, ...]:
    words = tuple(pattern.split("."))
    plain = words[:-1] if words[-1] == ">" else words
    if len(pattern) > _MAX_SUBJECT or not all(
        word == "*" or _WORD.fullmatch(word) for word in plain
    ):
        raise BadSubject(f"{pattern[:80]!r} is not words, `*` and a last `>` joined by dots")
    return words


def _matches(words: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    if pattern[-1] == ">":
        if len(words) < len(pattern):
            return False
        pattern = pattern[:-1]
        words = words[: len(pattern)]
    return len(words) == len(pattern) and all(
        wanted in ("*", word) for wanted, word in zip(pattern, words, strict=True)
    )
