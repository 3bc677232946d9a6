"""HTTP for those who ask how the service does."""

from fastapi import APIRouter

from plimsoll.access.guards import REFUSALS, Overseer
from plimsoll.operations.domain.kpis import Period
from plimsoll.operations.schemas.kpis import SecurityKpisView, SystemKpisView, TradingKpisView
from plimsoll.operations.service.kpis import KpisDep
from plimsoll.plumbing.database import DatabaseUnavailable
from plimsoll.plumbing.problems import problems

router = APIRouter(prefix="/kpi", tags=["operators"])

ANY = problems(*REFUSALS, DatabaseUnavailable)


@router.get("/system", responses=ANY)
async def read_system_kpis(
    _: Overseer, kpis: KpisDep, window: Period = Period.HOUR
) -> SystemKpisView:
    """Latency, error rate and uptime of all processes together, from stored minutes."""
    return SystemKpisView.of(await kpis.system(window))


@router.get("/trading", responses=ANY)
async def read_trading_kpis(
    _: Overseer, kpis: KpisDep, window: Period = Period.HOUR
) -> TradingKpisView:
    """Orders, fills, volume, exposure, liquidations, margin ratios and the lag of the engine."""
    return TradingKpisView.of(await kpis.trading(window))


@router.get("/security", responses=ANY)
async def read_security_kpis(
    _: Overseer, kpis: KpisDep, window: Period = Period.HOUR
) -> SecurityKpisView:
    """Refused credentials, requests over a limit, use of API keys, compliance cases."""
    return SecurityKpisView.of(await kpis.security(window))
