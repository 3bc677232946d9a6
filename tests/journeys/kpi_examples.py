"""A request that works for every operation about KPIs."""

from typing import Final

from tests.journeys.examples import Example

EXAMPLES: Final = {
    f"read_{group}_kpis": Example("GET", f"/kpi/{group}", {"window": "24h"})
    for group in ("system", "trading", "security")
}
