"""Conduct as it is folded, against a count of every single trade."""

from collections.abc import Sequence
from decimal import Decimal
from random import Random
from uuid import UUID

import pytest

from plimsoll.kernel.identifiers import UserId
from plimsoll.operations.domain.rules import Trade, count_wash_like
from plimsoll.plumbing.database import Database
from plimsoll.trading.storage.oversight import (
    HOUR_MS,
    KEPT_MS,
    Folded,
    begin_folding,
    find_command,
    find_fill,
    find_fill_of,
    fold,
    list_messages,
    list_traded,
    list_volume,
    lock_folded,
)

HOUSE, NOW_MS = 1, 1_767_225_600_000
PEOPLE = {number: UserId(UUID(int=number)) for number in (10, 11, 12)}
SYMBOLS = ("BTC-PERP", "ETH-PERP")
Row = tuple[int, int, str, int, int, int]
"""Fill, moment, symbol, buyer, seller, notional."""


def rows(seed: int, count: int = 400) -> list[Row]:
    random = Random(seed)  # noqa: S311 -- trades, no secrets
    accounts = [HOUSE, *PEOPLE]
    found = []
    for number in range(1, count + 1):
        buyer, seller = random.choice(accounts), random.choice(accounts)
        if buyer == seller == HOUSE:
            continue
        at_ms = NOW_MS - 30 * HOUR_MS + number * (30 * HOUR_MS // count)
        found.append((number, at_ms, random.choice(SYMBOLS), buyer, seller, random.randrange(9)))
    return found


async def write(database: Database, trades: Sequence[Row], *, cause: str = "order") -> None:
    """A fill of both sides each, and the command that asked for it."""
    async with database.write() as unit:
        for number, at_ms, symbol, buyer, seller, worth in trades:
            for side, account in ((1, buyer), (-1, seller)):
                await unit.execute(
                    """
                    insert into fills values ($1, $2, $3, $4, $5, 0, 0, $6, 'net', $7, 1, 0, 0,
                        false, $8, 0, 0)
                    """,
                    number, side, number * 2, at_ms, account, symbol, worth, cause,
                )  # fmt: skip
            await unit.execute(
                """
                insert into journal (seq, epoch, at_ms, actor, kind, command, events, chain, fees)
                values ($1, 1, $2, $3, $4, '{}', '[]', decode(repeat('00', 32), 'hex'), 0)
                """,
                number * 2, at_ms, PEOPLE.get(buyer),
                "place-order" if number % 3 else "deposit",
            )  # fmt: skip


@pytest.fixture
async def desk(database: Database) -> Database:
    async with database.write() as unit:
        await unit.execute("insert into trading_accounts values (1, null, 0)")
        for number, user_id in PEOPLE.items():
            await unit.execute("insert into trading_accounts values ($1, $2, 0)", number, user_id)
        await begin_folding(unit, Folded(0, 0))
    return database


async def fold_to(database: Database, until: Folded) -> None:
    async with database.write() as unit:
        done = await lock_folded(unit)
        assert done is not None
        await fold(unit, done, until, now_ms=NOW_MS)


@pytest.mark.parametrize("seed", range(3))
async def test_folding_in_pieces_counts_what_every_trade_counts(desk: Database, seed: int) -> None:
    trades = rows(seed)
    await write(desk, trades)
    for until in (7, 8, 150, 400):
        await fold_to(desk, Folded(until * 2, until))
    after_ms = NOW_MS - 24 * HOUR_MS
    seen = [each for each in trades if each[1] - each[1] % HOUR_MS > after_ms]
    async with desk.read() as unit:
        found = {
            (each.symbol, each.user_id): each
            for each in await list_traded(
                unit, after_ms=after_ms, least_fills=1, least_share=Decimal(0)
            )
        }
        sent = {
            each.user_id: each for each in await list_messages(unit, after_ms=after_ms, least=1)
        }
        volume = {each.symbol: each.traded for each in await list_volume(unit, after_ms=after_ms)}
    for symbol in SYMBOLS:
        of_symbol = [
            Trade(PEOPLE.get(buyer), PEOPLE.get(seller), Decimal(worth))
            for _, _, name, buyer, seller, worth in seen
            if name == symbol
        ]
        assert volume[symbol] == sum(each.notional for each in of_symbol)
        for user_id in PEOPLE.values():
            counted, row = count_wash_like(user_id, of_symbol), found[symbol, user_id]
            assert (row.fills, row.traded) == (counted.fills, counted.notional)
            assert (row.own, row.round_trips) == (counted.own, counted.round_trips)
    for number, user_id in PEOPLE.items():
        assert sent[user_id].fills == sum(number in each[3:5] for each in seen)
        assert sent[user_id].messages == sum(each[3] == number and each[0] % 3 > 0 for each in seen)


async def test_what_liquidations_trade_is_nobodys_conduct(desk: Database) -> None:
    await write(desk, [(1, NOW_MS, "BTC-PERP", 10, 11, 5)], cause="liquidation")
    await fold_to(desk, Folded(2, 1))
    async with desk.read() as unit:
        assert await unit.fetchval("select count(*) from conduct_trades") == 0


async def test_old_conduct_is_forgotten(desk: Database) -> None:
    trade = (1, NOW_MS - KEPT_MS - 1, "BTC-PERP", 10, 11, 5)
    await write(desk, [trade, (2, NOW_MS - HOUR_MS, *trade[2:])])
    await fold_to(desk, Folded(4, 2))
    async with desk.read() as unit:
        for table in ("conduct_hours", "conduct_trades"):
            oldest = await unit.fetchval(f"select min(hour_ms) from {table}")  # noqa: S608
            assert oldest == NOW_MS - HOUR_MS


async def test_where_a_moment_begins_is_found_among_numbers_with_gaps(desk: Database) -> None:
    trades = [each for each in rows(1) if each[0] % 5]
    await write(desk, trades)
    last = trades[-1][0]
    async with desk.read() as unit:
        for number, at_ms, *_ in (trades[0], trades[57], trades[-1]):
            seq = await find_command(unit, since_ms=at_ms, last=last * 2)
            assert next(each[0] for each in trades if each[0] * 2 > seq) == number
            fill = await find_fill(unit, since_ms=at_ms, last=last)
            assert next(each[0] for each in trades if each[0] > fill) == number
            of = await find_fill_of(unit, seq=number * 2, last=last)
            assert [each[0] for each in trades if each[0] <= of][-1] == number
        assert await find_command(unit, since_ms=NOW_MS * 2, last=last * 2) >= last * 2 - 1
        assert await find_fill(unit, since_ms=0, last=last) < trades[0][0]
