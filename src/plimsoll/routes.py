"""Every route of the application, by the router that has it, and the few that are asked most."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from plimsoll.access.domain.tolls import RouteClass, Toll
from plimsoll.access.router import approvals as approvals_router
from plimsoll.access.router import authentication as access_router
from plimsoll.access.router import keys as keys_router
from plimsoll.access.router import people as people_router
from plimsoll.access.router import preferences as preferences_router
from plimsoll.access.router import second_factor as second_factor_router
from plimsoll.access.router import sessions as sessions_router
from plimsoll.alerts.router import alerts as alerts_router
from plimsoll.alerts.router import channels as channels_router
from plimsoll.alerts.router import notifications as notifications_router
from plimsoll.demo import router as demo_router
from plimsoll.insights import router as insights_router
from plimsoll.ledger.router import exporting as exporting_router
from plimsoll.ledger.router import imports as imports_router
from plimsoll.ledger.router import ledger as ledger_router
from plimsoll.ledger.router import quality as quality_router
from plimsoll.ledger.router import valuations as valuations_router
from plimsoll.ledger.router import wallets as wallets_router
from plimsoll.markets.router import backfills as backfills_router
from plimsoll.markets.router import candles as candles_router
from plimsoll.markets.router import markets as markets_router
from plimsoll.markets.router import prices as prices_router
from plimsoll.markets.router import udf as udf_router
from plimsoll.markets.router import volatility as volatility_router
from plimsoll.operations.router import cases as cases_router
from plimsoll.operations.router import kpis as kpis_router
from plimsoll.operations.router import meta as meta_router
from plimsoll.operations.router import people as own_data_router
from plimsoll.operations.router import regulator as regulator_router
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
    keys_router,
    sessions_router,
    second_factor_router,
    approvals_router,
    people_router,
    preferences_router,
    prices_router,
    markets_router,
    backfills_router,
    candles_router,
    volatility_router,
    udf_router,
    insights_router,
    exporting_router,  # before /transactions/{transaction_id}
    ledger_router,
    wallets_router,
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
    alerts_router,
    channels_router,
    notifications_router,
    kpis_router,
    tax_runs_router,
    tax_decisions_router,
    tax_planning_router,
    regulator_router,
    cases_router,
    own_data_router,
    meta_router,
    demo_router,
)
"""Everything below API but jobs, in the order in which a path is looked for."""

_ORDER: Final = Toll(route_class=RouteClass.ORDERS)
LIST: Final = Toll(rows_a_point=1_000, free_rows=1_000)
"""A table that is as long as several pages costs what they would."""

TOLLS: Final[Mapping[str, Toll]] = {
    # orders and what belongs to them, counted apart
    "place_order": _ORDER,
    "preview_order": replace(_ORDER, weight=2),
    "place_orders": replace(_ORDER, weight=5),  # up to 20 orders
    "count_down": _ORDER,
    "cancel_order": _ORDER,
    "amend_order": _ORDER,
    "cancel_orders": _ORDER,
    "close_position": _ORDER,
    "move_margin": _ORDER,
    # candles by their number, whole histories as a table
    "list_candles": Toll(rows_a_point=1_000, table=10),
    "head_candles": Toll(rows_a_point=1_000, table=10),
    "read_price_history": Toll(rows_a_point=1_000, table=10),
    "head_price_history": Toll(rows_a_point=1_000, table=10),
    "read_chart_history": Toll(weight=2),
    "read_indicators": Toll(weight=2),
    "start_backfill": Toll(weight=10),
    "start_import": Toll(weight=10),
    # lists, whose tables are longer than pages
    "list_transactions": LIST,
    "list_import_rows": LIST,
    "list_issues": LIST,
    "list_orders": LIST,
    "head_orders": LIST,
    "list_entries": LIST,
    "list_positions": LIST,
    "list_fills": LIST,
    "list_funding": LIST,
    "list_liquidations": LIST,
    "list_alert_events": LIST,
    "list_events": LIST,
    "list_deliveries": LIST,
    "list_notifications": LIST,
    "list_tax_runs": LIST,
    "list_tax_disposals": LIST,
    "list_tax_incomes": LIST,
    "list_tax_lots": LIST,
    "list_tax_gaps": LIST,
    "list_everybodys_liquidations": LIST,
    "list_audit_entries": LIST,
    "list_cases": LIST,
    # a whole ledger at once
    "export_transactions": Toll(weight=10),
    "bring_file": Toll(weight=10),
    "commit_import": Toll(weight=10),
    "undo_import": Toll(weight=10),
    "read_own_data": Toll(weight=20),
    "erase_me": Toll(weight=10),
    "wipe_demo": Toll(weight=10),
    "list_values": Toll(weight=2),
    "read_history": Toll(weight=2),
    "read_performance": Toll(weight=2),
    "list_performance_days": Toll(weight=2),
    # everybody's positions
    "read_overview": Toll(weight=5),
    "list_exposure": replace(LIST, weight=5),
    "list_everybodys_positions": replace(LIST, weight=5),
    "list_everybody": replace(LIST, weight=5),
    # what hashes a password
    "change_password": Toll(weight=10),
    "enrol_second_factor": Toll(weight=10),
    "remove_second_factor": Toll(weight=10),
    # taxes
    "start_tax_run": Toll(weight=20),
    "verify_tax_run": Toll(weight=20),
    "read_tax_file": Toll(weight=5),
    "list_unrealised": replace(LIST, weight=5),
    "list_harvest": Toll(weight=5),
    "try_out_sale": Toll(weight=5),
    "read_picks": Toll(weight=5),
}
"""What operations cost, by the names of their routes; the others cost 1 of the requests."""

HOT: Final = {
    ("GET", f"{API}/portfolio/summary"): HotRoute(
        f"{API}/portfolio/summary", "read_summary", portfolio_router.quick_summary
    ),
    ("POST", f"{API}/holdings"): HotRoute(
        f"{API}/holdings", "buy", ledger_router.quick_buy, status=201
    ),
    ("POST", f"{API}/orders"): HotRoute(
        f"{API}/orders", "place_order", orders_router.quick_order, status=201
    ),
}
"""Answered without the framework, by method and path."""

HOT_PREFIXES: Final = [
    (
        f"{API}/prices/",
        HotRoute(f"{API}/prices/{{coin_id}}", "read_price", prices_router.quick_price),
    ),
    (
        f"{API}/markets/",
        HotRoute(
            f"{API}/markets/{{base}}/{{quote}}/candles",
            "list_candles",
            candles_router.quick_candles,
        ),
    ),
]
"""The same, of `GET` on whatever begins like this."""

APART: Final = frozenset(
    {
        "/health",
        "/health/live",
        "/health/ready",
        "/metrics",
        f"{API}/stream",
        f"{API}/jobs/{{job_id}}/events",
    }
)
"""Routes whose answers say nothing of latency and errors: probes, and what lasts by intention."""
