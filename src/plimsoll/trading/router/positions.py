"""HTTP for positions: what is open, made safer, closed."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from plimsoll.access.guards import Reader, Trader
from plimsoll.plumbing.idempotency import GivenKey, InFlight, KeyReused
from plimsoll.plumbing.lists import Listing
from plimsoll.plumbing.paging import BadCursor, Page
from plimsoll.plumbing.problems import problems
from plimsoll.trading.domain.refusals import (
    AboveMostQuantity,
    Halted,
    InsufficientBalance,
    LegRefused,
    MarginNeeded,
    NoPosition,
    NoPrice,
    NotCovered,
    NotForSpot,
    NothingToReduce,
    OrderRateReached,
    TooManyOrders,
    UnknownSymbol,
)
from plimsoll.trading.domain.units import (
    AmountOffGrid,
    NotAboveZero,
    NumberTooLarge,
    QuantityOffStep,
    to_money,
)
from plimsoll.trading.engine.states import EngineAway, EngineBusy
from plimsoll.trading.schemas.orders import FilledOrderView, filled_view_of
from plimsoll.trading.schemas.positions import (
    ClosingBody,
    MarginBody,
    MarginView,
    PositionView,
    positions_table,
)
from plimsoll.trading.schemas.tickets import LONGEST_SYMBOL
from plimsoll.trading.service import histories, positioning
from plimsoll.trading.service.exchange import ExchangeDep
from plimsoll.trading.service.ordering import placed_of

router = APIRouter(tags=["account"])

Symbol = Annotated[str, Path(max_length=LONGEST_SYMBOL, examples=["BTC-PERP"])]
OfSymbol = Annotated[str | None, Query(max_length=LONGEST_SYMBOL, alias="symbol")]
AWAY = (EngineAway, EngineBusy)


@router.get(
    "/positions",
    response_model=Page[PositionView],
    responses=problems(UnknownSymbol, BadCursor, EngineAway),
)
async def list_positions(
    owner: Reader, exchange: ExchangeDep, listing: Listing, symbol: OfSymbol = None
) -> Page[PositionView] | Response:
    """The caller's open positions by symbol, all at one moment."""
    cut = await histories.list_positions(exchange, owner, listing.page, symbol)
    return await listing.answer(
        "positions",
        owner.user_id,
        cut,
        view=PositionView.of,
        table=lambda _, views: positions_table(views),
    )


@router.post(
    "/positions/{symbol}/margin",
    response_model=MarginView,
    responses=problems(
        UnknownSymbol,
        NotForSpot,
        NoPosition,
        AmountOffGrid,
        NotAboveZero,
        NumberTooLarge,
        InsufficientBalance,
        MarginNeeded,
        KeyReused,
        InFlight,
        *AWAY,
    ),
)
async def move_margin(
    symbol: Symbol, body: MarginBody, owner: Trader, exchange: ExchangeDep, key: GivenKey
) -> Response:
    """Put more aside for an isolated position, or take some back."""
    amount = to_money(abs(body.amount))
    done = await positioning.move_margin(
        exchange,
        owner,
        key,
        symbol=symbol,
        leg=body.position_side,
        amount=amount if body.amount > 0 else -amount,
    )
    account = await exchange.account_of(owner)
    view = MarginView.of(positioning.moved_of(done.applied[0], account))
    return _answer(view.__pydantic_serializer__.to_json(view), 200, replayed=done.replayed)


@router.post(
    "/positions/{symbol}/close",
    status_code=201,
    response_model=FilledOrderView,
    responses=problems(
        UnknownSymbol,
        NoPosition,
        LegRefused,
        QuantityOffStep,
        NumberTooLarge,
        AboveMostQuantity,
        NoPrice,
        Halted,
        NothingToReduce,
        TooManyOrders,
        OrderRateReached,
        NotCovered,
        KeyReused,
        InFlight,
        *AWAY,
    ),
)
async def close_position(
    symbol: Symbol,
    owner: Trader,
    exchange: ExchangeDep,
    key: GivenKey,
    body: ClosingBody | None = None,
) -> Response:
    """Close a position at the market, whole or in part: an order that only reduces, which is
    answered like any other. What nobody takes within the price band stays open.
    """
    instrument = exchange.get_instrument(symbol)
    asked = body or ClosingBody()
    done = await positioning.close(
        exchange,
        owner,
        key,
        symbol=symbol,
        leg=asked.position_side,
        part=asked.part(instrument),
    )
    view = filled_view_of(placed_of(done.applied[0], instrument))
    return _answer(view.__pydantic_serializer__.to_json(view), 201, replayed=done.replayed)


def _answer(body: bytes, status: int, *, replayed: bool) -> Response:
    headers = {"idempotency-replayed": "true"} if replayed else None
    return Response(body, status, headers, "application/json")
