"""What happened to one account, or in one market, in the order of the journal: for whoever comes
back and asks what came after a number. Written with the journal, read here.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from plimsoll.plumbing.database import ReadUnit
from plimsoll.trading.domain.events import Event
from plimsoll.trading.storage.encoding import decode_event
from plimsoll.trading.storage.journal import JournalRow


class Story(StrEnum):
    """What of an account is told."""

    ORDERS = "orders"
    FILLS = "fills"
    LIQUIDATIONS = "liquidations"


_OF_STORY: Final = {
    Story.ORDERS: """
        (select distinct seq from order_events where account = $1 and seq > $2 and seq <= $3
         order by seq limit $4)
        union
        (select distinct seq from fills
         where account = $1 and seq > $2 and seq <= $3 and order_id <> 0 order by seq limit $4)
    """,
    Story.FILLS: """
        select distinct seq from fills where account = $1 and seq > $2 and seq <= $3
        order by seq limit $4
    """,
    Story.LIQUIDATIONS: """
        select distinct seq from liquidations where account = $1 and seq > $2 and seq <= $3
        order by seq limit $4
    """,
}
_SELECT: Final = (
    "select seq, at_ms, actor, kind, command, events, encode(chain, 'hex') as chain, fees"
)
_COMMANDS: Final = {
    story: f"""
        with wanted as (select seq from ({seqs}) as own order by seq limit $4)
        {_SELECT} from journal join wanted using (seq) order by seq
    """  # noqa: S608 -- of constants
    for story, seqs in _OF_STORY.items()
}


async def list_commands(
    unit: ReadUnit, story: Story, account: int, *, after: int, until: int, limit: int
) -> list[JournalRow]:
    """The commands that did something to the account, with numbers above `after` and not above
    `until`, the oldest first.
    """
    rows = await unit.fetch(_COMMANDS[story], account, after, until, limit)
    return [JournalRow(*row) for row in rows]


async def list_all_commands(
    unit: ReadUnit, *, after: int, until: int, limit: int
) -> list[JournalRow]:
    """Those of everybody."""
    rows = await unit.fetch(
        f"{_SELECT} from journal where seq > $1 and seq <= $2 order by seq limit $3",
        after,
        until,
        limit,
    )
    return [JournalRow(*row) for row in rows]


class Filled(NamedTuple):
    """The fills of an order summed: steps, ticks × steps, and money."""

    quantity: int
    cost: int
    fee: int
    profit: int


class Past(NamedTuple):
    """What became of orders until a moment, by id: their events but fills, and those summed."""

    events: dict[int, list[Event]]
    filled: dict[int, Filled]


async def read_past(unit: ReadUnit, orders: Sequence[int], *, until: int) -> Past:
    """Of these orders, up to and with command `until`."""
    rows = await unit.fetch(
        """
        select order_id, event from order_events where order_id = any($1::bigint[]) and seq <= $2
        order by order_id, seq, number
        """,
        orders,
        until,
    )
    events: dict[int, list[Event]] = {}
    for row in rows:
        events.setdefault(row["order_id"], []).append(decode_event(row["event"]))
    sums = await unit.fetch(
        """
        select order_id, sum(quantity)::bigint, sum(price::numeric * quantity), sum(fee)::bigint,
            sum(profit)::bigint
        from fills where order_id = any($1::bigint[]) and seq <= $2 group by order_id
        """,
        orders,
        until,
    )
    filled = {row[0]: Filled(row[1], int(row[2]), row[3], row[4]) for row in sums}
    return Past(events, filled)


class TapeRow(NamedTuple):
    """A fill as everybody may see it, from its taker's side; in ticks and steps."""

    id: int
    seq: int
    at_ms: int
    side: int
    price: int
    quantity: int
    cause: str


async def list_tape(unit: ReadUnit, symbol: str, *, until: int, limit: int) -> list[TapeRow]:
    """The last fills of a market that met its book, the oldest first."""
    rows = await unit.fetch(
        """
        select id, seq, at_ms, side, price, quantity, cause from fills
        where symbol = $1 and not maker and seq <= $2 and cause in ('order', 'liquidation')
        order by id desc limit $3
        """,
        symbol,
        until,
        limit,
    )
    return [TapeRow(*row) for row in reversed(rows)]
