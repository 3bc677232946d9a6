"""A request that works, or would with an object, for transfers and doubts."""

from typing import Final

from tests.journeys.examples import NOBODY, PAGE, Example

PAIR: Final = f"/transfers/proposals/{NOBODY}/{NOBODY}"
EXAMPLES: Final = {
    "list_proposals": Example("GET", "/transfers/proposals", PAGE),
    "confirm_transfer": Example("POST", f"{PAIR}/confirm"),
    "confirm_transfers": Example(
        "POST",
        "/transfers/proposals/confirm",
        body={"pairs": [{"withdrawal_id": NOBODY, "deposit_id": NOBODY}]},
    ),
    "reject_transfer": Example("POST", f"{PAIR}/reject"),
    "list_issues": Example(
        "GET", "/data-quality", PAGE | {"kind": "missing-price", "state": "open", "format": "json"}
    ),
    "dismiss_issue": Example("POST", f"/data-quality/{NOBODY}/dismiss", body={"note": "n"}),
    "reopen_issue": Example("POST", f"/data-quality/{NOBODY}/reopen"),
}
