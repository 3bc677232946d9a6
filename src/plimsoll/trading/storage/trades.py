"""Trades in PostgreSQL: those recorded by hand, and with them a person's paper fills."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple
from uuid import UUID

import asyncpg

from plimsoll.kernel.identifiers import UserId
from plimsoll.plumbing.database import ReadUnit, Unit
from plimsoll.trading.domain.instruments import Instrument
from plimsoll.trading.domain.orders import Side
from plimsoll.trading.domain.trades import (
    Direction,
    PaperFacts,
    Trade,
    TradeKind,
    in_coins,
    paper_trade,
)


class Position(NamedTuple):
    """How far a reader of the list is: before which trade of each kind it goes on.

    A place in each of the two, and not one moment, so that both are read by their own index
    however far back. It works because the ids of fills rise with time.
    """

    executed_at: datetime
    recorded_id: UUID
    fill_id: int


START: Final = Position(datetime(9998, 1, 1, tzinfo=UTC), UUID(int=2**128 - 1), 2**63 - 1)
"""Before everything."""

INSERT: Final = """
    insert into recorded_trades
        (id, user_id, symbol, side, size, price, leverage, note, executed_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    returning recorded_at
"""
RECORDED: Final = """
    select 'manual' as kind, t.id as recorded_id, null::bigint as fill_id, t.symbol, t.side,
        t.size, t.price, t.leverage, t.note, t.executed_at, t.recorded_at,
        null::smallint as fill_side, null::bigint as at_ms, null::bigint as order_id,
        null::bigint as fee, null::bigint as profit, null::boolean as maker
    from recorded_trades t
"""
FILLED: Final = """
    select 'paper', null::uuid, f.id, f.symbol, null, f.quantity::numeric, f.price::numeric,
        null::smallint, '', timestamptz 'epoch' + f.at_ms * interval '1 millisecond', null,
        f.side, f.at_ms, f.order_id, f.fee, f.profit, f.maker
    from fills f
"""
OWN_ACCOUNT: Final = "(select a.account from trading_accounts a where a.user_id = $1)"
LIST: Final = f"""
    (
        {RECORDED} where t.user_id = $1 and (t.executed_at, t.id) < ($2, $3)
        order by t.executed_at desc, t.id desc limit $5
    ) union all (
        {FILLED} where f.account = {OWN_ACCOUNT} and f.id < $4 order by f.id desc limit $5
    )
    order by executed_at desc, kind desc, recorded_id desc, fill_id desc limit $5
"""
FIND_RECORDED: Final = f"{RECORDED} where t.user_id = $1 and t.id = $2"
FIND_FILL: Final = f"""
    select p.* from ({RECORDED} where false union all
    {FILLED} where f.account = {OWN_ACCOUNT} and f.id = $2) p
"""  # noqa: S608 -- of constants


async def insert_trade(unit: Unit, user_id: UserId, trade: Trade) -> datetime:
    """Write a trade recorded by hand; the moment it was recorded."""
    recorded_at: datetime = await unit.fetchval(
        INSERT,
        trade.id,
        user_id,
        trade.symbol,
        trade.side,
        trade.size,
        trade.price,
        trade.leverage,
        trade.note,
        trade.executed_at,
    )
    return recorded_at


async def list_trades(
    unit: ReadUnit,
    user_id: UserId,
    instruments: Mapping[str, Instrument],
    *,
    after: Position = START,
    limit: int,
) -> list[Trade]:
    """A person's trades of both kinds, newest first."""
    rows = await unit.fetch(LIST, user_id, *after, limit)
    return [_trade(row, instruments) for row in rows]


async def find_recorded(unit: ReadUnit, user_id: UserId, trade_id: UUID) -> Trade | None:
    row = await unit.fetchrow(FIND_RECORDED, user_id, trade_id)
    return _trade(row, {}) if row else None


async def find_fill(
    unit: ReadUnit, user_id: UserId, instruments: Mapping[str, Instrument], fill_id: int
) -> Trade | None:
    row = await unit.fetchrow(FIND_FILL, user_id, fill_id)
    return _trade(row, instruments) if row else None


def _trade(row: asyncpg.Record, instruments: Mapping[str, Instrument]) -> Trade:
    if row["kind"] == TradeKind.PAPER:
        return paper_trade(
            instruments[row["symbol"]],
            Side(row["fill_side"]),
            fill_id=row["fill_id"],
            price=int(row["price"]),
            quantity=int(row["size"]),
            at_ms=row["at_ms"],
            facts=PaperFacts(
                row["order_id"], in_coins(row["fee"]), in_coins(row["profit"]), row["maker"]
            ),
        )
    return Trade(
        kind=TradeKind.MANUAL,
        id=row["recorded_id"],
        symbol=row["symbol"],
        side=Direction(row["side"]),
        size=row["size"],
        price=row["price"],
        executed_at=row["executed_at"],
        leverage=row["leverage"],
        note=row["note"],
        recorded_at=row["recorded_at"],
    )
