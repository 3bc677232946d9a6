"""Fills of an account, the newest first. Written with the journal, read here."""

from typing import Final, NamedTuple

from plimsoll.plumbing.database import ReadUnit


class Place(NamedTuple):
    """Of a fill in the list. Where somebody closes a long position against their own short one,
    both sides of a fill are theirs.
    """

    id: int
    side: int


FIRST: Final = Place(2**63 - 1, 1)
"""Before everything: the newest."""


class FillRow(NamedTuple):
    """In the machine's units. `ahead`: steps that stood before the maker's order at its price;
    `level` counts the prices that the taker's order went through, from the best.
    """

    id: int
    side: int
    seq: int
    at_ms: int
    order_id: int
    symbol: str
    leg: str
    price: int
    quantity: int
    fee: int
    profit: int
    maker: bool
    cause: str
    level: int
    ahead: int

    @property
    def place(self) -> Place:
        return Place(self.id, self.side)


_LIST: Final = f"""
    select {", ".join(FillRow._fields)} from fills
    where account = $1 and (id, side) < ($2::bigint, $3::bigint)
        and ($5::text is null or symbol = $5) and ($6::bigint is null or order_id = $6)
    order by id desc, side desc limit $4
"""  # noqa: S608 -- our own columns


async def list_fills(
    unit: ReadUnit,
    account: int,
    *,
    after: Place = FIRST,
    limit: int,
    symbol: str | None = None,
    order_id: int | None = None,
) -> list[FillRow]:
    """Those of one market, or of one order, when it is named."""
    rows = await unit.fetch(_LIST, account, *after, limit, symbol, order_id)
    return [FillRow(*row) for row in rows]
