"""What a person chose, as plain data that can be stored and computed with again.

Nothing in it is computed: a stored choice means the same to every later version of the rules.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from plimsoll.kernel.identifiers import AssetId, TransactionId, WalletId
from plimsoll.kernel.money import ZERO
from plimsoll.tax.domain.allocation import Allocation
from plimsoll.tax.domain.countries import Treatment
from plimsoll.tax.domain.movements import Ref
from plimsoll.tax.domain.results import ShortfallPolicy
from plimsoll.tax.domain.uk import Holder


class Way(StrEnum):
    """How units are matched. The first six may be somebody's choice, the others are a law's."""

    FIFO = "fifo"
    LIFO = "lifo"
    HIFO = "hifo"
    LOFO = "lofo"
    SPECIFIC = "specific"
    """The units that were named in time, else first in, first out."""
    AVERAGE = "average"
    SECTION_104 = "section-104"
    ACB = "acb"
    PORTFOLIO_FRACTION = "portfolio-fraction"


class Filing(StrEnum):
    """Who declares (US): it halves the loss that may be deducted from other income."""

    SINGLE_OR_JOINT = "single-or-joint"
    MARRIED_SEPARATELY = "married-separately"


class Brought(NamedTuple):
    """Losses of earlier years, above zero; `long` is the long-term part (US only)."""

    short: Decimal = ZERO
    long: Decimal = ZERO


class FormRow(NamedTuple):
    """A row of form 1099-DA. `account` None: the broker's wallet is not known here. `cost`: the
    basis that was reported to the tax authority, None where none was.
    """

    number: int
    account: WalletId | None
    asset: AssetId
    quantity: Decimal
    sold_on: date
    proceeds: Decimal
    cost: Decimal | None = None
    broker: str = ""


@dataclass(frozen=True, slots=True)
class Choices:
    """Nothing chosen is what the law, or the ruleset, says.

    `methods`: from that tax year on; years before the first one go by the ruleset's own.
    `zone`: where the person lives, where a country has several. `currency`: of the generic rules.
    `brought`: losses that came into a year. `portfolios` (France): the value of everything just
    before the disposal of that reference. `wash_sales_from` (US): from that day on losses with a
    purchase near them are pointed out; the law knows no wash sales of such assets today.
    """

    methods: tuple[tuple[int, Way], ...] = ()
    shortfalls: ShortfallPolicy = ShortfallPolicy.ZERO_BASIS
    holder: Holder = Holder.INDIVIDUAL
    filing: Filing = Filing.SINGLE_OR_JOINT
    allocation: Allocation = field(default_factory=Allocation)
    treatments: Mapping[TransactionId, Treatment] = field(
        default_factory=dict[TransactionId, Treatment]
    )
    brought: Mapping[int, Brought] = field(default_factory=dict[int, Brought])
    zone: str = ""
    currency: str = ""
    forms: tuple[FormRow, ...] = ()
    portfolios: Mapping[Ref, Decimal] = field(default_factory=dict[Ref, Decimal])
    wash_sales_from: date | None = None
