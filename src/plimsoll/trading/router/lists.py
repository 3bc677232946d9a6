"""Lists of somebody's own rows: one page as JSON, or the same rows as a table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Depends, Header, Request, Response

from plimsoll.plumbing.paging import Cut, Page, Paging
from plimsoll.plumbing.shapes import View
from plimsoll.plumbing.tables import AskedFormat, Columns, Files, Format, choose_format

Row = TypeVar("Row")
V = TypeVar("V", bound=View)


@dataclass(frozen=True, slots=True)
class ListRequest:
    """How a list was asked for. A table has the rows of the page; the header `link` leads on."""

    request: Request
    page: Paging
    format: Format

    async def answer(
        self,
        name: str,
        user_id: UUID,
        cut: Cut[Row],
        *,
        view: Callable[[Row], V],
        table: Callable[[Sequence[Row], Sequence[V]], Columns],
    ) -> Page[V] | Response:
        """`name` is the file's, `user_id` whose rows they are."""
        views = [view(each) for each in cut.rows]
        if self.format is Format.JSON:
            return Page(data=views, next_cursor=cut.next_cursor)

        async def build() -> Columns:
            return table(cut.rows, views)

        files: Files = self.request.app.state.files
        question = (user_id, *views)
        response = await files.answer(self.request, name, self.format, question, build)
        if cut.next_cursor is not None:
            following = self.request.url.include_query_params(cursor=cut.next_cursor)
            response.headers["link"] = f'<{following.path}?{following.query}>; rel="next"'
        return response


async def _list_request(
    request: Request,
    page: Paging,
    format: AskedFormat = None,  # noqa: A002 - the name of the parameter
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> ListRequest:
    return ListRequest(request, page, choose_format(format, accept))


Listing = Annotated[ListRequest, Depends(_list_request)]
"""The parameters `limit`, `cursor` and `format`."""
