"""What the paper exchange has of one person.

The journal and what is made of it stay: taken out of them, nothing that came after could be proved
any more. They know a number and an id, and neither is a person once `users` has none.
"""

from typing import Final

from plimsoll.plumbing.database import ReadUnit
from plimsoll.plumbing.personal import Removal, Section, rows_of

OWN: Final = "account = (select a.account from trading_accounts a where a.user_id = $1)"

SECTIONS: Final = (
    Section("trading_account", rows_of("trading_accounts")),
    Section("trading_balances", rows_of("balances", where=OWN)),
    Section("positions", rows_of("positions", where=OWN)),
    Section("orders", rows_of("orders", where=OWN)),
    Section("order_events", rows_of("order_events", where=OWN)),
    Section("fills", rows_of("fills", where=OWN, without=("other_order", "ahead"))),
    Section("funding_payments", rows_of("funding_payments", where=OWN)),
    Section("liquidations", rows_of("liquidations", where=OWN)),
    Section("trading_entries", rows_of("entries", where=OWN)),
    Section("recorded_trades", rows_of("recorded_trades")),
    Section("paper_fills_in_the_ledger", rows_of("paper_records")),
)

REMOVALS: Final = (
    Removal("recorded_trades", "delete from recorded_trades where user_id = $1"),
    Removal("paper_records", "delete from paper_records where user_id = $1"),
)

INVOLVED: Final = f"""
    select (select count(*) from positions where quantity <> 0 and {OWN}),
        (select count(*) from orders where {OWN} and status = any($2))
"""  # noqa: S608 - of constants


async def count_involved(unit: ReadUnit, user_id: object, waiting: list[str]) -> tuple[int, int]:
    """How many open positions and orders in one of these states."""
    row = await unit.fetchrow(INVOLVED, user_id, waiting)
    assert row is not None
    return row[0], row[1]
