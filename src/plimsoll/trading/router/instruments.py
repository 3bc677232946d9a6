"""HTTP for the markets of the exchange: instruments, books, trades, funding, prices; public."""

from enum import IntEnum
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BeforeValidator

from plimsoll.access.guards import Anyone, Operator, address_of, second_operator
from plimsoll.access.service import approvals
from plimsoll.markets.service.prices import PriceUnavailable
from plimsoll.plumbing.database import Reading
from plimsoll.plumbing.lists import Tables
from plimsoll.plumbing.paging import BadCursor, Page, Paging
from plimsoll.plumbing.problems import problems
from plimsoll.settings import Sensitive
from plimsoll.trading.domain.refusals import NotForSpot, OutOfRange, UnknownSymbol
from plimsoll.trading.domain.units import NumberTooLarge, PriceOffTick, to_ticks
from plimsoll.trading.engine.states import EngineAway
from plimsoll.trading.schemas.books import (
    BookView,
    MarketPriceView,
    StampView,
    TapeView,
    TickBody,
    TickView,
    stamp_columns,
    tape_columns,
)
from plimsoll.trading.schemas.instruments import InstrumentView, to_columns
from plimsoll.trading.service.marketplace import MarketplaceDep, OnlyInSimulation
from plimsoll.trading.service.operators import Acting, AuditNotWritten, OperatorsDep
from plimsoll.trading.storage import trades_tape

router = APIRouter(tags=["exchange"])


class Depth(IntEnum):
    """How many levels of each side."""

    TEN = 10
    FIFTY = 50
    FIVE_HUNDRED = 500


def _read_depth(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value


AskedDepth = Annotated[
    Depth, BeforeValidator(_read_depth), Query(description="Levels of each side")
]
AskedSymbol = Annotated[
    str, Path(max_length=40, description="What is traded", examples=["BTC-PERP"])
]


@router.get(
    "/instruments",
    response_model=Page[InstrumentView],
    responses=problems(BadCursor, EngineAway),
)
async def list_instruments(
    _: Anyone, marketplace: MarketplaceDep, page: Paging, tables: Tables
) -> Page[InstrumentView] | Response:
    """Everything that can be traded here, by which rules, and where it stands.

    A market in which nobody is rests: its mark is from when somebody was there last (`awake`).
    Asking for it alone, its book or its price wakes it.
    """
    found = await marketplace.list_markets()
    after = page.after(str)
    if after is not None:
        symbols: list[object] = [each.moment.instrument.symbol for each in found]
        if after[0] not in symbols:
            raise BadCursor("the cursor belongs to another list")
        found = found[symbols.index(after[0]) + 1 :]
    cut = page.cut(found[: page.limit + 1], lambda each: (each.moment.instrument.symbol,))
    if tables.wanted:
        question = (page.limit, page.cursor)
        return await tables.answer(
            "instruments", question, lambda: to_columns(cut.rows), cursor=cut.next_cursor
        )
    return Page(data=[InstrumentView.of(each) for each in cut.rows], next_cursor=cut.next_cursor)


@router.get("/instruments/{symbol}", responses=problems(UnknownSymbol, EngineAway))
async def read_instrument(
    _: Anyone, marketplace: MarketplaceDep, symbol: AskedSymbol
) -> InstrumentView:
    """One instrument, its market woken and up to date."""
    return InstrumentView.of(await marketplace.get_market(symbol))


@router.get("/instruments/{symbol}/book", responses=problems(UnknownSymbol, EngineAway))
async def read_book(
    _: Anyone, marketplace: MarketplaceDep, symbol: AskedSymbol, depth: AskedDepth = Depth.TEN
) -> BookView:
    """Who waits at which price, as it is durable."""
    found = await marketplace.get_book(symbol, depth=depth)
    return BookView.of(found, simulated=marketplace.simulated)


@router.get(
    "/instruments/{symbol}/trades",
    response_model=Page[TapeView],
    responses=problems(UnknownSymbol, BadCursor),
)
async def list_market_trades(
    _: Anyone,
    marketplace: MarketplaceDep,
    unit: Reading,
    symbol: AskedSymbol,
    page: Paging,
    tables: Tables,
) -> Page[TapeView] | Response:
    """The public tape: trades in the book, newest first; nobody's name is on it."""
    instrument = marketplace.exchange.get_instrument(symbol)
    after = page.after(int)
    before = after[0] if after else trades_tape.NEWEST
    assert isinstance(before, int)
    rows = await trades_tape.list_trades(unit, symbol, before=before, limit=page.limit + 1)
    cut = page.cut(rows, lambda row: (row.id,))
    if tables.wanted:
        return await tables.answer(
            f"{symbol}-trades",
            (symbol, before, page.limit),
            lambda: tape_columns(cut.rows, instrument),
            cursor=cut.next_cursor,
        )
    views = [TapeView.of(row, instrument) for row in cut.rows]
    return Page(data=views, next_cursor=cut.next_cursor)


@router.get(
    "/instruments/{symbol}/funding",
    response_model=Page[StampView],
    responses=problems(UnknownSymbol, NotForSpot, BadCursor),
)
async def list_funding_stamps(
    _: Anyone,
    marketplace: MarketplaceDep,
    unit: Reading,
    symbol: AskedSymbol,
    page: Paging,
    tables: Tables,
) -> Page[StampView] | Response:
    """Every stamp at which funding was settled, newest first."""
    instrument = marketplace.get_perpetual(symbol)
    after = page.after(int)
    before_ms = after[0] if after else trades_tape.NEWEST
    assert isinstance(before_ms, int)
    rows = await trades_tape.list_stamps(unit, symbol, before_ms=before_ms, limit=page.limit + 1)
    cut = page.cut(rows, lambda row: (row.stamp_ms,))
    if tables.wanted:
        return await tables.answer(
            f"{symbol}-funding",
            (symbol, before_ms, page.limit),
            lambda: stamp_columns(cut.rows, instrument),
            cursor=cut.next_cursor,
        )
    views = [StampView.of(row, instrument) for row in cut.rows]
    return Page(data=views, next_cursor=cut.next_cursor)


@router.get(
    "/market/price/{symbol}", responses=problems(UnknownSymbol, PriceUnavailable, EngineAway)
)
async def read_market_price(
    _: Anyone, marketplace: MarketplaceDep, symbol: AskedSymbol
) -> MarketPriceView:
    """Mark, index and last price of a market, and its funding rate as it stands."""
    return MarketPriceView.of(await marketplace.get_price(symbol))


@router.post(
    "/market/tick",
    responses=problems(
        UnknownSymbol,
        PriceOffTick,
        NumberTooLarge,
        OutOfRange,
        OnlyInSimulation,
        AuditNotWritten,
        EngineAway,
        *approvals.REFUSALS,
    ),
)
async def set_market_price(
    body: TickBody, request: Request, caller: Operator, operators: OperatorsDep
) -> TickView:
    """Move a market to a price at once, with all that follows, and leave it there for a while.

    For operators, and only where prices are simulated or replayed. A price farther away than half
    the price band is reached in steps, with the house quoting around each.
    """
    instrument = operators.exchange.get_instrument(body.symbol)
    price = to_ticks(instrument, body.price)
    await second_operator(request, caller, Sensitive.PRICE)
    acting = Acting(caller.user_id, address_of(request.scope), body.reason)
    moved = await operators.set_price(acting, instrument, price, hold_s=body.hold_s)
    users = await operators.find_users([each.account for each in moved.liquidated])
    return TickView.of(moved, users)


for _path, _endpoint in (
    ("/instruments", list_instruments),
    ("/instruments/{symbol}/trades", list_market_trades),
    ("/instruments/{symbol}/funding", list_funding_stamps),
):
    router.add_api_route(
        _path,
        _endpoint,
        methods=["HEAD"],
        response_model=None,
        include_in_schema=False,
        name=f"head_{_endpoint.__name__}",
    )
