"""The head of the audit log, noted down and signed, to be kept elsewhere than the log.

A hash chain shows a change to whoever remembers its end. Whoever owns the database could write the
whole chain anew and its recorded end with it; then the chain is whole and says something else. A
head that was signed and put aside before says what the log was: the rows up to it must still end in
its hash.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from plimsoll.access.domain.audit import Fault, Head, Verdict

PURPOSE: Final = "plimsoll-audit-head-v1"


@dataclass(frozen=True, slots=True)
class SignedHead:
    """`kid` names the key, `signature` is Ed25519 over `text_of` of all else."""

    sequence: int
    hash: bytes
    at: datetime
    kid: str
    signature: bytes


def text_of(head: Head, at: str, kid: str) -> bytes:
    """What is signed: five lines, joined by a line feed, none after the last. `at` is RFC 3339."""
    lines = (PURPOSE, str(head.sequence), head.hash.hex(), at, kid)
    return "\n".join(lines).encode()


def compare(verdict: Verdict, noted: Collection[Head], stored: Mapping[int, bytes]) -> Verdict:
    """The verdict of a walk, with what the noted heads know better.

    `stored` has the hashes that the log carries now, by sequence. Where a noted head differs from
    a chain that is whole, the rows were written anew: somewhere after the last head that agrees, so
    the first row after that one is named.
    """
    agreed = 0
    for head in sorted(noted, key=lambda head: head.sequence):
        if head.sequence > verdict.rows:
            break  # beyond what the walk found whole
        if stored.get(head.sequence) != head.hash:
            return Verdict(verdict.rows, verdict.head, agreed + 1, Fault.REWRITTEN)
        agreed = head.sequence
    furthest = max((head.sequence for head in noted), default=0)
    if verdict.intact and furthest > verdict.rows:
        return Verdict(verdict.rows, verdict.head, verdict.rows + 1, Fault.CUT_OFF)
    return verdict
