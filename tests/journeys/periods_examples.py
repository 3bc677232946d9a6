"""A request that works for every operation on days: their prices, values and returns."""

from typing import Final

from tests.journeys.examples import PAGE, Example

DAYS: Final = {"from": "2024-01-01", "to": "2024-12-31"}
ASKED: Final = DAYS | {"currency": "usd"}
EXAMPLES: Final = {
    "list_valuations": Example("GET", "/valuations", PAGE | DAYS | {"coin_id": "bitcoin"}),
    "save_valuation": Example(
        "PUT",
        "/valuations",
        body={
            "coin_id": "bitcoin",
            "currency": "usd",
            "day": "2024-01-31",
            "price": "43000",
            "note": "n",
        },
    ),
    "remove_valuation": Example(
        "DELETE", "/valuations", {"coin_id": "bitcoin", "currency": "usd", "day": "2024-01-31"}
    ),
    "list_values": Example(
        "GET", "/portfolio/value", PAGE | ASKED | {"by": "asset", "interval": "week", "format": ""}
    ),
    "read_performance": Example(
        "GET",
        "/portfolio/performance",
        ASKED
        | {
            "timing": "start-of-day",
            "benchmark": "ethereum",
            "risk_free": "0.03",
            "explain": "true",
        },
    ),
    "list_performance_days": Example(
        "GET", "/portfolio/performance/days", PAGE | ASKED | {"timing": "", "format": "json"}
    ),
    "read_allocation": Example(
        "GET", "/portfolio/allocation", {"currency": "usd", "at": "2024-01-31", "by": "currency"}
    ),
}
