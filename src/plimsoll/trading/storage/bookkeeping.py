"""What a person's paper account did that the ledger does not have yet."""

from typing import Final, NamedTuple

from plimsoll.kernel.identifiers import UserId
from plimsoll.plumbing.database import Unit
from plimsoll.trading.domain.bookkeeping import Book
from plimsoll.trading.domain.events import WalletReason

PAYMENTS: Final = (WalletReason.FUNDING, WalletReason.LIQUIDATION_FEE, WalletReason.INSURANCE)
"""What moves money of the margin wallet and belongs to no fill."""


class Fact(NamedTuple):
    """A fill, or with a `reason` a payment of `profit`. In the machine's units; `side` 1 bought, −1
    sold.
    """

    external_id: str
    at_ms: int
    symbol: str
    side: int
    price: int
    quantity: int
    fee: int
    profit: int
    reason: str


LIST: Final = """
    with own as (select account from trading_accounts where user_id = $1),
    facts as (
        select f.id::text as external_id, f.at_ms, f.symbol, f.side, f.price, f.quantity, f.fee,
            f.profit, '' as reason, f.seq, 0 as number
        from fills f where f.account = (select account from own)
        union all
        select 'entry-' || e.seq || '-' || e.number, j.at_ms, '', 0, 0, 0, 0, e.amount::bigint,
            e.reason, e.seq, e.number
        from entries e join journal j on j.seq = e.seq
        where e.account = (select account from own) and e.account <> 0 and e.book = $4
            and e.reason = any($5)
    )
    select external_id, at_ms, symbol, side, price, quantity, fee, profit, reason from facts
    where at_ms >= $2 and not exists (
        select from paper_records r where r.user_id = $1 and r.external_id = facts.external_id)
    order by seq, number, external_id limit $3
"""
CLAIM: Final = """
    insert into paper_records (user_id, external_id) select $1, unnest($2::text[])
    on conflict do nothing returning external_id
"""


async def claim_facts(unit: Unit, user_id: UserId, *, since_ms: int, limit: int) -> list[Fact]:
    """The earliest facts that nobody has taken; they are the caller's if the unit is committed.

    Two at once wait for each other here, and the second gets nothing of what the first has got.
    """
    rows = await unit.fetch(
        LIST, user_id, since_ms, limit, Book.MARGIN.value, [each.value for each in PAYMENTS]
    )
    facts = [Fact(*row) for row in rows]
    claimed = await unit.fetch(CLAIM, user_id, [fact.external_id for fact in facts])
    mine = {row["external_id"] for row in claimed}
    return [fact for fact in facts if fact.external_id in mine]
