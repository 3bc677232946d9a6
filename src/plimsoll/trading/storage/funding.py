"""What an account paid and got at funding stamps, the latest first."""

from typing import Final, NamedTuple

from plimsoll.plumbing.database import ReadUnit


class Place(NamedTuple):
    stamp_ms: int
    symbol: str


FIRST: Final = Place(2**63 - 1, "")
"""Before everything: the latest."""


class PaymentRow(NamedTuple):
    """`rate` in hundred-millionths, `mark` in ticks; `amount` in hundred-millionths, below zero
    when it was paid.
    """

    symbol: str
    stamp_ms: int
    seq: int
    rate: int
    mark: int
    amount: int

    @property
    def place(self) -> Place:
        return Place(self.stamp_ms, self.symbol)


_LIST: Final = f"""
    select {", ".join(PaymentRow._fields)} from funding_payments
    where account = $1 and (stamp_ms, symbol) < ($2::bigint, $3)
        and ($5::text is null or symbol = $5)
    order by stamp_ms desc, symbol desc limit $4
"""  # noqa: S608 -- our own columns


async def list_payments(
    unit: ReadUnit,
    account: int,
    *,
    after: Place = FIRST,
    limit: int,
    symbol: str | None = None,
) -> list[PaymentRow]:
    rows = await unit.fetch(_LIST, account, *after, limit, symbol)
    return [PaymentRow(*row) for row in rows]
