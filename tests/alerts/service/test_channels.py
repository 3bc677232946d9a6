"""Where people are told: only what is theirs, and only what may be called."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope

from plimsoll.access.domain.emails import NotAnEmail
from plimsoll.alerts.domain.channels import MOST_CHANNELS, ChannelKind, ChannelState
from plimsoll.alerts.domain.deliveries import DeliveryState
from plimsoll.alerts.service.apprising import AppriseRefused
from plimsoll.alerts.service.channels import (
    Change,
    ChannelOff,
    ChannelUnconfirmed,
    NewChannel,
    NoSuchChannel,
    NotForThisKind,
    TooManyChannels,
    WrongCode,
)
from plimsoll.alerts.service.sending import MailNotSet
from plimsoll.kernel.errors import Invalid
from plimsoll.plumbing.addresses import AddressInvalid, AddressNotAllowed
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.limits import TooManyRequests
from plimsoll.plumbing.mail import MailFailed
from tests.alerts.telling_desk import TellingDesk, person
from tests.fakes.receiver import Answer, Receiver


class Mailbox:
    """A mail server that keeps what it gets; `refusals` are what it says instead, in turn."""

    def __init__(self) -> None:
        self.got: list[tuple[str, Message]] = []
        self.refusals: list[str] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802 - the library's name
        if self.refusals:
            return self.refusals.pop(0)
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.got.append((envelope.rcpt_tos[0], message))
        return "250 OK"

    def text(self) -> str:
        """Of the last message."""
        payload = self.got[-1][1].get_payload(decode=True)
        assert isinstance(payload, bytes)
        return payload.decode()

    def code(self) -> str:
        found = re.search(r"\b\d{8}\b", self.text())
        assert found is not None
        return found[0]


@pytest.fixture
async def mailbox() -> AsyncIterator[tuple[Mailbox, int]]:
    box = Mailbox()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(box, hostname="mail.example", loop=loop), "127.0.0.1", 0
    )
    yield box, server.sockets[0].getsockname()[1]
    server.close()


@pytest.fixture
async def mail_desk(
    tellings: Database, tmp_path: Path, mailbox: tuple[Mailbox, int]
) -> AsyncIterator[TellingDesk]:
    await tellings.once("truncate alert_channels, alert_notifications, alert_deliveries")
    desk = TellingDesk(
        tellings,
        tmp_path,
        smtp_url=f"smtp://127.0.0.1:{mailbox[1]}",
        mail_from="desk@plimsoll.example",
    )
    yield desk
    await desk.close()


def email(address: str) -> NewChannel:
    return NewChannel(ChannelKind.EMAIL, "post", address)


def webhook(url: str) -> NewChannel:
    return NewChannel(ChannelKind.WEBHOOK, "bot", url)


async def test_an_address_is_written_to_once_its_owner_has_said_so(
    mail_desk: TellingDesk, mailbox: tuple[Mailbox, int]
) -> None:
    box, _ = mailbox
    ada = person()
    channel, secret = await mail_desk.telling.channels.add(ada, email("Ada@Example.org"))
    assert (channel.state, channel.place, secret) == (
        ChannelState.UNCONFIRMED,
        "ada@example.org",
        None,
    )
    await mail_desk.plan(mail_desk.told(ada))
    await mail_desk.wait(0)
    assert [to for to, _ in box.got] == ["ada@example.org"], "the code and nothing else"

    with pytest.raises(WrongCode):
        await mail_desk.telling.channels.confirm(ada.user_id, channel.id, "00000000")
    confirmed = await mail_desk.telling.channels.confirm(ada.user_id, channel.id, box.code())
    assert confirmed.state is ChannelState.ON

    await mail_desk.plan(mail_desk.told(ada))
    await mail_desk.wait(0)
    to, message = box.got[-1]
    (latest, _) = await mail_desk.list_notifications(ada)
    assert (to, message["Subject"], message["From"]) == (
        "ada@example.org",
        "btc/usd is above 65000",
        "desk@plimsoll.example",
    )
    assert message["Message-ID"].strip("<>").partition("@")[0] in {
        str(each.id) for each in await mail_desk.list_notifications(ada)
    }
    assert latest.body in box.text()


async def test_a_code_holds_for_five_tries_and_half_an_hour(
    mail_desk: TellingDesk, mailbox: tuple[Mailbox, int]
) -> None:
    box, _ = mailbox
    ada = person()
    channels = mail_desk.telling.channels
    first, _ = await channels.add(ada, email("ada@example.org"))
    for _ in range(5):
        with pytest.raises(WrongCode):
            await channels.confirm(ada.user_id, first.id, "00000000")
    with pytest.raises(WrongCode):
        await channels.confirm(ada.user_id, first.id, box.code())
    second, _ = await channels.add(ada, email("ada@example.org"))
    mail_desk.clock.advance(1_801)
    with pytest.raises(WrongCode):
        await channels.confirm(ada.user_id, second.id, box.code())
    with pytest.raises(ChannelUnconfirmed):
        await channels.change(ada.user_id, second.id, Change(enabled=True))


async def test_strangers_are_not_flooded_with_codes(mail_desk: TellingDesk) -> None:
    ada = person()
    for number in range(5):
        await mail_desk.telling.channels.add(ada, email(f"stranger{number}@example.org"))
    with pytest.raises(TooManyRequests):
        await mail_desk.telling.channels.add(ada, email("stranger@example.org"))


async def test_mail_that_is_refused_is_told_from_mail_that_fails(
    mail_desk: TellingDesk, mailbox: tuple[Mailbox, int]
) -> None:
    box, _ = mailbox
    ada = person()
    box.refusals.append("451 later, please")
    with pytest.raises(MailFailed):
        await mail_desk.telling.channels.add(ada, email("ada@example.org"))
    channel, _ = await mail_desk.telling.channels.add(ada, email("ada@example.org"))
    await mail_desk.telling.channels.confirm(ada.user_id, channel.id, box.code())
    box.refusals.extend(["451 later, please", "554 never"])
    await mail_desk.plan(mail_desk.told(ada))
    await mail_desk.wait(0)
    delivery = await mail_desk.only(ada)
    assert (delivery.state, delivery.error, delivery.status) == (
        DeliveryState.WAITING,
        "mail-failed",
        451,
    )
    await mail_desk.wait(5)
    delivery = await mail_desk.only(ada)
    assert (delivery.state, delivery.error, delivery.status) == (
        DeliveryState.DEAD,
        "mail-refused",
        554,
    )


@pytest.mark.parametrize(
    "address", ["ada", "ada@exämple.org", "a@b.org\nBcc: all@example.org", "ada@localhost", ""]
)
async def test_what_is_no_address_is_not_written_to(mail_desk: TellingDesk, address: str) -> None:
    with pytest.raises(NotAnEmail):
        await mail_desk.telling.channels.add(person(), email(address))


async def test_without_a_mail_server_there_is_no_mail(telling_desk: TellingDesk) -> None:
    with pytest.raises(MailNotSet):
        await telling_desk.telling.channels.add(person(), email("ada@example.org"))


@pytest.mark.parametrize(
    "url",
    [
        "https://169.254.169.254/latest",
        "http://10.0.0.1/",
        "https://[fd00::1]/",
        "file:///etc/passwd",
        "https://example.org:5432/",
        "https://127.1/",
        "no url",
        "",
    ],
)
async def test_a_webhook_leads_where_it_may(telling_desk: TellingDesk, url: str) -> None:
    with pytest.raises((AddressNotAllowed, AddressInvalid)):
        await telling_desk.telling.channels.add(person(), webhook(url))


async def test_a_person_has_so_many_channels_and_no_more(
    telling_desk: TellingDesk, receiver: Receiver
) -> None:
    ada = person()
    new = webhook(receiver.url)
    adding = [telling_desk.telling.channels.add(ada, new) for _ in range(MOST_CHANNELS + 5)]
    results = await asyncio.gather(*adding, return_exceptions=True)
    refused = [each for each in results if isinstance(each, TooManyChannels)]
    assert len(refused) == 5, results
    with pytest.raises(TooManyChannels):
        await telling_desk.telling.channels.add(ada, new)
    await telling_desk.telling.channels.add(person(), new)


async def test_somebody_elses_channel_is_not_there(
    telling_desk: TellingDesk, receiver: Receiver
) -> None:
    ada, ben = person(), person()
    channel, _ = await telling_desk.telling.channels.add(ada, webhook(receiver.url))
    with pytest.raises(NoSuchChannel):
        await telling_desk.telling.channels.change(ben.user_id, channel.id, Change(enabled=False))
    with pytest.raises(NoSuchChannel):
        await telling_desk.telling.channels.remove(ben.user_id, channel.id)
    with pytest.raises(NoSuchChannel):
        await telling_desk.telling.channels.test(ben.user_id, channel.id)


async def test_a_test_is_sent_once_and_told_in_the_log_only(
    telling_desk: TellingDesk, receiver: Receiver
) -> None:
    ada = person()
    channel, _ = await telling_desk.telling.channels.add(ada, webhook(receiver.url))
    receiver.answers.append(Answer(500))
    await telling_desk.telling.channels.test(ada.user_id, channel.id)
    await telling_desk.wait(0)
    await telling_desk.wait(1_000)
    assert (await telling_desk.only(ada)).state is DeliveryState.DEAD
    assert len(receiver.got) == 1
    assert b'"type":"alert.test"' in receiver.got[0].body
    assert await telling_desk.list_notifications(ada) == []
    await telling_desk.telling.channels.change(ada.user_id, channel.id, Change(enabled=False))
    with pytest.raises(ChannelOff):
        await telling_desk.telling.channels.test(ada.user_id, channel.id)


async def test_switching_off_cancels_what_waits_and_another_address_is_used_at_once(
    telling_desk: TellingDesk, receiver: Receiver
) -> None:
    ada = person()
    channels = telling_desk.telling.channels
    channel, _ = await channels.add(ada, webhook("http://127.0.0.1:9/"))
    await telling_desk.plan(telling_desk.told(ada))
    await channels.change(ada.user_id, channel.id, Change(enabled=False))
    assert (await telling_desk.only(ada)).state is DeliveryState.CANCELLED
    changed = await channels.change(
        ada.user_id, channel.id, Change(name="new", enabled=True, url=f"{receiver.url}/x")
    )
    assert (changed.name, changed.place) == ("new", f"{receiver.url}/…")
    await telling_desk.plan(telling_desk.told(ada))
    await telling_desk.wait(0)
    assert [got.target for got in receiver.got] == ["/x"]
    await channels.remove(ada.user_id, channel.id)
    assert await telling_desk.list_deliveries(ada) == []


async def test_apprise_speaks_to_what_the_operator_allows(
    tellings: Database, tmp_path: Path, receiver: Receiver
) -> None:
    await tellings.once("truncate alert_channels, alert_notifications, alert_deliveries")
    desk = TellingDesk(tellings, tmp_path, apprise_schemes=("json", "tgram"))
    ada = person()

    def apprise(url: str) -> NewChannel:
        return NewChannel(ChannelKind.APPRISE, "phone", url)

    try:
        for url in (
            "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/",
            "json://169.254.169.254/",
            "json://10.0.0.1/",
            "json://metadata.example/",
            "json://2130706433/",
            "json://",
            "tgram://nonsense",
            "file:///etc/passwd",
            "tgram://123456789:abcdefg_hijklmnop/12315544/?template=/etc/passwd",
            f"json://{receiver.authority}/?redirect=yes&rto=9999&retry=9&optional=yes",
            "",
        ):
            with pytest.raises(AppriseRefused):
                await desk.telling.channels.add(ada, apprise(url))
        target = f"json://{receiver.authority}/"
        channel, secret = await desk.telling.channels.add(ada, apprise(target))
        assert (channel.place, secret) == ("json://…", None)
        receiver.answers.append(Answer(307, {"Location": "http://169.254.169.254/"}))
        await desk.plan(desk.told(ada))
        await desk.wait(0)
        assert (await desk.only(ada)).error == "apprise-failed", "a redirect is not followed"
        await desk.wait(5)
        assert (await desk.only(ada)).state is DeliveryState.SENT
        assert b"btc/usd is above 65000" in receiver.got[-1].body
        assert len(receiver.got) == 2
        with pytest.raises(NotForThisKind):
            await desk.telling.channels.confirm(ada.user_id, channel.id, "12345678")
        assert issubclass(AppriseRefused, Invalid)
    finally:
        await desk.close()


async def test_what_is_done_with_channels_is_in_the_audit_log(
    telling_desk: TellingDesk, receiver: Receiver
) -> None:
    ada, channels = person(), telling_desk.telling.channels
    channel, _ = await channels.add(ada, webhook(f"{receiver.url}/x"), address="192.0.2.1")
    await channels.change(ada.user_id, channel.id, Change(url=f"{receiver.url}/y"))
    await channels.sign_anew(ada.user_id, channel.id, timedelta(0))
    await channels.remove(ada.user_id, channel.id)

    noted = await telling_desk.database.once(
        "select event, address, facts::text from audit_log where subject = $1 order by sequence",
        str(channel.id),
    )
    assert [row["event"] for row in noted] == [
        "channel-made",
        "channel-changed",
        "channel-secret-replaced",
        "channel-removed",
    ]
    assert noted[0]["address"] == "192.0.2.1"
    assert not any(receiver.authority in row["facts"] for row in noted)
