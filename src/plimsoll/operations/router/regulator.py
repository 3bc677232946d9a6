"""HTTP for those who oversee: everybody's positions, liquidations, accounts, and the audit log."""

from functools import partial
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Response

from plimsoll.access.domain.audit import Event
from plimsoll.access.domain.principals import Role, Tier
from plimsoll.access.guards import REFUSALS, Overseer
from plimsoll.access.service import directory
from plimsoll.access.service.directory import Entries, People
from plimsoll.kernel.clock import from_ms, to_ms
from plimsoll.kernel.errors import Invalid
from plimsoll.operations.schemas.regulator import (
    AuditEntryView,
    ExposurePage,
    ExposureView,
    OverseenLiquidationView,
    OverseenPersonView,
    OverseenPositionView,
    OverviewView,
    SeenPage,
    SpreadView,
)
from plimsoll.operations.schemas.tables import table_of
from plimsoll.operations.service.regulator import By, PersonRow, RegulatorDep
from plimsoll.plumbing.database import DatabaseUnavailable, Reading
from plimsoll.plumbing.lists import Listing
from plimsoll.plumbing.paging import BadCursor, Cut, Page, PageRequest
from plimsoll.plumbing.problems import problems
from plimsoll.plumbing.shapes import TEXT, Moment
from plimsoll.trading.domain.refusals import UnknownSymbol
from plimsoll.trading.domain.units import money_of
from plimsoll.trading.service.oversight import (
    EngineAway,
    LiquidatedRow,
    Oversight,
    OversightDep,
    Picture,
    Sought,
    Step,
)

router = APIRouter(prefix="/regulator", tags=["regulator"])

ANY = (*REFUSALS, Invalid, DatabaseUnavailable)
LISTS: Final = problems(UnknownSymbol, BadCursor, EngineAway, *ANY)
OfSymbol = Annotated[str | None, Query(max_length=40, alias="symbol")]
OfUser = Annotated[UUID | None, Query(description="Of one person")]
From = Annotated[Moment | None, Query(alias="from", description="Not before this moment")]
Until = Annotated[Moment | None, Query(alias="to", description="Before this moment")]


@router.get("/overview", responses=problems(EngineAway, *ANY))
async def read_overview(_: Overseer, regulator: RegulatorDep) -> OverviewView:
    """The desk in one look: people, exposure, danger, limits, cases, states."""
    return OverviewView.of(await regulator.overview())


@router.get("/exposure", response_model=ExposurePage, responses=LISTS)
async def list_exposure(
    _: Overseer,
    regulator: RegulatorDep,
    listing: Listing,
    by: By = By.SYMBOL,
    symbol: OfSymbol = None,
    user_id: OfUser = None,
) -> ExposurePage | Response:
    """Open notional of people, by symbol or by person (the largest first), and how concentrated it
    is.
    """
    found = await regulator.exposure(listing.page, by, symbol=symbol, user_id=user_id)
    page = await listing.answer(
        "exposure",
        by,
        found.cut,
        view=partial(ExposureView.of, whole=found),
        table=table_of(ExposureView),
    )
    if isinstance(page, Response):
        return page
    sight = found.picture.sight
    return ExposurePage(
        data=page.data,
        next_cursor=page.next_cursor,
        seq=sight.seq,
        at=from_ms(sight.at_ms),
        notional=money_of(found.total),
        threshold=money_of(found.threshold),
        concentration=SpreadView.of(found.spread),
    )


@router.get("/positions", response_model=SeenPage[OverseenPositionView], responses=LISTS)
async def list_everybodys_positions(
    _: Overseer,
    regulator: RegulatorDep,
    listing: Listing,
    symbol: OfSymbol = None,
    user_id: OfUser = None,
    in_danger: Annotated[
        bool | None, Query(description="Only with a margin ratio of 0.8 or more")
    ] = None,
) -> SeenPage[OverseenPositionView] | Response:
    """Everybody's open positions, but those of the house and of the insurance fund."""
    picture, cut = await regulator.positions(
        listing.page, symbol=symbol, user_id=user_id, in_danger=bool(in_danger)
    )
    page = await listing.answer(
        "positions",
        None,
        cut,
        view=partial(OverseenPositionView.of, picture=picture),
        table=table_of(OverseenPositionView),
    )
    if isinstance(page, Response):
        return page
    return SeenPage[OverseenPositionView](
        data=page.data,
        next_cursor=page.next_cursor,
        seq=picture.sight.seq,
        at=from_ms(picture.sight.at_ms),
    )


@router.get(
    "/liquidations",
    response_model=Page[OverseenLiquidationView],
    responses=problems(UnknownSymbol, BadCursor, *ANY),
)
async def list_everybodys_liquidations(
    _: Overseer,
    oversight: OversightDep,
    listing: Listing,
    symbol: OfSymbol = None,
    user_id: OfUser = None,
    event: Annotated[Step | None, Query()] = None,
    from_: From = None,
    to: Until = None,
) -> Page[OverseenLiquidationView] | Response:
    """What liquidation did to whom, step by step, the latest first."""
    if symbol is not None:
        oversight.get_instrument(symbol)
    since, until = (None if each is None else to_ms(each) for each in (from_, to))
    sought = Sought(user_id, symbol, event, since, until)
    cut = await listing.collect(lambda page: oversight.list_liquidations(page, sought))
    return await listing.answer(
        "liquidations",
        None,
        cut,
        view=partial(_liquidation, oversight),
        table=table_of(OverseenLiquidationView),
    )


def _liquidation(oversight: Oversight, row: LiquidatedRow) -> OverseenLiquidationView:
    return OverseenLiquidationView.of(row, oversight.find_instrument(row.event.symbol))


@router.get("/users", response_model=SeenPage[OverseenPersonView], responses=LISTS)
async def list_everybody(
    _: Overseer,
    regulator: RegulatorDep,
    listing: Listing,
    role: Annotated[Role | None, Query()] = None,
    tier: Annotated[Tier | None, Query()] = None,
    enabled: Annotated[bool | None, Query()] = None,
    user_id: OfUser = None,
) -> SeenPage[OverseenPersonView] | Response:
    """Everybody with an account, in the order in which they came."""
    which = People(role, tier, enabled, user_id)
    pictures: list[Picture] = []

    async def read(page: PageRequest) -> Cut[PersonRow]:
        picture, cut = await regulator.users(page, which)
        pictures.append(picture)
        return cut

    page = await listing.answer(
        "users",
        None,
        await listing.collect(read),
        view=OverseenPersonView.of,
        table=table_of(OverseenPersonView),
    )
    if isinstance(page, Response):
        return page
    sight = pictures[0].sight
    return SeenPage[OverseenPersonView](
        data=page.data, next_cursor=page.next_cursor, seq=sight.seq, at=from_ms(sight.at_ms)
    )


@router.get("/audit", response_model=Page[AuditEntryView], responses=problems(BadCursor, *ANY))
async def list_audit_entries(
    _: Overseer,
    unit: Reading,
    listing: Listing,
    event: Annotated[Event | None, Query()] = None,
    user_id: OfUser = None,
    subject: Annotated[
        str | None, Query(pattern=TEXT, max_length=200, description="Exactly")
    ] = None,
    from_: From = None,
    to: Until = None,
) -> Page[AuditEntryView] | Response:
    """The audit log, the latest first."""
    which = Entries(event, user_id, subject, from_, to)
    cut = await listing.collect(lambda page: directory.list_entries(unit, page, which))
    return await listing.answer(
        "audit", None, cut, view=AuditEntryView.of, table=table_of(AuditEntryView)
    )
