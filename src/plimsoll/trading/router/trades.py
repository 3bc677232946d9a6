"""HTTP for trades looked back on: recorded by hand, filled on paper; and the margin what-if."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response

from plimsoll.access.guards import Anyone, Reader, Trader
from plimsoll.kernel.identifiers import new_id
from plimsoll.plumbing.database import Reading, Unit
from plimsoll.plumbing.idempotency import Idempotent, InFlight
from plimsoll.plumbing.lists import Tables
from plimsoll.plumbing.paging import BadCursor, Page, PageRequest
from plimsoll.plumbing.present import Now
from plimsoll.plumbing.problems import problems
from plimsoll.plumbing.shapes import InTheFuture, TooLongAgo
from plimsoll.trading.domain.margin import LeverageTooHigh
from plimsoll.trading.domain.simple_margin import simple_margin
from plimsoll.trading.domain.trades import (
    NoBracketsForSymbol,
    NotionalTooLarge,
    Trade,
    TradeKind,
    TradeNotFound,
    get_perpetual,
    what_if,
)
from plimsoll.trading.schemas.trades import (
    Model,
    SimulationBody,
    SimulationView,
    TradeBody,
    TradeView,
    to_columns,
)
from plimsoll.trading.service.trades import (
    MOST_SHOWN,
    TradesDep,
    check_executed_at,
    position_after,
)
from plimsoll.trading.storage.trades import Position

router = APIRouter(tags=["trades"])


@router.post(
    "/trades/",
    status_code=201,
    response_model=TradeView,
    responses=problems(InTheFuture, TooLongAgo, InFlight),
)
@router.post(
    "/trades",
    status_code=201,
    response_model=TradeView,
    include_in_schema=False,
    name="record_trade_at_once",
)
async def record_trade(
    body: TradeBody, owner: Trader, trades: TradesDep, once: Idempotent, now: Now
) -> Response:
    """Record a derivative trade made anywhere. It is taken at its word and moves no money here."""
    executed_at = body.executed_at or now
    check_executed_at(executed_at, now=now)
    trade = Trade(
        kind=TradeKind.MANUAL,
        id=new_id(),
        symbol=body.symbol,
        side=body.side,
        size=body.size,
        price=body.price,
        executed_at=executed_at,
        leverage=body.leverage,
        note=body.note,
    )
    made: list[Trade] = []

    async def work(unit: Unit) -> TradeView:
        made[:] = [await trades.record(unit, owner.user_id, trade)]
        return TradeView.of(made[0], trades.instruments)

    with trades.keeping(owner.user_id, made):
        return await once.run(owner.user_id, work, status=201)


async def _page(
    limit: Annotated[int, Query(ge=1, le=MOST_SHOWN, description="Rows per page")] = MOST_SHOWN,
    cursor: Annotated[
        str | None, Query(max_length=500, description="`next_cursor` of the page before")
    ] = None,
) -> PageRequest:
    return PageRequest(limit, cursor)


@router.get("/trades/recent", response_model=Page[TradeView], responses=problems(BadCursor))
async def list_recent_trades(
    owner: Reader,
    trades: TradesDep,
    page: Annotated[PageRequest, Depends(_page)],
    tables: Tables,
) -> Page[TradeView] | Response:
    """The caller's trades, recorded ones and paper fills, newest first.

    A table has the rows of the same page, without notes; the header `link` leads to the next.
    """
    after = _position(page)
    rows = await trades.list_trades(owner.user_id, after=after, limit=page.limit + 1)
    reached = position_after(rows[: page.limit], after)
    cut = page.cut(rows, lambda _: reached)
    instruments = trades.instruments
    if tables.wanted:
        question = (owner.user_id, *((trade.kind, trade.id) for trade in cut.rows))
        return await tables.answer(
            "trades", question, lambda: to_columns(cut.rows, instruments), cursor=cut.next_cursor
        )
    views = [TradeView.of(trade, instruments) for trade in cut.rows]
    return Page(data=views, next_cursor=cut.next_cursor)


router.add_api_route(
    "/trades/recent",
    list_recent_trades,
    methods=["HEAD"],
    response_model=None,
    include_in_schema=False,
    name="head_recent_trades",
)


def _position(page: PageRequest) -> Position | None:
    """Where the page begins; None: at the newest."""
    after = page.after(datetime, UUID, int)
    return Position(*after) if after else None  # type: ignore[arg-type]  # checked by the cursor


@router.post(
    "/trades/simulate-margin",
    responses=problems(NoBracketsForSymbol, NotionalTooLarge, LeverageTooHigh),
)
async def simulate_margin(body: SimulationBody, _: Anyone, trades: TradesDep) -> SimulationView:
    """What a position would need, and the prices at which it would end; nothing is recorded.

    By the brackets of a perpetual that is traded here, which BTC, BTCUSDT and BTC/USDT name as well
    as BTC-PERP. Any size and price: prices are answered on the instrument's tick, the one that
    comes earlier, and margins are rounded up.
    """
    if body.model is Model.SIMPLE:
        simple = simple_margin(
            body.side.side, size=body.size, price=body.price, leverage=body.leverage
        )
        return SimulationView.of_simple(simple)
    instrument = get_perpetual(trades.instruments, body.symbol)
    found = what_if(instrument, body.side, size=body.size, price=body.price, leverage=body.leverage)
    return SimulationView.of_brackets(found, instrument)


@router.get("/trades/{trade_id}", responses=problems(TradeNotFound))
async def read_trade(
    trade_id: Annotated[str, Path(max_length=100, description="As the list shows it")],
    owner: Reader,
    unit: Reading,
    trades: TradesDep,
) -> TradeView:
    """One trade of the caller's own, recorded or filled on paper."""
    return TradeView.of(await trades.get_trade(unit, owner.user_id, trade_id), trades.instruments)
