"""Which passwords are accepted: long, not among the common ones, not the e-mail address again.

There are no rules of composition; length and rarity are what protect. Text is taken as it is:
nothing is trimmed, folded or cut, so the password that was set is the only one that opens.
"""

import re
from typing import Final

from plimsoll.access.domain.common_passwords import COMMON
from plimsoll.kernel.errors import FieldFault, Invalid

MIN_LENGTH: Final = 12
MAX_LENGTH: Final = 128
MIN_CONTEXT: Final = 4
"""Shorter local parts (`al@…`) would refuse half of all passwords."""

LITTLE: Final = 6
"""What may be left of a password beside a word that anybody would try."""

_DECORATION: Final = re.compile(r"[\W\d_]+")


class WeakPassword(Invalid):
    """A password that is too short, too long or too easily guessed."""

    code = "weak-password"
    title = "The password is too easily guessed"


def check_password(password: str, *, email: str, pointer: str = "#/password") -> None:
    """Raise WeakPassword unless `password` may protect the account of `email` (normalised)."""
    reason = _weakness(password, email)
    if reason is not None:
        raise WeakPassword(reason, faults=(FieldFault(pointer, WeakPassword.code, reason),))


def _weakness(password: str, email: str) -> str | None:
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        return f"a password has {MIN_LENGTH} to {MAX_LENGTH} characters"
    folded = password.casefold()
    if folded in COMMON or _is_repetition(folded):
        return "this password is among the first that are tried"
    local, _, domain = email.partition("@")
    for word in ("plimsoll", email, local, domain.partition(".")[0]):
        if len(word) >= MIN_CONTEXT and _is_mostly(folded, word):
            return "the password is little more than the e-mail address or the name of this service"
    return None


def _is_repetition(folded: str) -> bool:
    """One short piece over and over: `abcabcabcabc`, `111111111111`."""
    return any(
        folded == (folded[:size] * len(folded))[: len(folded)]
        for size in range(1, len(folded) // 3 + 1)
    )


def _is_mostly(folded: str, word: str) -> bool:
    """Whether hardly any letters are left beside `word`.

    Digits and signs around it count for nothing.
    """
    if word not in folded:
        return False
    return len(_DECORATION.sub("", folded.replace(word, ""))) < LITTLE
