"""One page of a list as JSON, and the same rows as a table."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import httpx2
import pytest
from fastapi import FastAPI, Response

from plimsoll.plumbing.lists import Listing
from plimsoll.plumbing.paging import Page
from plimsoll.plumbing.shapes import View
from plimsoll.plumbing.tables import Columns, Files
from tests.fakes.clock import ManualClock

OWNER = UUID(int=1)


class SquareView(View):
    number: int
    square: int


def to_columns(rows: Sequence[int], views: Sequence[SquareView]) -> Columns:
    return {
        "number": list(map(str, rows)),
        "square": [str(view.square) for view in views],
    }


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    """Lists the squares of 1 to 5 at /squares."""
    app = FastAPI()
    app.state.files = Files(ManualClock())

    @app.get("/squares", response_model=Page[SquareView])
    async def list_squares(listing: Listing) -> Page[SquareView] | Response:
        after = listing.page.after(int)
        first = int(str(after[0])) + 1 if after else 1
        cut = listing.page.cut(list(range(first, 6)), lambda row: (row,))
        return await listing.answer(
            "squares",
            OWNER,
            cut,
            view=lambda row: SquareView(number=row, square=row * row),
            table=to_columns,
        )

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
