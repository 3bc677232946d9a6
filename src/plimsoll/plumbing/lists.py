"""Lists as pages: one page as JSON, or the same rows as a table whose header `link` leads on.

A table can be ten times as long as a page of JSON. The database is asked for its rows, and the
rows become columns, in slices: between two of them everybody else has their turn.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Annotated, Final, TypeVar

import msgspec
import numpy as np
from fastapi import Depends, Header, Query, Request, Response
from starlette.types import Receive, Scope, Send

from plimsoll.kernel.errors import FieldFault, Invalid
from plimsoll.plumbing.paging import MAX_LIMIT, AskedCursor, Cut, Page, PageRequest
from plimsoll.plumbing.shapes import View
from plimsoll.plumbing.tables import AskedFormat, Columns, Files, Format, Numbers, choose_format

MOST_ROWS: Final = 10_000
"""Of one table."""
READ_AT_ONCE: Final = 500
WRITTEN_AT_ONCE: Final = 100
"""Rows of a slice: some milliseconds each."""

Row = TypeVar("Row")
V = TypeVar("V", bound=View)


@dataclass(frozen=True, slots=True)
class TableRequest:
    """How the rows of a list were asked for."""

    request: Request
    format: Format

    @property
    def wanted(self) -> bool:
        """Whether they are to be a table."""
        return self.format is not Format.JSON

    async def answer(
        self, name: str, question: object, build: Callable[[], Columns], *, cursor: str | None
    ) -> Response:
        """The rows of one page as a file called `name`; `cursor` is that of the next.

        The same question has the same answer, as long as a file is kept.
        """

        async def columns() -> Columns:
            return build()

        files: Files = self.request.app.state.files
        response = await files.answer(self.request, name, self.format, question, columns)
        if cursor is not None:
            following = self.request.url.include_query_params(cursor=cursor)
            response.headers["link"] = f'<{following.path}?{following.query}>; rel="next"'
        return response


class LateResponse(Response):
    """Made when it is sent: by then the handler has given back its connection to the database."""

    def __init__(self, make: Callable[[], Awaitable[Response]]) -> None:
        super().__init__()
        self._make = make

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._make()
        await response(scope, receive, send)


async def _table_request(
    request: Request,
    format: AskedFormat = None,  # noqa: A002 - the name of the parameter
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> TableRequest:
    return TableRequest(request, choose_format(format, accept))


Tables = Annotated[TableRequest, Depends(_table_request)]
"""The parameter `format`, of lists that have a paging of their own."""


async def _table_paging(
    tables: Tables,
    limit: Annotated[
        int,
        Query(ge=1, le=MOST_ROWS, description=f"Rows per page; as JSON {MAX_LIMIT:,} at most"),
    ] = 100,
    cursor: AskedCursor = None,
) -> PageRequest:
    if limit > MAX_LIMIT and not tables.wanted:
        fault = FieldFault("query:limit", "too-many-rows", f"as JSON {MAX_LIMIT:,} at most")
        raise Invalid(
            f"a page has {MAX_LIMIT:,} rows at most, and only a table {MOST_ROWS:,}: "
            "ask for another format, or go on with the cursor",
            faults=(fault,),
        )
    return PageRequest(limit, cursor)


TablePaging = Annotated[PageRequest, Depends(_table_paging)]
"""The parameters `limit`, `cursor` and `format`, of lists whose tables can be longer than pages."""


@dataclass(frozen=True, slots=True)
class ListRequest:
    """How a list was asked for."""

    tables: Tables
    page: TablePaging

    async def collect(self, read: Callable[[PageRequest], Awaitable[Cut[Row]]]) -> Cut[Row]:
        """The rows that were asked for, those of a table slice by slice.

        The slices are not of one moment, just as pages are not.
        """
        if not self.tables.wanted:
            return await read(self.page)
        rows: list[Row] = []
        cursor, left = self.page.cursor, self.page.limit
        while left > 0:
            cut = await read(PageRequest(min(left, READ_AT_ONCE), cursor))
            rows += cut.rows
            cursor, left = cut.next_cursor, self.page.limit - len(rows)
            if cursor is None:
                break
        return Cut(rows, cursor)

    async def answer(
        self,
        name: str,
        whose: object,
        cut: Cut[Row],
        *,
        view: Callable[[Row], V],
        table: Callable[[Sequence[Row], Sequence[V]], Columns],
    ) -> Page[V] | Response:
        """`name` is the file's, `whose` the person or the thing that the rows belong to."""
        if not self.tables.wanted:
            return Page(data=[view(each) for each in cut.rows], next_cursor=cut.next_cursor)

        async def make() -> Response:
            parts: list[Columns] = []
            for start in range(0, max(len(cut.rows), 1), WRITTEN_AT_ONCE):
                rows = cut.rows[start : start + WRITTEN_AT_ONCE]
                parts.append(table(rows, [view(each) for each in rows]))
                await asyncio.sleep(0)
            columns, digest = await asyncio.to_thread(_join, parts)
            return await self.tables.answer(
                name, (whose, digest), lambda: columns, cursor=cut.next_cursor
            )

        return LateResponse(make)


def _join(parts: Sequence[Columns]) -> tuple[Columns, bytes]:
    """The columns of all parts, one below the other, and what tells them from all others."""
    columns = {name: _stack([part[name] for part in parts]) for name in parts[0]}
    digest = hashlib.sha256()
    for name, column in columns.items():
        plain = column.tolist() if isinstance(column, np.ndarray) else column
        digest.update(msgspec.msgpack.encode((name, plain)))
    return columns, digest.digest()


def _stack(parts: Sequence[Numbers | Sequence[str]]) -> Numbers | Sequence[str]:
    if isinstance(parts[0], np.ndarray):
        numbers: Numbers = np.concatenate(parts)
        return numbers
    return list(chain.from_iterable(parts))


Listing = Annotated[ListRequest, Depends()]
"""The parameters `limit`, `cursor` and `format`."""
