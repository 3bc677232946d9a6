"""What a fold reads and writes: checkpoints, the tail after them, disposals and holdings.

A checkpoint is the holdings of one asset after everything up to and including a moment. It is a
short cut and no record: each may be deleted at any time. Nothing writes one of the last day, so
that what is recorded now never comes before a checkpoint.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from plimsoll.kernel.identifiers import AssetId, HoldingId, UserId, new_id
from plimsoll.ledger.domain.holdings import Disposal, Holding, Key
from plimsoll.ledger.domain.transactions import Transaction
from plimsoll.ledger.storage.holdings import holding_columns
from plimsoll.ledger.storage.transactions import (
    TRANSACTION,
    disposal_columns,
    transaction_of,
)
from plimsoll.plumbing.database import ReadUnit, Unit

ROWS: Final = 100
"""Transactions read at once: a moment of work, then others have their turn."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """All holdings of `asset_id` after everything that happened until `occurred_at`, it
    included.
    """

    asset_id: AssetId
    occurred_at: datetime
    holdings: Mapping[Key, Holding]


LAST_BEFORE = """
    select c.* from unnest($2::text[], $3::timestamptz[]) as a(asset_id, at),
        lateral (select * from checkpoints c
                 where c.user_id = $1 and c.asset_id = a.asset_id and c.occurred_at < a.at
                 order by c.occurred_at desc limit 1) as c
"""


async def list_last_before(
    unit: ReadUnit, user_id: UserId, moments: Mapping[AssetId, datetime]
) -> list[Checkpoint]:
    """The last checkpoint of each asset before its moment, where there is one."""
    rows = await unit.fetch(LAST_BEFORE, user_id, list(moments), list(moments.values()))
    return [
        Checkpoint(
            row["asset_id"],
            row["occurred_at"],
            {
                (wallet_id, row["asset_id"]): Holding(*held)
                for wallet_id, *held in zip(
                    row["wallets"],
                    row["currencies"],
                    row["quantities"],
                    row["costs"],
                    row["fees"],
                    row["realised"],
                    row["last_at"],
                    row["last_rank"],
                    row["missing"],
                    strict=True,
                )
            },
        )
        for row in rows
    ]


FORGET = """
    with later as (
        delete from checkpoints c using unnest($2::text[], $3::timestamptz[]) as a(asset_id, since)
        where c.user_id = $1 and c.asset_id = a.asset_id and c.occurred_at > a.since
    ), tail as materialized (
        select distinct l.transaction_id, l.asset_id
        from unnest($2::text[], $3::timestamptz[]) as a(asset_id, since)
        join legs l on l.user_id = $1 and l.asset_id = a.asset_id and l.occurred_at > a.since
            and l.wallet_id is not null
    )
    delete from disposals d using tail
    where d.transaction_id = tail.transaction_id and d.asset_id = tail.asset_id
"""


async def forget_since(unit: Unit, user_id: UserId, since: Mapping[AssetId, datetime]) -> None:
    """Delete the disposals and the checkpoints of each asset after its moment."""
    await unit.execute(FORGET, user_id, list(since), list(since.values()))


STREAM = f"""
    with tail as materialized (
        select distinct l.transaction_id
        from unnest($2::text[], $3::timestamptz[]) as a(asset_id, since)
        join legs l on l.user_id = $1 and l.asset_id = a.asset_id and l.occurred_at > a.since
            and l.wallet_id is not null
    )
    select {TRANSACTION} from (
        select t.* from tail join transactions t on t.id = tail.transaction_id
        where not exists (select from transactions v where v.voids = t.id)
        order by t.occurred_at, t.rank, t.seq offset 0) as t
    order by t.occurred_at, t.rank, t.seq
"""  # noqa: S608 - a constant list of columns; its legs are looked up after the sort


async def stream_since(
    unit: Unit, user_id: UserId, since: Mapping[AssetId, datetime]
) -> AsyncIterator[list[Transaction]]:
    """Transactions in force that move one of the assets after its moment, in ledger order."""
    async for rows in unit.stream(STREAM, user_id, list(since), list(since.values()), at_once=ROWS):
        yield [transaction_of(row) for row in rows]


ADD_DISPOSALS = """
    insert into disposals (user_id, transaction_id, number, wallet_id, asset_id, currency,
        quantity, cost, proceeds)
    select $1, d.* from unnest($2::uuid[], $3::integer[], $4::uuid[], $5::text[], $6::text[],
        $7::numeric[], $8::numeric[], $9::numeric[]) as d
"""


async def add_disposals(unit: Unit, user_id: UserId, disposals: Sequence[Disposal]) -> None:
    """Write them; all of one transaction in one call."""
    await unit.execute(ADD_DISPOSALS, user_id, *disposal_columns(disposals))


ADD_CHECKPOINT = """
    insert into checkpoints (user_id, asset_id, occurred_at, wallets, currencies, quantities, costs,
        fees, realised, missing, last_at, last_rank)
    select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12
    where $3 < now() - interval '1 day'
    on conflict do nothing
"""


async def add_checkpoints(unit: Unit, user_id: UserId, checkpoints: Iterable[Checkpoint]) -> None:
    """Write those that lie far enough back."""
    rows: list[tuple[object, ...]] = []
    for each in checkpoints:
        held = each.holdings.values()
        rows.append(
            (
                user_id,
                each.asset_id,
                each.occurred_at,
                [wallet_id for wallet_id, _ in each.holdings],
                [one.currency for one in held],
                [one.quantity for one in held],
                [one.cost for one in held],
                [one.fees for one in held],
                [one.realised for one in held],
                [one.missing for one in held],
                [one.last_at for one in held],
                [one.last_rank for one in held],
            )
        )
    await unit.executemany(ADD_CHECKPOINT, rows)


PUT_HOLDINGS = """
    insert into holdings (id, user_id, wallet_id, asset_id, currency, quantity, cost, fees,
        realised, last_at, last_rank, missing)
    select h.id, $1, h.wallet_id, h.asset_id, h.currency, h.quantity, h.cost, h.fees, h.realised,
        h.last_at, h.last_rank, h.missing
    from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::numeric[], $7::numeric[],
        $8::numeric[], $9::numeric[], $10::timestamptz[], $11::smallint[], $12::numeric[])
        as h(id, wallet_id, asset_id, currency, quantity, cost, fees, realised, last_at, last_rank,
            missing)
    on conflict (user_id, wallet_id, asset_id) do update set
        currency = excluded.currency, quantity = excluded.quantity, cost = excluded.cost,
        fees = excluded.fees, realised = excluded.realised, last_at = excluded.last_at,
        last_rank = excluded.last_rank, missing = excluded.missing
    returning wallet_id, asset_id, id
"""


async def put_holdings(
    unit: Unit, user_id: UserId, holdings: Mapping[Key, Holding]
) -> dict[Key, HoldingId]:
    """Write the holdings as they are now; their ids, new ones where there were none."""
    rows = await unit.fetch(
        PUT_HOLDINGS,
        user_id,
        [new_id() for _ in holdings],
        [wallet_id for wallet_id, _ in holdings],
        [asset_id for _, asset_id in holdings],
        *holding_columns(holdings.values()),
    )
    return {(row["wallet_id"], row["asset_id"]): row["id"] for row in rows}
