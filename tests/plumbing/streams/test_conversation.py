"""Whatever a client says, it is answered with a named error or ended with a code."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode

from plimsoll.plumbing.streams.hub import MOST_SUBSCRIPTIONS, UNCONFIRMED_AT_MOST_S
from plimsoll.plumbing.streams.messages import LONGEST_MESSAGE
from plimsoll.plumbing.streams.outlets import SocketOutlet
from tests.fakes.clock import ManualClock
from tests.plumbing.streams.desk import Ear, ask, running, until


async def refused(opening: Any) -> tuple[int, str]:
    """Status and code of a handshake that is refused."""
    with pytest.raises(InvalidStatus) as refusal:
        async with opening:
            pass
    response = refusal.value.response
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, json.loads(response.body or b"")["code"]


async def ended(ear: Ear) -> tuple[int, str]:
    """Code and reason that the connection is ended with, whatever is said before."""
    with pytest.raises(ConnectionClosed) as end:
        await ear.next_of("nothing")
    assert end.value.rcvd is not None
    return end.value.rcvd.code, end.value.rcvd.reason


GARBAGE = {
    "": "invalid-message",
    "{": "invalid-message",
    "[]": "invalid-message",
    "7": "invalid-message",
    "null": "invalid-message",
    "{}": "invalid-message",
    '{"op":7}': "invalid-message",
    '{"op":"ping","id":7}': "invalid-message",
    '{"op":"ping","id":"' + "x" * 65 + '"}': "invalid-message",
    '{"op":"dance"}': "unknown-op",
    '{"op":"ping","more":1}': "invalid-message",
    '{"op":"subscribe"}': "unknown-channel",
    '{"op":"subscribe","channel":"moon"}': "unknown-channel",
    '{"op":"subscribe","channel":"shelves","symbols":"a"}': "invalid-message",
    '{"op":"subscribe","channel":"shelves","symbols":[1]}': "invalid-message",
    '{"op":"subscribe","channel":"shelves","symbols":["a"],"rate_ms":-1}': "invalid-message",
    '{"op":"subscribe","channel":"shelves","symbols":["a"],"rate_ms":1e300}': "invalid-message",
    '{"op":"subscribe","channel":"shelves","symbols":["a","zzz"]}': "no-shelf",
    '{"op":"subscribe","channel":"shelves","depth":5}': "invalid-message",
    '{"op":"subscribe","channel":"journal"}': "unauthenticated",
    '{"op":"unsubscribe","sub":"shelves:a"}': "not-subscribed",
    '{"op":"resync","sub":"shelves:a"}': "not-subscribed",
    '{"op":"auth"}': "invalid-message",
    '{"op":"auth","token":"t-eve"}': "unauthenticated",
    "[" * 10_000: "invalid-message",
    '{"op":' + "[" * 10_000: "invalid-message",
    '{"x":' * 2_500: "invalid-message",
    '{"op":"ping","op":"\\ud800"}': "invalid-message",
}


async def test_garbage_is_answered_with_a_named_error_and_the_connection_goes_on() -> None:
    async with running() as desk, desk.connect() as socket:
        ear = Ear(socket)
        for text, code in GARBAGE.items():
            await socket.send(text)
            said = await ear.next()
            assert (said["op"], said["code"]) == ("error", code), text[:100]
            assert said["detail"]
        await socket.send(b'{"op":"ping"}')
        assert (await ear.next())["code"] == "not-text"
        await ask(socket, "ping", id="still there")
        assert (await ear.next())["id"] == "still there"


async def test_nothing_is_subscribed_when_one_symbol_is_wrong() -> None:
    async with running() as desk, desk.connect() as socket:
        ear = Ear(socket)
        await ask(socket, "subscribe", id="1", channel="shelves", symbols=["a", "zzz"])
        assert (await ear.next())["id"] == "1"
        await ask(socket, "list", id="2")
        assert await ear.next() == {"op": "subscriptions", "subs": [], "id": "2"}


async def test_several_are_left_at_once_and_an_update_of_them_never_comes_again() -> None:
    async with running() as desk, desk.connect() as socket:
        ear = Ear(socket)
        await ask(socket, "subscribe", channel="shelves", symbols=["a", "b", "c"])
        await ask(socket, "unsubscribe", id="u", sub=["shelves:a", "shelves:b"])
        left = [await ear.next_of("unsubscribed") for _ in range(2)]
        assert [each["sub"] for each in left] == ["shelves:a", "shelves:b"]
        desk.shelves.topics["a"].put("x", 1)
        desk.shelves.topics["c"].put("x", 1)
        assert (await ear.next())["sub"] == "shelves:c"


async def test_a_resync_brings_the_state_and_updates_go_on_from_there() -> None:
    async with running() as desk, desk.connect() as socket:
        ear = Ear(socket)
        await ask(socket, "subscribe", channel="shelves", symbols=["a"])
        await ear.next_of("subscribed")
        await ear.next()
        desk.shelves.topics["a"].put("x", 1)
        await ear.next()
        await ask(socket, "resync", id="r", sub="shelves:a")
        asked = await ear.next()
        assert asked == {"op": "resync", "sub": "shelves:a", "reason": "asked", "id": "r"}
        snapshot = await ear.next()
        assert (snapshot["type"], snapshot["values"]) == ("snapshot", {"x": 1})
        desk.shelves.topics["a"].put("x", 2)
        assert (await ear.next())["prev"] == snapshot["seq"]


async def test_the_same_subscription_at_another_rate_replaces_the_first() -> None:
    async with running() as desk, desk.connect() as socket:
        ear = Ear(socket)
        await ask(socket, "subscribe", channel="shelves", symbols=["a"])
        await ask(socket, "subscribe", channel="shelves", symbols=["a"], rate_ms=500)
        await ask(socket, "list")
        assert (await ear.next_of("subscriptions"))["subs"] == ["shelves:a"]
        (line,) = desk.shelves.topics["a"].lines
        assert (line.every, line.listeners) == (50, 1)


# Limits.


async def test_a_message_that_is_too_long_ends_the_connection() -> None:
    async with running() as desk, desk.connect() as socket:
        await socket.send("x" * (LONGEST_MESSAGE + 1))
        assert (await ended(Ear(socket)))[0] == 1009


async def test_a_flood_of_messages_ends_the_connection() -> None:
    async with running() as desk, desk.connect() as socket:
        for _ in range(150):
            await ask(socket, "ping")
        assert await ended(Ear(socket)) == (4429, "too-many-messages")


async def test_subscriptions_are_bounded() -> None:
    async with running() as desk, desk.connect() as socket:
        ear = Ear(socket)
        names = [f"s{number}" for number in range(MOST_SUBSCRIPTIONS + 1)]
        for start in range(0, MOST_SUBSCRIPTIONS, 200):
            await ask(socket, "subscribe", channel="shelves", symbols=names[start : start + 200])
        await ask(socket, "subscribe", channel="shelves", symbols=names[-1:])
        assert (await ear.next_of("error"))["code"] == "too-many-subscriptions"
        assert desk.shelves.released == [f"shelves:{names[-1]}"]
        await ask(socket, "subscribe", channel="shelves", symbols=names[:1])  # it is one of them
        await ear.next_of("subscribed")


async def test_connections_are_bounded_for_an_address_and_for_a_user() -> None:
    async with running(connections_per_caller=1) as desk, desk.connect() as anonymous:
        assert await refused(desk.connect()) == (429, "too-many-connections")
        async with desk.connect(token="t-ada"):
            assert await refused(desk.connect(token="t-ada")) == (429, "too-many-connections")
            await ask(anonymous, "auth", token="t-ada")
            assert (await Ear(anonymous).next())["code"] == "too-many-connections"
            async with desk.connect(token="t-ben"):
                pass
    async with running(connections=2) as desk, desk.connect(), desk.connect():
        assert await refused(desk.connect()) == (429, "too-many-connections")


async def test_a_connection_that_does_nothing_is_ended() -> None:
    clock = ManualClock()
    async with running(clock) as desk, desk.connect() as idle, desk.connect() as busy:
        await ask(busy, "subscribe", channel="shelves", symbols=["a"])
        await Ear(busy).next()
        clock.advance(31)
        assert await ended(Ear(idle)) == (4408, "idle")
        await ask(busy, "ping")
        await Ear(busy).next_of("pong")


# Who is there.


async def test_a_first_message_signs_in() -> None:
    async with running() as desk, desk.connect() as socket:
        ear = Ear(socket)
        await ask(socket, "auth", id="a", token="t-ada")
        said = await ear.next()
        assert said == {
            "op": "authenticated",
            "user": "ada",
            "expires_at_ms": None,
            "id": "a",
        }
        await ask(socket, "subscribe", channel="journal")
        assert (await ear.next())["sub"] == "journal:ada"
        await ask(socket, "auth", token="t-ben")
        assert (await ear.next_of("error"))["code"] == "somebody-else"


async def test_a_refusal_is_no_error_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    async with running() as desk:
        assert await refused(desk.connect(query="?token=x")) == (422, "credential-in-address")
    assert caplog.records == []


async def test_text_that_is_not_utf_8_ends_the_connection_without_a_stack(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with running() as desk, desk.connect() as socket:
        socket.transport.write(Frame(Opcode.TEXT, b"\xff\xfe").serialize(mask=True))
        assert (await ended(Ear(socket)))[0] == 1007
    assert caplog.records == []


async def test_pieces_without_content_are_not_kept() -> None:
    async with running() as desk, desk.connect() as socket:

        async def pieces() -> AsyncIterator[str]:
            yield '{"op":'
            for _ in range(500):
                yield ""
            await (await socket.ping())  # its pong comes when they have been read
            outlet = next(iter(desk.hub._listeners)).outlet
            assert isinstance(outlet, SocketOutlet)
            assert len(outlet._protocol.frames) == 1
            yield '"ping"}'

        await socket.send(pieces())
        await Ear(socket).next_of("pong")


HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


async def test_pongs_do_not_pile_up_for_a_client_that_takes_none() -> None:
    async with running() as desk:
        reader, writer = await asyncio.open_connection("127.0.0.1", desk.port, limit=1_000)
        writer.write(HANDSHAKE)
        await reader.readuntil(b"\r\n\r\n")
        outlet = next(iter(desk.hub._listeners)).outlet
        ping = Frame(Opcode.PING, b"x" * 125).serialize(mask=True)
        most = 0
        for _ in range(60):  # 8 MB
            writer.write(ping * 1_000)
            await writer.drain()
            most = max(most, outlet.backlog)
        await until(lambda: writer.transport.get_write_buffer_size() == 0)
        assert 0 < max(most, outlet.backlog) < 1 << 20
        writer.close()


@pytest.mark.parametrize("name", ["token", "access_token", "API_KEY", "authorization"])
async def test_a_credential_in_the_address_is_refused(name: str) -> None:
    async with running() as desk:
        opening = desk.connect(query=f"?{name}=t-ada")
        assert await refused(opening) == (422, "credential-in-address")


async def test_private_subscriptions_end_with_the_credential_and_public_ones_go_on() -> None:
    async with running() as desk, desk.connect(token="t-ada") as socket:
        ear = Ear(socket)
        await ask(socket, "subscribe", channel="journal")
        await ask(socket, "subscribe", channel="shelves", symbols=["a"])
        await ear.next_of("subscribed")
        await ear.next_of("subscribed")
        await ear.next()
        del desk.door.users["t-ada"]
        said = await ear.next_of("unsubscribed", within_s=1)
        assert (said["sub"], said["reason"]) == ("journal:ada", "unauthenticated")
        desk.journals.of("ada").write("secret")
        desk.shelves.topics["a"].put("x", 1)
        assert (await ear.next())["sub"] == "shelves:a"
        await ask(socket, "subscribe", channel="journal")
        assert (await ear.next())["code"] == "unauthenticated"


async def test_a_credential_that_ends_while_a_private_subscription_is_opened_opens_nothing() -> (
    None
):
    async with running() as desk, desk.connect(token="t-ada") as socket:
        ear = Ear(socket)
        desk.journals.open_now.clear()
        await ask(socket, "subscribe", id="1", channel="journal")
        del desk.door.users["t-ada"]
        await until(lambda: all(listener.caller is None for listener in desk.hub._listeners))
        desk.journals.open_now.set()
        assert (await ear.next())["code"] == "credential-ended"
        assert desk.journals.of("ada").lines == []


async def test_a_credential_that_cannot_be_looked_at_again_counts_for_some_seconds() -> None:
    clock = ManualClock()
    async with running(clock) as desk, desk.connect(token="t-ada") as socket:
        ear = Ear(socket)
        await ask(socket, "subscribe", channel="journal")
        await ear.next_of("subscribed")
        await ear.next()
        desk.door.away = True
        clock.advance(UNCONFIRMED_AT_MOST_S - 1)
        await ear.next_of("heartbeat", heartbeats=True)
        await ear.next_of("heartbeat", heartbeats=True)
        desk.journals.of("ada").write("for ada")
        assert (await ear.next())["entries"] == ["for ada"]
        clock.advance(2)
        assert (await ear.next_of("unsubscribed"))["reason"] == "unavailable"


# The end.


async def test_a_stop_is_told_with_the_time_to_come_back() -> None:
    async with running() as desk, desk.connect() as socket:
        ear = Ear(socket)
        await ask(socket, "subscribe", channel="shelves", symbols=["a"])
        await ear.next_of("subscribed")
        await desk.hub.close(retry_ms=1500)
        assert await ear.next_of("shutdown") == {"op": "shutdown", "retry_ms": 1500}
        assert await ended(ear) == (1012, "restarting")
        assert await refused(desk.connect()) == (503, "shutting-down")


async def test_a_client_that_is_cut_off_leaves_nothing_behind() -> None:
    async with running() as desk:
        sockets = [await desk.connect().__aenter__() for _ in range(5)]
        for socket in sockets:
            await ask(socket, "subscribe", channel="shelves", symbols=["a"])
            await Ear(socket).next()
            socket.transport.abort()
            await socket.wait_closed()
        await until(lambda: not desk.hub._listeners)
        assert desk.shelves.topics["a"].lines == []
