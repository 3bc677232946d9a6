"""What is needed to look for doubts in a ledger, and what was said of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, NamedTuple
from uuid import UUID

from plimsoll.kernel.identifiers import AssetId, UserId, WalletId
from plimsoll.plumbing.database import ReadUnit, Unit

LIST_SPANS: Final = """
    select currency, array_agg(distinct asset_id) as assets,
        min(first) as first, max(last) as last
    from (
        select t.currency, l.asset_id, min(l.occurred_at) as first, max(l.occurred_at) as last
        from legs l join transactions t on t.id = l.transaction_id
        where l.user_id = $1 and t.user_id = $1
        group by t.currency, l.asset_id
        union all
        select l.cost_currency, t.currency, min(l.occurred_at), max(l.occurred_at)
        from legs l join transactions t on t.id = l.transaction_id
        where l.user_id = $1 and t.user_id = $1 and l.cost_currency <> t.currency
          and l.cost_rate = 0
        group by l.cost_currency, t.currency
    ) as spans
    group by currency
"""


class Span(NamedTuple):
    """Assets that were worth something in `currency`, and from when to when."""

    currency: AssetId
    assets: frozenset[AssetId]
    first: date
    last: date


async def list_spans(unit: ReadUnit, user_id: UserId) -> list[Span]:
    """Whose prices a ledger may need, and of which days."""
    return [
        Span(row["currency"], frozenset(row["assets"]), row["first"].date(), row["last"].date())
        for row in await unit.fetch(LIST_SPANS, user_id)
    ]


async def list_wallets(unit: ReadUnit, user_id: UserId) -> dict[WalletId, str]:
    rows = await unit.fetch("select id, name from wallets where user_id = $1", user_id)
    return {row["id"]: row["name"] for row in rows}


@dataclass(frozen=True, slots=True)
class Dismissal:
    """That a person found nothing wrong in an issue whose cause was `seen`."""

    seen: str
    note: str
    at: datetime


async def list_dismissals(unit: ReadUnit, user_id: UserId) -> Mapping[UUID, Dismissal]:
    rows = await unit.fetch(
        "select issue_id, seen, note, dismissed_at from quality_dismissals where user_id = $1",
        user_id,
    )
    return {row["issue_id"]: Dismissal(*tuple(row)[1:]) for row in rows}


DISMISS: Final = """
    insert into quality_dismissals (user_id, issue_id, seen, note, dismissed_at)
    values ($1, $2, $3, $4, $5)
    on conflict (user_id, issue_id) do update
        set seen = excluded.seen, note = excluded.note, dismissed_at = excluded.dismissed_at
"""


async def dismiss(unit: Unit, user_id: UserId, issue_id: UUID, dismissal: Dismissal) -> None:
    """In place of what was said of it before."""
    await unit.execute(DISMISS, user_id, issue_id, dismissal.seen, dismissal.note, dismissal.at)


async def reopen(unit: Unit, user_id: UserId, issue_id: UUID) -> None:
    await unit.execute(
        "delete from quality_dismissals where user_id = $1 and issue_id = $2", user_id, issue_id
    )
