"""The statement of an account: its entries of the double-entry books, the latest first.

An entry has no balance of its own. The balances are known as they are now; what came after an entry
is taken off, so the first pages cost nothing and a page far back a walk along the index.
"""

from typing import Final, NamedTuple

from plimsoll.plumbing.database import ReadUnit


class Place(NamedTuple):
    """A command, and which of its entries."""

    seq: int
    number: int


FIRST: Final = Place(2**63 - 1, 0)
"""Before everything: the latest."""


class EntryRow(NamedTuple):
    """`amount` in hundred-millionths, below zero when it went out; `balance` of that book and asset
    after it.
    """

    seq: int
    number: int
    at_ms: int
    book: str
    asset: str
    amount: int
    balance: int
    reason: str

    @property
    def place(self) -> Place:
        return Place(self.seq, self.number)


_LIST: Final = """
    with page as materialized (
        select seq, number, book, asset, amount, reason from entries
        where account = $1 and account <> 0 and (seq, number) < ($2::bigint, $3::bigint)
        order by seq desc, number desc limit $4
    ),
    newer as (
        select book, asset, sum(amount) as amount from entries
        where account = $1 and account <> 0 and (seq, number) >= ($2::bigint, $3::bigint)
        group by book, asset
    )
    select page.seq, page.number, journal.at_ms, page.book, page.asset, page.amount,
        coalesce(balances.amount, 0) - coalesce(newer.amount, 0) - coalesce(sum(page.amount) over (
            partition by page.book, page.asset order by page.seq desc, page.number desc
            rows between unbounded preceding and 1 preceding
        ), 0) as balance,
        page.reason
    from page
    join journal on journal.seq = page.seq
    left join balances on balances.account = $1 and balances.book = page.book
        and balances.asset = page.asset
    left join newer on newer.book = page.book and newer.asset = page.asset
    order by page.seq desc, page.number desc
"""


async def list_entries(
    unit: ReadUnit, account: int, *, after: Place = FIRST, limit: int
) -> list[EntryRow]:
    rows = await unit.fetch(_LIST, account, *after, limit)
    return [
        EntryRow(**(dict(row) | {"amount": int(row["amount"]), "balance": int(row["balance"])}))
        for row in rows
    ]
