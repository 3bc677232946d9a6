"""Where two parsers could read two requests: the one here reads none of them, and says 400."""

import asyncio
from typing import Final

import pytest

from tests.plumbing.raw_http import ask
from tests.safety.conftest import Desk

HEAD: Final = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\n"
SMUGGLED: Final = b"GET /api/v1/auth/me HTTP/1.1\r\nHost: localhost\r\n\r\n"
CHUNKED: Final = b"Transfer-Encoding: chunked\r\n"

AMBIGUOUS: Final = {
    "two lengths": b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
    "one length twice": b"Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd",
    "lengths in a list": b"Content-Length: 4, 4\r\n\r\nabcd",
    "a length and chunks": b"Content-Length: 4\r\n" + CHUNKED + b"\r\n0\r\n\r\n" + SMUGGLED,
    "chunks and a length": CHUNKED + b"Content-Length: 4\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "a negative length": b"Content-Length: -1\r\n\r\n",
    "a length with a sign": b"Content-Length: +4\r\n\r\nabcd",
    "a length in hexadecimal": b"Content-Length: 0x4\r\n\r\nabcd",
    "an endless length": b"Content-Length: " + b"9" * 40 + b"\r\n\r\n",
    "blank before the colon": b"Content-Length : 4\r\n\r\nabcd",
    "a folded header": b"Content-Length:\r\n 4\r\n\r\nabcd",
    "chunks by another name": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "chunks and more": b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "a bare line feed in a header": b"X-A: b\nContent-Length: 4\r\n\r\nabcd",
    "a bare carriage return": b"X-A: b\rContent-Length: 4\r\n\r\nabcd",
    "a zero byte": b"X-A: b\x00c\r\n\r\n",
    "a chunk that is no number": CHUNKED + b"\r\nzz\r\n\r\n",
    "a chunk that is too long to be one": CHUNKED + b"\r\n" + b"f" * 40 + b"\r\n",
}


@pytest.mark.parametrize("rest", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
async def test_a_request_that_can_be_read_in_two_ways_is_read_in_none(
    desk: Desk, rest: bytes
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", desk.port)
    writer.write(HEAD + rest)
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    assert answer.startswith(b"HTTP/1.1 400 "), answer[:60]
    assert answer.count(b"HTTP/1.1 ") == 1, "what came behind it is no request"
    assert b"connection: close" in answer


LINES: Final = {
    "a target with a blank": b"GET /health /other HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "another version": b"GET /health HTTP/9.9\r\nHost: localhost\r\n\r\n",
    "another protocol": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a handshake that is no GET": (
        b"POST /api/v1/ws HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\n"
        b"Upgrade: websocket\r\nContent-Length: 2\r\n\r\n{}"
    ),
    "an unknown method": b"BREW /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64,
}


@pytest.mark.parametrize("sent", LINES.values(), ids=LINES.keys())
async def test_a_line_that_is_no_request_is_refused(desk: Desk, sent: bytes) -> None:
    answer = await ask(desk.port, sent)
    assert answer.status == 400
    assert answer.json()["code"] == "malformed-request"
