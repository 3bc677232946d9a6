"""HTTP for where people are told, and for what was sent there."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from plimsoll.access.domain.emails import NotAnEmail
from plimsoll.access.guards import REFUSALS, Reader, Trader, address_of
from plimsoll.alerts.domain.channels import ChannelId
from plimsoll.alerts.domain.deliveries import (
    DeliveryId,
    DeliveryState,
    NotificationId,
    WantedDeliveries,
)
from plimsoll.alerts.schemas.channels import (
    ChannelChange,
    ChannelView,
    ConfirmationCode,
    DeliveryView,
    NewChannelBody,
    NewSecret,
    ShownOnceView,
    deliveries_table,
)
from plimsoll.alerts.service import channels as service
from plimsoll.alerts.service import deliveries as sent
from plimsoll.alerts.service.apprising import AppriseMissing, AppriseRefused
from plimsoll.alerts.service.channels import (
    ChannelOff,
    ChannelUnconfirmed,
    NoSuchChannel,
    NotForThisKind,
    StillWaiting,
    TooManyChannels,
    WrongCode,
)
from plimsoll.alerts.service.deliveries import NoSuchDelivery
from plimsoll.alerts.service.sending import MailNotSet
from plimsoll.alerts.service.telling import TellingDep
from plimsoll.plumbing.addresses import (
    AddressInvalid,
    AddressLookupFailed,
    AddressNotAllowed,
    AddressNotFound,
)
from plimsoll.plumbing.database import Reading
from plimsoll.plumbing.lists import Listing
from plimsoll.plumbing.mail import MailFailed, MailRefused
from plimsoll.plumbing.paging import BadCursor, Page, Paging
from plimsoll.plumbing.problems import problems

router = APIRouter(tags=["alerts"])

OfChannel = Annotated[UUID, Path(description="A channel of the caller's own")]
OfDelivery = Annotated[UUID, Path(description="A delivery of the caller's own")]
ADDRESS_REFUSALS = (
    AddressInvalid,
    AddressNotAllowed,
    AddressNotFound,
    AddressLookupFailed,
    AppriseMissing,
    AppriseRefused,
)


@router.post(
    "/alert-channels",
    status_code=HTTPStatus.CREATED,
    responses=problems(
        *REFUSALS,
        *ADDRESS_REFUSALS,
        TooManyChannels,
        NotAnEmail,
        MailNotSet,
        MailFailed,
        MailRefused,
    ),
)
async def add_channel(
    caller: Trader, body: NewChannelBody, telling: TellingDep, request: Request
) -> ShownOnceView:
    """Be told elsewhere too: by a webhook, by e-mail, or through Apprise.

    The answer has the secret of a webhook; nothing else ever will. An e-mail address gets a code
    that has to be confirmed.
    """
    channel, secret = await telling.channels.add(
        caller, body.wanted(), address=address_of(request.scope)
    )
    return ShownOnceView.of_new(channel, secret)


@router.get("/alert-channels", responses=problems(*REFUSALS, BadCursor))
async def list_channels(caller: Reader, unit: Reading, page: Paging) -> Page[ChannelView]:
    """The caller's channels, the latest first."""
    cut = await service.list_of(unit, caller.user_id, page)
    return Page(data=[ChannelView.of(each) for each in cut.rows], next_cursor=cut.next_cursor)


@router.get("/alert-channels/{channel_id}", responses=problems(*REFUSALS, NoSuchChannel))
async def read_channel(caller: Reader, unit: Reading, channel_id: OfChannel) -> ChannelView:
    """One channel."""
    return ChannelView.of(await service.get(unit, caller.user_id, ChannelId(channel_id)))


@router.patch(
    "/alert-channels/{channel_id}",
    responses=problems(
        *REFUSALS, *ADDRESS_REFUSALS, NoSuchChannel, NotForThisKind, ChannelUnconfirmed
    ),
)
async def change_channel(
    caller: Trader,
    body: ChannelChange,
    telling: TellingDep,
    request: Request,
    channel_id: OfChannel,
) -> ChannelView:
    """Another name or address, on or off. What waits for one that is switched off is cancelled."""
    channel = await telling.channels.change(
        caller.user_id,
        ChannelId(channel_id),
        body.wanted(),
        address=address_of(request.scope),
    )
    return ChannelView.of(channel)


@router.delete(
    "/alert-channels/{channel_id}",
    status_code=HTTPStatus.NO_CONTENT,
    responses=problems(*REFUSALS, NoSuchChannel),
)
async def remove_channel(
    caller: Trader, telling: TellingDep, request: Request, channel_id: OfChannel
) -> None:
    """Be told there no more; the log of what was sent there goes with it."""
    await telling.channels.remove(
        caller.user_id, ChannelId(channel_id), address=address_of(request.scope)
    )


@router.post(
    "/alert-channels/{channel_id}/confirm",
    responses=problems(*REFUSALS, NoSuchChannel, NotForThisKind, WrongCode),
)
async def confirm_channel(
    caller: Trader,
    body: ConfirmationCode,
    telling: TellingDep,
    request: Request,
    channel_id: OfChannel,
) -> ChannelView:
    """Confirm an e-mail address with the code that was sent to it."""
    channel = await telling.channels.confirm(
        caller.user_id, ChannelId(channel_id), body.code, address=address_of(request.scope)
    )
    return ChannelView.of(channel)


@router.post(
    "/alert-channels/{channel_id}/secret",
    responses=problems(*REFUSALS, NoSuchChannel, NotForThisKind),
)
async def replace_channel_secret(
    caller: Trader,
    body: NewSecret,
    telling: TellingDep,
    request: Request,
    channel_id: OfChannel,
) -> ShownOnceView:
    """A new secret for a webhook. For a while messages are signed with the one before as well."""
    channel, secret = await telling.channels.sign_anew(
        caller.user_id,
        ChannelId(channel_id),
        body.overlap,
        address=address_of(request.scope),
    )
    return ShownOnceView.of_new(channel, secret)


@router.post(
    "/alert-channels/{channel_id}/test",
    status_code=HTTPStatus.ACCEPTED,
    responses=problems(*REFUSALS, NoSuchChannel, ChannelOff, ChannelUnconfirmed),
)
async def try_channel(
    caller: Trader, telling: TellingDep, response: Response, channel_id: OfChannel
) -> DeliveryView:
    """Send a test there, once; `location` is where to see how it went."""
    delivery = await telling.channels.test(caller.user_id, ChannelId(channel_id))
    telling.delivering.wake()
    response.headers["location"] = f"/api/v1/alert-deliveries/{delivery.id}"
    return DeliveryView.of(delivery)


@router.get(
    "/alert-deliveries",
    response_model=Page[DeliveryView],
    responses=problems(*REFUSALS, BadCursor),
)
async def list_deliveries(
    caller: Reader,
    unit: Reading,
    listing: Listing,
    channel_id: Annotated[UUID | None, Query(description="To one channel")] = None,
    notification_id: Annotated[UUID | None, Query(description="Of one notification")] = None,
    state: DeliveryState | None = None,
) -> Page[DeliveryView] | Response:
    """What was sent, is on its way, or did not arrive; the latest first."""
    wanted = WantedDeliveries(
        ChannelId(channel_id) if channel_id else None,
        state,
        NotificationId(notification_id) if notification_id else None,
    )
    cut = await listing.collect(lambda page: sent.list_of(unit, caller.user_id, wanted, page))
    return await listing.answer(
        "alert-deliveries", caller.user_id, cut, view=DeliveryView.of, table=deliveries_table
    )


@router.get("/alert-deliveries/{delivery_id}", responses=problems(*REFUSALS, NoSuchDelivery))
async def read_delivery(caller: Reader, unit: Reading, delivery_id: OfDelivery) -> DeliveryView:
    """One delivery with the log of its attempts."""
    found = await sent.get(unit, caller.user_id, DeliveryId(delivery_id))
    return DeliveryView.of(found)


@router.post(
    "/alert-deliveries/{delivery_id}/resend",
    status_code=HTTPStatus.ACCEPTED,
    responses=problems(*REFUSALS, NoSuchDelivery, StillWaiting, ChannelOff, ChannelUnconfirmed),
)
async def resend_delivery(
    caller: Trader, telling: TellingDep, delivery_id: OfDelivery
) -> DeliveryView:
    """Send it once more, with the same message id and all its attempts."""
    delivery = await telling.channels.resend(caller.user_id, DeliveryId(delivery_id))
    telling.delivering.wake()
    return DeliveryView.of(delivery)
