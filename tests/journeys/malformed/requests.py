"""Malformed HTTP requests without end: bodies, addresses, headers, request lines, frames of bodies.

Each generator goes on for ever; whoever asks takes as many as they want.
"""

import json
from collections.abc import Iterator
from typing import Any, Final

from tests.journeys.examples import Example
from tests.journeys.malformed.parts import (
    API,
    HOST,
    JSON,
    LINES,
    Due,
    Input,
    Parts,
    escaped,
    request,
)
from tests.journeys.test_awkward_values import EXAMPLES, KEYS, TEXTS, cursor_of, places, put

PLACE: Final = "here-it-goes"
KINDS: Final = (
    b"Content-Type: application/json; charset=utf-7\r\n",
    b"Content-Type: text/plain\r\n",
    b"Content-Type: application/x-www-form-urlencoded\r\n",
    b"Content-Type: multipart/form-data; boundary=x\r\n",
    b"Content-Type: application/json\r\nContent-Type: text/plain\r\n",
    b"Content-Type: \xff\r\n",
    b"Content-Type:\r\n",
    b"",
)
ORDINARY: Final = tuple(name for name in EXAMPLES if name not in {"erase_me", "end_sessions"})
"""Operations that do not end what the requests are sent with."""
WITH_BODY: Final = tuple(name for name in ORDINARY if EXAMPLES[name].body is not None)
WITH_QUERY: Final = tuple(name for name in ORDINARY if EXAMPLES[name].query)


def path_of(example: Example) -> str:
    return example.path.replace("{holding_id}", "0199f000-0000-7000-8000-000000000000")


def query_of(example: Example) -> bytes:
    pairs = [f"{name}={escaped(text)}" for name, text in (example.query or {}).items() if text]
    return f"?{'&'.join(pairs)}".encode() if pairs else b""


def line_of(example: Example) -> bytes:
    return b"%b %b%b%b" % (
        example.method.encode(),
        API,
        path_of(example).encode(),
        query_of(example),
    )


def filled(body: Any, path: tuple[Any, ...], filling: bytes) -> bytes:
    """The body as JSON with any bytes in one of its places."""
    text = json.dumps(put(body, path, PLACE)).encode()
    return text.replace(b'"%b"' % PLACE.encode(), filling)


def values(parts: Parts, credentials: list[bytes]) -> Iterator[Input]:
    """Another value at every place of every body, one place after the other."""
    dice = parts.dice
    while True:
        for name in WITH_BODY:
            example = EXAMPLES[name]
            for place in places(example.body):
                filling = parts.value() if dice.random() < 0.8 else _text(parts)
                body = filled(example.body, place, filling)
                head = dice.choice(credentials)
                yield Input("values", request(line_of(example), head, body=body))


def _text(parts: Parts) -> bytes:
    return json.dumps(parts.dice.choice(TEXTS)).encode()


def bodies(parts: Parts, credentials: list[bytes]) -> Iterator[Input]:
    """Bodies cut off, torn, wrapped, doubled, in other encodings, of other kinds."""
    dice = parts.dice
    while True:
        for name in WITH_BODY:
            example = EXAMPLES[name]
            body = json.dumps(example.body).encode()
            match dice.randrange(7):
                case 0:
                    body = b"[" * dice.randrange(2_000) + body
                case 1:
                    body = body.decode().encode(dice.choice(("utf-16", "utf-32", "utf-8-sig")))
                case 2 if isinstance(example.body, dict) and example.body:
                    twice = json.dumps(dice.choice(list(example.body))).encode()
                    body = b"%b, %b: %b}" % (body[:-1], twice, parts.value())
                case 3 if isinstance(example.body, dict):
                    names = dict.fromkeys(parts.texts[: dice.randrange(300)], 1)
                    body = json.dumps(example.body | names).encode()
                case 4:
                    body = dice.choice(parts.bytes)
                case _:
                    body = parts.damaged(body)
            kind = JSON if dice.random() < 0.8 else dice.choice(KINDS)
            head = dice.choice(credentials)
            yield Input("bodies", request(line_of(example), head, body=body, kind=kind))


def addresses(parts: Parts, credentials: list[bytes]) -> Iterator[Input]:
    """Queries, cursors and path segments."""
    dice = parts.dice
    while True:
        for name in ORDINARY:
            example = EXAMPLES[name]
            method, path, query = example.method, path_of(example), query_of(example).decode()
            if example.query and dice.random() < 0.7:
                field = dice.choice(list(example.query))
                text = _cursor(parts) if field == "cursor" else _anything(parts)
                joint = "&" if query else "?"
                query = f"{query}{joint}{escaped(field)}={text}"
                if dice.random() < 0.1:
                    query += "&" + "&".join([f"{field}={text}"] * dice.randrange(2, 30))
                query = query[:7_000]
            else:
                segments = path.split("/")
                segments[dice.randrange(1, len(segments))] = _anything(parts)[:3_000]
                path = "/".join(segments)
            target = f"{method} /api/v1{path}{query}".encode("latin-1", "replace")
            body = None if example.body is None else json.dumps(example.body).encode()
            yield Input("addresses", request(target, dice.choice(credentials), body=body))


def _anything(parts: Parts) -> str:
    """A value of an address, mostly escaped as it should be."""
    dice = parts.dice
    match dice.randrange(5):
        case 0:
            return "".join(f"%{byte:02x}" for byte in dice.choice(parts.bytes))
        case 1:
            return dice.choice(("%", "%zz", "%0", "%00", "..%2f..%2f", "%2e%2e", ";", "%ed%a0%80"))
        case 2:
            return escaped(dice.choice(TEXTS))
        case _:
            return escaped(parts.text())


def _cursor(parts: Parts) -> str:
    dice = parts.dice
    if dice.random() < 0.5:
        return cursor_of(dice.choice(KEYS) if dice.random() < 0.5 else dice.choice(parts.values))
    return _anything(parts)


def headers(parts: Parts, credentials: list[bytes]) -> Iterator[Input]:
    """Names, values, counts and sizes of headers; some of them twice."""
    dice = parts.dice
    odd = [line.encode("latin-1") + b"\r\n" for line in LINES]
    while True:
        example = EXAMPLES[dice.choice(ORDINARY)]
        line, head = line_of(example), dice.choice(credentials)
        more: list[bytes] = []
        match dice.randrange(9):
            case 0:
                more = [b"X-%d: %d\r\n" % (number, number) for number in range(dice.randrange(250))]
            case 1:
                more = [b"X-Long: " + b"a" * dice.randrange(70_000) + b"\r\n"]
            case 2:
                more = [dice.choice(parts.header_lines) + b"\r\n"]
            case 3:
                more = [b"X-Folded: a\r\n b\r\n\tc\r\n"]
            case 4:
                more = [dice.choice((HOST, b"Host: evil.example\r\n", b"host:\r\n"))]
            case 5:
                more = [dice.choice(credentials), b"Authorization: Basic Zm9vOmJhcg==\r\n"]
            case 6:
                more = [b"X-Torn: " + parts.damaged(b"value, value; q=1") + b"\r\n"]
            case _:
                more = dice.sample(odd, dice.randrange(1, 4))
        body = None if example.body is None else json.dumps(example.body).encode()
        yield Input("headers", request(line, head, *more, body=body), alone=True)


def frames(parts: Parts, credentials: list[bytes]) -> Iterator[Input]:
    """Lengths and chunks that contradict each other, and bodies that never come."""
    dice = parts.dice
    while True:
        example = EXAMPLES[dice.choice(WITH_BODY)]
        line, head = line_of(example), dice.choice(credentials)
        body = json.dumps(example.body).encode()
        start = b"%b HTTP/1.1\r\n%b%b%b" % (line, HOST, head, JSON)
        chunk = b"%x\r\n%b\r\n" % (len(body), body)
        choices = (
            b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n%b0\r\n\r\n"
            % (len(body), chunk),
            b"Content-Length: %d\r\nContent-Length: 0\r\n\r\n%b" % (len(body), body),
            b"Content-Length: -1\r\n\r\n%b" % body,
            b"Content-Length: +%d\r\n\r\n%b" % (len(body), body),
            b"Content-Length: %d, %d\r\n\r\n%b" % (len(body), len(body), body),
            b"Content-Length: 0x10\r\n\r\n%b" % body,
            b"Content-Length: %b\r\n\r\n%b" % (b"9" * dice.randrange(18, 40), body),
            b"Content-Length: %d\r\n\r\n%b" % (len(body) + dice.randrange(1, 99), body),
            b"Content-Length: %d\r\n\r\n%b" % (dice.randrange(len(body)), body),
            b"Transfer-Encoding: xchunked\r\n\r\n%b0\r\n\r\n" % chunk,
            b"Transfer-Encoding: chunked, identity\r\n\r\n%b0\r\n\r\n" % chunk,
            b"Transfer-Encoding:\tchunked\r\nTransfer-Encoding: gzip\r\n\r\n%b0\r\n\r\n" % chunk,
            b"Transfer-Encoding: chunked\r\n\r\n%b\r\n%b" % (b"f" * 20, body),
            b"Transfer-Encoding: chunked\r\n\r\n-1\r\n%b\r\n0\r\n\r\n" % body,
            b"Transfer-Encoding: chunked\r\n\r\n%x;%b\r\n%b\r\n0\r\n\r\n"
            % (len(body), b"x" * dice.randrange(9_000), body),
            b"Transfer-Encoding: chunked\r\n\r\n%b0\r\nContent-Length: 5\r\nHost: b\r\n\r\n"
            % chunk,
            b"Transfer-Encoding: chunked\r\n\r\n%b" % parts.damaged(chunk + b"0\r\n\r\n"),
            b"Transfer-Encoding: chunked\r\n\r\n%b0\r\n\r\n"
            % b"".join(b"1\r\n%c\r\n" % byte for byte in body),
        )
        yield Input("frames", start + dice.choice(choices), Due.END, alone=True)


METHODS: Final = (
    b"GET",
    b"get",
    b"PROPFIND",
    b"TRACE",
    b"CONNECT",
    b"OPTIONS",
    b"HEAD",
    b"PUT",
    b"PATCH",
    b"M-SEARCH",
    b"PRI",
    b"G\0T",
    b"G\xc9T",
    b"",
    b"A" * 5_000,
    b"BREW",
)
VERSIONS: Final = (
    b"HTTP/1.1",
    b"HTTP/1.0",
    b"HTTP/0.9",
    b"HTTP/2.0",
    b"HTTP/1.10",
    b"HTTP/9.9",
    b"http/1.1",
    b"HTTPS/1.1",
    b"HTTP/1.1 ",
    b"HTTP/",
    b"",
)
TARGETS: Final = (
    b"/api/v1/assets?search=b",
    b"http://localhost/api/v1/assets",
    b"http://evil.example/api/v1/assets",
    b"http://user:password@localhost:99999/",
    b"localhost:80",
    b"*",
    b"",
    b"/",
    b"//api/v1/assets",
    b"/api/v1/../v1/assets",
    b"/api/v1/%2e%2e/%2e%2e/etc/passwd",
    b"/docs/..%2f..%2f..%2fetc/passwd",
    b"/docs/..%5c..%5cwindows",
    b"/api/v1/prices/%00",
    b"/api/v1/prices/\xff\xfe",
    b"/api/v1/assets#part",
    b"/api/v1/assets?a b",
    b"/api/v1/assets;x=1",
    b"/api/v1/" + b"a/" * 3_000,
    b"/" + b"a" * 60_000,
    b"/api/v1/assets?" + b"&" * 6_000,
    b"/api/v1/assets?" + b"a=1&" * 1_900,
    b"/%0d%0aSet-Cookie:%20a=b",
    b"/\r\nX: y",
    b"/api/v1/markets/btc/usd/candles%3finterval=1m",
    b"/health/live/..;/metrics",
)
NO_REQUESTS: Final = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 80,  # a TLS client hello
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\r\n\r\n\r\n",
    b"\0" * 300,
    b"SSH-2.0-OpenSSH_9.9\r\n",
    b"GET / HTTP/1.1\nHost: localhost\n\n",
    b"GET / HTTP/1.1\rHost: localhost\r\r",
    b"\x05\x01\x00",
)


def request_lines(parts: Parts, credentials: list[bytes]) -> Iterator[Input]:
    """Methods, targets and versions; and what is no request at all."""
    dice = parts.dice
    while True:
        throw = dice.random()
        if throw < 0.1:
            data = dice.choice(NO_REQUESTS)
            yield Input("lines", data, Due.END, alone=True)
        elif throw < 0.3:
            whole = request(
                dice.choice((b"GET", b"POST")) + b" /api/v1/assets", dice.choice(credentials)
            )
            yield Input("lines", parts.damaged(whole), Due.END, alone=True)
        else:
            method = dice.choice(METHODS)
            target = dice.choice(TARGETS)
            version = b"HTTP/1.1" if dice.random() < 0.6 else dice.choice(VERSIONS)
            line = b"%b %b %b\r\n%b%b\r\n" % (
                method,
                target,
                version,
                HOST,
                dice.choice(credentials),
            )
            yield Input("lines", line, alone=True)


def event_streams(parts: Parts, credentials: list[bytes]) -> Iterator[Input]:
    """What `curl -N` may ask for; a stream that begins is left."""
    dice = parts.dice
    names = ("prices", "candles", "indicators", "volatility", "sources", "book", "orders", "alerts")
    fields = ("symbols", "rate_ms", "interval", "limit", "names", "depth", "window", "since_seq")
    while True:
        channel = dice.choice(names) if dice.random() < 0.8 else _anything(parts)
        pairs = [
            f"{dice.choice(fields)}={_anything(parts)[:500]}" for _ in range(dice.randrange(4))
        ]
        query = "&".join([f"channel={channel}", *pairs]).encode("latin-1", "replace")
        last = b"Last-Event-ID: %b\r\n" % escaped(parts.text()).encode()
        head = dice.choice(credentials)
        line = b"GET /api/v1/stream?%b" % query
        more = (last,) if dice.random() < 0.3 else ()
        yield Input("events", request(line, head, *more), alone=True)
