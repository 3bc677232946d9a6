"""A request that works, or would with an object, for every operation of the exchange."""

from typing import Final

from tests.journeys.examples import NOBODY, PAGE, Example

SYMBOL: Final = {"symbol": "BTC-PERP"}
TABLE: Final = PAGE | {"format": "json"}
TRADE: Final = SYMBOL | {"side": "long", "size": "0.1", "price": "50000", "leverage": 10}
REASON: Final = {"reason": "a test"}
ORDER: Final = {
    "symbol": "BTC-PERP",
    "side": "buy",
    "type": "limit",
    "quantity": "0.1",
    "price": "60000",
    "time_in_force": "gtc",
    "post_only": False,
    "expires_at": None,
    "reduce_only": False,
    "close_position": False,
    "position_side": "net",
    "leverage": 5,
    "client_order_id": "mine",
    "trigger_price": None,
    "trigger_on": None,
    "callback_rate": None,
    "take_profit": {"trigger_price": "66000", "price": None, "trigger_on": "mark"},
    "stop_loss": {"trigger_price": "54000", "price": None, "trigger_on": "last"},
}
EXAMPLES: Final = {
    "place_order": Example("POST", "/orders", body=ORDER),
    "preview_order": Example("POST", "/orders/preview", body=ORDER),
    "place_orders": Example("POST", "/orders/batch", body={"orders": [ORDER]}),
    "count_down": Example("POST", "/orders/countdown", body={"after_ms": 60_000}),
    "list_orders": Example(
        "GET",
        "/orders",
        TABLE | SYMBOL | {"status": "all", "client_order_id": "mine"},
    ),
    "cancel_orders": Example("DELETE", "/orders", SYMBOL),
    "read_order": Example("GET", "/orders/1048576"),
    "amend_order": Example("PATCH", "/orders/1048576", body={"price": "60000", "quantity": "0.2"}),
    "cancel_order": Example("POST", "/orders/1048576/cancel"),
    "list_account_symbols": Example("GET", "/account/symbols"),
    "read_account": Example("GET", "/account/me"),
    "list_entries": Example("GET", "/account/me/entries", TABLE),
    "deposit": Example(
        "POST", "/account/deposit", body={"amount": "10", "asset": "usdt", "wallet": "margin"}
    ),
    "withdraw": Example(
        "POST", "/account/withdraw", body={"amount": "1", "asset": "bitcoin", "wallet": "spot"}
    ),
    "transfer": Example("POST", "/account/transfer", body={"amount": "1", "to": "spot"}),
    "reset_account": Example("POST", "/account/reset", body={"amount": "10000"}),
    "set_leverage": Example("PUT", "/account/leverage", body=SYMBOL | {"leverage": 5}),
    "set_margin_mode": Example("PUT", "/account/margin-mode", body=SYMBOL | {"mode": "isolated"}),
    "set_position_mode": Example("PUT", "/account/position-mode", body={"hedge": False}),
    "list_positions": Example("GET", "/positions", TABLE | SYMBOL),
    "move_margin": Example(
        "POST", "/positions/BTC-PERP/margin", body={"amount": "1", "position_side": "net"}
    ),
    "close_position": Example(
        "POST",
        "/positions/BTC-PERP/close",
        body={"percent": "50", "quantity": None, "position_side": "net"},
    ),
    "list_fills": Example("GET", "/fills", TABLE | SYMBOL | {"order_id": "1048576"}),
    "list_funding": Example("GET", "/funding", TABLE | SYMBOL),
    "list_liquidations": Example("GET", "/liquidations", TABLE | SYMBOL),
    "record_trade": Example("POST", "/trades/", body=TRADE | {"executed_at": None, "note": "n"}),
    "list_recent_trades": Example("GET", "/trades/recent", TABLE),
    "read_trade": Example("GET", f"/trades/{NOBODY}"),
    "simulate_margin": Example(
        "POST", "/trades/simulate-margin", body=TRADE | {"model": "brackets"}
    ),
    "record_paper_trading": Example("POST", "/account/portfolio-records", body={"since": None}),
    "list_instruments": Example("GET", "/instruments", TABLE),
    "read_instrument": Example("GET", "/instruments/BTC-PERP"),
    "read_book": Example("GET", "/instruments/BTC-PERP/book", {"depth": "10"}),
    "list_market_trades": Example("GET", "/instruments/BTC-PERP/trades", TABLE),
    "list_funding_stamps": Example("GET", "/instruments/BTC-PERP/funding", TABLE),
    "read_market_price": Example("GET", "/market/price/BTC-PERP"),
    "set_market_price": Example(
        "POST", "/market/tick", body=SYMBOL | {"price": "60000", "hold_s": 60}
    ),
    "set_trading_state": Example(
        "POST",
        "/trading/state",
        body=SYMBOL | REASON | {"state": "active", "user_id": None},
    ),
    "set_trading_limits": Example(
        "PUT",
        "/trading/limits",
        body=REASON | {"account_notional": "0", "venue_notional": "0", "orders_per_second": 50},
    ),
    "force_reduce": Example(
        "POST",
        "/trading/force-reduce",
        body=SYMBOL | REASON | {"user_id": NOBODY, "position_side": "net", "quantity": "0.1"},
    ),
    "set_trading_tier": Example(
        "PUT", f"/trading/tiers/{NOBODY}", body=REASON | {"tier": "advanced"}
    ),
    "list_new_instrument": Example(
        "POST",
        "/trading/instruments",
        body=REASON
        | {
            "symbol": "UNI-PERP",
            "kind": "perpetual",
            "base": "uniswap",
            "tick": "0.001",
            "step": "0.1",
            "max_quantity": "100000",
            "fees": [{"maker": "0.0002", "taker": "0.0005"}],
            "brackets": [{"floor": "0", "maintenance_rate": "0.015", "max_leverage": 25}],
            "bracket_cap": "10000000",
        },
    ),
    "move_insurance": Example("POST", "/trading/insurance", body=REASON | {"amount": "1"}),
}
