"""Lists as pages: one page as JSON, or the same rows as a table whose header `link` leads on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Header, Request, Response

from plimsoll.plumbing.paging import Cut, Page, Paging
from plimsoll.plumbing.shapes import View
from plimsoll.plumbing.tables import AskedFormat, Columns, Files, Format, choose_format

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


async def _table_request(
    request: Request,
    format: AskedFormat = None,  # noqa: A002 - the name of the parameter
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> TableRequest:
    return TableRequest(request, choose_format(format, accept))


Tables = Annotated[TableRequest, Depends(_table_request)]
"""The parameter `format`, of lists that have a paging of their own."""


@dataclass(frozen=True, slots=True)
class ListRequest:
    """How a list was asked for."""

    tables: Tables
    page: Paging

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
        views = [view(each) for each in cut.rows]
        if not self.tables.wanted:
            return Page(data=views, next_cursor=cut.next_cursor)
        return await self.tables.answer(
            name, (whose, *views), lambda: table(cut.rows, views), cursor=cut.next_cursor
        )


Listing = Annotated[ListRequest, Depends()]
"""The parameters `limit`, `cursor` and `format`."""
