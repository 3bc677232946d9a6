"""What liquidation did to an account."""

from itertools import count, islice

from plimsoll.plumbing.database import Database
from plimsoll.trading.domain.events import Deleveraged, LiquidationStarted, TakenOver
from plimsoll.trading.storage import liquidations
from plimsoll.trading.storage.liquidations import LiquidationRow
from tests.trading.living import live
from tests.trading.worlds import World


async def read_all(
    database: Database, account: int, *, symbol: str | None = None
) -> list[LiquidationRow]:
    rows: list[LiquidationRow] = []
    place = liquidations.FIRST
    async with database.read() as unit:
        while page := await liquidations.list_liquidations(
            unit, account, after=place, limit=1, symbol=symbol
        ):
            rows, place = rows + page, page[-1].place
    return rows


def _eventful_seed() -> int:
    """Of a world in which every step of a liquidation happens to somebody."""
    for seed in count(1):
        world = World(seed)
        kinds = {
            type(event)
            for command in islice(world.commands(), 1_500)
            for event in world.machine.apply(command)
        }
        if kinds >= {LiquidationStarted, TakenOver, Deleveraged}:
            return seed
    raise AssertionError


async def test_every_step_the_latest_first(database: Database) -> None:
    machine, happened = await live(database, seed=_eventful_seed(), commands=1_500)
    kinds: set[str] = set()
    for account in list(machine.venue.accounts)[1:]:
        told = [
            (each.seq, each.at_ms, event)
            for each in happened
            for event in each.events
            if isinstance(event, LiquidationStarted | TakenOver | Deleveraged)
            and event.account == account
        ]
        rows = await read_all(database, account)
        assert [(row.seq, row.at_ms, row.event) for row in reversed(rows)] == told
        assert await read_all(database, account, symbol="BTC-PERP") == [
            row for row in rows if row.event.symbol == "BTC-PERP"
        ]
        kinds |= {row.kind for row in rows}
    assert kinds == {"started", "taken-over", "deleveraged"}
