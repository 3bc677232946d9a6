"""E-mail through the operator's own server.

The library of the language speaks SMTP and waits for every answer, so each message is sent in one
of a few threads; a server that says nothing costs a message its time and nobody else's. With
`smtps` the connection is TLS from the start. With `smtp` the server is asked for STARTTLS, which it
must have before it gets a password, unless it is this very machine.

What a server says in words stays in our log at most: a refusal may repeat the address.
"""

import asyncio
import smtplib
import ssl
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final, Self
from urllib.parse import unquote, urlsplit

from plimsoll.kernel.clock import Clock
from plimsoll.kernel.errors import Unavailable

STEP_S: Final = 5.0
"""For each answer of the server."""
DEADLINE_S: Final = 20.0
"""For a whole message."""
_THREADS: Final = 4
_OWN_PORT: Final = {"smtp": 587, "smtps": 465}
_AT_HOME: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_FOR_GOOD: Final = range(500, 600)


class MailFailed(Unavailable):
    """The server did not take a message now; later it may."""

    code = "mail-failed"
    title = "The e-mail could not be sent"


class MailRefused(MailFailed):
    """The server does not take this message, and will not later."""

    code = "mail-refused"
    title = "The mail server refused the e-mail"


@dataclass(frozen=True, slots=True, repr=False)
class MailServer:
    """Where e-mail is handed in."""

    secure: bool
    host: str
    port: int
    user: str
    password: str

    @classmethod
    def parse(cls, url: str) -> Self:
        """Of a `smtp[s]://user:password@host:port` that was checked."""
        parts = urlsplit(url)
        assert parts.hostname is not None
        return cls(
            parts.scheme == "smtps",
            parts.hostname,
            parts.port or _OWN_PORT[parts.scheme],
            unquote(parts.username or ""),
            unquote(parts.password or ""),
        )


class Mailer:
    """Sends as one sender through one server."""

    def __init__(
        self,
        server: MailServer,
        sender: str,
        clock: Clock,
        *,
        step_s: float = STEP_S,
        trusted: ssl.SSLContext | None = None,
    ) -> None:
        self._server = server
        self._sender = sender
        self._clock = clock
        self._step_s = step_s
        self._trusted = trusted or ssl.create_default_context()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="mail")

    async def send(self, to: str, *, subject: str, text: str, message_id: str) -> None:
        """One message of plain text to one address; `message_id` is the same when the same message
        is sent again. Raises MailFailed, MailRefused.
        """
        message = self._message(to, subject=subject, text=text, message_id=message_id)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(DEADLINE_S):
                await loop.run_in_executor(self._threads, self._hand_in, message)
        except smtplib.SMTPRecipientsRefused as error:
            (code, _), *_ = error.recipients.values()
            raise _failure(code) from error
        except smtplib.SMTPResponseException as error:
            raise _failure(error.smtp_code) from error
        except (OSError, smtplib.SMTPException) as error:  # TimeoutError is an OSError
            raise MailFailed(f"the mail server failed ({type(error).__name__})") from error

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _message(self, to: str, *, subject: str, text: str, message_id: str) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = to
        message["Subject"] = " ".join(subject.split())
        message["Date"] = format_datetime(self._clock.now())
        message["Message-ID"] = f"<{message_id}@{self._sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notes, please
        message.set_content(text)
        return message

    def _hand_in(self, message: EmailMessage) -> None:
        server = self._server
        if server.secure:
            talk: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, timeout=self._step_s, context=self._trusted
            )
        else:
            talk = smtplib.SMTP(server.host, server.port, timeout=self._step_s)
        try:
            if not server.secure:
                self._secure(talk)
            if server.user:
                talk.login(server.user, server.password)
            talk.send_message(message)
        finally:
            with suppress(OSError, smtplib.SMTPException):
                talk.quit()

    def _secure(self, talk: smtplib.SMTP) -> None:
        talk.ehlo()
        if talk.has_extn("starttls"):
            talk.starttls(context=self._trusted)
            talk.ehlo()
        elif self._server.user and self._server.host not in _AT_HOME:
            raise smtplib.SMTPNotSupportedError("no STARTTLS, so no password is sent")


def _failure(code: int) -> MailFailed:
    facts = {"status": code}
    if code in _FOR_GOOD:
        return MailRefused(f"the mail server answered {code}", facts=facts)
    return MailFailed(f"the mail server answered {code}", facts=facts)
