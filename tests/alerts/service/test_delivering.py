"""What is due leaves: once where all is well, again where it is not, and never without its id."""

import asyncio
import base64
import hashlib
import hmac
import json
from datetime import timedelta

import prometheus_client
import pytest

from plimsoll.alerts.domain.channels import ChannelState
from plimsoll.alerts.domain.deliveries import DeliveryState, rest_s
from plimsoll.alerts.service import channels
from plimsoll.alerts.service.channels import Change, ChannelOff, StillWaiting
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.webhooks import verify
from tests.alerts.telling_desk import TellingDesk, person
from tests.fakes.receiver import Answer, Got, Receiver


def is_signed(got: Got, secret: str) -> bool:
    """As somebody would check who has read the standard and none of our code."""
    key = base64.b64decode(secret[len("whsec_") :])
    head = got.headers["webhook-id"] + "." + got.headers["webhook-timestamp"] + "."
    mac = base64.b64encode(hmac.new(key, head.encode() + got.body, hashlib.sha256).digest())
    return f"v1,{mac.decode()}" in got.headers["webhook-signature"].split(" ")


def metric(outcome: str) -> float:
    labels = {"kind": "webhook", "outcome": outcome}
    return prometheus_client.REGISTRY.get_sample_value("alert_deliveries_total", labels) or 0.0


async def test_an_alert_arrives_signed(telling_desk: TellingDesk, receiver: Receiver) -> None:
    ada = person()
    _, secret = await telling_desk.add_webhook(ada, f"{receiver.url}/hook")
    sent_before = metric("sent")
    await telling_desk.plan(telling_desk.told(ada))

    await telling_desk.delivering.drain()

    (got,) = receiver.got
    now_s = int(telling_desk.clock.now().timestamp())
    receipt = verify(got.body, got.headers, secrets=[secret], now_s=now_s)
    assert is_signed(got, secret.reveal())
    (notification,) = await telling_desk.list_notifications(ada)
    assert receipt.message_id == str(notification.id)
    said = json.loads(got.body)
    assert (said["type"], said["timestamp"]) == ("alert.fired", "2026-01-01T00:00:00Z")
    assert said["data"] == {
        "id": str(notification.id),
        "title": "btc/usd is above 65000",
        "text": "btc/usd is 65000.5 usd.",
        "alert_id": "00000000-0000-0000-0000-000000000007",
        "number": notification.number,
        "subject": {"kind": "price", "of": "btc/usd"},
        "value": "65000.5",
    }
    delivery = await telling_desk.only(ada)
    assert (delivery.state, delivery.attempts, delivery.status, delivery.error) == (
        DeliveryState.SENT,
        1,
        204,
        None,
    )
    assert metric("sent") - sent_before == 1


async def test_a_receiver_that_is_down_is_tried_again_with_the_same_id(
    telling_desk: TellingDesk, receiver: Receiver
) -> None:
    ada = person()
    _, secret = await telling_desk.add_webhook(ada, receiver.url)
    receiver.answers.extend([Answer(503), Answer(500), Answer(502)])
    await telling_desk.plan(telling_desk.told(ada))
    await telling_desk.delivering.drain()
    due = []
    for pause_s in (5, 300, 1_800):
        delivery = await telling_desk.only(ada)
        assert delivery.state is DeliveryState.WAITING
        due.append((delivery.due_at - telling_desk.clock.now()).total_seconds())
        await telling_desk.wait(pause_s - 1)
        assert len(receiver.got) == len(due), "not before its time"
        await telling_desk.wait(1)

    delivery = await telling_desk.only(ada)
    assert due == [5, 300, 1_800]
    assert (delivery.state, delivery.attempts) == (DeliveryState.SENT, 4)
    assert [each["status"] for each in delivery.log] == [503, 500, 502, 204]
    assert len({got.headers["webhook-id"] for got in receiver.got}) == 1
    assert len({got.headers["webhook-timestamp"] for got in receiver.got}) == 4, "signed anew"
    assert all(is_signed(got, secret.reveal()) for got in receiver.got)


async def test_nine_attempts_are_enough(telling_desk: TellingDesk, receiver: Receiver) -> None:
    ada = person()
    await telling_desk.add_webhook(ada, receiver.url)
    receiver.answers.extend([Answer(500)] * 20)
    await telling_desk.plan(telling_desk.told(ada))
    for _ in range(20):
        await telling_desk.wait(72_000)

    delivery = await telling_desk.only(ada)
    assert (delivery.state, delivery.error) == (DeliveryState.DEAD, "receiver-refused")
    assert len(receiver.got) <= 9


async def test_what_waits_longer_than_three_days_is_given_up(
    telling_desk: TellingDesk, receiver: Receiver
) -> None:
    ada = person()
    await telling_desk.add_webhook(ada, receiver.url)
    receiver.answers.append(Answer(500))
    await telling_desk.plan(telling_desk.told(ada))
    await telling_desk.wait(3 * 86_400 + 1)
    assert (await telling_desk.only(ada)).state is DeliveryState.DEAD


async def test_a_receiver_that_asks_for_time_gets_it(
    telling_desk: TellingDesk, receiver: Receiver
) -> None:
    ada = person()
    await telling_desk.add_webhook(ada, receiver.url)
    receiver.answers.append(Answer(429, {"Retry-After": "120"}))
    await telling_desk.plan(telling_desk.told(ada), telling_desk.told(ada))
    await telling_desk.wait(0)
    await telling_desk.wait(119)
    assert len(receiver.got) == 1, "nor does the other message come before"
    await telling_desk.wait(1)
    assert len(receiver.got) == 3


async def test_a_receiver_that_is_gone_is_not_called_again(
    telling_desk: TellingDesk, receiver: Receiver, tellings: Database
) -> None:
    ada = person()
    channel, _ = await telling_desk.add_webhook(ada, receiver.url)
    receiver.answers.append(Answer(410))
    await telling_desk.plan(telling_desk.told(ada), telling_desk.told(ada))
    await telling_desk.wait(0)
    await telling_desk.plan(telling_desk.told(ada))
    await telling_desk.wait(1_000)

    assert len(receiver.got) == 1
    async with tellings.read() as unit:
        now = await channels.get(unit, ada.user_id, channel.id)
    assert (now.state, now.off_because) == (ChannelState.OFF, "receiver-gone")
    states = {delivery.state for delivery in await telling_desk.list_deliveries(ada)}
    assert states == {DeliveryState.DEAD, DeliveryState.CANCELLED}
    assert len(await telling_desk.list_notifications(ada)) == 3, "the page has them all"
    first = (await telling_desk.list_deliveries(ada))[0]
    with pytest.raises(ChannelOff):
        await telling_desk.telling.channels.resend(ada.user_id, first.id)


async def test_what_was_sent_is_sent_again_when_asked_for(
    telling_desk: TellingDesk, receiver: Receiver
) -> None:
    ada = person()
    await telling_desk.add_webhook(ada, receiver.url)
    await telling_desk.plan(telling_desk.told(ada))
    await telling_desk.wait(0)
    delivery = await telling_desk.only(ada)

    again = await telling_desk.telling.channels.resend(ada.user_id, delivery.id)
    assert (again.state, again.attempts) == (DeliveryState.WAITING, 0)
    with pytest.raises(StillWaiting):
        await telling_desk.telling.channels.resend(ada.user_id, delivery.id)
    await telling_desk.wait(0)

    assert [got.headers["webhook-id"] for got in receiver.got] == [
        str(delivery.notification_id)
    ] * 2
    assert (await telling_desk.only(ada)).state is DeliveryState.SENT


async def test_a_crash_after_sending_sends_again_under_the_same_id(
    telling_desk: TellingDesk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies between the receiver's answer and its own note of it."""
    ada = person()
    await telling_desk.add_webhook(ada, receiver.url)
    await telling_desk.plan(telling_desk.told(ada))

    async def die(*_: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr("plimsoll.alerts.storage.deliveries.record", die)
        await telling_desk.delivering.begin_turns()
        await asyncio.gather(*telling_desk.delivering._turns)
    assert len(receiver.got) == 1
    survivor = telling_desk.another()
    await survivor.drain()
    assert len(receiver.got) == 1, "its claim is respected"

    telling_desk.clock.advance(61)
    await survivor.drain()

    assert len({got.headers["webhook-id"] for got in receiver.got}) == 1
    assert len(receiver.got) == 2
    assert (await telling_desk.only(ada)).state is DeliveryState.SENT


async def test_several_processes_send_each_message_once_and_one_at_a_time_to_each_channel(
    telling_desk: TellingDesk,
) -> None:
    async with Receiver() as quick, Receiver() as other:
        people = [person() for _ in range(6)]
        for number, who in enumerate(people):
            await telling_desk.add_webhook(who, (quick, other)[number % 2].url)
            await telling_desk.plan(*(telling_desk.told(who) for _ in range(30)))
        workers = [telling_desk.another() for _ in range(4)]
        await asyncio.gather(*(worker.drain() for worker in workers))
        # A worker that found all channels taken went home; whoever is left does the rest.
        await telling_desk.wait(0)

    got = [each.headers["webhook-id"] for each in (*quick.got, *other.got)]
    assert len(got) == len(set(got)) == 180
    assert max(quick.most_at_once, other.most_at_once) <= 3, "one for each of its channels"


async def test_a_dead_receiver_does_not_hold_up_the_others(
    telling_desk: TellingDesk, receiver: Receiver
) -> None:
    ada, ben = person(), person()
    async with Receiver() as dead:
        url = dead.url
    await telling_desk.add_webhook(ada, url)
    await telling_desk.add_webhook(ben, receiver.url)
    await telling_desk.plan(*(telling_desk.told(ada) for _ in range(200)))
    await telling_desk.plan(*(telling_desk.told(ben) for _ in range(50)))

    await telling_desk.wait(0)

    assert len(receiver.got) == 50
    tried = [each for each in await telling_desk.list_deliveries(ada) if each.attempts]
    assert [each.error for each in tried] == ["receiver-unreachable"], "then it rests"


def test_a_channel_rests_longer_with_each_failure_and_never_for_ever() -> None:
    assert [rest_s(failures) for failures in (1, 2, 3, 8, 9, 1_000_000)] == [
        2, 4, 8, 256, 300, 300,
    ]  # fmt: skip
    assert rest_s(1, asked_s=120) == 120


async def test_quiet_hours_hold_or_drop_what_is_sent(
    telling_desk: TellingDesk, receiver: Receiver
) -> None:
    ada = person()
    await telling_desk.add_webhook(ada, receiver.url)
    await telling_desk.plan(telling_desk.told(ada, in_s=3_600), telling_desk.told(ada, in_s=None))
    await telling_desk.wait(3_599)
    assert receiver.got == []
    await telling_desk.wait(1)
    assert len(receiver.got) == 1
    await telling_desk.wait(10**6)
    assert len(receiver.got) == 1


async def test_an_alert_goes_to_the_channels_it_names_and_to_nobody_elses(
    telling_desk: TellingDesk, receiver: Receiver
) -> None:
    ada, ben = person(), person()
    first, _ = await telling_desk.add_webhook(ada, f"{receiver.url}/first")
    second, _ = await telling_desk.add_webhook(ada, f"{receiver.url}/second")
    bens, _ = await telling_desk.add_webhook(ben, f"{receiver.url}/bens")
    off, _ = await telling_desk.add_webhook(ada, f"{receiver.url}/off")
    await telling_desk.telling.channels.change(ada.user_id, off.id, Change(enabled=False))

    await telling_desk.plan(telling_desk.told(ada, channels=[second.id, bens.id, off.id]))
    await telling_desk.wait(0)
    assert [got.target for got in receiver.got] == ["/second"]
    await telling_desk.plan(telling_desk.told(ada))
    await telling_desk.wait(0)
    assert {got.target for got in receiver.got} == {"/first", "/second"}
    assert first.id != second.id


async def test_an_event_is_planned_once_however_often_it_is_handed_in(
    telling_desk: TellingDesk, receiver: Receiver
) -> None:
    ada = person()
    await telling_desk.add_webhook(ada, receiver.url)
    told = telling_desk.told(ada)
    for _ in range(3):
        await telling_desk.plan(told)
    assert len(await telling_desk.list_deliveries(ada)) == 1
    assert len(await telling_desk.list_notifications(ada)) == 1


async def test_while_a_secret_is_replaced_both_verify(
    telling_desk: TellingDesk, receiver: Receiver
) -> None:
    ada = person()
    channel, old = await telling_desk.add_webhook(ada, receiver.url)
    _, new = await telling_desk.telling.channels.sign_anew(
        ada.user_id, channel.id, timedelta(hours=1)
    )
    await telling_desk.plan(telling_desk.told(ada))
    await telling_desk.wait(0)
    assert [is_signed(receiver.got[0], each.reveal()) for each in (old, new)] == [True, True]

    telling_desk.clock.advance(3_601)
    await telling_desk.plan(telling_desk.told(ada))
    await telling_desk.wait(0)
    assert [is_signed(receiver.got[1], each.reveal()) for each in (old, new)] == [False, True]


async def test_secrets_are_sealed_in_the_database(
    telling_desk: TellingDesk, receiver: Receiver, tellings: Database
) -> None:
    ada = person()
    _, secret = await telling_desk.add_webhook(ada, f"{receiver.url}/very-secret-path")
    async with tellings.read() as unit:
        row = repr(tuple((await unit.fetch("select * from alert_channels"))[0]))
    assert "very-secret-path" not in row
    assert secret.reveal() not in row


async def test_a_seal_that_does_not_open_ends_the_message_and_not_the_worker(
    telling_desk: TellingDesk, receiver: Receiver, tellings: Database
) -> None:
    ada, ben = person(), person()
    channel, _ = await telling_desk.add_webhook(ada, receiver.url)
    await telling_desk.add_webhook(ben, receiver.url)
    await tellings.once(
        "update alert_channels set target = '\\x00' where id = $1 returning id", channel.id
    )
    await telling_desk.plan(telling_desk.told(ada), telling_desk.told(ben))
    await telling_desk.wait(0)
    failed = await telling_desk.only(ada)
    assert (failed.state, failed.error) == (DeliveryState.DEAD, "seal-broken")
    assert (await telling_desk.only(ben)).state is DeliveryState.SENT


async def test_the_loop_finds_what_is_planned_elsewhere_and_ends_in_peace(
    telling_desk: TellingDesk, receiver: Receiver
) -> None:
    ada = person()
    await telling_desk.add_webhook(ada, receiver.url)
    worker = telling_desk.another()
    loop = asyncio.create_task(worker.run())
    await telling_desk.plan(telling_desk.told(ada))
    await receiver.wait_for(1)
    receiver.answers.append(Answer(delay_s=0.3))
    await telling_desk.plan(telling_desk.told(ada))
    await receiver.wait_for(2)
    loop.cancel()
    await worker.close()
    states = [each.state for each in await telling_desk.list_deliveries(ada)]
    assert states == [DeliveryState.SENT] * 2, "what was on its way has arrived and is noted"
