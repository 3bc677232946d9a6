"""A request that works, or would with an object, for what those who oversee see and do."""

from typing import Final

from tests.journeys.examples import NOBODY, PAGE, Example

TABLE: Final = PAGE | {"format": "json"}
ABOUT: Final = {"symbol": "BTC-PERP", "user_id": NOBODY}
TIMES: Final = {"from": "2024-01-01T00:00:00Z", "to": "2030-01-01T00:00:00Z"}
ACT: Final = {"reason": "looked into", "version": 1}
EXAMPLES: Final = {
    "list_exposure": Example("GET", "/regulator/exposure", TABLE | ABOUT | {"by": "user"}),
    "list_everybodys_positions": Example(
        "GET", "/regulator/positions", TABLE | ABOUT | {"in_danger": "true"}
    ),
    "list_everybodys_liquidations": Example(
        "GET", "/regulator/liquidations", TABLE | ABOUT | TIMES | {"event": "started"}
    ),
    "list_everybody": Example(
        "GET",
        "/regulator/users",
        TABLE | {"role": "user", "tier": "beginner", "enabled": "true", "user_id": NOBODY},
    ),
    "list_audit_entries": Example(
        "GET",
        "/regulator/audit",
        TABLE | TIMES | {"event": "login", "user_id": NOBODY, "subject": "x"},
    ),
    "list_cases": Example(
        "GET",
        "/cases",
        TABLE
        | {
            "state": "open",
            "severity": "low",
            "rule": "leverage",
            "owner": NOBODY,
            "user_id": NOBODY,
        },
    ),
    "read_case": Example("GET", f"/cases/{NOBODY}"),
    "acknowledge_case": Example("POST", f"/cases/{NOBODY}/acknowledge", body=ACT),
    "assign_case": Example("POST", f"/cases/{NOBODY}/assign", body=ACT | {"owner": NOBODY}),
    "resolve_case": Example("POST", f"/cases/{NOBODY}/resolve", body=ACT),
}
