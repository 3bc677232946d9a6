"""Tables as CSV, Parquet and Arrow, and how long a built file answers."""

import asyncio
import io
from collections.abc import AsyncIterator

import httpx2
import numpy as np
import polars as pl
import pytest
from python_calamine import CalamineWorkbook
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from plimsoll.app import create_app
from plimsoll.plumbing.tables import (
    FRESH_S,
    KEPT_S,
    MEDIA_TYPES,
    OLDEST_S,
    Columns,
    Files,
    Format,
    choose_format,
    to_arrow,
    to_csv,
    to_parquet,
)
from plimsoll.plumbing.workbooks import MOST_ROWS, TooManyRowsForWorkbook, to_workbook
from plimsoll.settings import Settings
from tests.fakes.clock import ManualClock

COLUMNS: Columns = {
    "pair": ["btc/usd", "eth/usd", ""],
    "price": np.array([64000.5, 1e-9, np.nan]),
    "age_ms": np.array([1, 2**60, -1], np.int64),
}
ROWS = {
    "pair": ["btc/usd", "eth/usd", ""],
    "price": [64000.5, 1e-9, None],
    "age_ms": [1, 2**60, -1],
}


def test_a_table_reads_back_from_every_format() -> None:
    assert to_csv(COLUMNS) == (
        b"pair,price,age_ms\nbtc/usd,64000.5,1\neth/usd,0.000000001,1152921504606846976\n,,-1\n"
    )
    for read in (
        pl.read_parquet(io.BytesIO(to_parquet(COLUMNS))),
        pl.read_ipc_stream(io.BytesIO(to_arrow(COLUMNS))),
    ):
        assert read.fill_nan(None).to_dict(as_series=False) == ROWS


def test_a_workbook_has_numbers_as_numbers_and_loses_no_digit() -> None:
    long = "1234567890.12345678"
    given: Columns = {**COLUMNS, "amount": ["1.50", long, "=1+1"]}
    rows = CalamineWorkbook.from_filelike(io.BytesIO(to_workbook(given))).get_sheet_by_index(0)
    assert rows.to_python() == [
        ["pair", "price", "age_ms", "amount"],
        ["btc/usd", 64000.5, 1, 1.5],
        ["eth/usd", 1e-9, str(2**60), long],
        ["", "", -1, "=1+1"],
    ]


def test_a_workbook_of_too_many_rows_is_refused_and_csv_named() -> None:
    with pytest.raises(TooManyRowsForWorkbook, match="csv"):
        to_workbook({"n": np.arange(MOST_ROWS + 1)})


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1+1", "'-1+1"),
        ("@x", "'@x"),
        ("-1", "-1"),
        ("-0.5", "-0.5"),
        ("a,b", '"a,b"'),
        ("a\nb", '"a\nb"'),
        ('=a"b', '"\'=a""b"'),
    ],
)
def test_a_spreadsheet_runs_and_splits_no_text(text: str, written: str) -> None:
    assert to_csv({"name": [text]}) == f"name\n{written}\n".encode()


def test_one_odd_cell_of_a_column_is_written_as_if_it_were_alone() -> None:
    cells = ["plain", "=sum", "also plain", "a,b", "-1", "-x"]
    written = ["plain", "'=sum", "also plain", '"a,b"', "-1", "'-x"]

    assert to_csv({"name": cells}, header=False).decode().splitlines() == written


def test_an_empty_table_has_its_header() -> None:
    empty: Columns = {"pair": [], "price": np.array([], np.float64)}
    assert to_csv(empty) == b"pair,price\n"
    assert pl.read_ipc_stream(io.BytesIO(to_arrow(empty))).columns == ["pair", "price"]


@pytest.mark.parametrize(
    ("asked", "accept", "expected"),
    [
        (None, "", Format.JSON),
        (None, "*/*", Format.JSON),
        (None, "text/html, text/csv;q=0.5", Format.CSV),
        (None, "application/vnd.apache.parquet", Format.PARQUET),
        (Format.ARROW, "text/csv", Format.ARROW),
    ],
)
def test_the_parameter_counts_before_the_header(
    asked: Format | None, accept: str, expected: Format
) -> None:
    assert choose_format(asked, accept) is expected


class Desk:
    """A table that is another one every time it is built."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.files = Files(self.clock, most_bytes=1_000)
        self.built = 0

    async def answer(self, request: Request) -> Response:
        async def build() -> Columns:
            self.built += 1
            await asyncio.sleep(0.01)
            return {"number": np.array([self.built] * 20, np.int64)}

        name = request.query_params.get("name", "table")
        return await self.files.answer(request, name, Format.CSV, "all", build)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
async def http(desk: Desk) -> AsyncIterator[httpx2.AsyncClient]:
    app = Starlette(routes=[Route("/", desk.answer)])
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app), base_url="http://desk"
    ) as http:
        yield http


async def test_whoever_asks_for_the_whole_gets_a_fresh_one(
    desk: Desk, http: httpx2.AsyncClient
) -> None:
    first = (await http.get("/")).content
    assert first == b"number\n" + b"1\n" * 20
    desk.clock.advance(FRESH_S)
    assert (await http.get("/")).content == first
    desk.clock.advance(0.1)
    assert (await http.head("/")).status_code == 200
    assert desk.built == 2


async def test_parts_come_from_one_file_as_long_as_it_is_read(
    desk: Desk, http: httpx2.AsyncClient
) -> None:
    whole = await http.get("/")
    for _ in range(int(OLDEST_S / KEPT_S)):
        desk.clock.advance(KEPT_S)
        part = await http.get("/", headers={"range": "bytes=-4"})
        assert (part.status_code, part.content) == (206, whole.content[-4:])
        assert part.headers["content-range"] == "bytes 43-46/47"
        assert part.headers["etag"] == whole.headers["etag"]
    desk.clock.advance(1)
    part = await http.get("/", headers={"range": "bytes=-4"})
    assert part.content == b"2\n2\n", "it is not kept for ever, however often it is read"
    desk.clock.advance(KEPT_S + 1)
    part = await http.get("/", headers={"range": "bytes=-4"})
    assert part.content == b"3\n3\n"


@pytest.mark.parametrize(
    ("wanted", "status", "length"),
    [
        ("bytes=0-6", 206, 7),
        ("bytes=40-", 206, 7),
        ("bytes=40-1000", 206, 7),
        ("bytes=-1000", 206, 47),
        ("bytes=47-", 416, 0),
        ("bytes=5-4", 416, 0),
        ("bytes=-0", 416, 0),
        ("bytes=0-1,5-6", 200, 47),
        ("lines=0-1", 200, 47),
        ("bytes=x-", 200, 47),
    ],
)
async def test_ranges_are_those_of_the_standard(
    http: httpx2.AsyncClient, wanted: str, status: int, length: int
) -> None:
    answer = await http.get("/", headers={"range": wanted})
    assert (answer.status_code, len(answer.content)) == (status, length)
    if status == 416:
        assert answer.headers["content-range"] == "bytes */47"


async def test_a_part_of_a_file_that_is_gone_is_the_whole_of_the_new_one(
    http: httpx2.AsyncClient,
) -> None:
    etag = (await http.get("/")).headers["etag"]
    same = await http.get("/", headers={"range": "bytes=0-1", "if-range": etag})
    assert same.status_code == 206
    other = await http.get("/", headers={"range": "bytes=0-1", "if-range": '"gone"'})
    assert (other.status_code, len(other.content)) == (200, 47)
    known = await http.get("/", headers={"if-none-match": etag})
    assert (known.status_code, known.content) == (304, b"")


async def test_those_who_ask_at_once_share_one_build(desk: Desk, http: httpx2.AsyncClient) -> None:
    answers = await asyncio.gather(*[http.get("/") for _ in range(10)])
    assert len({answer.content for answer in answers}) == 1
    assert desk.built == 1


async def test_what_is_kept_is_bounded(desk: Desk, http: httpx2.AsyncClient) -> None:
    for number in range(50):
        await http.get("/", params={"name": str(number)})
    assert desk.files._size() <= 1_000


JSON_AND_CSV = (MEDIA_TYPES[Format.JSON], MEDIA_TYPES[Format.CSV])


def test_every_route_that_takes_a_format_promises_its_tables() -> None:
    document = create_app(Settings(), "").openapi()
    promised = [
        (path, operation["responses"]["200"]["content"].keys())
        for path, operations in document["paths"].items()
        for operation in operations.values()
        if any(each["name"] == "format" for each in operation.get("parameters", ()))
    ]
    assert len(promised) > 20
    for path, kinds in promised:
        some = path.endswith("/indicators")  # which have no types for the others
        assert kinds == ({*JSON_AND_CSV} if some else {*MEDIA_TYPES.values()}), path
