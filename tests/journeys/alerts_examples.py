"""A request that works, or would with an object that exists, for alerts."""

from typing import Final

from tests.journeys.examples import NOBODY, PAGE, Example

ONE: Final = f"/alerts/{NOBODY}"
TERMS: Final = {
    "comparison": "above",
    "threshold": "1000000000000",
    "hysteresis": "10",
    "cooldown_s": 60,
    "repeat": "always",
    "quiet_hours": "respect",
    "channels": [],
    "note": "n",
}
EXAMPLES: Final = {
    "make_alert": Example(
        "POST", "/alerts", body=TERMS | {"subject": {"kind": "price", "of": "btc/usd"}}
    ),
    "list_alerts": Example("GET", "/alerts", PAGE | {"kind": "price"}),
    "read_alert": Example("GET", ONE),
    "change_alert": Example("PATCH", ONE, body=TERMS),
    "remove_alert": Example("DELETE", ONE),
    "snooze_alert": Example(
        "POST", f"{ONE}/snooze", body={"seconds": 60, "until": "2030-01-01T00:00:00Z"}
    ),
    "arm_alert": Example("POST", f"{ONE}/arm"),
    "list_alert_events": Example("GET", f"{ONE}/events", PAGE | {"format": "json"}),
    "list_events": Example("GET", "/alert-events", PAGE | {"format": "json"}),
}
