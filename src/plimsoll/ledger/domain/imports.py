"""What a file says happened, and what is to be made of every row of it. Pure.

An importer turns rows into outcomes: a `Draft` of a ledger transaction, `Refused` rows with every
fault in them, or rows `LeftOut` because nothing happened to the books in them. `judge` gives each
outcome its verdict beside what the ledger has already.

A draft is known by its external id where the file has one. Otherwise by a hash of what moved, when
and where, and by how many drafts with the same hash came before it in the file: two equal fills of
one second both stay, and the same file read again adds nothing. How a row was written (number and
date style, order of columns) and what was made of it (kind, note) are no part of the hash.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple

from plimsoll.kernel.identifiers import AssetId
from plimsoll.kernel.money import format_amount
from plimsoll.ledger.domain.transactions import Kind, Precision, Role

LONGEST_RAW: Final = 200
"""Characters of a row's own text that a fault repeats."""
LONGEST_ID: Final = 200


class RawRow(NamedTuple):
    """The cells of one record as written; `line` is where it begins, counted from 1."""

    line: int
    cells: tuple[str, ...]


class Fault(NamedTuple):
    """What is wrong in one place: the text as written, why, and what to do about it."""

    line: int
    column: str
    raw: str
    code: str
    reason: str
    fix: str


class Side(StrEnum):
    """Where a leg is: in a wallet of the owner, or where nobody keeps books of."""

    WALLET = "wallet"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class DraftLeg:
    """A signed quantity of what the file calls `code`.

    `asset_id` None: nobody said which asset that is. `wallet` is the wallet's name in the file,
    empty for the wallet that the import goes to. `value` is in the draft's currency, None where
    the file does not tell.
    """

    code: str
    asset_id: AssetId | None
    quantity: Decimal
    role: Role = Role.PRINCIPAL
    side: Side = Side.WALLET
    wallet: str = ""
    value: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A transaction as a file tells it; `at` in UTC.

    `currency` is the code of what values are in, empty where the file names none. `reference` is
    what others know it by (a hash on its chain): several drafts may share one. `doubts` are places
    that a person should look at before it is recorded.
    """

    lines: tuple[int, ...]
    kind: Kind
    at: datetime
    legs: tuple[DraftLeg, ...]
    currency: str = ""
    precision: Precision = Precision.INSTANT
    external_id: str | None = None
    reference: str = ""
    note: str = ""
    doubts: tuple[Fault, ...] = ()


class Refused(NamedTuple):
    """Rows of which nothing can be made, with every fault found in them."""

    lines: tuple[int, ...]
    faults: tuple[Fault, ...]


class LeftOut(NamedTuple):
    """Rows that change nothing in the books, and why."""

    lines: tuple[int, ...]
    reason: str


Outcome = Draft | Refused | LeftOut


class Standing(StrEnum):
    """What becomes of rows when the import is committed."""

    NEW = "new"
    ALREADY_IMPORTED = "already-imported"
    NEEDS_ATTENTION = "needs-attention"
    LEFT_OUT = "left-out"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The standing of the rows at `lines`. `identity` is what the ledger keeps as external id."""

    standing: Standing
    lines: tuple[int, ...]
    faults: tuple[Fault, ...] = ()
    reason: str = ""
    draft: Draft | None = None
    identity: str = ""


def fingerprint(draft: Draft) -> str:
    """A hash of what moved, when and where: the same however the row was written."""
    legs = sorted(
        f"{leg.wallet}\x1f{leg.side}\x1f{leg.role}\x1f{leg.code.upper()}\x1f"
        f"{format_amount(leg.quantity)}"
        for leg in draft.legs
    )
    text = "\x1e".join((draft.at.isoformat(), draft.reference, *legs))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def judge(outcomes: Iterable[Outcome], known: Callable[[str], bool]) -> Iterator[Verdict]:
    """A verdict for each outcome, in order; `known` tells whether the ledger has an identity."""
    seen: dict[str, int] = {}
    named: dict[str, tuple[str, int]] = {}
    for outcome in outcomes:
        match outcome:
            case Refused(lines, faults):
                yield Verdict(Standing.ERROR, lines, faults)
            case LeftOut(lines, reason):
                yield Verdict(Standing.LEFT_OUT, lines, reason=reason)
            case Draft():
                yield _judge(outcome, seen, named, known)


def _judge(
    draft: Draft,
    seen: dict[str, int],
    named: dict[str, tuple[str, int]],
    known: Callable[[str], bool],
) -> Verdict:
    print_ = fingerprint(draft)
    if draft.external_id:
        identity = short_id(draft.external_id)
        earlier = named.setdefault(identity, (print_, draft.lines[0]))
        if earlier[0] != print_:
            return Verdict(Standing.ERROR, draft.lines, (_id_used_twice(draft, earlier[1]),))
        if earlier[1] != draft.lines[0]:
            reason = f"the same row stands on line {earlier[1]}"
            return Verdict(Standing.ALREADY_IMPORTED, draft.lines, (), reason, draft, identity)
    else:
        occurrence = seen[print_] = seen.get(print_, 0) + 1
        identity = f"row:{print_}:{occurrence}"
    if known(identity):
        reason = "the ledger has this transaction"
        return Verdict(Standing.ALREADY_IMPORTED, draft.lines, (), reason, draft, identity)
    doubts = (*draft.doubts, *_unknown_assets(draft))
    standing = Standing.NEEDS_ATTENTION if doubts else Standing.NEW
    return Verdict(standing, draft.lines, doubts, draft=draft, identity=identity)


def short_id(external_id: str) -> str:
    """The external id, or its hash where it is longer than the ledger keeps."""
    if len(external_id) <= LONGEST_ID:
        return external_id
    return "id:" + hashlib.sha256(external_id.encode("utf-8", "surrogatepass")).hexdigest()


def _id_used_twice(draft: Draft, line: int) -> Fault:
    assert draft.external_id
    return Fault(
        draft.lines[0],
        "",
        draft.external_id[:LONGEST_RAW],
        "id-used-twice",
        f"the row on line {line} has the same id and says something else",
        "keep the row that is right, or give one of them another id",
    )


def _unknown_assets(draft: Draft) -> Iterator[Fault]:
    for code in dict.fromkeys(leg.code for leg in draft.legs if leg.asset_id is None):
        yield Fault(
            draft.lines[0],
            "",
            code[:LONGEST_RAW],
            "unknown-asset",
            f"nobody has said which asset {code[:LONGEST_RAW]!r} is",
            "choose the asset that this code means in this file",
        )
