"""Lists of a report: one page as JSON, or the same rows as a table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Header, Request, Response

from plimsoll.plumbing.paging import Page, Paging
from plimsoll.plumbing.shapes import View
from plimsoll.plumbing.tables import AskedFormat, Columns, Files, Format, choose_format
from plimsoll.tax.schemas.runs import as_table
from plimsoll.tax.service.runs import PlacedRow
from plimsoll.tax.storage.runs import Run

V = TypeVar("V", bound=View)


@dataclass(frozen=True, slots=True)
class ListRequest:
    """How a list was asked for. A table has the rows of the page; the header `link` leads on."""

    request: Request
    page: Paging
    format: Format

    @property
    def after(self) -> int:
        """The place of the last row that was seen; −1 before the first. Raises BadCursor."""
        found = self.page.after(int)
        return int(str(found[0])) if found else -1

    async def answer(
        self,
        run: Run,
        name: str,
        rows: list[PlacedRow],
        kind: type[V],
        view: Callable[[PlacedRow], V],
    ) -> Page[V] | Response:
        """`rows` were read with one more than the page has; `name` is the list's."""
        cut = self.page.cut(rows, lambda row: (row.place,))
        views = [view(each) for each in cut.rows]
        if self.format is Format.JSON:
            return Page(data=views, next_cursor=cut.next_cursor)

        async def build() -> Columns:
            return as_table(kind, views)

        files: Files = self.request.app.state.files
        question = (run.id, self.page.cursor, self.page.limit)
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
