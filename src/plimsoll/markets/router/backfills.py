"""Candles of the past, brought by an operator; the work is a background job."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from plimsoll.access.guards import Operator
from plimsoll.kernel.clock import to_ms
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
from plimsoll.plumbing.database import Writing
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
    _: Operator,
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
    return accepted(job_id)


@router.post(
    "/markets/import",
    status_code=202,
    response_model=JobAccepted,
    responses=ACCEPTED | problems(ImportFolderMissing, FeedMismatch),
)
async def start_import(
    body: ImportBody, _: Operator, unit: Writing, backfills: BackfillsDep
) -> Response:
    """Import Binance archive files of candles from a folder on the server."""
    return accepted(await backfills.start_import(unit, body.folder))
