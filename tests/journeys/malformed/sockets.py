"""Malformed WebSockets without end: handshakes, frames, and messages that are JSON and nonsense."""

import json
import struct
from collections.abc import Iterator
from typing import Any, Final

from plimsoll.plumbing.streams.messages import OPERATIONS
from tests.journeys.malformed.parts import RAW_VALUES, Due, Input, Parts, request

UPGRADE: Final = (
    b"Upgrade: websocket\r\n",
    b"Connection: Upgrade\r\n",
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
    b"Sec-WebSocket-Version: 13\r\n",
)
LINE: Final = b"GET /api/v1/ws"
MASK: Final = b"\x01\x02\x03\x04"
CHANNELS: Final = (
    "prices",
    "candles",
    "indicators",
    "volatility",
    "sources",
    "book",
    "trades",
    "mark",
    "funding",
    "orders",
    "fills",
    "liquidations",
    "positions",
    "account",
    "alerts",
    "jobs",
    "nothing",
    "",
)
FIELDS: Final[dict[str, Any]] = {
    "id": "1",
    "symbols": ["btc/usd"],
    "rate_ms": 0,
    "since_seq": 0,
    "interval": "1m",
    "limit": 5,
    "names": ["rsi(14)"],
    "window": "24h",
    "depth": 10,
    "sub": "prices:btc/usd",
    "token": "x",
}
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def handshake(*heads: bytes) -> bytes:
    return request(LINE, *UPGRADE, *heads)


def frame(
    opcode: int, payload: bytes, *, last: bool = True, reserved: int = 0, masked: bool = True
) -> bytes:
    """RFC 6455 §5.2; everything in it may be wrong."""
    start = bytes([(last << 7) | (reserved << 4) | opcode])
    bit, size = masked << 7, len(payload)
    if size < 126:
        start += bytes([bit | size])
    elif size < 65_536:
        start += struct.pack("!BH", bit | 126, size)
    else:
        start += struct.pack("!BQ", bit | 127, size)
    if not masked:
        return start + payload
    hidden = bytes(byte ^ MASK[place % 4] for place, byte in enumerate(payload))
    return start + MASK + hidden


def handshakes(parts: Parts, credentials: list[bytes], token: bytes) -> Iterator[Input]:
    """Versions, keys, names and subprotocols; a credential in the address; pages of others."""
    dice = parts.dice
    odd = (
        b"Sec-WebSocket-Key: short\r\n",
        b"Sec-WebSocket-Key: \xff\r\n",
        b"Sec-WebSocket-Version: 8\r\n",
        b"Sec-WebSocket-Version: x, 13\r\n",
        b"Sec-WebSocket-Protocol: " + b"a," * 400 + b"\r\n",
        b"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=99\r\n",
        b"Sec-WebSocket-Extensions: ;;=\r\n",
        b"Origin: https://evil.example\r\n",
        b"Origin: \xff\r\n",
        b"Connection: close\r\n",
        b"Upgrade: h2c, websocket\r\n",
        b"Host: evil.example\r\n",
        b"Content-Length: 5\r\n",
        b"Authorization: Bearer x\r\n",
        b"Cookie: plimsoll=x\r\n",
    )
    while True:
        heads = [head for head in UPGRADE if dice.random() < 0.8]
        heads += dice.sample(odd, dice.randrange(3))
        heads.append(dice.choice(credentials))
        line = dice.choice(
            (
                LINE,
                LINE + b"?token=" + token,
                LINE + b"/%00",
                b"POST /api/v1/ws",
                b"GET /api/v1/wallets",
            )
        )
        due = Due.END if b"Content-Length: 5\r\n" in heads else Due.ANSWER  # no body follows
        yield Input("handshakes", request(line, *heads), due, alone=True)


def broken_frames(parts: Parts) -> Iterator[Input]:
    """What follows a good handshake and breaks the protocol, or almost."""
    dice = parts.dice
    ping = b'{"op":"ping"}'
    while True:
        payload = dice.choice(
            (*parts.bytes, b"", ping, b"\xff\xfe", "é".encode()[:1], b"x" * 20_000)
        )
        choices = (
            frame(dice.choice((3, 4, 5, 6, 7, 11, 12, 13, 14, 15)), payload),
            frame(TEXT, payload, masked=False),
            frame(TEXT, payload, reserved=dice.randrange(1, 8)),
            frame(TEXT, payload),
            frame(BINARY, payload),
            frame(0, payload),
            frame(TEXT, payload, last=False),
            frame(TEXT, ping, last=False) + frame(TEXT, ping),
            frame(TEXT, b"\xe2\x82", last=False) + frame(0, b"\xac"),
            b"".join([frame(TEXT, b"[", last=False), *[frame(0, b"", last=False)] * 500]),
            frame(dice.choice((CLOSE, PING, PONG)), payload[:100], last=False),
            frame(PING, b"x" * 126),
            frame(CLOSE, b"\x03"),
            frame(CLOSE, struct.pack("!H", dice.randrange(65_536)) + payload[:100]),
            frame(PONG, payload[:125]) * dice.randrange(1, 200),
            frame(PING, payload[:125]) * dice.randrange(1, 200),
            bytes([0x81, 0xFF]) + struct.pack("!Q", 2 ** dice.randrange(14, 64) - 1) + MASK,
            bytes([0x81, 0xFE, 0, 5]) + MASK + b"short",
            parts.damaged(frame(TEXT, ping)),
            dice.choice(parts.bytes),
        )
        yield Input("sockets", dice.choice(choices), Due.END)


def messages(parts: Parts) -> Iterator[bytes]:
    """JSON of the right form and no sense, for every operation and channel; and no JSON."""
    dice = parts.dice
    operations = ("subscribe", *OPERATIONS, "nothing")
    while True:
        if dice.random() < 0.15:
            yield dice.choice(RAW_VALUES)[:16_000]
            continue
        said: dict[str, Any] = {"op": dice.choice(operations)}
        if said["op"] == "subscribe" or dice.random() < 0.1:
            said["channel"] = dice.choice(CHANNELS)
        for name in dice.sample(list(FIELDS), dice.randrange(4)):
            said[name] = FIELDS[name]
        text = json.dumps(said).encode()
        if dice.random() < 0.8:
            name = dice.choice(list(said) if dice.random() < 0.7 else list(FIELDS))
            filling = parts.value()[:8_000]
            text = json.dumps(said | {name: "here"}).encode().replace(b'"here"', filling)
        yield text if dice.random() < 0.9 else parts.damaged(text)
