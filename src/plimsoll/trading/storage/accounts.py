"""Whose trading account is whose. Written with the journal, read here."""

from uuid import UUID

from plimsoll.plumbing.database import ReadUnit


async def find(unit: ReadUnit, user_id: UUID) -> int | None:
    """The number of a person's account."""
    number: int | None = await unit.fetchval(
        "select account from trading_accounts where user_id = $1", user_id
    )
    return number


async def find_user(unit: ReadUnit, account: int) -> UUID | None:
    """Whose account it is; None for makers of the house and unknown ones."""
    user: UUID | None = await unit.fetchval(
        "select user_id from trading_accounts where account = $1", account
    )
    return user
