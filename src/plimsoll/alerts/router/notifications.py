"""HTTP for what people are told in the page."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from plimsoll.access.guards import REFUSALS, Reader, SessionHolder
from plimsoll.alerts.domain.deliveries import NotificationId
from plimsoll.alerts.schemas.notifications import (
    NotificationView,
    SeenBody,
    UnseenView,
    notifications_table,
)
from plimsoll.alerts.service import notifying
from plimsoll.alerts.service.telling import TellingDep
from plimsoll.plumbing.database import Reading
from plimsoll.plumbing.lists import Listing
from plimsoll.plumbing.paging import BadCursor, Page
from plimsoll.plumbing.problems import problems

router = APIRouter(prefix="/notifications", tags=["alerts"])


@router.get("", response_model=Page[NotificationView], responses=problems(*REFUSALS, BadCursor))
async def list_notifications(
    caller: Reader,
    unit: Reading,
    listing: Listing,
    unseen: Annotated[bool, Query(description="Only what was told and not seen yet")] = False,  # noqa: FBT002 - a query has flags
) -> Page[NotificationView] | Response:
    """What the caller's alerts said, the latest first; also what is not due yet."""
    cut = await listing.collect(
        lambda page: notifying.list_of(unit, caller.user_id, page, unseen=unseen)
    )
    return await listing.answer(
        "notifications",
        caller.user_id,
        cut,
        view=NotificationView.of,
        table=notifications_table,
    )


@router.get("/count", responses=problems(*REFUSALS))
async def count_notifications(caller: Reader, unit: Reading) -> UnseenView:
    """How many were told and not seen."""
    return UnseenView(unseen=await notifying.count_unseen(unit, caller.user_id))


@router.post("/seen", responses=problems(*REFUSALS))
async def see_notifications(
    caller: SessionHolder, body: SeenBody, telling: TellingDep
) -> UnseenView:
    """Mark as seen; what is not there, or not told yet, is passed over."""
    left = await telling.notifying.see(
        caller.user_id,
        up_to=None if body.up_to is None else NotificationId(body.up_to),
        ids=[NotificationId(each) for each in body.ids],
    )
    return UnseenView(unseen=left)
