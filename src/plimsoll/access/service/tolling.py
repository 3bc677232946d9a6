"""What a request pays by what it asks for, and how that is published."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.types import Scope

from plimsoll.access.domain.tolls import ORDINARY, Toll

MOST_ROWS: Final = 10_000
"""What a number of rows that cannot be read is taken for; the route will refuse it."""
MOST_DIGITS: Final = 9


def cost_of(toll: Toll, scope: Scope) -> int:
    """By the query, and by the `Accept` header where a table may be asked for with it."""
    if not (toll.rows_a_point or toll.table):
        return toll.weight
    accept = next((value for name, value in scope["headers"] if name == b"accept"), b"")
    rows, table = 0, b"csv" in accept or b"apache" in accept
    for name, value in parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True):
        if name == "limit":
            rows = _rows(value)  # the last one counts
        elif name == "format":
            table = table or value != "json"
    return toll.cost(rows, table=table)


def _rows(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS:
        return min(int(text), MOST_ROWS)
    return MOST_ROWS


def describe(document: dict[str, Any], tolls: Mapping[str, Toll]) -> None:
    """Write into an OpenAPI document what each operation costs, as `x-weight` and its kin."""
    for operations in document["paths"].values():
        for operation in operations.values():
            if not isinstance(operation, dict) or "operationId" not in operation:
                continue
            toll = tolls.get(operation["operationId"], ORDINARY)
            operation["x-weight"] = toll.weight
            operation["x-limit-class"] = toll.route_class.value
            if toll.rows_a_point:
                operation["x-rows-a-point"] = toll.rows_a_point
            if toll.free_rows:
                operation["x-free-rows"] = toll.free_rows
            if toll.table:
                operation["x-table-weight"] = toll.table
