"""What health asks of PostgreSQL."""

from plimsoll.plumbing.database import Database

PROBE = "select pg_current_xact_id()"


async def take_transaction_number(database: Database) -> None:
    """Only a server that accepts writes gives one out."""
    await database.once(PROBE)
