"""Secrets that a run has used or given, and where none of them may turn up again.

    canaries = Canaries()
    canaries.note_all(answer.json())  # whatever stands under a name of SECRET_NAMES, anywhere
    canaries.note("a key of ours", text)  # anything else
    canaries.assert_absent("the log", log)

A new kind of secret needs its field's name in SECRET_NAMES, and nothing more: the walk of
`test_secrets` sends and collects by these names.
"""

import base64
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote
from uuid import uuid4

SECRET_NAMES: Final = frozenset(
    {
        "access_token",
        "api_key",
        "current_password",
        "new_password",
        "otpauth_url",
        "password",
        "recovery_codes",
        "refresh_token",
        "secret",
        "signing_secret",
        "token",
        "url",
    }
)
"""Of fields, in requests and in answers. `url`: a webhook's path is often its secret."""
SENT_NAMES: Final = SECRET_NAMES | {"code"}
"""The same of requests only: the `code` of an answer is that of a problem."""
SHORTEST: Final = 12
"""A six-digit code is in every log by chance, and worth nothing a minute later."""


def canary() -> str:
    """A text that nobody else writes, good as a password, a key or a word."""
    return f"Canary9-{uuid4().hex}"


class Canaries:
    def __init__(self) -> None:
        self._secrets: dict[str, str] = {}
        """Text → what it is."""

    def __len__(self) -> int:
        return len(self._secrets)

    def note(self, what: str, secret: str) -> None:
        if len(secret) >= SHORTEST:
            self._secrets[secret] = what

    def note_all(self, document: Any, names: frozenset[str] = SECRET_NAMES) -> None:
        """Every text under a secret's name in JSON."""
        for name, text in _texts(document):
            if name in names:
                self.note(name, text)

    def assert_absent(self, where: str, text: str) -> None:
        """Neither as it is, nor percent-encoded, nor in base64."""
        found = [
            f"{what} as {form}"
            for secret, what in self._secrets.items()
            for form, written in _forms(secret)
            if written in text
        ]
        assert not found, f"{where} has {found}"


def _forms(secret: str) -> Iterator[tuple[str, str]]:
    yield "it is", secret
    if (quoted := quote(secret, safe="")) != secret:
        yield "percent-encoded", quoted
    # Without its end, which depends on what comes next.
    yield "base64", base64.b64encode(secret.encode()).decode().rstrip("=")[:-1]


def _texts(document: Any, name: str = "") -> Iterator[tuple[str, str]]:
    match document:
        case dict():
            for key, value in document.items():
                yield from _texts(value, key)
        case list():
            for value in document:
                yield from _texts(value, name)
        case str():
            yield name, document
