"""HTTP for alerts: a person's own, read with the scope `read`, changed with `trade`.

An alert moves nothing, yet it acts for its person, so a key that only reads cannot make one. That
scope is also what regulators have not: they look at everything and change nothing.
"""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from plimsoll.access.guards import Reader, Trader
from plimsoll.alerts.domain.alerts import Happened
from plimsoll.alerts.domain.conditions import ConditionId, ConditionRefused, SubjectKind
from plimsoll.alerts.domain.subjects import SubjectRefused
from plimsoll.alerts.schemas.alerts import (
    AlertBody,
    AlertChange,
    AlertView,
    EventView,
    SnoozeBody,
    events_table,
)
from plimsoll.alerts.service import alerts as service
from plimsoll.alerts.service.alerts import (
    AlertNotFound,
    AlertsDep,
    NotYours,
    SnoozeRefused,
    TooManyAlerts,
    UnknownChannel,
)
from plimsoll.kernel.errors import FieldFault
from plimsoll.plumbing.database import Reading, Unit
from plimsoll.plumbing.idempotency import Idempotent, InFlight, KeyReused
from plimsoll.plumbing.lists import Listing
from plimsoll.plumbing.paging import BadCursor, Cut, Page, PageRequest, Paging
from plimsoll.plumbing.present import Now
from plimsoll.plumbing.problems import problems

router = APIRouter(tags=["alerts"])

AlertId = Annotated[UUID, Path(description="As answers show it")]


@router.post(
    "/alerts",
    status_code=201,
    response_model=AlertView,
    responses=problems(
        SubjectRefused,
        ConditionRefused,
        NotYours,
        UnknownChannel,
        TooManyAlerts,
        KeyReused,
        InFlight,
    ),
)
async def make_alert(
    body: AlertBody, owner: Trader, alerts: AlertsDep, once: Idempotent, now: Now
) -> Response:
    """Be told when something is so. One that is so already is told at once; one that crosses needs
    to have seen a side.
    """

    async def work(unit: Unit) -> AlertView:
        made = await alerts.make(unit, owner, body.subject.subject(), body.wish(), now)
        return AlertView.of(made)

    answer = await once.run(owner.user_id, work, status=201)
    alerts.watching.nudge()
    return answer


@router.get("/alerts", responses=problems(BadCursor))
async def list_alerts(
    owner: Reader,
    unit: Reading,
    page: Paging,
    kind: Annotated[SubjectKind | None, Query(description="Of one kind of subject")] = None,
) -> Page[AlertView]:
    """The caller's alerts, the newest first."""
    (after,) = page.after(UUID) or (None,)
    rows = await service.list_alerts(
        unit,
        owner.user_id,
        kind=kind,
        after=after,  # type: ignore[arg-type]  # checked against this kind by the cursor
        limit=page.limit + 1,
    )
    cut = page.cut(rows, lambda alert: (alert.id,))
    return Page(data=[AlertView.of(each) for each in cut.rows], next_cursor=cut.next_cursor)


@router.get("/alerts/{alert_id}", responses=problems(AlertNotFound))
async def read_alert(alert_id: AlertId, owner: Reader, unit: Reading) -> AlertView:
    """One alert and where it stands."""
    return AlertView.of(await service.get_alert(unit, owner.user_id, ConditionId(alert_id)))


@router.patch(
    "/alerts/{alert_id}",
    responses=problems(AlertNotFound, ConditionRefused, UnknownChannel),
)
async def change_alert(
    alert_id: AlertId, body: AlertChange, owner: Trader, alerts: AlertsDep
) -> AlertView:
    """Other terms. What decides when it fires arms it again; its events stay counted."""
    return AlertView.of(await alerts.change(owner, ConditionId(alert_id), body.wish()))


@router.delete("/alerts/{alert_id}", status_code=204, responses=problems(AlertNotFound))
async def remove_alert(alert_id: AlertId, owner: Trader, alerts: AlertsDep) -> None:
    """It is not watched any more. What came of it stays in the history."""
    await alerts.remove(owner.user_id, ConditionId(alert_id))


@router.post("/alerts/{alert_id}/snooze", responses=problems(AlertNotFound, SnoozeRefused))
async def snooze_alert(
    alert_id: AlertId, body: SnoozeBody, owner: Trader, alerts: AlertsDep, now: Now
) -> AlertView:
    """Silence it for a while. If it still holds afterwards it fires then."""
    until = _end_of(body, now)
    return AlertView.of(await alerts.snooze(owner.user_id, ConditionId(alert_id), until, now))


@router.post("/alerts/{alert_id}/arm", responses=problems(AlertNotFound))
async def arm_alert(alert_id: AlertId, owner: Trader, alerts: AlertsDep) -> AlertView:
    """As if it were new: it may fire at once, also one that was to fire once and did."""
    return AlertView.of(await alerts.arm(owner.user_id, ConditionId(alert_id)))


@router.get(
    "/alerts/{alert_id}/events",
    response_model=Page[EventView],
    responses=problems(AlertNotFound, BadCursor),
)
async def list_alert_events(
    alert_id: AlertId, owner: Reader, unit: Reading, listing: Listing
) -> Page[EventView] | Response:
    """What came of one alert, the latest first."""

    async def read(page: PageRequest) -> Cut[Happened]:
        (after,) = page.after(int) or (None,)
        rows = await service.list_events_of(
            unit,
            owner.user_id,
            ConditionId(alert_id),
            after=_within(after),
            limit=page.limit + 1,
        )
        return page.cut(rows, lambda event: (event.number,))

    cut = await listing.collect(read)
    return await listing.answer(
        "alert-events", alert_id, cut, view=EventView.of, table=events_table
    )


@router.get("/alert-events", response_model=Page[EventView], responses=problems(BadCursor))
async def list_events(owner: Reader, unit: Reading, listing: Listing) -> Page[EventView] | Response:
    """What came of all of the caller's alerts, the latest first; also of those removed since."""

    async def read(page: PageRequest) -> Cut[Happened]:
        place = page.after(datetime, UUID, int)
        rows = await service.list_events(
            unit,
            owner.user_id,
            after=None if place is None else (place[0], place[1], _within(place[2])),  # type: ignore[arg-type]  # checked against these kinds by the cursor
            limit=page.limit + 1,
        )
        return page.cut(rows, lambda event: (event.at, event.condition_id, event.number))

    cut = await listing.collect(read)
    return await listing.answer(
        "alert-events", owner.user_id, cut, view=EventView.of, table=events_table
    )


def _within(number: object) -> int | None:
    """The number of an event as the database counts them: whoever made the cursor, it fits."""
    if number is None:
        return None
    assert isinstance(number, int)
    return max(0, min(number, 2**31 - 1))


def _end_of(body: SnoozeBody, now: datetime) -> datetime:
    if body.until is not None and body.seconds is None:
        return body.until
    if body.seconds is not None and body.until is None:
        return now + timedelta(seconds=body.seconds)
    fault = FieldFault("#/until", SnoozeRefused.code, "say one of until and seconds")
    raise SnoozeRefused("say until when, or for how many seconds", faults=(fault,))
