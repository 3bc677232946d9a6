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
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple

from plimsoll.kernel.errors import FieldFault
from plimsoll.kernel.identifiers import AssetId, ImportId, JobId, UserId, WalletId
from plimsoll.kernel.money import format_amount
from plimsoll.ledger.domain.transactions import Kind, Precision, Role
from plimsoll.markets.domain.assets import USD

LONGEST_RAW: Final = 200
"""Characters of a row's own text that a fault repeats."""
LONGEST_ID: Final = 200
IN_THE_LEDGER: Final = "the ledger has this transaction"


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


class Booked(NamedTuple):
    """How a leg stood in a ledger; see `Leg`. `cost_rate` None is 1."""

    valued: bool
    cost_currency: AssetId | None
    cost_rate: Decimal | None


@dataclass(frozen=True, slots=True)
class DraftLeg:
    """A signed quantity of what the file calls `code`.

    `asset_id` None: nobody said which asset that is. `wallet` is the wallet's name in the file,
    empty for the wallet that the import goes to. `value` is in the draft's currency, None where
    the file does not tell. `booked`: it was in a ledger, and its worth is taken as it stood there.
    """

    code: str
    asset_id: AssetId | None
    quantity: Decimal
    role: Role = Role.PRINCIPAL
    side: Side = Side.WALLET
    wallet: str = ""
    value: Decimal | None = None
    booked: Booked | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A transaction as a file tells it; `at` in UTC.

    `currency` is the code of what values are in, empty where the file names none. `reference` is
    what others know it by (a hash on its chain): several drafts may share one. `doubts` are places
    that a person should look at before it is recorded. `source` is who told it first, empty for the
    format of the file.
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
    source: str = ""

    @property
    def was_booked(self) -> bool:
        """Whether it comes from a ledger: nothing of it is worked out anew."""
        return self.legs[0].booked is not None

    @property
    def wallets(self) -> set[str]:
        """The names of wallets that the ledger needs for it."""
        if not self.was_booked:
            return {leg.wallet for leg in self.legs}
        return {leg.wallet for leg in self.legs if leg.side is Side.WALLET}


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
        [
            f"{leg.wallet}\x1f{leg.side}\x1f{leg.role}\x1f{leg.code.upper()}\x1f"
            f"{format_amount(leg.quantity)}"
            for leg in draft.legs
        ]
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
        key = f"{draft.source}\x1f{identity}"
        earlier = named.setdefault(key, (print_, draft.lines[0]))
        if earlier[0] != print_:
            return Verdict(Standing.ERROR, draft.lines, (_id_used_twice(draft, earlier[1]),))
        if earlier[1] != draft.lines[0]:
            reason = f"the same row stands on line {earlier[1]}"
            return Verdict(Standing.ALREADY_IMPORTED, draft.lines, (), reason, draft, identity)
    else:
        occurrence = seen[print_] = seen.get(print_, 0) + 1
        identity = f"row:{print_}:{occurrence}"
    if known(identity):
        return Verdict(Standing.ALREADY_IMPORTED, draft.lines, (), IN_THE_LEDGER, draft, identity)
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
    for code in dict.fromkeys([leg.code for leg in draft.legs if leg.asset_id is None]):
        yield Fault(
            draft.lines[0],
            "",
            code[:LONGEST_RAW],
            "unknown-asset",
            f"nobody has said which asset {code[:LONGEST_RAW]!r} is",
            "choose the asset that this code means in this file",
        )


class ImportState(StrEnum):
    """Where an import is; the last three are its ends, of which COMMITTED may still be undone."""

    READING = "reading"
    QUESTIONS = "questions"
    REFUSED = "refused"
    PREVIEW = "preview"
    COMMITTING = "committing"
    UNDOING = "undoing"
    COMMITTED = "committed"
    UNDONE = "undone"
    DISCARDED = "discarded"


ANSWERABLE: Final = frozenset({ImportState.QUESTIONS, ImportState.REFUSED, ImportState.PREVIEW})
UNDECIDED: Final = ANSWERABLE | {ImportState.READING}
FALLS_BACK_TO: Final = {
    ImportState.READING: ImportState.REFUSED,
    ImportState.COMMITTING: ImportState.PREVIEW,
    ImportState.UNDOING: ImportState.COMMITTED,
}
"""What an import is whose work was cancelled, or failed for good: nothing of it was done."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What a person says of a file. Maps replace nothing that they do not name.

    `currency` is what values are in where the file names none. `wallets`: by the name in the file,
    the id of a wallet or the name of one, which is made if there is none. `assets`: by code.
    `skip` and `accept`: lines of rows that shall not be recorded, and of rows that were looked at.
    """

    format: str | None = None
    zone: str | None = None
    numbers: str | None = None
    dates: str | None = None
    cash: str = "outside"
    currency: AssetId = USD
    wallets: Mapping[str, str] = field(default_factory=dict)
    assets: Mapping[str, AssetId] = field(default_factory=dict)
    skip: tuple[int, ...] = ()
    accept: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """What a file turned out to be. `rows` are counted below the header, `first` and `last` span
    what would be recorded.

    Counts: `faults` by code, `unknown` by the code of an asset, `wallets` by the name in the file
    (empty: none is named). `unpriced`: by each currency that values are in, the assets whose worth
    the file does not tell.
    """

    format: str
    encoding: str
    delimiter: str
    header_line: int
    numbers: str
    dates: str
    zone: str | None
    rows: int
    first: datetime | None = None
    last: datetime | None = None
    faults: Mapping[str, int] = field(default_factory=dict)
    unknown: Mapping[str, int] = field(default_factory=dict)
    wallets: Mapping[str, int] = field(default_factory=dict)
    unpriced: Mapping[str, tuple[AssetId, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ImportProblem:
    """Why a file cannot be read, or cannot be read yet: then each fault is a question."""

    code: str
    title: str
    detail: str = ""
    facts: Mapping[str, str | int | bool | None] = field(default_factory=dict)
    faults: tuple[FieldFault, ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """A verdict as it is kept until the import is decided. `currency` is the asset that the code
    of the draft's currency means, None where there is none or nobody knows it.
    """

    verdict: Verdict
    currency: AssetId | None = None


@dataclass(frozen=True, slots=True)
class Import:
    """A file that somebody brought, and how far it is.

    `size` in bytes; `digest` is the SHA-256 of them. `version` grows with every change. `counts`
    are verdicts by standing. `wallet_id` None is the main wallet.
    """

    id: ImportId
    user_id: UserId
    name: str
    digest: bytes
    size: int
    wallet_id: WalletId | None
    state: ImportState
    job_id: JobId
    version: int
    answers: Answers
    found: Found | None
    problem: ImportProblem | None
    counts: Mapping[Standing, int]
    accepted: int
    skipped: int
    recorded: int
    repeated: int
    created_at: datetime
    changed_at: datetime
