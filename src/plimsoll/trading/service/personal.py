"""What the paper exchange has of one person, handed out and removed."""

from plimsoll.kernel.errors import Conflict
from plimsoll.kernel.identifiers import UserId
from plimsoll.plumbing.database import ReadUnit, Unit
from plimsoll.plumbing.personal import Section, remove
from plimsoll.trading.domain.orders import OrderStatus
from plimsoll.trading.storage import personal as storage


class StillTrading(Conflict):
    """Positions without an owner would stay in the market for ever."""

    code = "still-trading"
    title = "There are open positions or orders"


def export_of() -> tuple[Section, ...]:
    return storage.SECTIONS


async def refuse_trading(unit: ReadUnit, user_id: UserId) -> None:
    """Raises StillTrading."""
    open_ = [OrderStatus.WAITING.value, OrderStatus.OPEN.value]
    positions, orders = await storage.count_involved(unit, user_id, open_)
    if positions or orders:
        raise StillTrading(
            f"close {positions} positions and cancel {orders} orders first",
            facts={"positions": positions, "orders": orders},
        )


async def erase_of(unit: Unit, user_id: UserId) -> dict[str, int]:
    """In the transaction of an erasure. The account stays, as a number without a person."""
    return await remove(unit, storage.REMOVALS, user_id)
