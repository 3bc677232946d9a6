"""Transactions and their legs: appended, listed, never changed.

What a write does after it has locked the person's head, it does in one statement.
"""

from collections.abc import Iterable
from datetime import datetime

import asyncpg

from plimsoll.kernel.errors import Conflict
from plimsoll.kernel.identifiers import AssetId, HoldingId, UserId, new_id
from plimsoll.ledger.domain.holdings import Books, Disposal, Key
from plimsoll.ledger.domain.transactions import (
    Kind,
    Leg,
    Order,
    Precision,
    Realised,
    Recorded,
    Role,
    Transaction,
    TransactionFilter,
)
from plimsoll.ledger.storage.holdings import NEVER
from plimsoll.plumbing.database import ReadUnit, Unit


class AlreadyRecorded(Conflict):
    """The same external id of the same source."""

    code = "already-recorded"
    title = "This transaction is already recorded"


APPEND = """
    with written as (
        insert into transactions (id, user_id, seq, kind, occurred_at, rank, precision, currency,
            note, source, external_id, fingerprint, voids)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        returning recorded_at
    ), leg as (
        insert into legs (transaction_id, position, user_id, wallet_id, asset_id, quantity, role,
            value, cost_currency, cost_rate)
        select $1, row_number() over () - 1, $2, l.*
        from unnest($14::uuid[], $15::text[], $16::numeric[], $17::text[], $18::numeric[],
            $19::text[], $20::numeric[]) as l
    ), held as (
        insert into holdings (id, user_id, wallet_id, asset_id, currency, quantity, cost, fees,
            realised, last_at, last_rank)
        select h.id, $2, h.wallet_id, h.asset_id, h.currency, h.quantity, h.cost, h.fees,
            h.realised, h.last_at, h.last_rank
        from unnest($21::uuid[], $22::uuid[], $23::text[], $24::text[], $25::numeric[],
            $26::numeric[], $27::numeric[], $28::numeric[], $29::timestamptz[], $30::smallint[])
            as h(id, wallet_id, asset_id, currency, quantity, cost, fees, realised, last_at,
                last_rank)
        on conflict (user_id, wallet_id, asset_id) do update set
            currency = excluded.currency, quantity = excluded.quantity, cost = excluded.cost,
            fees = excluded.fees, realised = excluded.realised, last_at = excluded.last_at,
            last_rank = excluded.last_rank
    ), disposed as (
        insert into disposals (user_id, transaction_id, number, wallet_id, asset_id, currency,
            quantity, cost, proceeds)
        select $2, d.*
        from unnest($31::uuid[], $32::integer[], $33::uuid[], $34::text[], $35::text[],
            $36::numeric[], $37::numeric[], $38::numeric[]) as d
    )
    select recorded_at from written
"""


async def append(
    unit: Unit,
    user_id: UserId,
    transaction: Transaction,
    *,
    seq: int,
    fingerprint: bytes,
    books: Books,
    ids: dict[Key, HoldingId],
) -> datetime:
    """Write the transaction, its legs, and what it made of the holdings, in one round trip."""
    legs, disposals = transaction.legs, books.disposals
    holdings = [(ids.get(key) or new_id(), *key, held) for key, held in books.holdings.items()]
    row: tuple[object, ...] = (
        transaction.id,
        user_id,
        seq,
        transaction.kind,
        transaction.occurred_at,
        transaction.rank,
        transaction.precision,
        transaction.currency,
        transaction.note,
        transaction.source,
        transaction.external_id,
        fingerprint,
        transaction.voids,
        [leg.wallet_id for leg in legs],
        [leg.asset_id for leg in legs],
        [leg.quantity for leg in legs],
        [leg.role for leg in legs],
        [leg.value for leg in legs],
        [leg.cost_currency for leg in legs],
        [leg.cost_rate for leg in legs],
        [id_ for id_, *_ in holdings],
        [wallet_id for _, wallet_id, _, _ in holdings],
        [asset_id for _, _, asset_id, _ in holdings],
        [held.currency for *_, held in holdings],
        [held.quantity for *_, held in holdings],
        [held.cost for *_, held in holdings],
        [held.fees for *_, held in holdings],
        [held.realised for *_, held in holdings],
        [held.last_at or NEVER for *_, held in holdings],
        [held.last_rank for *_, held in holdings],
        *_disposal_columns(disposals),
    )
    recorded_at: datetime = await unit.fetchval(APPEND, *row)
    return recorded_at


IS_RECORDED = """
    select exists (
        select from transactions t
        where t.user_id = $1 and t.source = $2 and t.external_id = $3
          and not exists (select from transactions v where v.voids = t.id))
"""


async def refuse_recorded(unit: Unit, user_id: UserId, transaction: Transaction) -> None:
    """Raise AlreadyRecorded for an external id that stands for a transaction in force.

    Asked under the lock of the person's head. What was voided may be recorded again, corrected.
    """
    if transaction.external_id is not None and await unit.fetchval(
        IS_RECORDED, user_id, transaction.source, transaction.external_id
    ):
        raise AlreadyRecorded(
            f"{transaction.source} has recorded {transaction.external_id!r} before",
            facts={"external_id": transaction.external_id},
        )


def _disposal_columns(disposals: list[Disposal]) -> list[list[object]]:
    return [
        [each.transaction_id for each in disposals],
        list(range(len(disposals))),
        [each.wallet_id for each in disposals],
        [each.asset_id for each in disposals],
        [each.currency for each in disposals],
        [each.quantity for each in disposals],
        [each.cost for each in disposals],
        [each.proceeds for each in disposals],
    ]


FORGET_DISPOSALS = "delete from disposals where user_id = $1 and asset_id = any($2)"


async def forget_disposals(unit: Unit, user_id: UserId, asset_ids: Iterable[AssetId]) -> None:
    """Before a new fold of these assets writes them again."""
    await unit.execute(FORGET_DISPOSALS, user_id, list(asset_ids))


TRANSACTION = """
    t.id, t.kind, t.occurred_at, t.currency, t.precision, t.note, t.source, t.external_id, t.voids,
    t.seq, t.recorded_at,
    array(select (wallet_id, asset_id, quantity, role, value, cost_currency, cost_rate)
          from legs where transaction_id = t.id order by position) as legs
"""
LIST_FOR_FOLD = f"""
    select {TRANSACTION} from transactions t
    where t.user_id = $1 and t.voids is null
      and t.id in (select transaction_id from legs
                   where user_id = $1 and asset_id = any($2) and wallet_id is not null)
      and not exists (select from transactions v where v.voids = t.id)
    order by t.occurred_at, t.rank, t.seq
"""  # noqa: S608


def _transaction(row: asyncpg.Record) -> Transaction:
    legs = tuple(
        Leg(wallet_id, asset_id, quantity, Role(role), value, cost_currency, cost_rate)
        for wallet_id, asset_id, quantity, role, value, cost_currency, cost_rate in row["legs"]
    )
    return Transaction(
        id=row["id"],
        kind=Kind(row["kind"]),
        occurred_at=row["occurred_at"],
        currency=row["currency"],
        legs=legs,
        precision=Precision(row["precision"]),
        note=row["note"],
        source=row["source"],
        external_id=row["external_id"],
        voids=row["voids"],
    )


async def list_for_fold(
    unit: ReadUnit, user_id: UserId, asset_ids: Iterable[AssetId]
) -> list[tuple[Transaction, int]]:
    """Every transaction in force that moves one of the assets, in ledger order, with its
    sequence.
    """
    rows = await unit.fetch(LIST_FOR_FOLD, user_id, list(asset_ids))
    return [(_transaction(row), row["seq"]) for row in rows]


PAGE = 2_000
LIST_IN_FORCE = f"""
    select {TRANSACTION}, t.rank from transactions t
    where t.user_id = $1 and t.voids is null
      and ($2::text[] is null or t.id in (select transaction_id from legs
               where user_id = $1 and asset_id = any($2) and wallet_id is not null))
      and ($3::timestamptz is null or (t.occurred_at, t.rank, t.seq) > ($3, $4::smallint, $5))
      and not exists (select from transactions v where v.voids = t.id)
    order by t.occurred_at, t.rank, t.seq limit $6
"""  # noqa: S608


async def list_in_force(
    unit: ReadUnit,
    user_id: UserId,
    *,
    assets: Iterable[AssetId] | None,
    after: Order | None,
    limit: int = PAGE,
) -> list[tuple[Transaction, int]]:
    """The next transactions in ledger order, with their sequences."""
    at = after or (None, None, None)
    chosen = None if assets is None else list(assets)
    rows = await unit.fetch(LIST_IN_FORCE, user_id, chosen, *at, limit)
    return [(_transaction(row), row["seq"]) for row in rows]


LIST_RECORDED = f"""
    select {TRANSACTION},
        (select v.id from transactions v where v.voids = t.id) as voided_by,
        array(select (d.currency, sum(d.proceeds - d.cost)) from disposals d
              where d.transaction_id = t.id group by d.currency order by d.currency) as realised
    from transactions t
    where t.user_id = $1
      and ($2::text[] is null or t.kind = any($2))
      and (($3::text is null and $4::uuid is null) or exists (
            select from legs l where l.transaction_id = t.id
              and ($3::text is null or l.asset_id = $3) and ($4::uuid is null or l.wallet_id = $4)))
      and ($5::timestamptz is null or t.occurred_at >= $5)
      and ($6::timestamptz is null or t.occurred_at < $6)
      and ($7::timestamptz is null or (t.occurred_at, t.seq) < ($7, $8::bigint))
      and ($9::uuid is null or t.id = $9)
      and (not $10 or (t.voids is null
                       and not exists (select from transactions v where v.voids = t.id)))
    order by t.occurred_at desc, t.seq desc limit $11
"""  # noqa: S608


async def list_recorded(
    unit: ReadUnit,
    user_id: UserId,
    which: TransactionFilter,
    *,
    after: tuple[datetime, int] | None = None,
    limit: int = 1000,
) -> list[Recorded]:
    """Transactions, newest first, each with what it realised."""
    rows = await unit.fetch(
        LIST_RECORDED,
        user_id,
        list(which.kinds) if which.kinds else None,
        which.asset_id,
        which.wallet_id,
        which.since,
        which.until,
        after[0] if after else None,
        after[1] if after else None,
        which.id,
        which.in_force,
        limit,
    )
    return [
        Recorded(
            _transaction(row),
            row["seq"],
            row["recorded_at"],
            row["voided_by"],
            tuple(Realised(currency, profit) for currency, profit in row["realised"]),
        )
        for row in rows
    ]
