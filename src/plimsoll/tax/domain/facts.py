"""What happened, valued in the currency of the tax: the ledger as tax law looks at it.

A fact is a transaction in force with each leg's value at that moment in the tax's own currency
(`None`: nobody knows it). Nothing about any country is in it.
"""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from plimsoll.kernel.identifiers import AssetId, TransactionId, WalletId
from plimsoll.ledger.domain.transactions import Kind, Role


class FactLeg(NamedTuple):
    """A signed quantity of an asset in an account; `account` None is outside of all of them.

    `value` is that of the whole quantity, never negative. `is_money`: the tax's own currency, or
    another one that this tax does not look at. `for_fee`: a cost of paying another fee in the same
    coin, not of the exchange (26 CFR 1.1001-7(b)(5) example 3).
    """

    account: WalletId | None
    asset: AssetId
    quantity: Decimal
    role: Role
    value: Decimal | None
    is_money: bool = False
    for_fee: bool = False


class Pick(NamedTuple):
    """Which units were meant: of the acquisition `of`, by a record made at `identified_at`.

    `leg` is the number of the disposal's leg; None: of each leg that disposes of the asset.
    """

    of: TransactionId
    asset: AssetId
    quantity: Decimal
    identified_at: datetime
    leg: int | None = None


class Fact(NamedTuple):
    """`at` in UTC. Facts of one moment: those that only bring something in come first, then by
    `seq`. `donor_cost`, `donor_since`: of a gift received, where they are known.
    """

    id: TransactionId
    seq: int
    kind: Kind
    at: datetime
    legs: tuple[FactLeg, ...]
    picks: tuple[Pick, ...] = ()
    donor_cost: Decimal | None = None
    donor_since: datetime | None = None
    note: str = ""
