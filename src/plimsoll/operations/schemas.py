"""JSON shapes of operations."""

from typing import Literal

from plimsoll.plumbing.shapes import View


class LiveView(View):
    status: Literal["live"] = "live"


class HealthView(View):
    """`degraded` names what is away without keeping the service from its work."""

    status: Literal["ready", "unready"]
    degraded: list[str]
    feed: Literal["live", "replay", "simulated"]
    simulated: bool
