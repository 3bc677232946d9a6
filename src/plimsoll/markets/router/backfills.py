"""Candles of the past, brought by an operator; the work is a background job."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from plimsoll.access.domain.audit import Event, Fact, Happening
from plimsoll.access.domain.principals import Principal
from plimsoll.access.guards import Operator, access_of, address_of
from plimsoll.access.service import audit
from plimsoll.kernel.clock import rfc3339, to_ms
from plimsoll.kernel.identifiers import JobId
from plimsoll.markets.domain.assets import MAX_NAME_LENGTH, UnknownAsset
from plimsoll.markets.domain.feeds import FeedMismatch
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.schemas.backfills import BackfillBody, ImportBody
from plimsoll.markets.service.backfills import (
    BackfillsDep,
    EmptyStretch,
    ImportFolderMissing,
    NoHistory,
)
from plimsoll.markets.service.candles import CandlesDep
from plimsoll.markets.service.prices import PricesDep
from plimsoll.plumbing.database import Unit, Writing
from plimsoll.plumbing.jobs.answers import ACCEPTED, JobAccepted, accepted
from plimsoll.plumbing.problems import problems

router = APIRouter(tags=["markets"])

AssetName = Annotated[
    str,
    Path(max_length=MAX_NAME_LENGTH, description="An asset's id, or its symbol", examples=["btc"]),
]


@router.post(
    "/markets/{base}/{quote}/backfill",
    status_code=202,
    response_model=JobAccepted,
    responses=ACCEPTED | problems(UnknownAsset, NoHistory, EmptyStretch),
)
async def start_backfill(
    base: AssetName,
    quote: AssetName,
    body: BackfillBody,
    request: Request,
    caller: Operator,
    prices: PricesDep,
    candles: CandlesDep,
    unit: Writing,
    backfills: BackfillsDep,
) -> Response:
    """Fetch candles of the past from a source; everything above them is made anew. While one of
    the same pair and interval runs, that one is the answer.
    """
    pair = Pair(prices.catalogue.resolve(base).id, prices.catalogue.resolve(quote).id)
    now_ms = candles.now_ms
    job_id = await backfills.start_backfill(
        unit,
        pair,
        body.interval,
        from_ms=to_ms(body.from_),
        to_ms=min(to_ms(body.to), now_ms) if body.to else now_ms,
        source=body.source,
    )
    facts: dict[str, Fact] = {
        "pair": f"{pair.base}/{pair.quote}",
        "interval": body.interval.value,
        "from": rfc3339(body.from_),
        "to": rfc3339(body.to) if body.to else None,
        "source": body.source,
    }
    await _note(unit, Event.BACKFILL_STARTED, request, caller, job_id, facts)
    return accepted(job_id)


@router.post(
    "/markets/import",
    status_code=202,
    response_model=JobAccepted,
    responses=ACCEPTED | problems(ImportFolderMissing, FeedMismatch),
)
async def start_import(
    body: ImportBody, request: Request, caller: Operator, unit: Writing, backfills: BackfillsDep
) -> Response:
    """Import Binance archive files of candles from a folder on the server."""
    job_id = await backfills.start_import(unit, body.folder)
    facts: dict[str, Fact] = {"folder": body.folder}
    await _note(unit, Event.CANDLE_IMPORT_STARTED, request, caller, job_id, facts)
    return accepted(job_id)


async def _note(
    unit: Unit,
    event: Event,
    request: Request,
    caller: Principal,
    job_id: JobId,
    facts: dict[str, Fact],
) -> None:
    """Candles are everybody's prices of the past: who brought which, in the audit log."""
    address, now = address_of(request.scope), access_of(request.scope).clock.now()
    await audit.append(unit, Happening(event, now, caller.user_id, str(job_id), address, facts))
