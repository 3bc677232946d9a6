"""Whether the books of the exchange balance."""

from typing import Final

from plimsoll.plumbing.database import ReadUnit

COUNT_UNBALANCED: Final = """
    select count(*) from (select from balances group by asset having sum(amount) <> 0) unbalanced
"""


async def count_unbalanced(unit: ReadUnit) -> int:
    """Assets whose balances do not add up to nothing."""
    found: int = await unit.fetchval(COUNT_UNBALANCED)
    return found
