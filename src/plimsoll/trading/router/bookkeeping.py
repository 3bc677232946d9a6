"""HTTP for taking paper trading into the portfolio."""

from fastapi import APIRouter, Response

from plimsoll.access.guards import Trader
from plimsoll.kernel.clock import to_ms
from plimsoll.ledger.domain.holdings import NotEnoughHeld
from plimsoll.ledger.service.recording import RateRequired
from plimsoll.markets.service.prices import PricesDep
from plimsoll.plumbing.database import Unit
from plimsoll.plumbing.idempotency import Idempotent, InFlight
from plimsoll.plumbing.present import Now
from plimsoll.plumbing.problems import problems
from plimsoll.trading.schemas.bookkeeping import PortfolioRecordsBody, PortfolioRecordsView
from plimsoll.trading.service.bookkeeping import record_paper
from plimsoll.trading.service.trades import TradesDep

router = APIRouter(tags=["trades"])


@router.post(
    "/account/portfolio-records",
    status_code=201,
    response_model=PortfolioRecordsView,
    responses=problems(RateRequired, NotEnoughHeld, InFlight),
)
async def record_paper_trading(
    owner: Trader,
    trades: TradesDep,
    prices: PricesDep,
    once: Idempotent,
    now: Now,
    body: PortfolioRecordsBody | None = None,
) -> Response:
    """Take the caller's paper fills that the portfolio does not have yet into it, as transactions
    of a wallet named `paper` whose source is `paper`.

    Nothing simulated gets there unless this is called. Calling again adds only what is new.
    """
    since_ms = to_ms(body.since) if body and body.since else 0

    async def work(unit: Unit) -> PortfolioRecordsView:
        taken = await record_paper(
            unit, owner.user_id, trades.instruments, prices, since_ms=since_ms, now=now
        )
        return PortfolioRecordsView.of(taken)

    return await once.run(owner.user_id, work, status=201)
