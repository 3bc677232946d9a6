"""Cursors and limits of lists."""

import base64
import json
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from uuid import UUID, uuid4

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.plumbing.paging import BadCursor, PageRequest
from tests.conftest import Person


def cursor_after(*key: object) -> str:
    cut = PageRequest(1, None).cut([key, key], lambda row: row)
    assert cut.next_cursor is not None
    return cut.next_cursor


moments = st.datetimes(timezones=st.just(UTC)).filter(lambda at: MINYEAR < at.year < MAXYEAR)
"""Such as a cursor may hold: with another zone the first and the last year have no UTC."""


@given(
    moments,
    st.integers(-(2**63), 2**63 - 1),
    st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    st.uuids(),
)
def test_the_key_that_goes_into_a_cursor_comes_out_of_it(
    at: datetime, number: int, name: str, ident: UUID
) -> None:
    cursor = cursor_after(at, number, name, ident)
    assert PageRequest(1, cursor).after(datetime, int, str, UUID) == (at, number, name, ident)
    assert cursor.isascii()
    assert httpx2.QueryParams({"cursor": cursor})["cursor"] == cursor


@given(st.lists(st.integers(-(2**63), 2**63 - 1), unique=True, max_size=30), st.integers(1, 10))
def test_pages_one_after_another_are_the_whole_list(rows: list[int], limit: int) -> None:
    rows.sort()
    seen: list[int] = []
    cursor = None
    while True:
        page = PageRequest(limit, cursor)
        after = page.after(int)
        left = [row for row in rows if after is None or (row,) > after]
        cut = page.cut(left[: limit + 1], lambda row: (row,))
        assert len(cut.rows) <= limit
        seen += cut.rows
        cursor = cut.next_cursor
        if cursor is None:
            break
    assert seen == rows


@given(st.text(max_size=200))
def test_any_text_is_a_cursor_or_is_refused(text: str) -> None:
    try:
        key = PageRequest(1, text).after(datetime, int)
    except BadCursor:
        return
    assert key is None or [type(part) for part in key] == [datetime, int]


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        "!!!!",
        "é",
        base64.urlsafe_b64encode(b"not json").decode(),
        base64.urlsafe_b64encode(json.dumps({"a": 1}).encode()).decode(),
        cursor_after("a list of one"),
        cursor_after("2020-01-01", "not a number"),
        cursor_after(1, 2, 3),
        cursor_after(datetime(2020, 1, 1, tzinfo=UTC), 1)[:-4],
    ],
)
def test_a_cursor_of_another_list_is_refused(cursor: str) -> None:
    with pytest.raises(BadCursor):
        PageRequest(10, cursor).after(datetime, int)


async def test_a_cursor_that_was_tampered_with_is_a_422(ada: Person) -> None:
    for name in ("first", "second"):
        made = await ada.http.post("/wallets", json={"name": name})
        assert made.status_code == 201, made.text
    page = (await ada.http.get("/wallets", params={"limit": 1})).json()
    assert len(page["data"]) == 1
    rest = await ada.http.get("/wallets", params={"limit": 1, "cursor": page["next_cursor"]})
    assert rest.json()["data"] != page["data"]

    for cursor in ("x" + page["next_cursor"], cursor_after(str(uuid4()), 1), "\x00"):
        answer = await ada.http.get("/wallets", params={"cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (422, "bad-cursor")


async def test_a_cursor_with_a_number_out_of_bounds_is_no_failure(ada: Person) -> None:
    for number in (2**63, -(2**63) - 1, 2**70):
        cursor = cursor_after(datetime(2020, 1, 1, tzinfo=UTC), number)
        answer = await ada.http.get("/transactions", params={"cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (422, "bad-cursor")


async def test_a_cursor_with_a_zero_byte_is_no_failure(ada: Person) -> None:
    answer = await ada.http.get("/wallets", params={"cursor": cursor_after("a\0b")})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad-cursor")


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "1e3", "", "ten", "99999999999999999999"])
async def test_a_limit_outside_of_its_bounds_is_a_422(ada: Person, limit: str) -> None:
    answer = await ada.http.get("/wallets", params={"limit": limit})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "query:limit"


async def test_the_bounds_themselves_are_good(ada: Person) -> None:
    for limit in (1, 1000):
        answer = await ada.http.get("/wallets", params={"limit": limit})
        assert answer.status_code == 200
        assert answer.json() == {"data": [], "next_cursor": None}


async def test_a_cursor_too_long_to_be_ours_is_refused(ada: Person) -> None:
    answer = await ada.http.get("/wallets", params={"cursor": "a" * 501})
    assert answer.status_code == 422
