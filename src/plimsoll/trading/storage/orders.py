"""Orders in PostgreSQL: as they are, what filled them, and what happened to them.

Read only; they are written with the journal. All in the machine's units. Every question names the
account, so that somebody else's order is as unknown as none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import asyncpg

from plimsoll.plumbing.database import ReadUnit
from plimsoll.trading.domain.events import Event
from plimsoll.trading.domain.orders import Leg, OrderStatus, OrderType, Side, TimeInForce
from plimsoll.trading.storage.encoding import decode_event
from plimsoll.trading.storage.journal import ORDERS

NEWEST: Final = 2**63 - 1
"""Above the id of every order."""

MOST_FILLS: Final = 1_000
"""Shown with an order; the list of fills has all of them."""

OPEN: Final = (OrderStatus.WAITING.value, OrderStatus.OPEN.value)

_COLUMNS: Final = ", ".join(name for name, _ in ORDERS)
_SELECT: Final = f"select {_COLUMNS} from orders where account = $1"  # noqa: S608 -- of constants


@dataclass(slots=True)
class OrderRecord:
    """An order as it is now. The fields are the columns, in their order; `cost` is Σ price ×
    quantity of its fills, in ticks × steps; 0 and None are for what it does not have.
    """

    id: int
    account: int
    symbol: str
    side: Side
    type: OrderType
    quantity: int
    price: int
    time_in_force: TimeInForce
    leg: Leg
    reduce_only: bool
    close_position: bool
    client_id: str | None
    trigger: str | None
    trigger_price: int
    callback_ppm: int
    expires_at_ms: int
    parent: int
    status: str
    placed_at_ms: int
    changed_at_ms: int
    reason: str | None = None
    filled: int = 0
    cost: int = 0
    fee: int = 0
    profit: int = 0

    @property
    def is_open(self) -> bool:
        return self.status in OPEN


class FillRecord(NamedTuple):
    """One fill of an order, from its side. `profit` is before the fee."""

    id: int
    at_ms: int
    price: int
    quantity: int
    fee: int
    profit: int
    maker: bool
    cause: str
    level: int
    ahead: int


_FILL_COLUMNS: Final = ", ".join(FillRecord._fields)


class Happened(NamedTuple):
    """One line of an order's history."""

    at_ms: int
    event: Event


class Wanted(NamedTuple):
    """Which orders of an account: None is whatever. `before`: those with smaller ids."""

    statuses: Sequence[str] | None = None
    symbol: str | None = None
    client_id: str | None = None
    before: int = NEWEST


async def list_orders(
    unit: ReadUnit, account: int, wanted: Wanted, *, limit: int
) -> list[OrderRecord]:
    """Newest first."""
    rows = await unit.fetch(
        f"""
        {_SELECT} and id < $2
            and ($3::text[] is null or status = any($3))
            and ($4::text is null or symbol = $4)
            and ($5::text is null or client_id = $5)
        order by id desc limit $6
        """,
        account, wanted.before, wanted.statuses, wanted.symbol, wanted.client_id, limit,
    )  # fmt: skip
    return [_record(row) for row in rows]


async def get_orders(unit: ReadUnit, account: int, ids: Sequence[int]) -> list[OrderRecord]:
    """Those that there are, newest first."""
    rows = await unit.fetch(f"{_SELECT} and id = any($2::bigint[]) order by id desc", account, ids)
    return [_record(row) for row in rows]


async def find_order(unit: ReadUnit, account: int, order: int) -> OrderRecord | None:
    row = await unit.fetchrow(f"{_SELECT} and id = $2", account, order)
    return _record(row) if row else None


async def list_fills(unit: ReadUnit, account: int, order: int) -> list[FillRecord]:
    """Of one order, in the order in which they happened; the first MOST_FILLS."""
    rows = await unit.fetch(
        f"""
        select {_FILL_COLUMNS} from fills where order_id = $2 and account = $1
        order by id limit {MOST_FILLS}
        """,  # noqa: S608 -- of constants
        account, order,
    )  # fmt: skip
    return [FillRecord(*row) for row in rows]


async def list_history(unit: ReadUnit, account: int, order: int) -> list[Happened]:
    """What became of one order, but for its fills."""
    rows = await unit.fetch(
        """
        select at_ms, event from order_events where order_id = $2 and account = $1
        order by seq, number
        """,
        account, order,
    )  # fmt: skip
    return [Happened(row["at_ms"], decode_event(row["event"])) for row in rows]


def _record(row: asyncpg.Record) -> OrderRecord:
    found = OrderRecord(*row)
    found.side = Side(found.side)
    found.type = OrderType(found.type)
    found.time_in_force = TimeInForce(found.time_in_force)
    found.leg = Leg(found.leg)
    found.cost = int(found.cost)
    return found
