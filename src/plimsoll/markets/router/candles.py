"""Candles and price history over HTTP; open to everyone."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import parse_qsl

import numpy as np
from fastapi import APIRouter, Depends, Header, Query, Request, Response
from starlette.types import Receive, Scope

from plimsoll.access.guards import Anyone, admit_anyone
from plimsoll.kernel.clock import from_ms, rfc3339
from plimsoll.kernel.errors import FieldFault, Invalid
from plimsoll.markets.domain.assets import UnknownAsset
from plimsoll.markets.domain.candles import DAY_MS, Candle, FillPolicy, Interval, fill
from plimsoll.markets.domain.volatility import Window
from plimsoll.markets.router import formats
from plimsoll.markets.router.formats import Chunks
from plimsoll.markets.router.pairs import DIGITS, AssetName, Named, TimeMs, find_pair, get_pair
from plimsoll.markets.schemas.candles import CandlesView, PriceHistoryView
from plimsoll.markets.service.candles import Candles, CandlesDep
from plimsoll.markets.service.overview import UnknownPair
from plimsoll.markets.service.prices import Prices, PricesDep
from plimsoll.markets.service.ranking import step_of
from plimsoll.markets.service.reading import LAST_MS, Rows
from plimsoll.markets.service.window import decimals
from plimsoll.plumbing.problems import problems
from plimsoll.plumbing.tables import AskedFormat, Columns, Files, Format, choose_format

router = APIRouter(tags=["markets"])

JSON: Final = "application/json"
DEFAULT_ROWS: Final = 500
MOST_ROWS: Final = 5_000
MOST_EXPORTED: Final = 1_000_000
LONGEST_MS: Final = 31 * DAY_MS


class TooManyRows(Invalid):
    """More rows than one answer carries."""

    code = "too-many-rows"
    title = "Too many rows for one answer"


class BadRange(Invalid):
    """A range that ends before it begins."""

    code = "bad-range"
    title = "The range ends before it begins"


@dataclass(frozen=True, slots=True)
class Question:
    """Which candles, and how they are written. `whole`: everything from `from_ms` on, not the
    newest of it.
    """

    from_ms: int
    to_ms: int
    limit: int
    fill: FillPolicy
    format: Format
    whole: bool


async def _read_question(
    from_: Annotated[
        TimeMs | None,
        Query(alias="from", description="Begin with this moment: RFC 3339 or milliseconds"),
    ] = None,
    to: Annotated[
        TimeMs | None, Query(description="End before this moment; unset: with the newest")
    ] = None,
    limit: Annotated[
        int | None, Query(ge=1, description="The newest so many of the range; 500 unless told")
    ] = None,
    fill: Annotated[
        FillPolicy, Query(description="Where nobody traded: nothing, or the price before")
    ] = FillPolicy.NONE,
    format: AskedFormat = None,  # noqa: A002 - the name of the parameter
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Question:
    if from_ is not None and to is not None and from_ > to:
        fault = FieldFault("query:from", "bad-range", "it is later than `to`")
        raise BadRange("`from` is later than `to`", faults=(fault,))
    if limit is not None and limit > MOST_ROWS:
        raise TooManyRows(
            f"one answer has at most {MOST_ROWS} rows: ask for pages, each with the `next_to` of "
            "the one before as `to`; or for format=csv, parquet or arrow with `from` and without "
            f"`limit`, which gives up to {MOST_EXPORTED:,}",
            facts={"most": MOST_ROWS, "most_exported": MOST_EXPORTED},
        )
    chosen = choose_format(format, accept)
    return Question(
        from_ms=from_ or 0,
        to_ms=LAST_MS if to is None else to,
        limit=limit or DEFAULT_ROWS,
        fill=fill,
        format=chosen,
        whole=limit is None and from_ is not None and chosen is not Format.JSON,
    )


Asked = Annotated[Question, Depends(_read_question)]


@router.get(
    "/markets/{base}/{quote}/candles",
    response_model=CandlesView,
    responses=problems(UnknownAsset, UnknownPair, TooManyRows, BadRange),
)
async def list_candles(
    request: Request,
    _: Anyone,
    prices: PricesDep,
    candles: CandlesDep,
    base: AssetName,
    quote: AssetName,
    asked: Asked,
    interval: Interval = Interval.MINUTE,
) -> Response:
    """The newest candles of the range, the forming one included, in the order of time. Pages go
    backwards: `next_to` of one is `to` of the next. As CSV, Parquet or Arrow the closed ones only;
    with `from` and without `limit` all of them, up to a million.
    """
    named = get_pair(prices, candles, base, quote)
    if asked.format is not Format.JSON:
        return await _answer_table(request, candles, named, interval, asked)
    if asked.fill is FillPolicy.NONE:
        rows = await candles.reading.list_rows(
            named.pair, interval, from_ms=asked.from_ms, to_ms=asked.to_ms, limit=asked.limit
        )
    else:
        rows = await candles.reading.list_filled_rows(
            named.pair, interval, from_ms=asked.from_ms, to_ms=asked.to_ms, limit=asked.limit
        )
    return Response(_write(named, interval, rows, prices), media_type=JSON)


router.add_api_route(
    "/markets/{base}/{quote}/candles",
    list_candles,
    methods=["HEAD"],
    include_in_schema=False,
    name="head_candles",
)


@router.get(
    "/prices/{base}/{quote}/history",
    response_model=PriceHistoryView,
    responses=problems(UnknownAsset, UnknownPair),
)
async def read_price_history(
    request: Request,
    _: Anyone,
    prices: PricesDep,
    candles: CandlesDep,
    base: AssetName,
    quote: AssetName,
    window: Annotated[
        Window, Query(description="Closes of minutes for 1h and 24h, of hours for 7d and 30d")
    ] = Window.DAY,
    format: AskedFormat = None,  # noqa: A002 - the name of the parameter
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    """The closing prices of the last day, or of another window, and how volatile the pair was over
    24 h among all pairs. A table has the prices only.
    """
    named = get_pair(prices, candles, base, quote)
    interval = step_of(window)

    async def read() -> Sequence[Candle]:
        return await candles.list_candles(
            named.pair,
            interval,
            from_ms=candles.now_ms - window.steps * window.step_ms,
            limit=window.steps,
        )

    async def build() -> Columns:
        found = await read()
        return {
            "time_ms": np.array(_ends_ms(found, candles), np.int64),
            "price": np.array([each.close for each in found], np.float64),
        }

    chosen = choose_format(format, accept)
    if chosen is Format.JSON:
        return Response(_write_history(named, await read(), candles), media_type=JSON)
    files: Files = request.app.state.files
    name = f"{named.base.symbol}-{named.quote.symbol}-prices-{window}"
    return await files.answer(request, name, chosen, named.pair, build)


router.add_api_route(
    "/prices/{base}/{quote}/history",
    read_price_history,
    methods=["HEAD"],
    include_in_schema=False,
    name="head_price_history",
)


def _write(named: Named, interval: Interval, rows: Rows, prices: Prices) -> bytes:
    return (
        b'{"pair":"%b","base":"%b","quote":"%b","interval":"%b","simulated":%b,"candles":[%b],'
        b'"next_to":%b}'
        % (
            named.name.encode(),
            named.base.id.encode(),
            named.quote.id.encode(),
            interval.encode(),
            b"true" if prices.simulated else b"false",
            b",".join(rows.rows),
            b"null" if rows.next_to_ms is None else b"%d" % rows.next_to_ms,
        )
    )


def _write_history(named: Named, found: Sequence[Candle], candles: Candles) -> bytes:
    times = (rfc3339(from_ms(end_ms)).encode() for end_ms in _ends_ms(found, candles))
    closes = decimals([each.close for each in found]) if found else []
    ranked = candles.volatility.find(named.pair, Window.DAY)
    return b'{"pair":"%b","prices":[%b],"volatility_rank":%b}' % (
        named.name.encode(),
        b",".join(map(b'{"timestamp":"%b","price":"%b"}'.__mod__, zip(times, closes, strict=True))),
        b"%d" % ranked.rank if ranked and ranked.rank else b"null",
    )


def _ends_ms(found: Sequence[Candle], candles: Candles) -> list[int]:
    """A price holds from when its candle closed; that of the forming one holds now."""
    return [min(each.interval.next_start(each.open_time_ms), candles.now_ms) for each in found]


async def _answer_table(
    request: Request, candles: Candles, named: Named, interval: Interval, asked: Question
) -> Response:
    name = f"{named.base.symbol}-{named.quote.symbol}-{interval}"
    if asked.format is Format.CSV:
        return formats.stream_csv(await _list_chunks(candles, named, interval, asked), name)

    async def build() -> Columns:
        return await formats.to_table(await _list_chunks(candles, named, interval, asked))

    files: Files = request.app.state.files
    return await files.answer(request, name, asked.format, (named.pair, asked), build)


async def _list_chunks(
    candles: Candles, named: Named, interval: Interval, asked: Question
) -> Chunks:
    """What a table is made of: closed candles, the oldest first. Raises TooManyRows."""
    if not asked.whole or interval is Interval.SECOND:  # of which there are only the last minutes
        found = await candles.list_candles(
            named.pair,
            interval,
            from_ms=asked.from_ms,
            to_ms=asked.to_ms,
            limit=asked.limit,
            fill=asked.fill,
        )
        return _once([candle for candle in found if not candle.forming])
    bounds = await candles.reading.find_bounds(
        named.pair, interval, from_ms=asked.from_ms, to_ms=asked.to_ms
    )
    rows = (bounds[1] - bounds[0]) // (interval.length_ms or LONGEST_MS)
    if rows > MOST_EXPORTED:
        raise TooManyRows(
            f"this range has room for {rows:,} candles and an export for {MOST_EXPORTED:,}: "
            "move `from` and `to` closer together",
            facts={"rows": rows, "most_exported": MOST_EXPORTED},
        )
    chunks = candles.reading.export(named.pair, interval, from_ms=bounds[0], to_ms=bounds[1])
    return chunks if asked.fill is FillPolicy.NONE else _filled(chunks)


async def _once(found: Sequence[Candle]) -> AsyncIterator[Sequence[Candle]]:
    yield found


async def _filled(chunks: Chunks) -> AsyncIterator[Sequence[Candle]]:
    """With the price before wherever nobody traded, between chunks too."""
    last: list[Candle] = []
    async for chunk in chunks:
        filled = list(fill([*last, *chunk], FillPolicy.PREVIOUS))
        yield filled[len(last) :]
        last = filled[-1:]


async def quick_candles(scope: Scope, _: Receive) -> bytes | None:
    """`GET /markets/{base}/{quote}/candles` as JSON, with times in milliseconds and no filling."""
    base, _, rest = scope["path"].partition("/markets/")[2].partition("/")
    quote, _, tail = rest.partition("/")
    if tail != "candles" or _wants_other(scope):
        return None
    interval, numbers = Interval.MINUTE, {"from": 0, "to": LAST_MS, "limit": DEFAULT_ROWS}
    for name, value in parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True):
        if name == "interval" and value in INTERVALS:
            interval = INTERVALS[value]
        elif name in numbers and DIGITS.fullmatch(value):
            numbers[name] = int(value)
        else:
            return None
    if not (1 <= numbers["limit"] <= MOST_ROWS and numbers["from"] <= numbers["to"] <= LAST_MS):
        return None
    state = scope["app"].state
    candles: Candles = state.candles
    named = find_pair(state.prices, candles, base, quote)
    if named is None:
        return None
    await admit_anyone(scope)
    rows = await candles.reading.list_rows(
        named.pair,
        interval,
        from_ms=numbers["from"],
        to_ms=numbers["to"],
        limit=numbers["limit"],
    )
    return _write(named, interval, rows, state.prices)


INTERVALS: Final = {interval.value: interval for interval in Interval}


def _wants_other(scope: Scope) -> bool:
    """Whether an Accept header might ask for a table."""
    return any(
        name == b"accept" and (b"text/csv" in value or b"apache" in value)
        for name, value in scope["headers"]
    )
