"""Many transactions at once: recorded together or not at all, and voided together.

Transactions of a batch carry its `import_id`. They may take out more than is known to be there:
what lacks counts as held before for nothing, and is told as missing. Everything happens in the
caller's database transaction, in parts of bounded size.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from plimsoll.kernel.identifiers import ImportId, UserId
from plimsoll.ledger.domain.transactions import Transaction
from plimsoll.plumbing.database import ReadUnit, Unit

Told = Callable[[int, str], Awaitable[None]]
"""How many transactions are through, and the phase they are in."""


@dataclass(frozen=True, slots=True)
class BatchWritten:
    """`recorded` are new; `repeated` were in force already, by source and external id."""

    recorded: int
    repeated: int


async def list_known(unit: ReadUnit, user_id: UserId, source: str) -> set[str]:
    """The external ids of `source` that stand for transactions in force."""
    raise NotImplementedError


async def record_batch(
    unit: Unit,
    user_id: UserId,
    import_id: ImportId,
    parts: AsyncIterator[Sequence[Transaction]],
    *,
    told: Told,
) -> BatchWritten:
    """Record them all, in whatever order they come. Raises UnbalancedLegs and WalletNotFound."""
    raise NotImplementedError


async def void_batch(
    unit: Unit, user_id: UserId, import_id: ImportId, *, note: str, now: datetime, told: Told
) -> int:
    """Take everything of an import out of force; how many that were."""
    raise NotImplementedError
