"""Against real servers on loopback that talk well and badly."""

import asyncio
import json
import socket as sockets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest
from prometheus_client import REGISTRY
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from plimsoll.kernel.clock import SystemClock
from plimsoll.plumbing.outbound import (
    SourceAnswerTooLarge,
    SourceRateLimited,
    SourceRestricted,
    SourceTimeout,
    SourceUnavailable,
    SourceUnreachable,
)
from plimsoll.plumbing.socket_lines import MOST_QUEUED
from plimsoll.plumbing.sockets import OutboundSocket, Send, SocketTerms
from tests.fakes.clock import ManualClock

TERMS = SocketTerms(
    idle_s=5.0,
    max_bytes=10_000,
    open_timeout_s=5.0,
    first_pause_s=0.01,
    longest_pause_s=0.05,
)
IMPATIENT = replace(TERMS, idle_s=1.0, open_timeout_s=0.3)
"""For silence."""
Talk = Callable[[ServerConnection, int], Awaitable[None]]


@asynccontextmanager
async def serving(talk: Talk) -> AsyncIterator[str]:
    """The address of a server that runs `talk` with the number of each connection, from 1."""
    count = 0

    async def answer(connection: ServerConnection) -> None:
        nonlocal count
        count += 1
        with suppress(ConnectionClosed):
            await talk(connection, count)

    async with serve(answer, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
        yield f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"


@asynccontextmanager
async def refusing(status: int, headers: dict[str, str] | None = None) -> AsyncIterator[str]:
    def process(connection: ServerConnection, _: Request) -> Response:
        response = connection.respond(status, "no\n")
        for name, value in (headers or {}).items():
            response.headers[name] = value
        return response

    async def talk(_: ServerConnection) -> None: ...

    async with serve(talk, "127.0.0.1", 0, process_request=process) as server:
        yield f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"


@asynccontextmanager
async def raw(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def nothing(send: Send) -> None:
    """No subscription."""


@asynccontextmanager
async def opened(
    *urls: str,
    terms: SocketTerms = TERMS,
    on_open: Callable[[Send], Awaitable[None]] = nothing,
    clock: SystemClock | ManualClock | None = None,
) -> AsyncIterator[OutboundSocket]:
    socket = OutboundSocket("testing", urls, clock or SystemClock(), terms, on_open)
    try:
        yield socket
    finally:
        await socket.aclose()


async def talk_on(connection: ServerConnection, number: int) -> None:
    """`connection:message`, a hundred a second."""
    for message in range(10_000):
        await connection.send(f"{number}:{message}")
        await asyncio.sleep(0.01)


async def until(holds: Callable[[], object]) -> None:
    """Wait for a condition, and a little longer: what is too much comes then."""
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - asks what has no event
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)


def waiting(socket: OutboundSocket) -> int:
    """How many messages nobody has taken yet."""
    return len(socket._line.messages) if socket._line else 0


def ended(reason: str) -> float:
    labels = {"source": "testing", "reason": reason}
    return REGISTRY.get_sample_value("outbound_socket_ends_total", labels) or 0.0


# Messages


async def test_messages_come_in_order_after_the_subscription() -> None:
    heard = list[str]()

    async def talk(connection: ServerConnection, _: int) -> None:
        heard.append(str(await connection.recv()))
        await connection.send("one")
        await connection.send(b"two")
        await connection.wait_closed()

    async def subscribe(send: Send) -> None:
        await send(b'{"subscribe":"all"}')

    async with serving(talk) as url, opened(url, on_open=subscribe) as socket:
        assert socket.receive_ready() is None
        assert [await socket.receive(), await socket.receive()] == [b"one", b"two"]
        assert (heard, socket.connections) == (['{"subscribe":"all"}'], 1)


async def test_what_is_here_already_is_taken_without_waiting() -> None:
    async def talk(connection: ServerConnection, _: int) -> None:
        for number in range(50):
            await connection.send(str(number))
        await connection.wait_closed()

    async with serving(talk) as url, opened(url) as socket:
        first = await socket.receive()
        await until(lambda: waiting(socket) >= 49)
        rest = [socket.receive_ready() for _ in range(50)]

    assert [first, *rest] == [*(str(number).encode() for number in range(50)), None]


async def test_what_we_say_arrives_as_text_and_needs_a_connection() -> None:
    async def talk(connection: ServerConnection, _: int) -> None:
        await connection.send("hello")
        await connection.send(json.dumps(await connection.recv()))
        await connection.wait_closed()

    async with serving(talk) as url, opened(url) as socket:
        with pytest.raises(SourceUnreachable):
            await socket.send(b"too early")
        await socket.receive()
        await socket.send("é".encode())
        assert json.loads(await socket.receive()) == "é"


# Cuts


async def drop(connection: ServerConnection) -> None:
    connection.transport.abort()


async def say_goodbye(connection: ServerConnection) -> None:
    await connection.close()


async def half_close(connection: ServerConnection) -> None:
    connection.transport.write_eof()
    await connection.wait_closed()


@pytest.mark.parametrize("end", [drop, say_goodbye, half_close])
async def test_a_cut_is_named_and_the_next_call_connects_again(
    end: Callable[[ServerConnection], Awaitable[None]],
) -> None:
    async def talk(connection: ServerConnection, number: int) -> None:
        await connection.send(str(number))
        await end(connection)

    before = ended("source-unreachable")
    async with serving(talk) as url, opened(url) as socket:
        for number in (1, 2, 3):
            assert await socket.receive() == str(number).encode()
            assert socket.connections == number
            with pytest.raises(SourceUnreachable):
                await socket.receive()
    assert ended("source-unreachable") - before == 3


async def test_silence_is_cut_and_named() -> None:
    async def talk(connection: ServerConnection, _: int) -> None:
        await connection.send("last words")
        await connection.wait_closed()

    async with serving(talk) as url, opened(url, terms=IMPATIENT) as socket:
        began = time.monotonic()
        await socket.receive()
        with pytest.raises(SourceTimeout):
            await socket.receive()
        assert IMPATIENT.idle_s - 0.01 < time.monotonic() - began < 3
        assert await socket.receive() == b"last words"


async def test_a_slow_reader_is_not_taken_for_silence_and_does_not_fill_the_memory() -> None:
    sent = 0

    async def talk(connection: ServerConnection, _: int) -> None:
        nonlocal sent
        for sent in range(1, 4_001):
            await connection.send(f"{sent} ".ljust(5_000))
        await connection.wait_closed()

    async with serving(talk) as url, opened(url, terms=IMPATIENT) as socket:
        assert int(await socket.receive()) == 1
        await asyncio.sleep(1.2 * IMPATIENT.idle_s)
        assert sent < 4_000, "the other side was let run ahead without a bound"
        assert socket._line is not None
        assert sum(map(len, socket._line.messages)) < 5 * TERMS.max_bytes
        assert [int(await socket.receive()) for _ in range(3_999)] == list(range(2, 4_001))


async def test_many_small_messages_are_bounded_too() -> None:
    async def talk(connection: ServerConnection, _: int) -> None:
        for number in range(3 * MOST_QUEUED):
            await connection.send(str(number))
        await connection.wait_closed()

    async with serving(talk) as url, opened(url) as socket:
        assert await socket.receive() == b"0"
        await until(lambda: waiting(socket) >= MOST_QUEUED)
        assert waiting(socket) == MOST_QUEUED
        rest = [int(await socket.receive()) for _ in range(3 * MOST_QUEUED - 1)]
        assert rest == list(range(1, 3 * MOST_QUEUED))


async def test_a_message_above_the_bound_is_an_error_of_its_own() -> None:
    async def talk(connection: ServerConnection, _: int) -> None:
        await connection.send("x" * TERMS.max_bytes)
        await connection.send("x" * (TERMS.max_bytes + 1))
        await connection.wait_closed()

    async with serving(talk) as url, opened(url) as socket:
        assert len(await socket.receive()) == TERMS.max_bytes
        with pytest.raises(SourceAnswerTooLarge):
            await socket.receive()


# Refusals


@pytest.mark.parametrize("status", [403, 451])
async def test_where_one_address_does_not_serve_us_the_next_one_does(status: int) -> None:
    async with (
        refusing(status) as closed,
        serving(talk_on) as url,
        opened(closed, url) as socket,
    ):
        assert await socket.receive() == b"1:0"


async def test_served_nowhere_is_restricted_and_waited_out() -> None:
    async with (
        refusing(451) as one,
        refusing(403) as other,
        opened(one, other, clock=ManualClock()) as socket,
    ):
        with pytest.raises(SourceRestricted):
            await socket.receive()
        assert socket._pause_s() == pytest.approx(TERMS.longest_pause_s)


@pytest.mark.parametrize("status", [418, 429])
async def test_a_limit_is_honoured_for_as_long_as_was_asked(status: int) -> None:
    clock = ManualClock()
    async with (
        refusing(status, {"Retry-After": "30"}) as url,
        opened(url, clock=clock) as socket,
    ):
        with pytest.raises(SourceRateLimited) as caught:
            await socket.receive()
        assert caught.value.retry_after_s == 30.0
        clock.advance(10.0)
        assert socket._pause_s() == 20.0


@pytest.mark.parametrize("status", [301, 404, 500, 503])
async def test_another_answer_than_a_socket_is_unreachable(status: int) -> None:
    async with serving(talk_on) as elsewhere:
        location = {"Location": elsewhere}  # no redirect is followed
        async with refusing(status, location) as url, opened(url) as socket:
            with pytest.raises(SourceUnreachable) as caught:
                await socket.receive()
    assert caught.value.facts == {"source": "testing", "status": status}


async def stay_silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    while await reader.read(1_000):
        pass


async def hang_up(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    """Accepted, and gone."""


async def talk_mail(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 mail.example ESMTP\r\n")
    await writer.drain()


@pytest.mark.parametrize(
    ("talk", "error"),
    [
        (stay_silent, SourceTimeout),
        (hang_up, SourceUnreachable),
        (talk_mail, SourceUnreachable),
    ],
)
async def test_who_does_not_speak_our_language_is_named(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    error: type[SourceUnavailable],
) -> None:
    terms = IMPATIENT if talk is stay_silent else TERMS
    async with raw(talk) as url, opened(url, terms=terms) as socket:
        with pytest.raises(error):
            await socket.receive()


async def test_nobody_listening_is_unreachable() -> None:
    with sockets.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        async with opened(f"ws://127.0.0.1:{bound.getsockname()[1]}") as socket:
            with pytest.raises(SourceUnreachable):
                await socket.receive()


async def test_pauses_grow_to_a_bound_and_are_spread() -> None:
    terms = SocketTerms(idle_s=1.0, first_pause_s=0.5, longest_pause_s=8.0)
    async with opened("ws://127.0.0.1:1", terms=terms) as socket:
        assert socket._pause_s() == 0.0
        for failures, longest in [(1, 0.5), (2, 1.0), (5, 8.0), (50, 8.0)]:
            socket._failures = failures
            pauses = [socket._pause_s() for _ in range(300)]
            assert longest * 0.9 < max(pauses) <= longest
            assert min(pauses) < longest * 0.1


# Renewal


async def take_until(socket: OutboundSocket, connection: int) -> list[tuple[int, int, int]]:
    """What comes until the first message of `connection`: its parts, and `socket.connections`."""
    taken = list[tuple[int, int, int]]()
    async with asyncio.timeout(5):
        while not taken or taken[-1][0] != connection:
            number, _, message = (await socket.receive()).partition(b":")
            taken.append((int(number), int(message), socket.connections))
    return taken


async def test_a_renewed_connection_is_left_only_when_the_new_one_talks() -> None:
    before = ended("renewed")
    async with serving(talk_on) as url, opened(url) as socket:
        await socket.receive()
        socket.renew()
        socket.renew()  # once is enough
        taken = await take_until(socket, 2)

        old = [message for number, message, _ in taken if number == 1]
        assert old == list(range(1, len(old) + 1)), "nothing of the old one is lost"
        assert taken[-1][:2] == (2, 0), "nothing of the new one is lost"
        assert [connections for *_, connections in taken] == [1] * len(old) + [2]
        assert ended("renewed") - before == 1


async def test_an_old_connection_is_renewed_by_itself() -> None:
    terms = SocketTerms(idle_s=5.0, rotate_after_s=0.1)
    async with serving(talk_on) as url, opened(url, terms=terms) as socket:
        await take_until(socket, 3)
        assert socket.connections == 3


async def test_a_renewal_that_fails_leaves_the_old_connection_alone() -> None:
    async def talk(connection: ServerConnection, number: int) -> None:
        if number == 2:
            connection.transport.abort()
        await talk_on(connection, number)

    async with serving(talk) as url, opened(url) as socket:
        await socket.receive()
        socket.renew()
        taken = await take_until(socket, 3)  # it is tried again

    assert {number for number, *_ in taken} == {1, 3}
    assert socket.connections == 2


async def test_a_cut_during_a_renewal_is_no_error() -> None:
    async def talk(connection: ServerConnection, number: int) -> None:
        if number == 1:
            await connection.send("1:0")
            await connection.recv()  # never comes
        await asyncio.sleep(0.2)
        await talk_on(connection, number)

    async with serving(talk) as url, opened(url) as socket:
        await socket.receive()
        socket.renew()
        assert socket._line is not None
        await asyncio.sleep(0.05)
        socket._line._connection.transport.abort()
        assert await socket.receive() == b"2:0"
        assert socket.connections == 2


async def test_closing_says_goodbye() -> None:
    codes = list[int | None]()

    async def talk(connection: ServerConnection, _: int) -> None:
        await connection.send("hello")
        await connection.wait_closed()
        codes.append(connection.close_code)

    async with serving(talk) as url:
        async with opened(url) as socket:
            await socket.receive()
        await until(lambda: codes)

    assert codes == [1000]
