"""The chain of the audit log: every row carries a hash over itself and the row before.

hash(n) = SHA-256(hash(n - 1) ‖ canonical JSON of row n), starting from 32 zero bytes. A row that
was changed, removed, inserted or moved breaks the chain at exactly its place. What a chain cannot
show is that its end was cut off together with everything that remembers the end; so the head is
kept apart and can be noted down.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from plimsoll.kernel.clock import rfc3339

GENESIS: Final = bytes(32)

Fact = str | int | bool | None


class Event(StrEnum):
    REGISTERED = "registered"
    LOGIN = "login"
    LOGIN_FAILED = "login-failed"
    ACCOUNT_LOCKED = "account-locked"
    LOGOUT = "logout"
    REFRESH_REUSED = "refresh-reused"
    PASSWORD_CHANGED = "password-changed"  # noqa: S105 - the name of an event
    KEY_MADE = "key-made"
    KEY_REVOKED = "key-revoked"
    KEY_ROTATED = "key-rotated"
    SESSION_ENDED = "session-ended"
    SESSIONS_ENDED = "sessions-ended"
    SECOND_FACTOR_ENROLLED = "second-factor-enrolled"
    SECOND_FACTOR_SET = "second-factor-set"
    SECOND_FACTOR_REMOVED = "second-factor-removed"
    RECOVERY_CODES_MADE = "recovery-codes-made"
    RECOVERY_CODE_USED = "recovery-code-used"
    ROLE_SET = "role-set"
    TIER_SET = "tier-set"
    DISABLED = "disabled"
    ENABLED = "enabled"
    SIGNED_OUT = "signed-out"
    ERASURE_ASKED = "erasure-asked"
    ERASED = "erased"
    APPROVAL_ASKED = "approval-asked"
    APPROVAL_GIVEN = "approval-given"
    APPROVAL_REFUSED = "approval-refused"
    APPROVAL_USED = "approval-used"
    TRADING_STATE_SET = "trading-state-set"
    TRADING_LIMITS_SET = "trading-limits-set"
    POSITION_REDUCED = "position-reduced"
    INSURANCE_MOVED = "insurance-moved"
    INSTRUMENT_LISTED = "instrument-listed"
    PRICE_SET = "price-set"
    BACKFILL_STARTED = "backfill-started"
    CANDLE_IMPORT_STARTED = "candle-import-started"
    CHANNEL_MADE = "channel-made"
    CHANNEL_CONFIRMED = "channel-confirmed"
    CHANNEL_CHANGED = "channel-changed"
    CHANNEL_SECRET_REPLACED = "channel-secret-replaced"  # noqa: S105 - the name of an event
    CHANNEL_REMOVED = "channel-removed"
    JOB_CANCELLED = "job-cancelled"
    CASE_ACKNOWLEDGED = "case-acknowledged"
    CASE_ASSIGNED = "case-assigned"
    CASE_RESOLVED = "case-resolved"
    CASES_CHANGED = "cases-changed"
    TAX_RUN_MADE = "tax-run-made"
    TAX_RUN_DISCARDED = "tax-run-discarded"
    IMPORT_COMMITTED = "import-committed"
    IMPORT_UNDONE = "import-undone"


@dataclass(frozen=True, slots=True)
class Happening:
    """A security event as it is handed in: what, who, about what, from where."""

    event: Event
    at: datetime
    user_id: UUID | None = None
    subject: str | None = None
    address: str | None = None
    facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """An entry of the log as it is stored.

    `event` is text, for a tampered one may be no event of ours.
    """

    sequence: int
    at: datetime
    event: str
    user_id: UUID | None
    subject: str | None
    address: str | None
    facts: Mapping[str, Fact]
    hash: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """The last row of the log."""

    sequence: int
    hash: bytes


class Fault(StrEnum):
    CHANGED = "changed"
    MISSING = "missing"
    CUT_OFF = "cut-off"
    """The log ends before its head."""
    ADDED = "added"
    """A row outside of the chain: before its first, or beyond its head."""
    REWRITTEN = "rewritten"
    """The chain is whole, and differs from a head that was noted down."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a walk over the log found.

    `broken_at` is the first sequence that is not as it was written.
    """

    rows: int
    head: Head
    broken_at: int | None = None
    fault: Fault | None = None

    @property
    def intact(self) -> bool:
        return self.broken_at is None


def canonical(row: Row) -> bytes:
    """The one JSON text of a row without its hash: sorted keys, no spaces, UTF-8."""
    return json.dumps(
        {
            "sequence": row.sequence,
            "at": rfc3339(row.at),
            "event": row.event,
            "user_id": str(row.user_id) if row.user_id else None,
            "subject": row.subject,
            "address": row.address,
            "facts": row.facts,
        },
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    ).encode()


def chain_hash(previous: bytes, row: Row) -> bytes:
    """The hash that `row` has to carry after a row with hash `previous`."""
    return hashlib.sha256(previous + canonical(row)).digest()


def append(head: Head, happening: Happening) -> Row:
    """The row that follows `head`."""
    row = Row(
        sequence=head.sequence + 1,
        at=happening.at,
        event=happening.event,
        user_id=happening.user_id,
        subject=happening.subject,
        address=happening.address,
        facts=dict(happening.facts),
        hash=GENESIS,
    )
    return replace(row, hash=chain_hash(head.hash, row))


class Walk:
    """Checks rows in ascending order of sequence, a batch at a time; stops at the first fault."""

    __slots__ = ("_head",)

    def __init__(self) -> None:
        self._head = Head(0, GENESIS)

    @property
    def sequence(self) -> int:
        return self._head.sequence

    @property
    def head(self) -> Head:
        return self._head

    def resume(self, head: Head) -> None:
        """Go on after `head`, up to which somebody has checked every row."""
        assert head.sequence >= self._head.sequence
        self._head = head

    def take(self, rows: Iterable[Row]) -> Verdict | None:
        """Walk over `rows`; a verdict when the chain is broken, None while it holds."""
        for row in rows:
            expected = self._head.sequence + 1
            if row.sequence != expected:
                return self._broken(expected, Fault.MISSING)
            if chain_hash(self._head.hash, row) != row.hash:
                return self._broken(expected, Fault.CHANGED)
            self._head = Head(row.sequence, row.hash)
        return None

    def finish(self, recorded: Head, *, first: int = 1, last: int = 0) -> Verdict:
        """The verdict at the end of the rows, against the head recorded apart from them, and the
        `first` and `last` sequence that the log had when the head was read.
        """
        if self._head.sequence < recorded.sequence:
            return self._broken(self._head.sequence + 1, Fault.CUT_OFF)
        if self._head != recorded:
            return self._broken(self._head.sequence, Fault.CHANGED)
        if first < 1 or last > recorded.sequence:
            return self._broken(first if first < 1 else recorded.sequence + 1, Fault.ADDED)
        return Verdict(self._head.sequence, self._head)

    def _broken(self, at: int, fault: Fault) -> Verdict:
        return Verdict(self._head.sequence, self._head, at, fault)
