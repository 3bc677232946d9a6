"""A real mail server on loopback; what channels send through it is tested with them."""

import asyncio
import ssl
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope

from plimsoll.plumbing.mail import Mailer, MailFailed, MailServer
from tests.fakes.clock import ManualClock
from tests.fakes.receiver import Receiver


@pytest.mark.parametrize("knows", [True, False])
async def test_a_mail_server_gets_no_password_in_the_clear(tmp_path: Path, *, knows: bool) -> None:
    """One that has STARTTLS gets it, proven by its certificate; another one gets nothing."""
    loop, certificate = asyncio.get_running_loop(), Receiver.make_certificate(tmp_path, "localhost")
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    theirs.load_cert_chain(certificate)
    secured, subjects = list[bool](), list[str]()

    class Box:
        async def handle_DATA(self, _server: SMTP, _session: Any, envelope: Envelope) -> str:  # noqa: N802 - the library's name
            assert isinstance(envelope.content, bytes)
            message = message_from_bytes(envelope.content, policy=policy.default)
            subjects.append(message["Subject"])
            assert message["Bcc"] is None
            return "250 OK"

    def check(server: SMTP, *_: Any) -> AuthResult:
        secured.append(server._tls_protocol is not None)
        return AuthResult(success=True)

    def talk() -> SMTP:
        return SMTP(
            Box(),
            hostname="mail.example",
            loop=loop,
            tls_context=theirs if knows else None,
            auth_required=knows,
            authenticator=check,
        )

    server = await loop.create_server(talk, "127.0.0.1" if knows else "127.0.0.2", 0)
    port = server.sockets[0].getsockname()[1]
    host = "localhost" if knows else "127.0.0.2"  # where no password goes without TLS
    url = f"smtp://desk:secret@{host}:{port}"
    trusted = ssl.create_default_context(cafile=str(certificate))
    mailer = Mailer(MailServer.parse(url), "desk@plimsoll.example", ManualClock(), trusted=trusted)
    try:
        sending = mailer.send("ada@example.org", subject="a\r\nBcc: x", text="b", message_id="1")
        if knows:
            await sending
            assert (secured, subjects) == ([True], ["a Bcc: x"])
        else:
            with pytest.raises(MailFailed):
                await sending
            assert (secured, subjects) == ([], [])
    finally:
        mailer.close()
        server.close()
