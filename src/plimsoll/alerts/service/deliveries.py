"""What was sent, is on its way, or did not arrive: a person looks at their own."""

from plimsoll.alerts.domain.deliveries import Delivery, DeliveryId, WantedDeliveries
from plimsoll.alerts.service.notifying import moment_and_id
from plimsoll.alerts.storage import deliveries
from plimsoll.kernel.errors import NotFound
from plimsoll.kernel.identifiers import UserId
from plimsoll.plumbing.database import ReadUnit
from plimsoll.plumbing.paging import Cut, PageRequest


class NoSuchDelivery(NotFound):
    code = "alert-delivery-not-found"
    title = "No such delivery"


async def get(unit: ReadUnit, user_id: UserId, delivery_id: DeliveryId) -> Delivery:
    """Raises NoSuchDelivery."""
    delivery = await deliveries.find(unit, user_id, delivery_id)
    if delivery is None:
        raise NoSuchDelivery("there is none of this id")
    return delivery


async def list_of(
    unit: ReadUnit, user_id: UserId, wanted: WantedDeliveries, page: PageRequest
) -> Cut[Delivery]:
    """The latest first. Raises BadCursor."""
    rows = await deliveries.list_of(
        unit, user_id, wanted, after=moment_and_id(page), limit=page.limit + 1
    )
    return page.cut(rows, key=lambda delivery: (delivery.created_at, delivery.id))
