"""E-mail addresses: one spelling each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.access.domain.emails import MAX_LENGTH, NotAnEmail, normalise_email


def test_spellings_of_one_address_are_one() -> None:
    assert normalise_email(" Ada@EXAMPLE.com\n") == normalise_email("ada@example.COM")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ada",
        "@example.com",
        "ada@",
        "ada@localhost",
        "a b@example.com",
        "ada@exa mple.com",
        "ada@@example.com",
        "ada@example..com",
        ".ada@example.com",
        "ada@-example.com",
        "ada@example.com\x00",
        "ada\r\n@example.com",
        "<ada@example.com>",
        "ada@example.com,eve@example.com",
        "a" * 65 + "@example.com",
        "a@" + "b" * 250 + ".com",
        "a@" + "b" * 100_000 + ".com",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(NotAnEmail):
        normalise_email(text)


@given(st.text(max_size=40), st.text(max_size=40))
def test_an_accepted_address_is_its_own_normal_form(local: str, domain: str) -> None:
    try:
        email = normalise_email(f"{local}@{domain}.org")
    except NotAnEmail:
        return
    assert normalise_email(email) == email
    assert len(email) <= MAX_LENGTH
    assert email.isprintable()
