"""HTTP for orders of the paper exchange."""

import re
from typing import Annotated, Final, Literal

import msgspec
from fastapi import APIRouter, Path, Query, Response
from starlette.types import Receive, Scope

from plimsoll.access.domain.principals import Scope as Access
from plimsoll.access.guards import Reader, Trader, admit
from plimsoll.kernel.errors import PlimsollError
from plimsoll.kernel.money import NotAnAmount, parse_amount
from plimsoll.plumbing.hot import read_small_json
from plimsoll.plumbing.idempotency import GivenKey, InFlight, KeyReused
from plimsoll.plumbing.lists import Listing
from plimsoll.plumbing.paging import Cut, Page, PageRequest
from plimsoll.plumbing.problems import problems
from plimsoll.trading.domain import refusals as refused
from plimsoll.trading.domain.orders import Leg, OrderType, TimeInForce
from plimsoll.trading.domain.units import NumberTooLarge, PriceOffTick, QuantityOffStep
from plimsoll.trading.engine.states import EngineAway, EngineBusy
from plimsoll.trading.schemas.orders import (
    BatchItemView,
    BatchView,
    CancelledView,
    CountdownView,
    FilledOrderView,
    OrderHistoryView,
    OrderStatusName,
    OrderView,
    PreviewView,
    filled_view_of,
    history_view_of,
    to_columns,
    view_of,
)
from plimsoll.trading.schemas.tickets import (
    CLIENT_ORDER_ID,
    HIGHEST_LEVERAGE,
    LONGEST_SYMBOL,
    SIDES,
    AmendBody,
    BatchBody,
    CountdownBody,
    OrderBody,
    Sides,
    Symbol,
)
from plimsoll.trading.service import ordering, orders
from plimsoll.trading.service.exchange import Exchange, ExchangeDep
from plimsoll.trading.service.ordering import ClientOrderIdTaken, OrderHasEnded
from plimsoll.trading.service.previewing import preview_order as preview
from plimsoll.trading.service.tickets import CallbackOffGrid, Ticket
from plimsoll.trading.storage.orders import NEWEST, OrderRecord, Wanted

router = APIRouter(tags=["orders"])

OrderId = Annotated[str, Path(max_length=100, description="As answers show it")]
_ORDER_ID: Final = re.compile(r"\d{1,18}", re.ASCII)
"""Ids are 2^20 times the number of a command: eighteen digits are 950 billion commands."""

AWAY: Final = (EngineAway, EngineBusy)
TICKETS: Final = (
    refused.UnknownSymbol,
    PriceOffTick,
    QuantityOffStep,
    NumberTooLarge,
    CallbackOffGrid,
    refused.OrderRefused,
)
"""What is wrong with an order before anybody looks at a market."""
CHECKS: Final = (
    *TICKETS,
    refused.OutOfRange,
    refused.LegRefused,
    refused.NotForSpot,
    refused.BelowMinimumNotional,
    refused.AboveMostQuantity,
    refused.OutsideBand,
    refused.NoPrice,
    refused.Halted,
    refused.OnlyReducing,
    refused.NothingToReduce,
    refused.TooManyOrders,
    refused.OrderRateReached,
    refused.AboveBrackets,
    refused.LeverageAboveCap,
    refused.AccountLimitReached,
    refused.VenueLimitReached,
    refused.InsufficientMargin,
    refused.InsufficientBalance,
    refused.NotCovered,
    refused.WouldTriggerAtOnce,
)
"""What an order has to pass, in about this order."""


@router.post(
    "/orders",
    status_code=201,
    response_model=FilledOrderView,
    responses=problems(*CHECKS, ClientOrderIdTaken, KeyReused, InFlight, *AWAY)
    | {200: {"model": FilledOrderView, "description": "The order that was placed before"}},
)
async def place_order(
    body: OrderBody, owner: Trader, exchange: ExchangeDep, key: GivenKey
) -> Response:
    """Place an order on the paper exchange; it is durable when the answer comes.

    What it met at once is in `fills`. It never meets an order of the same account: one that stands
    in its way is cancelled with the reason `self-trade`, and it goes on. A repeat with the same
    `client_order_id` and the same content answers 200 with the first order as it is now.
    """
    placed = await ordering.place(exchange, owner, body.ticket(), key)
    view = filled_view_of(placed)
    return _json(
        view.__pydantic_serializer__.to_json(view),
        status=201 if placed.first else 200,
        replayed=placed.replayed,
    )


class QuickOrder(msgspec.Struct, forbid_unknown_fields=True):
    """The members of an `OrderBody` that orders without a trigger have, good for no set time."""

    symbol: Annotated[str, msgspec.Meta(max_length=LONGEST_SYMBOL)]
    side: Sides
    type: OrderType
    quantity: str
    price: str | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    reduce_only: bool = False
    position_side: Leg = Leg.NET
    leverage: Annotated[int, msgspec.Meta(ge=1, le=HIGHEST_LEVERAGE)] | None = None
    client_order_id: str | None = None


QUICK_ORDERS: Final = msgspec.json.Decoder(QuickOrder)
_CLIENT_ORDER_ID: Final = re.compile(CLIENT_ORDER_ID, re.ASCII)


async def quick_order(scope: Scope, receive: Receive) -> bytes | None:
    """The usual order, that nobody asked for before."""
    text = await read_small_json(scope, receive)
    if text is None:
        return None
    exchange: Exchange = scope["app"].state.exchange
    try:
        ticket = _ticket(QUICK_ORDERS.decode(text))
    except (msgspec.MsgspecError, UnicodeDecodeError, NotAnAmount):
        return None  # the ordinary route says what is wrong
    if ticket is None or ticket.symbol not in exchange.instruments:
        return None
    owner = await admit(scope, Access.TRADE)
    placed = await ordering.place_new(exchange, owner, ticket)
    if placed is None:
        return None
    view = filled_view_of(placed)
    return view.__pydantic_serializer__.to_json(view)


def _ticket(asked: QuickOrder) -> Ticket | None:
    """None where the ordinary route has something to say about it; raises NotAnAmount."""
    client_id = asked.client_order_id
    if client_id is not None and not _CLIENT_ORDER_ID.fullmatch(client_id):
        return None
    time_in_force = asked.time_in_force
    if asked.post_only:
        if time_in_force is not TimeInForce.GTC:
            return None
        time_in_force = TimeInForce.GTX
    quantity = parse_amount(asked.quantity)
    price = parse_amount(asked.price) if asked.price is not None else None
    if quantity <= 0 or (price is not None and price <= 0):
        return None
    return Ticket(
        symbol=asked.symbol,
        side=SIDES[asked.side],
        type=asked.type,
        quantity=quantity,
        price=price,
        time_in_force=time_in_force,
        leg=asked.position_side,
        reduce_only=asked.reduce_only,
        client_id=client_id,
        leverage=asked.leverage or 0,
    )


@router.post(
    "/orders/preview",
    responses=problems(*TICKETS, *AWAY),
)
async def preview_order(body: OrderBody, owner: Trader, exchange: ExchangeDep) -> PreviewView:
    """What an order would do now: its fills, its fee, and the margin and the liquidation price
    after it. Nothing is placed.

    Computed by the exchange itself on a copy of what the order would meet, so an order that is
    placed in the same moment does exactly this.
    """
    return PreviewView.of(await preview(exchange, owner, body.ticket()))


@router.post("/orders/batch", response_model=BatchView, responses=problems(KeyReused, *AWAY))
async def place_orders(
    body: BatchBody, owner: Trader, exchange: ExchangeDep, key: GivenKey
) -> Response:
    """Place up to 20 orders, one directly after the other, each on its own: what one is refused
    for says nothing about the others.
    """
    tickets: list[Ticket | PlimsollError] = []
    for each in body.orders:
        try:
            tickets.append(each.ticket())
        except PlimsollError as error:
            tickets.append(error)
    outcomes, replayed = await ordering.place_all(exchange, owner, tickets, key)
    view = BatchView(data=[BatchItemView.of(each) for each in outcomes])
    return _json(view.__pydantic_serializer__.to_json(view), status=200, replayed=replayed)


@router.post("/orders/countdown", responses=problems(refused.OutOfRange, *AWAY))
async def count_down(body: CountdownBody, owner: Trader, exchange: ExchangeDep) -> CountdownView:
    """The dead man's switch: unless this is called again in time, all open orders are cancelled."""
    return CountdownView.of(await ordering.count_down(exchange, owner, body.after_ms))


@router.get(
    "/orders", response_model=Page[OrderView], responses=problems(refused.UnknownSymbol, *AWAY)
)
async def list_orders(
    owner: Reader,
    exchange: ExchangeDep,
    listing: Listing,
    status: Annotated[
        OrderStatusName | Literal["all"] | None,
        Query(description="`open`, when nothing else is asked for: waiting ones as well"),
    ] = None,
    symbol: Annotated[Symbol | None, Query()] = None,
    client_order_id: Annotated[str | None, Query(pattern=CLIENT_ORDER_ID)] = None,
) -> Page[OrderView] | Response:
    """The caller's orders, newest first: the open ones unless another status is asked for.

    A table has the rows of the same page; the header `link` leads to the next.
    """
    if symbol is not None:
        exchange.get_instrument(symbol)

    async def read(page: PageRequest) -> Cut[OrderRecord]:
        after = page.after(int)
        before = int(str(after[0])) if after else NEWEST
        if status == "open" or (status is None and client_order_id is None):
            ids = await orders.list_open(
                exchange, owner.user_id, symbol=symbol, before=before, limit=page.limit + 1
            )
            part = page.cut(ids, lambda order: (order,))
            still = await orders.list_still_open(exchange, owner.user_id, part.rows)
            return Cut(still, part.next_cursor)
        statuses = None if status in {None, "all"} else [str(status)]
        wanted = Wanted(statuses, symbol, client_order_id, before)
        found = await orders.list_orders(exchange, owner.user_id, wanted, limit=page.limit + 1)
        return page.cut(found, lambda order: (order.id,))

    return await listing.answer(
        "orders",
        owner.user_id,
        await listing.collect(read),
        view=lambda each: view_of(each, exchange.get_instrument(each.symbol)),
        table=to_columns,
    )


router.add_api_route(
    "/orders",
    list_orders,
    methods=["HEAD"],
    response_model=None,
    include_in_schema=False,
    name="head_orders",
)


@router.get("/orders/{order_id}", responses=problems(refused.UnknownOrder))
async def read_order(order_id: OrderId, owner: Reader, exchange: ExchangeDep) -> OrderHistoryView:
    """One order of the caller's own, with its fills and its history."""
    placed, history = await orders.read_order(exchange, owner.user_id, _id(order_id))
    return history_view_of(placed, history)


@router.post(
    "/orders/{order_id}/cancel",
    responses=problems(refused.UnknownOrder, OrderHasEnded, *AWAY),
)
async def cancel_order(order_id: OrderId, owner: Trader, exchange: ExchangeDep) -> FilledOrderView:
    """Cancel an order that is open or waiting; what has been filled stays filled."""
    return filled_view_of(await ordering.cancel(exchange, owner, _id(order_id)))


@router.patch(
    "/orders/{order_id}",
    responses=problems(
        refused.UnknownOrder,
        OrderHasEnded,
        refused.AmendBelowFilled,
        refused.WouldTake,
        *CHECKS,
        *AWAY,
    ),
)
async def amend_order(
    order_id: OrderId, body: AmendBody, owner: Trader, exchange: ExchangeDep
) -> FilledOrderView:
    """Change the price or the whole quantity of an order that is open or waiting.

    It goes to the end of the queue at its price and counts for the order rate, unless only the
    quantity falls.
    """
    placed = await ordering.amend(
        exchange, owner, _id(order_id), price=body.price, quantity=body.quantity
    )
    return filled_view_of(placed)


@router.delete("/orders", responses=problems(refused.UnknownSymbol, *AWAY))
async def cancel_orders(
    owner: Trader, exchange: ExchangeDep, symbol: Annotated[Symbol | None, Query()] = None
) -> CancelledView:
    """Cancel everything that is open or waiting, or all of it in one symbol."""
    ids = await ordering.cancel_all(exchange, owner, symbol)
    return CancelledView(cancelled=len(ids), ids=[str(each) for each in ids])


def _id(text: str) -> int:
    """What no order can have is unknown like any other."""
    if not _ORDER_ID.fullmatch(text):
        raise refused.UnknownOrder("there is none with this id")
    return int(text)


def _json(body: bytes, *, status: int, replayed: bool) -> Response:
    headers = {"idempotency-replayed": "true"} if replayed else None
    return Response(body, status_code=status, media_type="application/json", headers=headers)
