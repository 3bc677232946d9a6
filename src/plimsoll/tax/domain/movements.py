"""A fact as what it does to units of assets: acquired, disposed of, carried over, earned.

Which of these a kind is, is a country's decision (`rules/`); the rest of the engine sees movements
only. Quantities are above zero; `day` is the day of the tax, in the country's own zone. Values are
in the tax's currency and exact. Movements of one fact keep their order.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from plimsoll.kernel.identifiers import AssetId, TransactionId, WalletId
from plimsoll.ledger.domain.transactions import Kind


class Ref(NamedTuple):
    """Where something comes from: the leg of a transaction."""

    transaction: TransactionId
    leg: int


class Acquired(NamedTuple):
    """`cost` is basis with the fees that the law adds. `since`: when the holding period begins,
    for a gift perhaps the donor's. `market_value`: of a gift whose loss is counted from it.
    """

    ref: Ref
    kind: Kind
    at: datetime
    day: date
    asset: AssetId
    account: WalletId
    quantity: Decimal
    cost: Decimal
    since: date
    market_value: Decimal | None = None


class Disposed(NamedTuple):
    """`proceeds` less the fees that the law takes off; `fees` is that part, for the forms.

    `taxed` False: units leave at their cost and nobody gains (spouse, donation, gift out: what
    the country says). `what` is the word for it in reports.
    """

    ref: Ref
    kind: Kind
    at: datetime
    day: date
    asset: AssetId
    account: WalletId
    quantity: Decimal
    proceeds: Decimal
    fees: Decimal = Decimal(0)
    taxed: bool = True
    picks: tuple[tuple[TransactionId, Decimal], ...] = ()


class Carried(NamedTuple):
    """Own units from one account to another: cost and holding period go with them."""

    ref: Ref
    at: datetime
    day: date
    asset: AssetId
    source: WalletId
    target: WalletId
    quantity: Decimal


class Earned(NamedTuple):
    """Income at its value when received. `category`: how the country calls it."""

    ref: Ref
    kind: Kind
    at: datetime
    day: date
    asset: AssetId
    account: WalletId | None
    quantity: Decimal
    value: Decimal
    category: str


class Unvalued(NamedTuple):
    """A leg whose value nobody knows and the tax needs: reported, counted as 0 until then."""

    ref: Ref
    asset: AssetId
    quantity: Decimal
    at: datetime


Movement = Acquired | Disposed | Carried | Earned
