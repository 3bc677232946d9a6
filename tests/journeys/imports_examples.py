"""A request that works, or would with an object, for every operation on imports."""

from typing import Final

from tests.journeys.examples import NOBODY, PAGE, Example

IMPORT: Final = f"/imports/{NOBODY}"
EXAMPLES: Final = {
    "bring_file": Example("POST", "/imports", {"name": "file.csv", "wallet_id": NOBODY}),
    "export_transactions": Example("GET", "/transactions/export"),
    "list_imports": Example("GET", "/imports", PAGE),
    "read_import": Example("GET", IMPORT),
    "list_import_rows": Example(
        "GET", f"{IMPORT}/rows", PAGE | {"standing": "new", "format": "json"}
    ),
    "answer_import": Example(
        "PATCH",
        IMPORT,
        body={
            "format": "plimsoll",
            "zone": "Europe/Berlin",
            "numbers": "point",
            "dates": "ymd",
            "cash": "kept",
            "currency": "usd",
            "wallet_id": NOBODY,
            "wallets": {"Nano": "cold"},
            "assets": {"XBT": "bitcoin"},
            "skip": [3],
            "accept": [2],
        },
    ),
    "commit_import": Example("POST", f"{IMPORT}/commit"),
    "undo_import": Example("POST", f"{IMPORT}/undo"),
    "discard_import": Example("DELETE", IMPORT),
}
