"""Questions that prove the journal and the read models, and the making of the latter anew.

All of them look at everything, so they are asked where no limits of time are.
"""

from typing import Any, Final, NamedTuple

from plimsoll.plumbing.database import ReadUnit, Unit
from plimsoll.trading.domain.orders import OrderStatus
from plimsoll.trading.storage.journal import LOCK, TABLES

_OPEN: Final = (OrderStatus.WAITING.value, OrderStatus.OPEN.value)


class Fault(NamedTuple):
    """The first place that is wrong, and how many there are."""

    first: str
    places: int


async def _find_fault(unit: ReadUnit, sql: str) -> Fault | None:
    """`sql` gives a text for each wrong place, in the order in which they are told."""
    row = await unit.fetchrow(
        f"select (array_agg(fault))[1] as first, count(*) as places from ({sql}) faults"  # noqa: S608 -- of constants
    )
    assert row is not None
    return Fault(row["first"], row["places"]) if row["places"] else None


async def find_gap(unit: ReadUnit) -> Fault | None:
    """A number that is not one more than the last, or a writer or time before the last one's."""
    return await _find_fault(
        unit,
        """
        select 'command ' || seq || ' comes after ' || last || ' of epoch ' || last_epoch as fault
        from (
            select seq, epoch, at_ms, lag(seq, 1, 0::bigint) over numbered as last,
                lag(epoch, 1, 0::bigint) over numbered as last_epoch,
                lag(at_ms, 1, 0::bigint) over numbered as last_at_ms
            from journal window numbered as (order by seq)
        ) rows
        where seq <> last + 1 or epoch < last_epoch or at_ms < last_at_ms order by seq
        """,
    )


async def find_unbalanced(unit: ReadUnit) -> Fault | None:
    """A command whose entries do not add up to nothing in each asset."""
    return await _find_fault(
        unit,
        """
        select 'command ' || seq || ': ' || sum(amount) || ' ' || asset as fault
        from entries group by seq, asset having sum(amount) <> 0 order by seq
        """,
    )


async def find_wrong_balance(unit: ReadUnit) -> Fault | None:
    """A balance that is not the sum of its entries."""
    return await _find_fault(
        unit,
        """
        select concat_ws(' ', book, account, asset) || ': ' || coalesce(amount, 0)
            || ', entries ' || coalesce(entered, 0) as fault
        from balances full join (
            select book, account, asset, sum(amount) as entered from entries
            group by book, account, asset
        ) sums using (book, account, asset)
        where coalesce(amount, 0) <> coalesce(entered, 0) order by book, account, asset
        """,
    )


async def find_wrong_order(unit: ReadUnit) -> Fault | None:
    """An order that has not what its fills say."""
    return await _find_fault(
        unit,
        """
        select 'order ' || orders.id || ': filled ' || orders.filled || ', fills '
            || coalesce(sums.filled, 0) as fault
        from orders left join (
            select order_id, sum(quantity) as filled, sum(quantity::numeric * price) as cost,
                sum(fee) as fee, sum(profit) as profit
            from fills group by order_id
        ) sums on sums.order_id = orders.id
        where (orders.filled, orders.cost, orders.fee, orders.profit) <>
            (coalesce(sums.filled, 0), coalesce(sums.cost, 0), coalesce(sums.fee, 0),
            coalesce(sums.profit, 0))
        order by orders.id
        """,
    )


async def find_half_fill(unit: ReadUnit) -> Fault | None:
    """A fill without its other side."""
    return await _find_fault(
        unit,
        """
        select 'fill ' || id as fault from fills group by id
        having count(*) <> 2 or sum(side) <> 0 or min(quantity) <> max(quantity)
            or min(price) <> max(price)
        order by id
        """,
    )


async def find_wrong_funding(unit: ReadUnit) -> Fault | None:
    """Somebody whose payments are not what was entered for them."""
    return await _find_fault(
        unit,
        """
        select 'account ' || account || ': paid ' || coalesce(paid, 0) || ', entered '
            || coalesce(entered, 0) as fault
        from (
            select account, sum(amount) as paid from funding_payments group by account
        ) payments full join (
            select account, sum(amount) as entered from entries
            where reason = 'funding' and book = 'margin' group by account
        ) entered using (account)
        where coalesce(paid, 0) <> coalesce(entered, 0) order by account
        """,
    )


async def list_open_orders(unit: ReadUnit) -> dict[int, tuple[Any, ...]]:
    """Account, status, price, quantity and filled by id."""
    rows = await unit.fetch(
        """
        select id, account, status, price, quantity, filled from orders
        where status = any($1) order by id
        """,
        _OPEN,
    )
    return {row["id"]: tuple(row)[1:] for row in rows}


async def list_positions(unit: ReadUnit) -> dict[tuple[int, str, str], tuple[int, int, int]]:
    """Quantity, cost and isolated margin of those that are open."""
    rows = await unit.fetch(
        "select account, symbol, leg, quantity, cost::text, isolated from positions"
        " where quantity <> 0 order by account, symbol, leg"
    )
    return {tuple(row)[:3]: (row[3], int(row[4]), row[5]) for row in rows}


async def list_balances(unit: ReadUnit) -> dict[tuple[str, int, str], int]:
    """Those that are not 0."""
    rows = await unit.fetch(
        "select book, account, asset, amount::text from balances"
        " where amount <> 0 order by book, account, asset"
    )
    return {tuple(row)[:3]: int(row[3]) for row in rows}


async def count_rows(unit: ReadUnit) -> dict[str, int]:
    """Of each read model."""
    return {
        table: await unit.fetchval(f"select count(*) from {table}")  # noqa: S608 -- of constants
        for table in TABLES
    }


class TableState(NamedTuple):
    """How many rows, and a sum of their hashes: equal for the same rows in any order."""

    rows: int
    hashes: int


async def hash_tables(unit: ReadUnit) -> dict[str, TableState]:
    """Every read model as it is."""
    states: dict[str, TableState] = {}
    for table in TABLES:
        row = await unit.fetchrow(
            f"select count(*), coalesce(sum(hashtextextended({table}::text, 0)), 0)::text"  # noqa: S608 -- of constants
            f" from {table}"
        )
        assert row is not None
        states[table] = TableState(row[0], int(row[1]))
    return states


async def keep_writers_out(unit: Unit) -> bool:
    """Until the end of the transaction; False: one runs."""
    kept: bool = await unit.fetchval("select pg_try_advisory_xact_lock($1)", LOCK)
    return kept


async def empty_tables(unit: Unit) -> None:
    """Of the read models."""
    await unit.execute(f"truncate {', '.join(TABLES)}")
