"""What a stack, a log line or a failed assertion would show of our values."""

from datetime import UTC, datetime

import pytest

from plimsoll.access.domain.sessions import SignedIn
from plimsoll.access.schemas import authentication as shapes
from plimsoll.access.schemas import second_factor
from plimsoll.access.service.enrolment import Enrolment
from plimsoll.access.storage.users import Credentials
from plimsoll.kernel.identifiers import SessionId, UserId, new_id

SECRET = "only-the-owner-knows-this"


def signed_in() -> SignedIn:
    return SignedIn(
        user_id=UserId(new_id()),
        session_id=SessionId(new_id()),
        access_token=SECRET,
        expires_in_s=900,
        refresh_token=SECRET,
        cookie=SECRET,
        session_expires_at=datetime(2026, 3, 1, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    "value",
    [
        signed_in(),
        shapes.TokenPairView.of(signed_in()),
        Enrolment(SECRET, f"otpauth://totp/x?secret={SECRET}"),
        second_factor.EnrolmentView.of(Enrolment(SECRET, SECRET)),
        second_factor.RecoveryCodesView(recovery_codes=[SECRET]),
        second_factor.Removal(password=SECRET, code=SECRET),
        shapes.Registration(email="ada@example.com", password=SECRET),
        shapes.Login(email="ada@example.com", password=SECRET, code=SECRET),
        shapes.PasswordChange(current_password=SECRET, new_password=SECRET, code=SECRET),
        shapes.RefreshRequest(refresh_token=SECRET),
        shapes.KeyExchange(api_key=SECRET),
        Credentials(None, SECRET, None),
    ],
    ids=lambda value: type(value).__name__,
)
def test_it_keeps_its_secret_to_itself(value: object) -> None:
    assert SECRET not in repr(value)
    assert SECRET not in str(value)
