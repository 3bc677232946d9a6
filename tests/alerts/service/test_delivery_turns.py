"""A turn of a channel: what else may happen while its messages leave one after the other."""

import asyncio

import pytest

from plimsoll.alerts.domain.deliveries import (
    MOST_WAITING,
    DeliveryState,
    Notification,
    Outcome,
)
from plimsoll.alerts.service.channels import Change
from plimsoll.alerts.service.sending import seal_name
from plimsoll.alerts.storage.channels import Claimed
from tests.alerts.desk import until
from tests.alerts.telling_desk import TellingDesk, person
from tests.fakes.receiver import Receiver


@pytest.mark.parametrize("change", ["off", "moved", "removed"])
async def test_a_channel_that_changes_in_the_middle_of_a_batch_is_read_anew(
    telling_desk: TellingDesk,
    receiver: Receiver,
    change: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ada, channels_ = person(), telling_desk.telling.channels
    channel, _ = await telling_desk.add_webhook(ada, f"{receiver.url}/old")
    await telling_desk.plan(*(telling_desk.told(ada) for _ in range(5)))
    telling_desk.clock.advance(1)
    changed, sending = asyncio.Event(), telling_desk.delivering._sending
    send = sending.send

    async def send_and_hold(channel: Claimed, notification: Notification) -> Outcome:
        outcome = await send(channel, notification)
        await changed.wait()
        return outcome

    monkeypatch.setattr(sending, "send", send_and_hold)
    draining = asyncio.create_task(telling_desk.delivering.drain())
    await until(lambda: bool(receiver.got))
    match change:
        case "off":
            await channels_.change(ada.user_id, channel.id, Change(enabled=False))
        case "moved":
            moved = Change(url=f"{receiver.url}/new")
            await channels_.change(ada.user_id, channel.id, moved)
        case "removed":
            await channels_.remove(ada.user_id, channel.id)
    changed.set()
    await draining

    assert [got.target for got in receiver.got[:1]] == ["/old"]
    assert {got.target for got in receiver.got[1:]} == ({"/new"} if change == "moved" else set())


async def test_a_message_that_cannot_even_be_tried_holds_up_no_other(
    telling_desk: TellingDesk, receiver: Receiver
) -> None:
    ada = person()
    channel, _ = await telling_desk.add_webhook(ada, receiver.url)
    broken = telling_desk.access.sealer.seal(b"\xff", of=seal_name(channel.id))
    (row,) = await telling_desk.database.once(
        "select target from alert_channels where id = $1", channel.id
    )
    change = "update alert_channels set target = $2 where id = $1"
    await telling_desk.database.once(change, channel.id, broken)
    await telling_desk.plan(telling_desk.told(ada))
    await telling_desk.delivering.drain()
    broken_one = await telling_desk.only(ada)
    await telling_desk.database.once(change, channel.id, row["target"])
    await telling_desk.plan(telling_desk.told(ada))
    await telling_desk.wait(3)

    assert (broken_one.state, broken_one.error) == (DeliveryState.WAITING, "not-sent")
    assert len(receiver.got) == 1


async def test_no_more_waits_for_one_channel_than_somebody_could_read(
    telling_desk: TellingDesk, receiver: Receiver
) -> None:
    ada = person()
    await telling_desk.add_webhook(ada, receiver.url)
    await telling_desk.plan(*(telling_desk.told(ada, in_s=60) for _ in range(MOST_WAITING - 1)))
    await telling_desk.plan(*(telling_desk.told(ada, in_s=60) for _ in range(3)))

    counted = await telling_desk.database.once(
        "select state, error, count(*) from alert_deliveries group by 1, 2 order by 1"
    )
    assert [tuple(row) for row in counted] == [
        ("cancelled", "channel-full", 2),
        ("waiting", None, MOST_WAITING),
    ]
