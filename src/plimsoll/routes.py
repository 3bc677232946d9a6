"""Every route of the application, by the router that has it, and the few that are asked most."""

from typing import Final

from plimsoll.access import router as access_router
from plimsoll.insights import router as insights_router
from plimsoll.ledger.router import exporting as exporting_router
from plimsoll.ledger.router import imports as imports_router
from plimsoll.ledger.router import ledger as ledger_router
from plimsoll.ledger.router import quality as quality_router
from plimsoll.ledger.router import valuations as valuations_router
from plimsoll.markets.router import backfills as backfills_router
from plimsoll.markets.router import candles as candles_router
from plimsoll.markets.router import markets as markets_router
from plimsoll.markets.router import prices as prices_router
from plimsoll.markets.router import udf as udf_router
from plimsoll.markets.router import volatility as volatility_router
from plimsoll.plumbing.hot import HotRoute
from plimsoll.portfolio.router import periods as periods_router
from plimsoll.portfolio.router import summary as portfolio_router
from plimsoll.tax.router import decisions as tax_decisions_router
from plimsoll.tax.router import planning as tax_planning_router
from plimsoll.tax.router import runs as tax_runs_router
from plimsoll.trading.router import accounts as accounts_router
from plimsoll.trading.router import bookkeeping as bookkeeping_router
from plimsoll.trading.router import histories as histories_router
from plimsoll.trading.router import instruments as instruments_router
from plimsoll.trading.router import operators as operators_router
from plimsoll.trading.router import orders as orders_router
from plimsoll.trading.router import positions as positions_router
from plimsoll.trading.router import trades as trades_router

API: Final = "/api/v1"

ROUTERS: Final = (
    access_router,
    prices_router,
    markets_router,
    backfills_router,
    candles_router,
    volatility_router,
    udf_router,
    insights_router,
    exporting_router,  # before /transactions/{transaction_id}
    ledger_router,
    imports_router,
    valuations_router,
    quality_router,
    portfolio_router,
    periods_router,
    orders_router,
    accounts_router,
    positions_router,
    histories_router,
    instruments_router,
    operators_router,
    trades_router,
    bookkeeping_router,
    tax_runs_router,
    tax_decisions_router,
    tax_planning_router,
)
"""Everything below API but jobs, in the order in which a path is looked for."""

HOT: Final = {
    ("GET", f"{API}/portfolio/summary"): HotRoute(
        f"{API}/portfolio/summary", portfolio_router.quick_summary
    ),
    ("POST", f"{API}/holdings"): HotRoute(f"{API}/holdings", ledger_router.quick_buy, status=201),
    ("POST", f"{API}/orders"): HotRoute(f"{API}/orders", orders_router.quick_order, status=201),
}
"""Answered without the framework, by method and path."""

HOT_PREFIXES: Final = [
    (
        f"{API}/prices/",
        HotRoute(f"{API}/prices/{{coin_id}}", prices_router.quick_price),
    ),
    (
        f"{API}/markets/",
        HotRoute(f"{API}/markets/{{base}}/{{quote}}/candles", candles_router.quick_candles),
    ),
]
"""The same, of `GET` on whatever begins like this."""
