"""One page of a list as JSON, and the same rows, or many more, as a table."""

import asyncio
import io
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID

import httpx2
import numpy as np
import polars as pl
import pytest
from fastapi import Depends, FastAPI, Response

from plimsoll.plumbing import problems
from plimsoll.plumbing.lists import MOST_ROWS, READ_AT_ONCE, WRITTEN_AT_ONCE, Listing
from plimsoll.plumbing.paging import MAX_LIMIT, Cut, Page, PageRequest
from plimsoll.plumbing.shapes import View
from plimsoll.plumbing.tables import Columns, Files
from tests.conftest import Person
from tests.fakes.clock import ManualClock

OWNER = UUID(int=1)


class SquareView(View):
    number: int
    square: int


def to_columns(rows: Sequence[int], views: Sequence[SquareView]) -> Columns:
    return {
        "number": np.array(rows, np.int64),
        "square": [str(view.square) for view in views],
    }


@dataclass(slots=True)
class Squares:
    """The squares of 1 to `last`, and what was done to list them."""

    last: int = 5
    factor: int = 1
    reads: list[int] = field(default_factory=list)
    """How many rows each was for."""
    viewed: Counter[int] = field(default_factory=Counter)
    """Rows by the turn of others before which they were written."""
    turn: int = 0
    lent: bool = False
    lent_while_written: bool = False

    async def read(self, page: PageRequest) -> Cut[int]:
        self.reads.append(page.limit)
        after = page.after(int)
        first = int(str(after[0])) + 1 if after else 1
        return page.cut(list(range(first, self.last + 1)), lambda row: (row,))

    def view(self, row: int) -> SquareView:
        self.viewed[self.turn] += 1
        self.lent_while_written |= self.lent
        return SquareView(number=row, square=row * row * self.factor)

    async def take_turns(self) -> None:
        while True:
            self.turn += 1
            await asyncio.sleep(0)


@pytest.fixture
def squares() -> Squares:
    return Squares()


@pytest.fixture
async def http(squares: Squares) -> AsyncIterator[httpx2.AsyncClient]:
    """Lists them at /squares, with something borrowed for as long as the handler runs."""
    app = FastAPI()
    app.state.files = Files(ManualClock())
    problems.install(app)

    async def borrow() -> AsyncIterator[None]:
        squares.lent = True
        yield
        squares.lent = False

    @app.get("/squares", response_model=Page[SquareView])
    async def list_squares(
        listing: Listing, _: Annotated[None, Depends(borrow, scope="function")]
    ) -> Page[SquareView] | Response:
        cut = await listing.collect(squares.read)
        return await listing.answer("squares", OWNER, cut, view=squares.view, table=to_columns)

    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app), base_url="http://localhost"
    ) as client:
        yield client


async def test_a_table_has_the_rows_of_the_page_and_leads_to_the_next(
    http: httpx2.AsyncClient,
) -> None:
    page = (await http.get("/squares", params={"limit": 2})).json()
    assert page["data"] == [{"number": 1, "square": 1}, {"number": 2, "square": 4}]
    table = await http.get("/squares", params={"limit": 2, "format": "csv"})
    assert table.text == "number,square\n1,1\n2,4\n"
    assert 'filename="squares.csv"' in table.headers["content-disposition"]
    link = table.headers["link"]
    assert link.startswith("</squares?")
    assert link.endswith('>; rel="next"')
    following = await http.get(link[1:].partition(">")[0])
    assert following.text == "number,square\n3,9\n4,16\n"
    assert "format=csv" in following.headers["link"]


async def test_the_last_table_leads_nowhere(http: httpx2.AsyncClient) -> None:
    table = await http.get("/squares", headers={"accept": "text/csv"})
    assert table.text.count("\n") == 6
    assert "link" not in table.headers


async def test_a_table_of_no_rows_has_its_columns(
    http: httpx2.AsyncClient, squares: Squares
) -> None:
    squares.last = 0
    table = await http.get("/squares", params={"format": "csv"})
    assert table.text == "number,square\n"


async def test_a_table_is_longer_than_any_page_and_says_that_the_list_goes_on(
    http: httpx2.AsyncClient, squares: Squares
) -> None:
    squares.last = MOST_ROWS + 7
    table = await http.get("/squares", params={"limit": MOST_ROWS, "format": "parquet"})
    read = pl.read_parquet(io.BytesIO(table.content))
    assert read["number"].to_list() == list(range(1, MOST_ROWS + 1))
    assert read["square"].to_list() == [str(n * n) for n in range(1, MOST_ROWS + 1)]
    assert read.schema["number"] == pl.Int64

    rest = await http.get(table.headers["link"][1:].partition(">")[0])
    read = pl.read_parquet(io.BytesIO(rest.content))
    assert read["number"].to_list() == list(range(MOST_ROWS + 1, MOST_ROWS + 8))
    assert "link" not in rest.headers


async def test_others_have_their_turn_between_slices_of_a_long_table(
    http: httpx2.AsyncClient, squares: Squares
) -> None:
    squares.last = 2 * READ_AT_ONCE + 30
    others = asyncio.create_task(squares.take_turns())
    table = await http.get("/squares", params={"limit": 2 * READ_AT_ONCE + 10, "format": "csv"})
    others.cancel()
    assert table.text.count("\n") == 1 + 2 * READ_AT_ONCE + 10
    assert squares.reads == [READ_AT_ONCE, READ_AT_ONCE, 10]
    assert max(squares.viewed.values()) == WRITTEN_AT_ONCE


async def test_what_the_handler_borrowed_is_given_back_before_a_table_is_written(
    http: httpx2.AsyncClient, squares: Squares
) -> None:
    await http.get("/squares")
    assert squares.lent_while_written  # a page is made by the handler
    squares.lent_while_written = False
    assert (await http.get("/squares", params={"format": "xlsx"})).status_code == 200
    assert not squares.lent_while_written


async def test_a_file_is_kept_for_its_parts_until_a_row_changes(
    http: httpx2.AsyncClient, squares: Squares
) -> None:
    whole = await http.get("/squares", params={"format": "csv"})
    part = await http.get("/squares", params={"format": "csv"}, headers={"range": "bytes=0-5"})
    assert (part.status_code, part.headers["etag"]) == (206, whole.headers["etag"])
    squares.factor = 2
    changed = await http.get("/squares", params={"format": "csv"})
    assert changed.text.startswith("number,square\n1,2\n")


@pytest.mark.parametrize(
    ("limit", "format_", "status"),
    [
        (MAX_LIMIT, "json", 200),
        (MAX_LIMIT + 1, "json", 422),
        (MAX_LIMIT + 1, "csv", 200),
        (MOST_ROWS + 1, "csv", 422),
    ],
)
async def test_only_a_table_may_be_longer_than_a_page(
    http: httpx2.AsyncClient, limit: int, format_: str, status: int
) -> None:
    answer = await http.get("/squares", params={"limit": limit, "format": format_})
    assert answer.status_code == status
    if status == 422:
        assert answer.json()["code"] == "invalid"
        assert [each["pointer"] for each in answer.json()["errors"]] == ["query:limit"]


LISTS = [
    "/transactions",
    "/data-quality",
    "/portfolio/value",
    "/portfolio/performance/days",
    "/orders?status=all",
    "/orders",
    "/fills",
    "/funding",
    "/liquidations",
    "/positions",
    "/markets",
    "/alert-events",
    "/alert-deliveries",
    "/notifications",
    "/tax/runs",
    "/tax/unrealised?jurisdiction=us",
]


async def test_every_list_of_the_page_can_be_a_long_table(ada: Person) -> None:
    for path in LISTS:
        joint = "&" if "?" in path else "?"
        answer = await ada.http.get(f"{path}{joint}limit={MOST_ROWS}&format=csv")
        assert answer.status_code == 200, (path, answer.text)
        assert answer.headers["content-type"].startswith("text/csv")
