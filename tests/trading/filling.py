"""Paper fills put into the database as the engine's writer leaves them."""

from uuid import UUID

from plimsoll.plumbing.database import Database

ORDER = 3 << 20
TEN_DAYS_AGO_MS = 1_766_361_600_000

OPEN_ACCOUNT = """
    insert into trading_accounts (account, user_id, opened_at_ms) values ($1, $2, 0)
    on conflict do nothing
"""
FILL = """
    insert into fills (id, side, seq, at_ms, account, order_id, other_order, symbol, leg, price,
        quantity, fee, profit, maker, cause, level, ahead)
    values ($1, $2, $1, $3, $4, $5, 1, $6, 'net', $7, $8, $9, $10, $11, 'order', 0, 0)
"""
LAST_FILL = "select coalesce(max(id), 0) from fills"
LAST_ACCOUNT = "select coalesce(max(account), 9) from trading_accounts"
OWN_ACCOUNT = "select account from trading_accounts where user_id = $1"


async def fill(
    database: Database,
    user_id: UUID | str,
    *,
    symbol: str = "BTC-PERP",
    side: int = 1,
    price: int = 500_000,
    quantity: int = 100,
    fee: int = 0,
    profit: int = 0,
    maker: bool = False,
    at_ms: int | None = None,
) -> int:
    """One more fill of the person's account, which is opened when there is none; the fill's id.

    `price` in ticks, `quantity` in steps, `fee` and `profit` in hundred-millionths; without `at_ms`
    a second later than the fill before.
    """
    user_id = UUID(str(user_id))
    async with database.write() as unit:
        account = await unit.fetchval(OWN_ACCOUNT, user_id)
        if account is None:
            account = await unit.fetchval(LAST_ACCOUNT) + 1
            await unit.execute(OPEN_ACCOUNT, account, user_id)
        fill_id: int = await unit.fetchval(LAST_FILL) + 1
        at_ms = TEN_DAYS_AGO_MS + 1_000 * fill_id if at_ms is None else at_ms
        await unit.execute(
            FILL, fill_id, side, at_ms, account, ORDER, symbol, price, quantity, fee, profit, maker
        )
    return fill_id


JOURNAL = """
    insert into journal (seq, epoch, at_ms, kind, command, events, chain, fees)
    values ($1, 1, $2, 'x', '[]', '[]', decode(repeat('00', 32), 'hex'), 0)
"""
ENTRY = """
    insert into entries (seq, number, book, account, asset, amount, reason)
    values ($1, 0, 'margin', $2, 'tether', $3, $4)
"""
FAR = 10**9
"""Numbers that the engine of a running service does not come to."""
LAST_SEQ = "select greatest(max(seq), $1) from journal"


async def pay(
    database: Database, user_id: UUID | str, reason: str, amount: int, *, at_ms: int | None = None
) -> None:
    """A movement of the person's margin wallet that belongs to no fill; after all fills."""
    async with database.write() as unit:
        account = await unit.fetchval(OWN_ACCOUNT, UUID(str(user_id)))
        seq: int = await unit.fetchval(LAST_SEQ, FAR) + 1
        later_ms = TEN_DAYS_AGO_MS + 1_000_000 + 1_000 * (seq - FAR)
        await unit.execute(JOURNAL, seq, later_ms if at_ms is None else at_ms)
        await unit.execute(ENTRY, seq, account, amount, reason)
