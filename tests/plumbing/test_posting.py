"""POST to addresses that users gave: to the checked host, once, and soon over; on loopback."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from plimsoll.kernel.clock import SystemClock
from plimsoll.kernel.errors import PlimsollError
from plimsoll.plumbing.addresses import AddressInvalid, AddressNotAllowed, Allowed, Resolve
from plimsoll.plumbing.posting import (
    Poster,
    ReceiverNotTrusted,
    ReceiverTimeout,
    ReceiverUnreachable,
)
from tests.fakes.receiver import Answer, Receiver

HOME = Allowed.parse(["127.0.0.0/8", "hook.example"])


async def at_home(host: str) -> Sequence[str]:
    return ["127.0.0.1"]


@asynccontextmanager
async def poster(
    allowed: Allowed = HOME,
    resolve: Resolve = at_home,
    *,
    deadline_s: float = 2.0,
    trusted: ssl.SSLContext | None = None,
) -> AsyncIterator[Poster]:
    made = Poster(SystemClock(), allowed, resolve=resolve, deadline_s=deadline_s, trusted=trusted)
    try:
        yield made
    finally:
        await made.aclose()


async def test_a_message_arrives_as_it_was_sent() -> None:
    async with Receiver() as receiver, poster() as sender:
        posted = await sender.post(f"{receiver.url}/hook?a=b", b'{"a":1}', {"webhook-id": "m"})

    assert (posted.status, posted.taken, posted.retry_after_s) == (204, True, None)
    (got,) = receiver.got
    assert (got.target, got.body, got.headers["webhook-id"]) == ("/hook?a=b", b'{"a":1}', "m")
    assert got.headers["content-type"] == "application/json"
    assert got.headers["host"] == receiver.authority
    assert got.headers["user-agent"].startswith("plimsoll/")
    assert "cookie" not in got.headers


async def test_a_name_is_looked_up_once_and_the_connection_goes_to_what_was_checked() -> None:
    asked = []

    async def rebinding(host: str) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    async with Receiver() as receiver, poster(resolve=rebinding) as sender:
        posted = await sender.post(f"http://hook.example:{receiver.port}/", b"{}", {})
        with pytest.raises(AddressNotAllowed):
            await Poster(SystemClock(), Allowed(), resolve=rebinding).check("https://other.example")

    assert posted.taken
    assert asked == ["hook.example", "other.example"]
    assert receiver.got[0].headers["host"] == f"hook.example:{receiver.port}"


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "http://example.org/",
        "https://example.org:22/",
        "https://2130706433/",
        "ftp://example.org/",
        "https://user:pass@example.org/",
    ],
)
async def test_what_is_not_public_is_not_called(url: str) -> None:
    async def public(host: str) -> Sequence[str]:
        return ["93.184.216.34"]

    async with poster(Allowed.parse(["192.0.2.0/24"]), public) as sender:
        with pytest.raises((AddressNotAllowed, AddressInvalid)):
            await sender.post(url, b"{}", {})


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    async with Receiver() as inner, Receiver() as receiver, poster() as sender:
        for place in ("http://169.254.169.254/latest/meta-data", f"{inner.url}/"):
            receiver.answers.append(Answer(307, {"Location": place}))
            posted = await sender.post(receiver.url, b"{}", {})
            assert (posted.status, posted.taken) == (307, False)
        assert inner.got == []


async def test_no_proxy_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Receiver() as proxy, Receiver() as receiver, poster() as sender:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        async with poster() as later:
            assert (await later.post(receiver.url, b"{}", {})).taken
        assert (await sender.post(receiver.url, b"{}", {})).taken
        assert proxy.got == []


async def test_no_cookie_and_no_connection_is_kept() -> None:
    async with Receiver() as receiver, poster() as sender:
        receiver.answers.append(Answer(200, {"Set-Cookie": "a=b; Path=/"}))
        for _ in range(3):
            await sender.post(receiver.url, b"{}", {})
        assert "cookie" not in receiver.got[-1].headers
        assert receiver.connections == 3


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, endless=True),
        Answer(200, drip_s=0.05),
        Answer(200, {"Content-Encoding": "gzip"}, body=b"\x1f\x8b\x08\x00 no gzip at all"),
        Answer(200, {"Content-Length": "1000000"}, body=b"cut off"),
    ],
    ids=["endless", "drip", "not gzip", "cut off"],
)
async def test_whatever_the_body_is_the_status_counts_and_it_is_soon_over(answer: Answer) -> None:
    async with Receiver() as receiver, poster(deadline_s=0.5) as sender:
        receiver.answers.append(answer)
        async with asyncio.timeout(1.5):
            posted = await sender.post(receiver.url, b"{}", {})
    assert posted.taken
    assert receiver.sent_bytes < 5_000_000, "it was not let run on"


async def test_a_bomb_is_not_unpacked() -> None:
    async with Receiver() as receiver, poster() as sender:
        receiver.answers.append(Answer.gzip_bomb(50))
        assert (await sender.post(receiver.url, b"{}", {})).taken
        assert receiver.got[0].headers["accept-encoding"] == "identity"


Break = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def say_nothing(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    await asyncio.sleep(5)


async def drip_the_head(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    for byte in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100:
        writer.write(bytes((byte,)))
        await writer.drain()
        await asyncio.sleep(0.05)


async def endless_head(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    for _number in range(10_000):
        writer.write(b"x-header: " + b"x" * 1_000 + b"\r\n")
        await writer.drain()


async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def no_http(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 mail.example ESMTP\r\n")
    writer.close()


@pytest.mark.parametrize(
    ("manners", "error"),
    [
        (say_nothing, ReceiverTimeout),
        (drip_the_head, ReceiverTimeout),
        (endless_head, ReceiverUnreachable),
        (reset, ReceiverUnreachable),
        (no_http, ReceiverUnreachable),
    ],
)
async def test_a_receiver_without_manners_is_named_for_what_it_does(
    manners: Break, error: type[PlimsollError]
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await manners(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with poster(deadline_s=0.5) as sender:
        with pytest.raises(error) as failure:
            await sender.post(f"http://127.0.0.1:{port}/the-secret-path", b"{}", {})
    assert "secret" not in str(failure.value)
    server.close()


async def test_nobody_there_is_said_at_once() -> None:
    async with Receiver() as receiver:
        url = receiver.url
    async with poster() as sender:
        with pytest.raises(ReceiverUnreachable):
            await sender.post(url, b"{}", {})


async def test_a_receiver_says_how_long_to_wait() -> None:
    async with Receiver() as receiver, poster() as sender:
        receiver.answers.append(Answer(429, {"Retry-After": "120"}))
        posted = await sender.post(receiver.url, b"{}", {})
    assert (posted.status, posted.retry_after_s, posted.taken) == (429, 120.0, False)


async def test_a_certificate_that_nobody_vouches_for_ends_the_call(tmp_path: Path) -> None:
    certificate = Receiver.make_certificate(tmp_path, "hook.example")
    async with Receiver(certificate) as receiver:
        url = f"https://hook.example:{receiver.port}/"
        async with poster() as sender:
            with pytest.raises(ReceiverNotTrusted):
                await sender.post(url, b"{}", {})
        trusted = ssl.create_default_context(cafile=certificate)
        async with poster(trusted=trusted) as sender:
            assert (await sender.post(url, b"{}", {})).taken
            with pytest.raises(ReceiverNotTrusted):
                await sender.post(f"https://127.0.0.1:{receiver.port}/", b"{}", {})
