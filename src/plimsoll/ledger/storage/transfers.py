"""Ends of possible transfers, and what was decided about them."""

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from plimsoll.kernel.identifiers import ImportId, TransactionId, UserId
from plimsoll.ledger.domain.pairing import End, as_hash
from plimsoll.ledger.domain.transactions import Kind, Precision, Recorded
from plimsoll.ledger.storage.transactions import BEGINNING, TRANSACTION, transaction_of
from plimsoll.plumbing.database import ReadUnit, Unit

PAGE: Final = 5_000

LIST_ENDS: Final = """
    with page as (
        select t.id, t.kind, t.occurred_at, t.seq, t.precision, t.reference from transactions t
        where t.user_id = $1 and t.kind in ('withdrawal', 'deposit')
          and t.occurred_at >= $2 and (t.occurred_at, t.seq) > ($2, $3::bigint)
        order by t.occurred_at, t.seq limit $4
    )
    select page.*, exists (select from transactions v where v.voids = page.id) as voided,
        l.legs, l.wallet_id, l.asset_id, l.quantity
    from page, lateral (
        select count(*) as legs, (array_agg(wallet_id))[1] as wallet_id,
            min(asset_id) as asset_id, abs(min(quantity)) as quantity
        from legs where transaction_id = page.id and role = 'principal') as l
    order by page.occurred_at, page.seq
"""


async def stream_ends(unit: ReadUnit, user_id: UserId) -> AsyncIterator[list[tuple[Kind, End]]]:
    """Withdrawals and deposits in force that can be an end of a transfer, some at a time."""
    after: tuple[datetime, int] = (BEGINNING, 0)
    while rows := await unit.fetch(LIST_ENDS, user_id, *after, PAGE):
        after = (rows[-1]["occurred_at"], rows[-1]["seq"])
        yield [
            (
                Kind(row["kind"]),
                End(
                    row["id"],
                    row["wallet_id"],
                    row["asset_id"],
                    row["quantity"],
                    row["occurred_at"],
                    Precision(row["precision"]),
                    as_hash(row["reference"]),
                ),
            )
            for row in rows
            if not row["voided"] and row["legs"] == 1 and row["wallet_id"] is not None
        ]


async def list_rejected(
    unit: ReadUnit, user_id: UserId
) -> set[tuple[TransactionId, TransactionId]]:
    """Pairs of which somebody said that they are no transfers."""
    rows = await unit.fetch(
        "select withdrawal_id, deposit_id from rejected_transfers where user_id = $1", user_id
    )
    return {(row[0], row[1]) for row in rows}


async def count_rejected(unit: ReadUnit, user_id: UserId) -> int:
    count: int = await unit.fetchval(
        "select count(*) from rejected_transfers where user_id = $1", user_id
    )
    return count


REJECT: Final = """
    insert into rejected_transfers (user_id, withdrawal_id, deposit_id, rejected_at)
    values ($1, $2, $3, $4)
    on conflict (user_id, withdrawal_id, deposit_id) do update set user_id = excluded.user_id
    returning rejected_at
"""


async def reject(
    unit: Unit, user_id: UserId, pair: tuple[TransactionId, TransactionId], now: datetime
) -> datetime:
    """Remember that they are none; since when."""
    at: datetime = await unit.fetchval(REJECT, user_id, *pair, now)
    return at


LIST_BY_ID: Final = f"""
    select {TRANSACTION},
        (select v.id from transactions v where v.voids = t.id) as voided_by
    from transactions t where t.user_id = $1 and t.id = any($2)
"""  # noqa: S608 - a constant list of columns


async def list_by_id(
    unit: ReadUnit, user_id: UserId, ids: Collection[TransactionId]
) -> dict[TransactionId, Recorded]:
    """The person's transactions of these ids, without what they realised."""
    rows = await unit.fetch(LIST_BY_ID, user_id, list(ids))
    return {
        row["id"]: Recorded(
            transaction_of(row), row["seq"], row["recorded_at"], row["voided_by"], ()
        )
        for row in rows
    }


class Confirmed(NamedTuple):
    """A transfer in force, and the two that it stands for."""

    transfer_id: TransactionId
    withdrawal_id: TransactionId
    deposit_id: TransactionId


CONFIRMED: Final = """
    select c.transfer_id, c.withdrawal_id, c.deposit_id from confirmed_transfers c
    where c.user_id = $1 and not exists (select from transactions v where v.voids = c.transfer_id)
"""


async def list_confirmed(
    unit: ReadUnit, user_id: UserId, withdrawals: Collection[TransactionId]
) -> list[Confirmed]:
    """Those of these withdrawals."""
    rows = await unit.fetch(f"{CONFIRMED} and c.withdrawal_id = any($2)", user_id, withdrawals)
    return [Confirmed(*row) for row in rows]


OF_AN_IMPORT: Final = f"""
    {CONFIRMED} and exists (
        select from transactions t
        where t.import_id = $2 and t.id in (c.withdrawal_id, c.deposit_id))
    order by c.transfer_id
"""


async def list_of_import(unit: ReadUnit, user_id: UserId, import_id: ImportId) -> list[Confirmed]:
    """Those of which an import brought one end, or both."""
    return [Confirmed(*row) for row in await unit.fetch(OF_AN_IMPORT, user_id, import_id)]


CONFIRM: Final = """
    insert into confirmed_transfers (user_id, transfer_id, withdrawal_id, deposit_id)
    select $1, * from unnest($2::uuid[], $3::uuid[], $4::uuid[])
"""
FORGET_REJECTED: Final = """
    delete from rejected_transfers r using unnest($2::uuid[], $3::uuid[]) as c(out, into_)
    where r.user_id = $1 and r.withdrawal_id = c.out and r.deposit_id = c.into_
"""


async def confirm(unit: Unit, user_id: UserId, confirmed: Sequence[Confirmed]) -> None:
    """Remember what the transfers stand for; what was said against them is taken back."""
    withdrawals = [each.withdrawal_id for each in confirmed]
    deposits = [each.deposit_id for each in confirmed]
    transfers = [each.transfer_id for each in confirmed]
    await unit.execute(CONFIRM, user_id, transfers, withdrawals, deposits)
    await unit.execute(FORGET_REJECTED, user_id, withdrawals, deposits)
