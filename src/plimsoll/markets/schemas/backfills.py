"""What an operator says of candles to bring."""

from typing import Annotated

from pydantic import Field

from plimsoll.markets.domain.candles import Interval
from plimsoll.plumbing.shapes import TEXT, Body, Moment


class BackfillBody(Body):
    """`to` is now unless told; `source` is the first that has such candles."""

    interval: Interval
    from_: Annotated[Moment, Field(alias="from")]
    to: Moment | None = None
    source: Annotated[str, Field(max_length=100)] | None = None


class ImportBody(Body):
    """A folder below `imports` of the data directory; without a name everything in there."""

    folder: Annotated[str, Field(max_length=200, pattern=TEXT)] = ""
