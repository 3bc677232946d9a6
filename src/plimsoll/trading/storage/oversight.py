"""What is counted over everybody: conduct by the hour, liquidations, whose account is whose.

Conduct is folded out of journal and fills as they grow. Both have numbers that only rise, and one
row says how far the fold has come; the row is locked first, so that of several processes one folds
at a time and nothing is counted twice, and what was counted commits together with how far.
"""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from plimsoll.kernel.clock import MILLISECOND
from plimsoll.plumbing.database import ReadUnit, Unit
from plimsoll.trading.domain.events import Deleveraged, LiquidationStarted, TakenOver
from plimsoll.trading.storage.encoding import decode_event

HOUSE: Final = UUID(int=0)
"""Who trades with people and is nobody."""
HOUR_MS: Final = timedelta(hours=1) // MILLISECOND
KEPT_MS: Final = 48 * HOUR_MS
MESSAGES: Final = ("place-order", "amend-order", "cancel-order", "cancel-all")
"""Commands that are counted as somebody's orders, changes and cancels."""


class Folded(NamedTuple):
    """How far conduct has been counted: a command, and a fill."""

    seq: int
    fill: int


async def lock_folded(unit: Unit) -> Folded | None:
    """None before the first fold ever."""
    row = await unit.fetchrow("select seq, fill from conduct_progress for update")
    return Folded(*row) if row else None


async def begin_folding(unit: Unit, folded: Folded) -> None:
    await unit.execute(
        "insert into conduct_progress (seq, fill) values ($1, $2) on conflict do nothing", *folded
    )


async def read_ends(unit: ReadUnit) -> Folded:
    """The last command and the last fill that are durable."""
    row = await unit.fetchrow(
        "select last_seq, coalesce((select max(id) from fills), 0) from engine_lease"
    )
    assert row is not None, "the migration wrote the lease"
    return Folded(*row)


async def find_command(unit: ReadUnit, *, since_ms: int, last: int) -> int:
    """The last command before a moment. Times never fall, so some twenty look-ups find it."""
    return await _bisect(
        unit, "select at_ms from journal where seq >= $1 order by seq limit 1", since_ms, last
    )


async def find_fill(unit: ReadUnit, *, since_ms: int, last: int) -> int:
    """The same of fills."""
    return await _bisect(
        unit, "select at_ms from fills where id >= $1 order by id limit 1", since_ms, last
    )


async def find_fill_of(unit: ReadUnit, *, seq: int, last: int) -> int:
    """The last fill of commands up to one."""
    return await _bisect(
        unit, "select seq from fills where id >= $1 order by id limit 1", seq + 1, last
    )


async def _bisect(unit: ReadUnit, sql: str, bound: int, last: int) -> int:
    """The largest number that lies before the first row whose value reaches `bound`."""
    low, high = 0, last
    while low < high:
        middle = (low + high + 1) // 2
        value = await unit.fetchval(sql, middle)
        if value is None or value >= bound:
            high = middle - 1
        else:
            low = middle
    return low


_FOLD_MESSAGES: Final = f"""
    insert into conduct_hours as known (hour_ms, user_id, messages, fills)
    select at_ms - at_ms % {HOUR_MS}, actor, count(*), 0
    from journal where seq > $1 and seq <= $2 and kind = any($3) and actor is not null
    group by 1, 2
    on conflict (hour_ms, user_id) do update set messages = known.messages + excluded.messages
"""  # noqa: S608 -- of a constant
_FOLD_FILLS: Final = f"""
    with trades as (
        select buy.at_ms - buy.at_ms % {HOUR_MS} as hour_ms, buy.symbol,
            coalesce(buyers.user_id, $3) as buyer, coalesce(sellers.user_id, $3) as seller,
            buy.price::numeric * buy.quantity as worth
        from fills buy
        join fills sell on sell.id = buy.id and sell.side = -1 and sell.id > $1 and sell.id <= $2
        left join trading_accounts buyers on buyers.account = buy.account
        left join trading_accounts sellers on sellers.account = sell.account
        where buy.id > $1 and buy.id <= $2 and buy.side = 1
            and buy.cause = 'order' and sell.cause = 'order'
    ), sides as (
        select hour_ms, symbol, buyer as user_id, seller as other, worth as bought, 0 as sold
        from trades where buyer <> $3
        union all
        select hour_ms, symbol, seller, buyer, 0, worth
        from trades where seller <> $3 and seller <> buyer
    ), by_pair as (
        insert into conduct_trades as known
            (hour_ms, symbol, user_id, other, fills, bought, sold)
        select hour_ms, symbol, user_id, other, count(*), sum(bought), sum(sold)
        from sides group by 1, 2, 3, 4
        on conflict (hour_ms, symbol, user_id, other) do update set
            fills = known.fills + excluded.fills,
            bought = known.bought + excluded.bought,
            sold = known.sold + excluded.sold
    )
    insert into conduct_hours as known (hour_ms, user_id, messages, fills)
    select hour_ms, user_id, 0, count(*) from sides group by 1, 2
    on conflict (hour_ms, user_id) do update set fills = known.fills + excluded.fills
"""  # noqa: S608 -- as above


async def fold(unit: Unit, done: Folded, until: Folded, *, now_ms: int) -> None:
    """Count what lies between the two, and forget what no rule looks at any more."""
    await unit.execute(_FOLD_MESSAGES, done.seq, until.seq, list(MESSAGES))
    await unit.execute(_FOLD_FILLS, done.fill, until.fill, HOUSE)
    await unit.execute("update conduct_progress set seq = $1, fill = $2", *until)
    for table in ("conduct_hours", "conduct_trades"):
        await unit.execute(f"delete from {table} where hour_ms < $1", now_ms - KEPT_MS)  # noqa: S608


class TradedRow(NamedTuple):
    """Of one person on one symbol; money in ticks × steps."""

    symbol: str
    user_id: UUID
    fills: int
    traded: Decimal
    own: Decimal
    round_trips: Decimal


_TRADED: Final = """
    with pairs as (
        select symbol, user_id, other,
            sum(fills) as fills, sum(bought) as bought, sum(sold) as sold
        from conduct_trades
        where hour_ms > $1 and (symbol, user_id) in (
            select symbol, user_id from conduct_trades where hour_ms > $1 and other <> $2)
        group by 1, 2, 3
    ), sums as (
        select symbol, user_id, sum(fills)::bigint as fills, sum(bought + sold) as traded,
            coalesce(sum(bought) filter (where other = user_id), 0) as own,
            coalesce(2 * sum(least(bought, sold)) filter (where other not in (user_id, $2)), 0)
                as round_trips
        from pairs group by 1, 2
    )
    select * from sums where fills >= $3 and own + round_trips >= $4 * traded
"""


async def list_traded(
    unit: ReadUnit, *, after_ms: int, least_fills: int, least_share: Decimal
) -> list[TradedRow]:
    """Who traded with people, of at least so many fills and such a share that came back."""
    rows = await unit.fetch(_TRADED, after_ms, HOUSE, least_fills, least_share)
    return [TradedRow(*row) for row in rows]


class MessagesRow(NamedTuple):
    user_id: UUID
    messages: int
    fills: int


async def list_messages(unit: ReadUnit, *, after_ms: int, least: int) -> list[MessagesRow]:
    """Who sent at least so many."""
    rows = await unit.fetch(
        """
        select user_id, sum(messages)::bigint, sum(fills)::bigint from conduct_hours
        where hour_ms > $1 group by 1 having sum(messages) >= $2
        """,
        after_ms, least,
    )  # fmt: skip
    return [MessagesRow(*row) for row in rows]


async def list_liquidated(
    unit: ReadUnit, *, after_ms: int, least: int
) -> list[tuple[UUID, list[int]]]:
    """Who was liquidated at least so often, and when."""
    rows = await unit.fetch(
        """
        select user_id, array_agg(at_ms order by at_ms) from liquidations
        join trading_accounts using (account)
        where at_ms > $1 and kind = 'started' and user_id is not null
        group by 1 having count(*) >= $2
        """,
        after_ms, least,
    )  # fmt: skip
    return [(row[0], row[1]) for row in rows]


class VolumeRow(NamedTuple):
    """Trades of people on one symbol, each counted once; money in ticks × steps."""

    symbol: str
    traded: Decimal


async def list_volume(unit: ReadUnit, *, after_ms: int) -> list[VolumeRow]:
    """With the house both what they bought and what they sold; with each other what was bought."""
    rows = await unit.fetch(
        """
        select symbol, sum(case when other = $2 then bought + sold else bought end)
        from conduct_trades where hour_ms > $1 group by 1
        """,
        after_ms, HOUSE,
    )  # fmt: skip
    return [VolumeRow(*row) for row in rows]


async def count_liquidations(unit: ReadUnit, *, after_ms: int) -> int:
    count: int = await unit.fetchval(
        "select count(*) from liquidations where at_ms > $1 and kind = 'started'", after_ms
    )
    return count


async def list_owners(unit: ReadUnit, *, after: int) -> list[tuple[int, UUID | None]]:
    """Of accounts with numbers above one; numbers only rise."""
    rows = await unit.fetch(
        "select account, user_id from trading_accounts where account > $1", after
    )
    return [(row[0], row[1]) for row in rows]


class Step(StrEnum):
    """Of a liquidation."""

    STARTED = "started"
    TAKEN_OVER = "taken-over"
    DELEVERAGED = "deleveraged"


Liquidating = LiquidationStarted | TakenOver | Deleveraged


class LiquidatedRow(NamedTuple):
    """One step of somebody's liquidation."""

    seq: int
    number: int
    at_ms: int
    user_id: UUID | None
    kind: Step
    event: Liquidating


class Sought(NamedTuple):
    """Which liquidations; None: all."""

    user_id: UUID | None = None
    symbol: str | None = None
    kind: Step | None = None
    from_ms: int | None = None
    to_ms: int | None = None


_LIQUIDATIONS: Final = """
    select seq, number, at_ms, user_id, kind, event from liquidations
    left join trading_accounts using (account)
    where (seq, number) < ($1::bigint, $2::bigint)
        and ($4::uuid is null or user_id = $4) and ($5::text is null or symbol = $5)
        and ($6::text is null or kind = $6)
        and ($7::bigint is null or at_ms >= $7) and ($8::bigint is null or at_ms < $8)
    order by seq desc, number desc limit $3
"""


async def list_liquidations(
    unit: ReadUnit, sought: Sought, *, after: tuple[int, int], limit: int
) -> Sequence[LiquidatedRow]:
    """The latest first."""
    rows = await unit.fetch(_LIQUIDATIONS, *after, limit, *sought)
    return [
        LiquidatedRow(
            row["seq"],
            row["number"],
            row["at_ms"],
            row["user_id"],
            Step(row["kind"]),
            _event(row["event"]),
        )
        for row in rows
    ]


def _event(text: str) -> Liquidating:
    event = decode_event(text)
    assert isinstance(event, Liquidating)
    return event
