"""What a person's books say over HTTP, and whether they add up."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

import httpx2

Held = dict[tuple[str, str], Decimal]
"""Quantity by wallet and asset."""


async def list_all(http: httpx2.AsyncClient, path: str, **query: Any) -> list[dict[str, Any]]:
    """Every row of a list, page by page."""
    rows: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = {"limit": 1000} | ({"cursor": cursor} if cursor else {})
        answer = await http.get(path, params=query | page)
        assert answer.status_code == 200, answer.text
        content = answer.json()
        rows += content["data"]
        if (cursor := content["next_cursor"]) is None:
            return rows


async def holdings(http: httpx2.AsyncClient) -> Held:
    """What is held, as the service keeps it."""
    return {
        (row["wallet_id"], row["coin_id"]): Decimal(row["quantity"])
        for row in await list_all(http, "/holdings")
    }


def sum_of(transactions: list[dict[str, Any]]) -> Held:
    """What is held according to the legs of the transactions in force."""
    sums: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for transaction in transactions:
        if transaction["voided_by"] is None:
            for leg in transaction["legs"]:
                if leg["wallet_id"] is not None:
                    sums[leg["wallet_id"], leg["coin_id"]] += Decimal(leg["quantity"])
    return {key: quantity for key, quantity in sums.items() if quantity}
