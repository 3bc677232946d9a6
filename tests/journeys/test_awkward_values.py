"""Every place of every request, filled with what no ordinary caller sends.

A request that works is spelt out for every operation; then each of its texts, amounts, moments,
ids and cursors is replaced by one awkward value after the other. Whatever comes, it is answered
with less than 500, as JSON.
"""

import base64
import json
from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import quote_from_bytes

import httpx2
import pytest
from fastapi import FastAPI

from plimsoll.app import create_app
from plimsoll.settings import Settings
from tests.conftest import Person
from tests.journeys import (
    access_examples,
    alerts_examples,
    compliance_examples,
    demo_examples,
    examples,
    imports_examples,
    kpi_examples,
    periods_examples,
    quality_examples,
    tax_examples,
    telling_examples,
    trading_examples,
)
from tests.journeys.examples import NOBODY, Example

API: Final = "/api/v1"
JSON: Final = {"Content-Type": "application/json"}

TEXTS: Final = (
    "\0",
    "a\0b",
    "\ud800",  # half of a surrogate pair: JSON can spell it, UTF-8 cannot
    "\U0001f9c2" * 80,
    "x" * 5_000,
    "",
    " ",
    "-0",
    "9" * 20,
    "9" * 21,
    "0.000000000000000001",
    "1e400",
    "NaN",
    "-Infinity",
    "0001-01-01T00:00:00+14:00",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999-14:00",
    "9999-12-31T23:59:59.999999Z",
    "2009-01-03T00:00:00Z",
    "2024-02-30T00:00:00Z",
    "2024-01-01T00:00:00+23:59:59.999999",
    str(2**63),
    str(-(2**63) - 1),
    "00000000-0000-0000-0000-000000000000",
    NOBODY,
    "' or 1=1 --",
    "../../etc/passwd",
)
OTHER_KINDS: Final[tuple[object, ...]] = (None, True, 10**30, 1.5, [], {}, [[]], [None] * 1_000)
KEYS: Final[tuple[object, ...]] = (
    ["\0"],
    [2**70],
    ["\0", NOBODY],
    ["x" * 300, NOBODY],
    ["2024-01-01T00:00:00Z", 2**70],
    ["2024-01-01T00:00:00", 1],
    ["0001-01-01T00:00:00+14:00", 1],
    ["9999-12-31T23:59:59-14:00", 1],
    [None, None],
    [[], {}],
    [1.5, "1"],
    {"a": 1},
    [],
)
"""What a cursor may be made to hold."""


EXAMPLES: Final = (
    examples.EXAMPLES
    | access_examples.EXAMPLES
    | compliance_examples.EXAMPLES
    | kpi_examples.EXAMPLES
    | trading_examples.EXAMPLES
    | alerts_examples.EXAMPLES
    | tax_examples.EXAMPLES
    | telling_examples.EXAMPLES
    | periods_examples.EXAMPLES
    | imports_examples.EXAMPLES
    | quality_examples.EXAMPLES
    | demo_examples.EXAMPLES
)
Shared = tuple[FastAPI, httpx2.AsyncClient]


@pytest.fixture(scope="module")
def app(shared_client: Shared) -> FastAPI:
    """One for all operations."""
    return shared_client[0]


@pytest.fixture(scope="module")
def client(shared_client: Shared) -> httpx2.AsyncClient:
    return shared_client[1]


NOTHING_TO_FILL: Final = frozenset(
    {
        "list_formats",
        "list_indicators",
        "list_sources",
        "logout",
        "open_demo_session",
        "read_chart_config",
        "read_chart_time",
        "read_health",
        "count_notifications",
        "read_preferences",
        "read_second_factor",
        "read_live",
        "read_meta",
        "read_metrics",
        "read_overview",
        "read_ready",
        "read_engine",
        "read_insurance",
        "read_trading_limits",
    }
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every part of a body, the whole of it too."""
    yield path
    entries: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        entries = value.items()
    elif isinstance(value, list):
        entries = enumerate(value)
    for name, inner in entries:
        yield from places(inner, (*path, name))


def put(value: Any, path: tuple[Any, ...], filling: Any) -> Any:
    """`value` with another part at the end of `path`."""
    if not path:
        return filling
    copy = value.copy()
    copy[path[0]] = put(value[path[0]], path[1:], filling)
    return copy


def requests(example: Example) -> Iterator[tuple[bytes, bytes | None]]:
    """Query string and body of the example with each place filled with each awkward value."""
    query = example.query or {}
    for name in query:
        fillings = [cursor_of(key) for key in KEYS] if name == "cursor" else []
        for filling in (*TEXTS, *fillings):
            changed = {key: text for key, text in query.items() if text} | {name: filling}
            yield query_string(changed), None
    plain = query_string({key: text for key, text in query.items() if text})
    if example.body is None:
        return
    for path in places(example.body):
        for other in (*TEXTS, *OTHER_KINDS):
            yield plain, json.dumps(put(example.body, path, other)).encode()


def cursor_of(key: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).rstrip(b"=").decode()


def query_string(query: dict[str, str]) -> bytes:
    pairs = (
        f"{name}={quote_from_bytes(value.encode('utf-8', 'surrogatepass'), safe='')}"
        for name, value in query.items()
    )
    return "&".join(pairs).encode()


def test_every_operation_has_an_example() -> None:
    documented = {
        operation["operationId"]
        for methods in create_app(Settings(), "").openapi()["paths"].values()
        for operation in methods.values()
    }
    assert documented - NOTHING_TO_FILL == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
async def test_no_value_in_any_place_fails_us(name: str, ada: Person) -> None:
    example = EXAMPLES[name]
    bought = {"coin_id": "bitcoin", "quantity": "1000", "price": "1"}
    held = (await ada.http.post("/holdings", json=bought)).json()["id"]
    path = example.path.format(holding_id=held)
    for query, body in requests(example):
        url = httpx2.URL(f"http://localhost{API}{path}").copy_with(query=query)
        answer = await ada.http.request(example.method, url, content=body, headers=JSON)
        assert answer.status_code < 500, (query, body, answer.text)
        assert answer.headers["content-type"].endswith("json"), (query, body, answer.text)


RAW: Final = {
    "nothing": b"",
    "not UTF-8": b'{"name": "\xff\xfe"}',
    "UTF-16": '{"name": "cold"}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"name": "cold"}',
    "cut off": b'{"name": "co',
    "a number without end": b'{"name": ' + b"9" * 10_000 + b"}",
    "a float without end": b'{"name": 1e999999999}',
    "NaN": b'{"name": NaN}',
    "deep": b"[" * 5_000,
    "deep and closed": b'{"name": ' + b"[" * 2_000 + b"]" * 2_000 + b"}",
    "one name twice": b'{"name": "cold", "name": "warm"}',
    "many names": json.dumps({str(number): 0 for number in range(5_000)}).encode(),
    "more than may be sent": b'{"name": "' + b"x" * 1_100_000 + b'"}',
}
CONTENT_TYPES: Final = (
    "application/json",
    "application/json; charset=utf-7",
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "",
    "\xff",
)


@pytest.mark.parametrize(
    "path", ["/holdings", "/transactions", "/wallets", "/auth/login", "/orders"]
)
async def test_no_body_fails_us(path: str, ada: Person) -> None:
    for what, body in RAW.items():
        for kind in CONTENT_TYPES:
            headers = [(b"content-type", kind.encode("latin-1"))] if kind else []
            answer = await ada.http.post(path, content=body, headers=headers)
            assert answer.status_code < 500, (what, kind, answer.text)
            assert answer.headers["content-type"].endswith("json"), (what, kind, answer.text)


async def test_what_is_answered_quickly_is_answered_at_its_own_address_only(ada: Person) -> None:
    for path in ("/prices/x/prices/bitcoin", "/prices/bitcoin/", "/prices/"):
        assert (await ada.http.get(path)).status_code != 200, path
