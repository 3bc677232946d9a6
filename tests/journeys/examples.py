"""A request that works, or would with an object that exists, for every operation of the desk.

Those of the exchange are in trading_examples.py.
"""

from dataclasses import dataclass
from typing import Any, Final

from tests.conftest import PASSWORD

NOBODY: Final = "0199f000-0000-7000-8000-000000000000"


@dataclass(frozen=True, slots=True)
class Example:
    """A request that works, or would with an object that exists."""

    method: str
    path: str
    query: dict[str, str] | None = None
    body: Any = None


PAGE: Final = {"limit": "10", "cursor": ""}
LEG: Final = {
    "coin_id": "bitcoin",
    "quantity": "1",
    "role": "principal",
    "value": "100",
    "wallet_id": NOBODY,
    "outside": False,
}
RANGE: Final = {
    "interval": "1m",
    "from": "2024-01-01T00:00:00Z",
    "to": "",
    "limit": "5",
    "format": "json",
}
EXAMPLES: Final = {
    "register": Example(
        "POST", "/auth/register", body={"email": "x@example.org", "password": PASSWORD}
    ),
    "login": Example(
        "POST",
        "/auth/login",
        body={"email": "y@example.org", "password": "no", "cookie": False, "code": "000000"},
    ),
    "refresh": Example("POST", "/auth/refresh", body={"refresh_token": "x" * 43}),
    "exchange_key": Example("POST", "/auth/token", body={"api_key": "plim_x"}),
    "change_password": Example(
        "POST",
        "/auth/password",
        body={"current_password": "wrong", "new_password": "short", "code": "000000"},
    ),
    "list_approvals": Example("GET", "/approvals", PAGE | {"state": "waiting"}),
    "read_approval": Example("GET", f"/approvals/{NOBODY}"),
    "approve": Example("POST", f"/approvals/{NOBODY}/approve", body={"reason": "r"}),
    "refuse": Example("POST", f"/approvals/{NOBODY}/refuse", body={"reason": "r"}),
    "disable_person": Example("POST", f"/people/{NOBODY}/disable", body={"reason": "r"}),
    "enable_person": Example("POST", f"/people/{NOBODY}/enable", body={"reason": "r"}),
    "sign_person_out": Example("POST", f"/people/{NOBODY}/sign-out", body={"reason": "r"}),
    "read_me": Example("GET", "/auth/me"),
    "read_own_data": Example("GET", "/me/data"),
    "erase_me": Example("DELETE", "/me", body={"password": "wrong", "reason": "r"}),
    "read_price": Example("GET", "/prices/bitcoin", {"vs": "usd"}),
    "read_pair_price": Example("GET", "/prices/eth/btc/current"),
    "search_assets": Example("GET", "/assets", PAGE | {"search": "bit"}),
    "buy": Example(
        "POST",
        "/holdings",
        body={
            "coin_id": "bitcoin",
            "quantity": "0.5",
            "price": "60000",
            "currency": "usd",
            "fee": "1",
            "wallet_id": None,
            "occurred_at": None,
            "note": "n",
            "rate": "1",
        },
    ),
    "list_holdings": Example(
        "GET",
        "/holdings",
        PAGE | {"coin_id": "bitcoin", "wallet_id": NOBODY, "empty": "true"},
    ),
    "read_holding": Example("GET", f"/holdings/{NOBODY}"),
    "sell": Example(
        "DELETE",
        "/holdings/{holding_id}",
        {"quantity": "0.000001", "price": "1", "fee": "0", "note": "n"},
    ),
    "record_transaction": Example(
        "POST",
        "/transactions",
        body={
            "kind": "staking",
            "currency": "usd",
            "legs": [LEG | {"wallet_id": None}],
            "occurred_at": "2024-01-01T00:00:00Z",
            "precision": "day",
            "note": "n",
            "source": "manual",
            "external_id": "e",
            "rate": "1",
        },
    ),
    "list_transactions": Example(
        "GET",
        "/transactions",
        PAGE
        | {
            "format": "json",
            "kind": "buy",
            "coin_id": "bitcoin",
            "wallet_id": NOBODY,
            "from": "2024-01-01T00:00:00Z",
            "to": "2025-01-01T00:00:00Z",
        },
    ),
    "read_transaction": Example("GET", f"/transactions/{NOBODY}"),
    "void_transaction": Example("POST", f"/transactions/{NOBODY}/void", body={"note": "n"}),
    "add_wallet": Example("POST", "/wallets", body={"name": "cold"}),
    "list_wallets": Example("GET", "/wallets", PAGE),
    "read_summary": Example("GET", "/portfolio/summary", {"currency": "usd"}),
    "read_history": Example("GET", "/portfolio/history", PAGE),
    "list_markets": Example(
        "GET",
        "/markets",
        PAGE
        | {
            "search": "b",
            "base": "",
            "quote": "usd",
            "source": "",
            "stale": "false",
            "sort": "price",
            "descending": "true",
        },
    ),
    "read_market": Example("GET", "/markets/btc/usd"),
    "list_candles": Example("GET", "/markets/btc/usd/candles", RANGE | {"fill": "none"}),
    "read_price_history": Example("GET", "/prices/btc/usd/history", {"window": "24h"}),
    "list_volatility": Example("GET", "/markets/volatility", {"window": "24h", "limit": "5"}),
    "read_indicators": Example(
        "GET", "/markets/btc/usd/indicators", RANGE | {"names": "rsi(14),macd(12,26,9)"}
    ),
    "read_rating": Example("GET", "/markets/btc/usd/rating", {"interval": "1m"}),
    "list_ratings": Example("GET", "/markets/btc/usd/ratings"),
    "read_chart_symbol": Example("GET", "/udf/symbols", {"symbol": "BTC/USD"}),
    "search_chart_symbols": Example(
        "GET", "/udf/search", {"query": "BTC", "type": "", "exchange": "", "limit": "5"}
    ),
    "read_chart_history": Example(
        "GET",
        "/udf/history",
        {
            "symbol": "BTC/USD",
            "resolution": "1",
            "from": "1700000000",
            "to": "1900000000",
            "countback": "5",
        },
    ),
    "start_backfill": Example(
        "POST",
        "/markets/btc/usd/backfill",
        body={
            "interval": "1m",
            "from": "2024-01-01T00:00:00Z",
            "to": "2024-02-01T00:00:00Z",
            "source": "simulated",
        },
    ),
    "start_import": Example("POST", "/markets/import", body={"folder": "archive"}),
    "list_jobs": Example("GET", "/jobs", PAGE | {"state": "queued"}),
    "read_job": Example("GET", f"/jobs/{NOBODY}"),
    "cancel_job": Example("DELETE", f"/jobs/{NOBODY}"),
    "follow_job": Example("GET", f"/jobs/{NOBODY}/events"),
}
