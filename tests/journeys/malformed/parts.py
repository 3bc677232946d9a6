"""What malformed requests are put together from: values that hypothesis made, and a seeded dice.

Hypothesis makes the parts once, a few hundred of each kind; the dice puts them together, thousands
in a second. The same seed gives the same inputs in the same order.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final
from urllib.parse import quote_from_bytes

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

HOST: Final = b"Host: localhost\r\n"
JSON: Final = b"Content-Type: application/json\r\n"
API: Final = b"/api/v1"
MADE: Final = 300
"""Parts of each kind."""

Dice = random.Random


class Due(Enum):
    """What the service owes: an answer; an answer or the end of the connection, because the bytes
    are no whole request; or an answer that lets nobody in.
    """

    ANSWER = "answer"
    END = "end"
    REFUSAL = "refusal"


@dataclass(frozen=True, slots=True)
class Input:
    """Bytes for a connection. One that is sent `alone` leaves nothing on it for the next."""

    family: str
    data: bytes
    due: Due = Due.ANSWER
    alone: bool = False


def of_method(line: bytes) -> bytes:
    return line.split(b" ", 1)[0]


def request(
    line: bytes, *heads: bytes, body: bytes | None = None, kind: bytes = JSON, host: bytes = HOST
) -> bytes:
    """A request whose frame is right whatever stands in it. `heads` end with a line's end."""
    parts = [line, b" HTTP/1.1\r\n", host, *heads]
    if body is not None:
        parts += [kind, b"Content-Length: %d\r\n" % len(body)]
    return b"".join([*parts, b"\r\n", body or b""])


def escaped(text: str) -> str:
    """Percent-encoded for an address, also what UTF-8 has no bytes for."""
    return quote_from_bytes(text.encode("utf-8", "surrogatepass"), safe="")


RAW_VALUES: Final = (
    b"NaN",
    b"-Infinity",
    b"1e999999999",
    b"-1e400",
    b"9" * 4_400,
    b"0." + b"0" * 5_000 + b"1",
    b"-0",
    b"00",
    b"01",
    b"1.",
    b".5",
    b"0x10",
    b"1_000",
    b"[" * 3_000,
    b"[" * 900 + b"]" * 900,
    b'{"a":' * 900 + b"1" + b"}" * 900,
    b'"\\ud800"',
    b'"\\udfff\\ud800"',
    b'"\xff\xfe"',
    b'"\xc0\xaf"',
    b'"\xed\xa0\x80"',
    b'"\x00"',
    b'"\\u0000"',
    b'"a\\u0000b"',
    b'"\\x"',
    b'"\n"',
    b"'single'",
    b"undefined",
    b"tru",
    b"nul",
    b"",
    b",",
    b'"open',
    b'"' + b"x" * 70_000 + b'"',
    b'{"a":1,"a":2}',
    b"/* */ 1",
    b"1 2",
    b"\xef\xbb\xbf1",
)
"""In the place of a value: mostly no JSON at all."""

LINES: Final = (
    "X-Forwarded-For: 203.0.113.9",
    "X-Forwarded-Proto: gopher",
    'Forwarded: for="[::1]:x";proto=;by=,,',
    "Range: bytes=0-0,5-2,-1",
    'If-None-Match: W/"',
    "If-Modified-Since: yesterday",
    "Accept: */*;q=2, ;;",
    "Accept: application/vnd.apache.arrow.stream, text/csv;q=nan",
    "Accept-Encoding: gzip;q=-1,br,zstd,identity;q=0",
    "Accept-Language: " + "x," * 500,
    "Content-Encoding: gzip",
    "Content-Type: application/json; charset=utf-32",
    "Content-Type: multipart/form-data; boundary=" + "b" * 300,
    "Expect: 100-continue",
    "Expect: the unexpected",
    "Upgrade: h2c",
    "Upgrade: websocket",
    "Connection: upgrade",
    "Connection: close, keep-alive",
    "Idempotency-Key: ",
    "Idempotency-Key: " + "k" * 5_000,
    "X-Request-Id: ../../x",
    "X-Request-Id: " + "r" * 65,
    "traceparent: 00-" + "0" * 32 + "-" + "0" * 16 + "-01",
    "traceparent: ff-\xff",
    "tracestate: =,=,=",
    "Origin: null",
    "Origin: https://evil.example",
    "Access-Control-Request-Method: \x7f",
    "Sec-Fetch-Site: cross-site",
    "Cookie: " + "a=b; " * 400,
    "Trailer: Content-Length",
    "Max-Forwards: -1",
    "X-HTTP-Method-Override: DELETE",
    "Last-Event-ID: " + "9" * 40,
)
"""Lines that mean something, to somebody, and say something odd."""


class Parts:
    """All parts of one seed."""

    def __init__(self, number: int) -> None:
        self.dice: Dice = random.Random(number)  # noqa: S311 - nothing here is secret
        self.texts: list[str] = _made(
            st.text(st.characters(exclude_categories=()), max_size=40), number
        )
        self.bytes: list[bytes] = _made(st.binary(max_size=60), number)
        leaves = (
            st.none()
            | st.booleans()
            | st.integers()
            | st.floats()
            | st.text(st.characters(exclude_categories=()), max_size=20)
            | st.decimals(allow_nan=False).map(str)
            | st.datetimes().map(str)
            | st.uuids().map(str)
        )
        grown = st.recursive(
            leaves,
            lambda inner: (
                st.lists(inner, max_size=4)
                | st.dictionaries(st.text(max_size=8), inner, max_size=4)
            ),
            max_leaves=12,
        )
        self.values: list[Any] = _made(grown, number)
        self.encoded = [json.dumps(each).encode() for each in self.values]
        names = st.text(st.characters(max_codepoint=255), max_size=12)
        self.header_lines = [
            f"{name}:{value}".encode("latin-1")
            for name, value in _made(
                st.tuples(names, st.text(st.characters(max_codepoint=255), max_size=60)), number
            )
        ]

    def text(self) -> str:
        return self.dice.choice(self.texts)

    def value(self) -> bytes:
        """Something in the place of a JSON value, one time in three no JSON."""
        if self.dice.random() < 1 / 3:
            return self.dice.choice(RAW_VALUES)
        return self.dice.choice(self.encoded)

    def damaged(self, data: bytes) -> bytes:  # noqa: PLR0911 - one for each way
        """`data` cut off, torn, or with something in it that was not there."""
        dice = self.dice
        at = dice.randrange(len(data) + 1)
        match dice.randrange(8):
            case 0:
                return data[:at]
            case 1:
                return data[:at] + dice.choice(self.bytes) + data[at:]
            case 2:
                return data[:at] + bytes([dice.randrange(256)]) + data[at + 1 :]
            case 3:
                return data[:at] + b"\0" + data[at:]
            case 4:
                return data[:at] + b"\xff\xfe" + data[at:]
            case 5:
                return data[:at] + data[at + dice.randrange(1, 9) :]
            case 6:
                return data[at:] + data[:at]
            case _:
                return data + data[at:]


def _made(strategy: st.SearchStrategy[Any], number: int) -> list[Any]:
    """Examples that hypothesis makes of the seed, the same each time."""
    made: list[Any] = []

    @seed(number)
    @settings(
        max_examples=MADE,
        database=None,
        deadline=None,
        derandomize=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(each: Any) -> None:
        made.append(each)

    collect()
    return made


def mixed(
    streams: dict[str, Iterator[Input]], sizes: dict[str, int], dice: Dice
) -> Iterator[Input]:
    """So many of each stream, in no order."""
    order = [name for name, size in sizes.items() for _ in range(size)]
    dice.shuffle(order)
    for name in order:
        yield next(streams[name])
