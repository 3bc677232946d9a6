"""What liquidation did to an account, step by step, the latest first."""

from typing import Final, NamedTuple

from plimsoll.plumbing.database import ReadUnit
from plimsoll.trading.domain.events import Deleveraged, LiquidationStarted, TakenOver
from plimsoll.trading.storage.encoding import decode_event


class Place(NamedTuple):
    """A command, and which of its events."""

    seq: int
    number: int


FIRST: Final = Place(2**63 - 1, 0)
"""Before everything: the latest."""

Liquidating = LiquidationStarted | TakenOver | Deleveraged


class LiquidationRow(NamedTuple):
    """`kind`: started, taken-over, deleveraged; the numbers are in the event."""

    seq: int
    number: int
    at_ms: int
    kind: str
    event: Liquidating

    @property
    def place(self) -> Place:
        return Place(self.seq, self.number)


_LIST: Final = """
    select seq, number, at_ms, kind, event from liquidations
    where account = $1 and (seq, number) < ($2::bigint, $3::bigint)
        and ($5::text is null or symbol = $5)
    order by seq desc, number desc limit $4
"""


async def list_liquidations(
    unit: ReadUnit,
    account: int,
    *,
    after: Place = FIRST,
    limit: int,
    symbol: str | None = None,
) -> list[LiquidationRow]:
    rows = await unit.fetch(_LIST, account, *after, limit, symbol)
    return [
        LiquidationRow(row["seq"], row["number"], row["at_ms"], row["kind"], _event(row["event"]))
        for row in rows
    ]


def _event(text: str) -> Liquidating:
    event = decode_event(text)
    assert isinstance(event, Liquidating)
    return event
