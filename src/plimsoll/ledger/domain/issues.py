"""What may be wrong with a ledger: each doubt with its cause, its rows and what would settle it.

Nothing here blocks anything. An issue is known by the same id for as long as it is about the same
wallet, asset, day or transactions, however often it is found.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from plimsoll.kernel.clock import rfc3339
from plimsoll.kernel.identifiers import AssetId, ImportId, TransactionId, UserId, WalletId
from plimsoll.kernel.money import format_amount
from plimsoll.ledger.domain.pairing import Proposal
from plimsoll.ledger.domain.transactions import Precision, Transaction

MOST_NAMED: Final = 100
"""Transactions, and lines of files, that one issue names; it counts all of them."""


class IssueKind(StrEnum):
    """What kind of doubt it is."""

    MISSING_HISTORY = "missing-history"
    NEGATIVE_BALANCE = "negative-balance"
    UNMATCHED_TRANSFER = "unmatched-transfer"
    MISSING_PRICE = "missing-price"
    SUSPICIOUS_PRICE = "suspicious-price"
    POSSIBLE_DUPLICATE = "possible-duplicate"
    SPAM_TOKEN = "spam-token"  # noqa: S105 - no secret


class Severity(StrEnum):
    """How wrong figures are if the doubt is right."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


SEVERITIES: Final = {
    IssueKind.MISSING_HISTORY: Severity.HIGH,
    IssueKind.NEGATIVE_BALANCE: Severity.HIGH,
    IssueKind.POSSIBLE_DUPLICATE: Severity.HIGH,
    IssueKind.SUSPICIOUS_PRICE: Severity.HIGH,
    IssueKind.MISSING_PRICE: Severity.MEDIUM,
    IssueKind.UNMATCHED_TRANSFER: Severity.MEDIUM,
    IssueKind.SPAM_TOKEN: Severity.LOW,
}


class Why(StrEnum):
    """Why there is no price."""

    NO_SOURCE = "no-source"
    """No source knows the asset, and all of them are well."""
    NOT_ON_THE_DAY = "not-on-the-day"
    """A source knows what it is worth now, and nobody said it of that day."""
    SOURCE_AWAY = "source-away"
    """A source is away, or limits us now: it may know."""


class Rows(NamedTuple):
    """Where the transactions stand in the file of an import."""

    import_id: ImportId
    lines: tuple[int, ...]


# --- what would settle it ------------------------------------------------------------------------


class OpenLot(NamedTuple):
    """Say that so much was there before, and what it had cost (0 where nobody knows a price)."""

    wallet_id: WalletId
    asset_id: AssetId
    quantity: Decimal
    at: datetime
    currency: AssetId
    value: Decimal


class MoveUnits(NamedTuple):
    """Record the transfer that is not in the books."""

    source: WalletId
    target: WalletId
    asset_id: AssetId
    quantity: Decimal
    at: datetime
    currency: AssetId


class Confirm(NamedTuple):
    """Say that these two are one transfer."""

    withdrawal_id: TransactionId
    deposit_id: TransactionId


class Reject(NamedTuple):
    """Say that these two are not."""

    withdrawal_id: TransactionId
    deposit_id: TransactionId


class GiveValue(NamedTuple):
    """Say what one unit was worth on the day; `price` None has to be filled in."""

    asset_id: AssetId
    currency: AssetId
    day: date
    price: Decimal | None


class Void(NamedTuple):
    """Take the transaction out of force."""

    transaction_id: TransactionId


class Dismiss(NamedTuple):
    """Say that all is well. `note` is why."""

    note: str


Fix = OpenLot | MoveUnits | Confirm | Reject | GiveValue | Void | Dismiss


@dataclass(frozen=True, slots=True)
class Issue:
    """One doubt. `transactions` are the first of `count`; `why` is of missing prices only."""

    id: UUID
    kind: IssueKind
    cause: str
    since: datetime
    asset_id: AssetId
    wallet_id: WalletId | None
    transactions: tuple[TransactionId, ...]
    count: int
    rows: tuple[Rows, ...]
    fixes: tuple[Fix, ...]
    why: Why | None = None

    @property
    def severity(self) -> Severity:
        return SEVERITIES[self.kind]


PriceOn = Callable[[AssetId, AssetId, date], Decimal | None]
"""What one of the first was worth in the second on a day; None where nobody knows."""


@dataclass(frozen=True, slots=True)
class Names:
    """What people call it. `assets`: symbol and name."""

    wallets: Mapping[WalletId, str]
    assets: Mapping[AssetId, tuple[str, str]]

    def wallet(self, wallet_id: WalletId) -> str:
        return self.wallets.get(wallet_id, "main")

    def symbol(self, asset_id: AssetId) -> str:
        return self.assets.get(asset_id, (asset_id, ""))[0].upper()

    def amount(self, quantity: Decimal, asset_id: AssetId) -> str:
        return f"{format_amount(quantity)} {self.symbol(asset_id)}"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known besides the ledger. `money`: assets that are no coins. `priced`: assets with a
    latest price. `away`: sources of prices that are not well now. `proposals`: pairs that may be
    transfers.
    """

    user_id: UserId
    now: datetime
    names: Names
    price_on: PriceOn
    money: frozenset[AssetId] = frozenset()
    priced: frozenset[AssetId] = frozenset()
    away: Sequence[str] = ()
    proposals: Sequence[Proposal] = ()

    def id_of(self, kind: IssueKind, *parts: object) -> UUID:
        """The same for the same person, kind and parts."""
        text = "\x1f".join((str(self.user_id), kind, *map(str, parts)))
        return UUID(bytes=hashlib.sha256(text.encode()).digest()[:16])


class Witnesses:
    """The transactions that an issue is about, as they are met; the first of them are named."""

    __slots__ = ("_lines", "count", "first", "ids")

    def __init__(self, *transactions: Transaction) -> None:
        self.ids: list[TransactionId] = []
        self.count = 0
        self.first: datetime | None = None
        self._lines: dict[ImportId, list[int]] = {}
        for each in transactions:
            self.add(each)

    def add(self, transaction: Transaction) -> None:
        if self.ids and self.ids[-1] == transaction.id:
            return
        self.count += 1
        self.first = self.first or transaction.occurred_at
        if len(self.ids) < MOST_NAMED:
            self.ids.append(transaction.id)
            if transaction.import_id is not None:
                lines = self._lines.setdefault(transaction.import_id, [])
                lines += transaction.lines[: MOST_NAMED - len(lines)]

    @property
    def rows(self) -> tuple[Rows, ...]:
        return tuple(Rows(each, tuple(lines)) for each, lines in self._lines.items())


def moment(transaction: Transaction) -> str:
    """When it happened, as exactly as it is known."""
    at = transaction.occurred_at
    return at.date().isoformat() if transaction.precision is Precision.DAY else rfc3339(at)
