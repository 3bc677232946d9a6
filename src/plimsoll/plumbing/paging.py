"""Pages of a list: an opaque cursor and a bounded limit."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, datetime
from typing import Annotated, Final, Generic, TypeVar

import msgspec
from fastapi import Depends, Query
from pydantic import BaseModel

from plimsoll.kernel.errors import Invalid

MAX_LIMIT: Final = 1000
T = TypeVar("T")
Row = TypeVar("Row")


class BadCursor(Invalid):
    """A cursor that this list did not give out."""

    code = "bad-cursor"
    title = "The cursor is not valid"


class Page(BaseModel, Generic[T]):
    """One page; `next_cursor` asks for the one after it and is null on the last."""

    data: list[T]
    next_cursor: str | None


INT64: Final = 2**63


def _read(value: object, kind: type) -> object:
    """One part of a key, such as PostgreSQL can hold: whoever made the cursor, it fits."""
    read: object = msgspec.convert(value, kind)
    if isinstance(read, int) and not -INT64 <= read < INT64:
        raise BadCursor("a number in the cursor is out of bounds")
    if isinstance(read, str) and "\0" in read:
        raise BadCursor("a text in the cursor has a zero byte")
    if isinstance(read, datetime) and not (read.tzinfo and MINYEAR < read.year < MAXYEAR):
        raise BadCursor("a moment in the cursor is out of bounds")
    return read


@dataclass(frozen=True, slots=True)
class PageRequest:
    """How many rows, and after which one: the sort key of the last row seen."""

    limit: int
    cursor: str | None

    def after(self, *kinds: type) -> tuple[object, ...] | None:
        """The key in the cursor as values of `kinds`; None asks for the first page."""
        if self.cursor is None:
            return None
        try:
            text = base64.urlsafe_b64decode(self.cursor + "=" * (-len(self.cursor) % 4))
            values = msgspec.json.decode(text, type=list[object])
            if len(values) != len(kinds):
                raise BadCursor("the cursor belongs to another list")
            return tuple(_read(value, kind) for value, kind in zip(values, kinds, strict=True))
        except (binascii.Error, msgspec.MsgspecError, ValueError) as error:
            raise BadCursor("use next_cursor of the page before, unchanged") from error

    def cut(self, rows: Sequence[Row], key: Callable[[Row], tuple[object, ...]]) -> "Cut[Row]":
        """Split rows that were read with `limit + 1` into this page and the cursor of the next."""
        if len(rows) <= self.limit:
            return Cut(list(rows), None)
        kept = list(rows[: self.limit])
        text = msgspec.json.encode(list(key(kept[-1])))
        return Cut(kept, base64.urlsafe_b64encode(text).rstrip(b"=").decode())


@dataclass(frozen=True, slots=True)
class Cut(Generic[Row]):
    """The rows of one page and the cursor of the next."""

    rows: list[Row]
    next_cursor: str | None


AskedCursor = Annotated[
    str | None, Query(max_length=500, description="`next_cursor` of the page before")
]


async def _page_request(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Rows per page")] = 100,
    cursor: AskedCursor = None,
) -> PageRequest:
    return PageRequest(limit, cursor)


Paging = Annotated[PageRequest, Depends(_page_request)]
