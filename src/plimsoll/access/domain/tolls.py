"""What a route costs, and which limits it falls under.

Most routes cost 1 of the limits for requests. What takes the service much longer costs more, and
the routes that place and change orders have limits of their own, so that no amount of reading keeps
somebody from cancelling.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class RouteClass(StrEnum):
    """Routes of one class spend from the same limits."""

    REQUESTS = "requests"
    ORDERS = "orders"


@dataclass(frozen=True, slots=True)
class Toll:
    """`weight` for every request; one more for each `rows_a_point` rows that `limit` asks for
    (0: they are free) above the `free_rows`, and `table` more where a whole table is asked for.
    """

    weight: int = 1
    route_class: RouteClass = RouteClass.REQUESTS
    rows_a_point: int = 0
    table: int = 0
    free_rows: int = 0

    def __post_init__(self) -> None:
        assert self.weight >= 1
        assert self.rows_a_point >= 0
        assert self.table >= 0
        assert self.free_rows >= 0

    def cost(self, rows: int, *, table: bool) -> int:
        """What a request for so many rows pays."""
        cost = self.weight + (self.table if table else 0)
        if self.rows_a_point:
            cost += max(0, rows - self.free_rows) // self.rows_a_point
        return cost


ORDINARY: Final = Toll()
"""What a route costs that nothing is said about."""
