"""A request that works, or would with an object, for channels, deliveries and preferences."""

from typing import Final

from tests.journeys.examples import NOBODY, PAGE, Example

CHANNEL: Final = f"/alert-channels/{NOBODY}"
DELIVERY: Final = f"/alert-deliveries/{NOBODY}"
EXAMPLES: Final = {
    "add_channel": Example(
        "POST",
        "/alert-channels",
        body={"kind": "webhook", "name": "bot", "url": "https://127.0.0.1/hook"},
    ),
    "list_channels": Example("GET", "/alert-channels", PAGE),
    "read_channel": Example("GET", CHANNEL),
    "change_channel": Example(
        "PATCH", CHANNEL, body={"name": "n", "enabled": True, "url": "https://127.0.0.1/"}
    ),
    "remove_channel": Example("DELETE", CHANNEL),
    "confirm_channel": Example("POST", f"{CHANNEL}/confirm", body={"code": "12345678"}),
    "replace_channel_secret": Example("POST", f"{CHANNEL}/secret", body={"overlap_s": 60}),
    "try_channel": Example("POST", f"{CHANNEL}/test"),
    "list_deliveries": Example(
        "GET",
        "/alert-deliveries",
        PAGE | {"channel_id": NOBODY, "notification_id": NOBODY, "state": "dead", "format": "json"},
    ),
    "read_delivery": Example("GET", DELIVERY),
    "resend_delivery": Example("POST", f"{DELIVERY}/resend"),
    "list_notifications": Example(
        "GET", "/notifications", PAGE | {"unseen": "true", "format": "json"}
    ),
    "see_notifications": Example("POST", "/notifications/seen", body={"ids": [NOBODY]}),
    "put_preferences": Example(
        "PUT",
        "/me/preferences",
        body={
            "currency": "eur",
            "time_zone": "Europe/Vienna",
            "locale": "de-AT",
            "theme": "dark",
            "privacy": True,
            "quiet_hours": {"start": "22:00", "end": "07:00", "rule": "hold"},
            "version": None,
        },
    ),
}
