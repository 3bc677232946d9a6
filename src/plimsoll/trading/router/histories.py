"""HTTP for what happened to the caller's account: fills, funding, liquidations."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Response

from plimsoll.access.guards import Reader
from plimsoll.plumbing.lists import Listing
from plimsoll.plumbing.paging import BadCursor, Page
from plimsoll.plumbing.problems import problems
from plimsoll.trading.domain.instruments import Instrument
from plimsoll.trading.domain.refusals import UnknownSymbol
from plimsoll.trading.router.positions import OfSymbol
from plimsoll.trading.schemas.histories import (
    LiquidationView,
    OwnFillView,
    PaymentView,
    fills_table,
    liquidations_table,
    payments_table,
)
from plimsoll.trading.service import histories
from plimsoll.trading.service.exchange import Exchange, ExchangeDep
from plimsoll.trading.storage.fills import FillRow
from plimsoll.trading.storage.funding import PaymentRow
from plimsoll.trading.storage.liquidations import LiquidationRow

router = APIRouter(tags=["account"])


@router.get(
    "/fills", response_model=Page[OwnFillView], responses=problems(UnknownSymbol, BadCursor)
)
async def list_fills(
    owner: Reader,
    exchange: ExchangeDep,
    listing: Listing,
    symbol: OfSymbol = None,
    order_id: Annotated[
        str | None, Query(pattern=r"^\d{1,18}$", description="Of one order")
    ] = None,
) -> Page[OwnFillView] | Response:
    """The caller's fills, the latest first; liquidations among them have their own `cause`."""
    number = int(order_id) if order_id is not None else None
    cut = await listing.collect(
        lambda page: histories.list_fills(exchange, owner, page, symbol, order_id=number)
    )
    return await listing.answer(
        "fills", owner.user_id, cut, view=partial(_fill, exchange), table=fills_table
    )


@router.get(
    "/funding", response_model=Page[PaymentView], responses=problems(UnknownSymbol, BadCursor)
)
async def list_funding(
    owner: Reader, exchange: ExchangeDep, listing: Listing, symbol: OfSymbol = None
) -> Page[PaymentView] | Response:
    """What the caller paid and got at funding stamps, the latest first."""
    cut = await listing.collect(lambda page: histories.list_payments(exchange, owner, page, symbol))
    return await listing.answer(
        "funding", owner.user_id, cut, view=partial(_payment, exchange), table=payments_table
    )


@router.get(
    "/liquidations",
    response_model=Page[LiquidationView],
    responses=problems(UnknownSymbol, BadCursor),
)
async def list_liquidations(
    owner: Reader, exchange: ExchangeDep, listing: Listing, symbol: OfSymbol = None
) -> Page[LiquidationView] | Response:
    """What liquidation did to the caller's account, step by step, the latest first."""
    cut = await listing.collect(
        lambda page: histories.list_liquidations(exchange, owner, page, symbol)
    )
    return await listing.answer(
        "liquidations",
        owner.user_id,
        cut,
        view=partial(_liquidation, exchange),
        table=liquidations_table,
    )


def _fill(exchange: Exchange, row: FillRow) -> OwnFillView:
    return OwnFillView.of_row(row, exchange.get_instrument(row.symbol))


def _payment(exchange: Exchange, row: PaymentRow) -> PaymentView:
    return PaymentView.of(row, exchange.get_instrument(row.symbol))


def _liquidation(exchange: Exchange, row: LiquidationRow) -> LiquidationView:
    instrument: Instrument | None = None
    if row.event.symbol:
        instrument = exchange.get_instrument(row.event.symbol)
    return LiquidationView.of(row, instrument)
