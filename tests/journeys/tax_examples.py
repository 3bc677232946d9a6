"""A request that works, or would with an object, for every operation of taxes."""

from typing import Final

from tests.journeys.examples import NOBODY, PAGE, Example

TABLE: Final = PAGE | {"format": "json"}
RUN: Final = f"/tax/runs/{NOBODY}"
UNITS: Final = {"transaction_id": NOBODY, "coin_id": "bitcoin", "quantity": "1"}
ELECTIONS: Final = {
    "methods": [{"from_year": 2025, "method": "hifo"}],
    "shortfalls": "zero-basis",
    "holder": "individual",
    "filing": "single-or-joint",
    "zone": "America/Chicago",
    "currency": "usd",
    "brought": [{"year": 2025, "short": "1", "long": "2"}],
    "allocation": {
        "units": [UNITS | {"wallet_id": NOBODY}],
        "method": "fifo",
        "wallets": [NOBODY],
    },
    "portfolios": [{"transaction_id": NOBODY, "leg": 0, "value": "1"}],
    "wash_sales_from": "2025-01-01",
}
EXAMPLES: Final = {
    "start_tax_run": Example(
        "POST",
        "/tax/runs",
        body={"jurisdiction": "us", "year": 2025, "method": "hifo", "shortfalls": "block"},
    ),
    "list_tax_runs": Example("GET", "/tax/runs", TABLE | {"jurisdiction": "us", "year": "2025"}),
    "read_tax_run": Example("GET", RUN),
    "discard_tax_run": Example("DELETE", RUN),
    "verify_tax_run": Example("POST", f"{RUN}/verify"),
    "list_tax_disposals": Example("GET", f"{RUN}/disposals", TABLE),
    "list_tax_incomes": Example("GET", f"{RUN}/incomes", TABLE),
    "list_tax_lots": Example("GET", f"{RUN}/lots", TABLE),
    "list_tax_gaps": Example("GET", f"{RUN}/gaps", TABLE),
    "read_tax_file": Example("GET", f"{RUN}/files/audit.json"),
    "list_jurisdictions": Example("GET", "/tax/jurisdictions"),
    "read_elections": Example("GET", "/tax/elections/us"),
    "put_elections": Example("PUT", "/tax/elections/us", body=ELECTIONS),
    "list_treatments": Example("GET", "/tax/treatments", PAGE),
    "put_treatment": Example("PUT", f"/tax/treatments/{NOBODY}", body={"treatment": "free"}),
    "drop_treatment": Example("DELETE", f"/tax/treatments/{NOBODY}"),
    "list_picks": Example("GET", "/tax/picks", PAGE),
    "read_picks": Example("GET", f"/tax/picks/{NOBODY}", {"jurisdiction": "us"}),
    "put_picks": Example("PUT", f"/tax/picks/{NOBODY}", body={"units": [UNITS]}),
    "take_back_picks": Example("DELETE", f"/tax/picks/{NOBODY}"),
    "list_gifts": Example("GET", "/tax/gifts", PAGE),
    "put_gift": Example(
        "PUT",
        f"/tax/gifts/{NOBODY}",
        body={"donor_cost": "1", "donor_since": "2020-01-01T00:00:00Z"},
    ),
    "drop_gift": Example("DELETE", f"/tax/gifts/{NOBODY}"),
    "read_broker_forms": Example("GET", "/tax/broker-forms/2025"),
    "put_broker_forms": Example(
        "PUT",
        "/tax/broker-forms/2025",
        body={
            "rows": [
                {
                    "coin_id": "bitcoin",
                    "quantity": "1",
                    "sold_on": "2025-05-01",
                    "proceeds": "1",
                    "cost": "1",
                    "wallet_id": NOBODY,
                    "broker": "b",
                }
            ]
        },
    ),
    "list_unrealised": Example(
        "GET", "/tax/unrealised", TABLE | {"jurisdiction": "us", "method": "hifo"}
    ),
    "list_harvest": Example(
        "GET",
        "/tax/harvest",
        {"jurisdiction": "us", "method": "hifo", "within_days": "30", "format": "json"},
    ),
    "try_out_sale": Example(
        "POST",
        "/tax/what-if",
        body={
            "jurisdiction": "us",
            "coin_id": "bitcoin",
            "quantity": "1",
            "price": "1",
            "fees": "0",
            "wallet_id": NOBODY,
            "at": "2027-01-01T00:00:00Z",
            "method": "hifo",
            "picks": [{"transaction_id": NOBODY, "quantity": "1"}],
            "portfolio_value": "10",
        },
    ),
}
