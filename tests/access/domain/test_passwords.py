"""Which passwords are accepted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.access.domain.common_passwords import COMMON
from plimsoll.access.domain.passwords import WeakPassword, check_password


@pytest.mark.parametrize(
    "password",
    [
        "seven grey herons at dusk",
        "Tr0ub4dor&3-and-more",
        "пароль из многих букв",
        "🦀🐙🦑🐡🐠🐟🐬🐳🐋🦈🦐🦞",
        " leading and trailing ",
        "x7#k2!m9$p4@",
    ],
)
def test_long_and_rare_passwords_are_accepted(password: str) -> None:
    check_password(password, email="ada@example.com")


@pytest.mark.parametrize(
    "password",
    [
        "elevenchars",
        "x" * 129,
        "password1234",
        "PASSWORD1234",
        "qwertyuiop123",
        "bitcoin12345",
        "aaaaaaaaaaaa",
        "abcabcabcabc",
        "abcabcabcabca",
        "1234567890123",
        "ada.lovelace12",
        "Ada.Lovelace@example.com",
        "plimsoll-2026!",
    ],
)
def test_passwords_that_are_tried_first_are_refused(password: str) -> None:
    with pytest.raises(WeakPassword) as refusal:
        check_password(password, email="ada.lovelace@example.com")
    assert password not in refusal.value.detail


def test_a_short_name_does_not_spoil_long_passwords() -> None:
    check_password("alpine ibex alone", email="al@example.com")


@given(st.sampled_from(sorted(COMMON)))
def test_every_common_password_is_refused_in_any_case(word: str) -> None:
    for spelling in (word, word.upper(), word.title()):
        with pytest.raises(WeakPassword):
            check_password(spelling, email="ada@example.com")


def test_the_list_holds_only_what_length_lets_through() -> None:
    assert len(COMMON) > 3000
    assert all(len(word) >= 12 and word == word.casefold() for word in COMMON)
