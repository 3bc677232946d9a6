"""Transactions and their legs: appended, listed, never changed.

What a write does after it has locked the person's head, it does in one statement.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

import asyncpg

from plimsoll.kernel.errors import Conflict
from plimsoll.kernel.identifiers import AssetId, HoldingId, UserId
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
from plimsoll.ledger.storage.holdings import holding_columns
from plimsoll.plumbing.database import ReadUnit, Unit

BEGINNING: Final = datetime(1, 1, 1, tzinfo=UTC)
"""Before every transaction."""

ROLES: Final = {str(role): role for role in Role}
KINDS: Final = {str(kind): kind for kind in Kind}


class AlreadyRecorded(Conflict):
    """The same external id of the same source."""

    code = "already-recorded"
    title = "This transaction is already recorded"


APPEND = """
    with written as (
        insert into transactions (id, user_id, seq, kind, occurred_at, rank, precision, currency,
            note, source, external_id, fingerprint, voids, import_id, reference, import_lines)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $42, $43)
        returning recorded_at
    ), leg as (
        insert into legs (transaction_id, position, user_id, occurred_at, wallet_id, asset_id,
            quantity, role, value, cost_currency, cost_rate, valued)
        select $1, row_number() over () - 1, $2, $5, l.*
        from unnest($15::uuid[], $16::text[], $17::numeric[], $18::text[], $19::numeric[],
            $20::text[], $21::numeric[], $22::boolean[]) as l
    ), held as (
        insert into holdings (id, user_id, wallet_id, asset_id, currency, quantity, cost, fees,
            realised, last_at, last_rank, missing)
        select h.id, $2, h.wallet_id, h.asset_id, h.currency, h.quantity, h.cost, h.fees,
            h.realised, h.last_at, h.last_rank, h.missing
        from unnest($23::uuid[], $24::uuid[], $25::text[], $26::text[], $27::numeric[],
            $28::numeric[], $29::numeric[], $30::numeric[], $31::timestamptz[], $32::smallint[],
            $33::numeric[])
            as h(id, wallet_id, asset_id, currency, quantity, cost, fees, realised, last_at,
                last_rank, missing)
        on conflict (user_id, wallet_id, asset_id) do update set
            currency = excluded.currency, quantity = excluded.quantity, cost = excluded.cost,
            fees = excluded.fees, realised = excluded.realised, last_at = excluded.last_at,
            last_rank = excluded.last_rank, missing = excluded.missing
    ), disposed as (
        insert into disposals (user_id, transaction_id, number, wallet_id, asset_id, currency,
            quantity, cost, proceeds)
        select $2, d.*
        from unnest($34::uuid[], $35::integer[], $36::uuid[], $37::text[], $38::text[],
            $39::numeric[], $40::numeric[], $41::numeric[]) as d
    ), outdated as (
        delete from checkpoints
        where user_id = $2 and asset_id = any($25) and occurred_at >= $5
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
    legs, holdings = transaction.legs, books.holdings
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
        transaction.import_id,
        [leg.wallet_id for leg in legs],
        [leg.asset_id for leg in legs],
        [leg.quantity for leg in legs],
        [leg.role for leg in legs],
        [leg.value for leg in legs],
        [leg.cost_currency for leg in legs],
        [leg.cost_rate for leg in legs],
        [leg.valued for leg in legs],
        [ids[key] for key in holdings],
        [wallet_id for wallet_id, _ in holdings],
        [asset_id for _, asset_id in holdings],
        *holding_columns(holdings.values()),
        *disposal_columns(books.disposals),
        transaction.reference,
        list(transaction.lines),
    )
    recorded_at: datetime = await unit.fetchval(APPEND, *row)
    return recorded_at


GONE: Final = """
    exists (select from transactions v where v.voids = t.id
            and not exists (select from merged_transactions m where m.transaction_id = t.id))
"""
"""That a transaction `t` is voided, and is not an end of a transfer in force either."""

IS_RECORDED = f"""
    select exists (
        select from transactions t
        where t.user_id = $1 and t.source = $2 and t.external_id = $3 and not {GONE})
"""  # noqa: S608 - a constant condition


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


def disposal_columns(disposals: Sequence[Disposal]) -> list[list[object]]:
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


TRANSACTION = """
    t.id, t.kind, t.occurred_at, t.currency, t.precision, t.note, t.source, t.external_id, t.voids,
    t.import_id, t.reference, t.import_lines, t.seq, t.recorded_at,
    array(select (wallet_id, asset_id, quantity, role, value, cost_currency, cost_rate, valued)
          from legs where transaction_id = t.id order by position) as legs
"""


def transaction_of(row: asyncpg.Record) -> Transaction:
    legs = tuple(
        Leg(wallet_id, asset_id, quantity, ROLES[role], *rest)
        for wallet_id, asset_id, quantity, role, *rest in row["legs"]
    )
    return Transaction(
        id=row["id"],
        kind=KINDS[row["kind"]],
        occurred_at=row["occurred_at"],
        currency=row["currency"],
        legs=legs,
        precision=Precision(row["precision"]),
        note=row["note"],
        source=row["source"],
        external_id=row["external_id"],
        voids=row["voids"],
        import_id=row["import_id"],
        reference=row["reference"],
        lines=tuple(row["import_lines"]),
    )


AT_ONCE: Final = 250
"""To make more of them at once keeps others waiting."""
LATEST: Final = (1 << 63) - 1
"""Every version of a ledger is before it."""
IN_FORCE = """
    t.user_id = $1 and t.voids is null and t.seq <= $6
    and t.occurred_at >= $3 and (t.occurred_at, t.rank, t.seq) > ($3, $4::smallint, $5)
    and not exists (select from transactions v where v.voids = t.id and v.seq <= $6)
    order by t.occurred_at, t.rank, t.seq limit $2
"""
LIST_IN_FORCE = f"select {TRANSACTION} from transactions t where {IN_FORCE}"  # noqa: S608
LIST_IN_FORCE_OF_ASSETS = f"""
    with tail as materialized (
        select distinct transaction_id from legs
        where user_id = $1 and asset_id = any($7) and wallet_id is not null and occurred_at >= $3)
    select {TRANSACTION} from tail join transactions t on t.id = tail.transaction_id
    where {IN_FORCE}
"""  # noqa: S608


async def list_in_force(
    unit: ReadUnit,
    user_id: UserId,
    *,
    assets: Iterable[AssetId] | None,
    after: Order | None,
    as_of: int = LATEST,
    limit: int | None = None,
) -> list[tuple[Transaction, int]]:
    """The next transactions in ledger order, with their sequences; of `assets` those that move
    one of them in a wallet. `as_of` is the version of the ledger at which they were in force.
    """
    query = LIST_IN_FORCE if assets is None else LIST_IN_FORCE_OF_ASSETS
    chosen = () if assets is None else (list(assets),)
    rows = await unit.fetch(query, user_id, limit, *(after or (BEGINNING, 0, 0)), as_of, *chosen)
    return [(transaction_of(row), row["seq"]) for row in rows]


async def stream_in_force(
    unit: ReadUnit, user_id: UserId, *, assets: Iterable[AssetId] | None, after: Order | None
) -> AsyncIterator[list[tuple[Transaction, int]]]:
    """All of them in ledger order, with their sequences, some at a time; of `assets` those that
    move one of them in a wallet.
    """
    query = LIST_IN_FORCE if assets is None else LIST_IN_FORCE_OF_ASSETS
    chosen = () if assets is None else (list(assets),)
    place = after or (BEGINNING, 0, 0)
    async for rows in unit.stream(query, user_id, None, *place, LATEST, *chosen, at_once=AT_ONCE):
        yield [(transaction_of(row), row["seq"]) for row in rows]


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
            transaction_of(row),
            row["seq"],
            row["recorded_at"],
            row["voided_by"],
            tuple(Realised(currency, profit) for currency, profit in row["realised"]),
        )
        for row in rows
    ]
