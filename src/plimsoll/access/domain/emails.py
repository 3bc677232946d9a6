"""E-mail addresses as names of accounts: one spelling each.

The check is of shape only; whether an address exists is known when a message arrives, not before.
Folding the case of the local part merges spellings that a mail server may tell apart; in practice
none does, and two accounts that look alike are worse.
"""

import re
import unicodedata
from typing import Final

from plimsoll.kernel.errors import FieldFault, Invalid

MAX_LENGTH: Final = 254
"""Of a path in RFC 5321, less its brackets."""

MAX_LOCAL: Final = 64
_SHAPE: Final = re.compile(
    r"[^\s@\"(),:;<>\[\\\]]+@[^\s@\"(),:;<>\[\\\]_]+\.[^\s@\"(),:;<>\[\\\]_.]{2,}"
)


class NotAnEmail(Invalid):
    """Text that does not look like an e-mail address."""

    code = "not-an-email"
    title = "Not an e-mail address"


def normalise_email(text: str) -> str:
    """`text` in the one spelling that is stored and compared: trimmed, NFKC, case folded."""
    if len(text) > 2 * MAX_LENGTH:
        raise _refusal(f"longer than {MAX_LENGTH} characters")
    email = unicodedata.normalize("NFKC", text.strip()).casefold()
    # Folding can undo the normal form and the other way round: the pair is run to its fixed point.
    email = unicodedata.normalize("NFKC", email).casefold()
    if len(email) > MAX_LENGTH:
        raise _refusal(f"longer than {MAX_LENGTH} characters")
    local, _, domain = email.partition("@")
    if (
        not _SHAPE.fullmatch(email)
        or len(local) > MAX_LOCAL
        or not email.isprintable()
        or ".." in email
        or local.startswith(".")
        or local.endswith(".")
        or domain.startswith((".", "-"))
    ):
        raise _refusal("an address looks like name@example.com")
    return email


def _refusal(message: str) -> NotAnEmail:
    return NotAnEmail(message, faults=(FieldFault("#/email", NotAnEmail.code, message),))
