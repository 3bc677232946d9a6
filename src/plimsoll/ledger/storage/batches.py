"""Many transactions at once: laid out in tables of their own first, then recorded by the server.

Whatever order they come in, they get their sequences in the order of the ledger, and what equals
in moment and rank is ordered by what it says: so the order of a file changes nothing.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from plimsoll.kernel.identifiers import AssetId, ImportId, UserId, new_id
from plimsoll.ledger.domain.transactions import SHAPES, WITHOUT_WORTH, Transaction
from plimsoll.ledger.storage.holdings import NEVER
from plimsoll.ledger.storage.transactions import GONE
from plimsoll.plumbing.database import ReadUnit, Unit

PART: Final = 2_000
"""Transactions written by one statement."""

LIST_KNOWN = f"""
    select external_id from transactions t
    where user_id = $1 and source = $2 and external_id is not null and not {GONE}
"""  # noqa: S608 - a constant condition


async def list_known(unit: ReadUnit, user_id: UserId, source: str) -> set[str]:
    return {row["external_id"] for row in await unit.fetch(LIST_KNOWN, user_id, source)}


OPEN = """
    create temporary table batch (
        id uuid primary key, kind text, occurred_at timestamptz, rank smallint, precision text,
        currency text, note text, source text, external_id text, fingerprint bytea, worth boolean,
        reference text, import_lines integer[], place bigint
    ) on commit drop;
    create temporary table batch_legs (
        transaction_id uuid, position smallint, wallet_id uuid, asset_id text,
        quantity numeric(38,18), role text, value numeric(38,18), cost_currency text,
        cost_rate numeric(38,18), valued boolean, primary key (transaction_id, position)
    ) on commit drop;
    create temporary table batch_new (id uuid primary key, number bigint unique) on commit drop;
    create temporary table batch_costs (
        wallet_id uuid, asset_id text, currency text, primary key (wallet_id, asset_id)
    ) on commit drop;
    create temporary table batch_rates (
        source text, target text, at timestamptz, rate numeric(38,18),
        primary key (source, target, at)
    ) on commit drop;
"""
TRANSACTION_COLUMNS: Final = (
    *("id", "kind", "occurred_at", "rank", "precision", "currency", "note", "source"),
    *("external_id", "fingerprint", "worth", "reference", "import_lines", "place"),
)
LEG_COLUMNS: Final = (
    *("transaction_id", "position", "wallet_id", "asset_id", "quantity", "role", "value"),
    *("cost_currency", "cost_rate", "valued"),
)


async def open_batch(unit: Unit) -> None:
    """Make the tables, this transaction's own; `close_batch` or its end takes them away."""
    await unit.execute(OPEN)


async def close_batch(unit: Unit) -> None:
    await unit.execute("drop table batch, batch_legs, batch_new, batch_costs, batch_rates")


async def lay_out(
    unit: Unit, transactions: Sequence[Transaction], fingerprints: Sequence[bytes], *, after: int
) -> None:
    """Add to the batch, in no order. `after` is how many are in it."""
    await unit.copy_records(
        "batch",
        TRANSACTION_COLUMNS,
        [
            (
                each.id,
                each.kind,
                each.occurred_at,
                each.rank,
                each.precision,
                each.currency,
                each.note,
                each.source,
                each.external_id,
                fingerprint,
                SHAPES[each.kind] not in WITHOUT_WORTH,
                each.reference,
                list(each.lines),
                place,
            )
            for place, (each, fingerprint) in enumerate(
                zip(transactions, fingerprints, strict=True), start=after
            )
        ],
    )
    await unit.copy_records(
        "batch_legs",
        LEG_COLUMNS,
        [
            (
                each.id,
                position,
                leg.wallet_id,
                leg.asset_id,
                leg.quantity,
                leg.role,
                leg.value,
                leg.cost_currency,
                leg.cost_rate,
                leg.valued,
            )
            for each in transactions
            for position, leg in enumerate(each.legs)
        ],
    )


CHOOSE = f"""
    insert into batch_new (id, number)
    select id, row_number() over (order by occurred_at, rank, case when $2 then place end,
                                  fingerprint, source, external_id)
    from (select *, row_number() over (partition by source, external_id
                                       order by occurred_at, rank, fingerprint) as occurrence
          from batch) as b
    where external_id is null
       or occurrence = 1 and not exists (
            select from transactions t
            where t.user_id = $1 and t.source = b.source and t.external_id = b.external_id
              and not {GONE})
"""  # noqa: S608 - a constant condition


async def choose_new(unit: Unit, user_id: UserId, *, in_order: bool = False) -> int:
    """Number those that are not in force yet; how many they are. Asked under the lock of the
    head. `in_order`: what equals in moment and rank stays in the order it came in.
    """
    await unit.execute("analyze batch, batch_legs")
    await unit.execute(CHOOSE, user_id, in_order)
    await unit.execute("analyze batch_new")
    count: int = await unit.fetchval("select count(*) from batch_new")
    return count


KEEP_COSTS = """
    with earliest as (
        select distinct on (l.asset_id) l.asset_id, b.currency
        from batch_new n join batch b using (id) join batch_legs l on l.transaction_id = b.id
        where l.wallet_id is not null
        order by l.asset_id, b.worth desc, n.number
    ), alive as (
        select wallet_id, asset_id, currency from holdings where user_id = $1 and last_at > $2
    ), elsewhere as (
        select asset_id, min(currency) as currency from alive group by asset_id
    ), place as (
        select distinct wallet_id, asset_id from batch_legs where wallet_id is not null
    )
    insert into batch_costs (wallet_id, asset_id, currency)
    select p.wallet_id, p.asset_id, coalesce(alive.currency, elsewhere.currency, earliest.currency)
    from place p join earliest using (asset_id)
    left join alive using (wallet_id, asset_id)
    left join elsewhere on elsewhere.asset_id = p.asset_id
    where not $3 or alive.currency is not null or elsewhere.currency is not null
"""
DIFFERING = """
    select distinct b.currency, c.currency as kept, b.occurred_at
    from batch_new n join batch b using (id) join batch_legs l on l.transaction_id = b.id
    join batch_costs c using (wallet_id, asset_id)
    where coalesce(l.cost_currency, b.currency) <> c.currency
"""
EXPRESS = """
    update batch_legs l set cost_currency = c.currency,
        cost_rate = case when b.worth then coalesce(r.rate, 0) else 1 end,
        valued = l.valued and (r.rate is not null or not b.worth)
    from batch b, batch_costs c, batch_rates r
    where b.id = l.transaction_id and c.wallet_id = l.wallet_id and c.asset_id = l.asset_id
      and coalesce(l.cost_currency, b.currency) <> c.currency
      and r.source = b.currency and r.target = c.currency and r.at = b.occurred_at
"""


@dataclass(frozen=True, slots=True)
class RateAsked:
    """How much of `target` one `source` was worth `at` a moment."""

    source: AssetId
    target: AssetId
    at: datetime


async def choose_currencies(unit: Unit, user_id: UserId, *, held_only: bool = False) -> None:
    """Say what currency each holding of the batch keeps its cost in.

    Its own where something in force is in it; else that of the asset's other holdings; else that
    of the asset's first transaction with a worth. With `held_only` only of assets of which
    something in force is held: of others the legs say it.
    """
    await unit.execute(KEEP_COSTS, user_id, NEVER, held_only)


async def stream_rates_asked(unit: Unit) -> AsyncIterator[list[RateAsked]]:
    """Where a transaction's currency is not the one that a holding of it keeps."""
    async for rows in unit.stream(DIFFERING, at_once=PART):
        yield [RateAsked(*row) for row in rows]


async def add_rates(unit: Unit, rates: Sequence[tuple[RateAsked, Decimal | None]]) -> None:
    rows = [(asked.source, asked.target, asked.at, rate) for asked, rate in rates]
    await unit.copy_records("batch_rates", ("source", "target", "at", "rate"), rows)


async def express_costs(unit: Unit) -> None:
    """Turn worths at the rates; without one a cost is nothing, and its leg is marked."""
    await unit.execute(EXPRESS)


RECORD = """
    with part as materialized (
        select n.number, b.* from batch_new n join batch b using (id)
        where n.number > $4 and n.number <= $5
    ), written as (
        insert into transactions (id, user_id, seq, kind, occurred_at, rank, precision, currency,
            note, source, external_id, fingerprint, import_id, reference, import_lines)
        select id, $1, $3 + number, kind, occurred_at, rank, precision, currency, note, source,
            external_id, fingerprint, $2, reference, import_lines
        from part
    )
    insert into legs (transaction_id, position, user_id, occurred_at, wallet_id, asset_id, quantity,
        role, value, cost_currency, cost_rate, valued)
    select l.transaction_id, l.position, $1, part.occurred_at, l.wallet_id, l.asset_id, l.quantity,
        l.role, l.value, l.cost_currency, l.cost_rate, l.valued
    from part join batch_legs l on l.transaction_id = part.id
"""


async def record_part(
    unit: Unit, user_id: UserId, import_id: ImportId, *, after: int, first: int
) -> None:
    """Write the new ones from number `first` on; their sequences follow upon `after`."""
    await unit.execute(RECORD, user_id, import_id, after, first - 1, first - 1 + PART)


VOID = """
    with part as materialized (
        select t.id, t.currency, t.seq, row_number() over (order by t.seq) as number
        from transactions t
        where t.import_id = $2 and t.user_id = $1 and t.seq > $4 and t.voids is null
          and not exists (select from transactions v where v.voids = t.id)
        order by t.seq limit $5
    ), written as (
        insert into transactions (id, user_id, seq, kind, occurred_at, rank, precision, currency,
            note, source, fingerprint, voids)
        select i.id, $1, $3 + number, 'void', $6, 0, 'instant', p.currency, $7, 'manual',
            sha256(convert_to(concat_ws(e'\n', 'void', $8::text, p.currency, p.id), 'UTF8')), p.id
        from part p join unnest($9::uuid[]) with ordinality as i(id, number) using (number)
    )
    select count(*), max(seq) from part
"""


async def void_part(
    unit: Unit,
    user_id: UserId,
    import_id: ImportId,
    *,
    after: int,
    beyond: int,
    now: datetime,
    note: str,
) -> tuple[int, int]:
    """Void some of an import that are in force and recorded `beyond` a sequence.

    How many, and the sequence of the last of them. The sequences of the voids follow upon `after`.
    """
    ids = [new_id() for _ in range(PART)]
    row = await unit.fetchrow(
        VOID, user_id, import_id, after, beyond, PART, now, note, now.isoformat(), ids
    )
    assert row is not None
    count, last = row
    return count, last or beyond


CHANGED = """
    select l.asset_id, min(l.occurred_at) as since
    from transactions t join legs l on l.transaction_id = coalesce(t.voids, t.id)
    where t.user_id = $1 and t.seq > $2 and l.wallet_id is not null
    group by l.asset_id
"""


async def list_changed(unit: ReadUnit, user_id: UserId, after: int) -> dict[AssetId, datetime]:
    """The earliest moment of each asset that what was recorded after a sequence changed."""
    rows = await unit.fetch(CHANGED, user_id, after)
    return {row["asset_id"]: row["since"] for row in rows}
