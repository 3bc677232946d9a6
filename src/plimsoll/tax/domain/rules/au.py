"""Australia: parcels, and a discount on what was held for more than twelve months.

Sources: ITAA 1997 parts 3-1 and 3-3, 115-25 (both days excluded), ATO on crypto assets. A gift is
a disposal at market value for who gives and an acquisition at it for who gets, between spouses too.
Loss and theft are losses. Coins of a fork cost nothing. An airdrop of a token that is traded is
income; of a first allocation nothing: there a person says `Treatment.FREE`.

The zone is that of Sydney; whoever lives elsewhere replaces it.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from plimsoll.kernel.identifiers import AssetId
from plimsoll.kernel.money import ZERO, multiply
from plimsoll.ledger.domain.transactions import Kind
from plimsoll.tax.domain.countries import TREATMENTS, Country, Treatment
from plimsoll.tax.domain.matching import Election
from plimsoll.tax.domain.results import Slice, Term

COUNTRY: Final = Country(
    code="au",
    currency=AssetId("aud"),
    zone=ZoneInfo("Australia/Sydney"),
    year_start=(7, 1),
    treatments={
        **TREATMENTS,
        **dict.fromkeys((Kind.GIFT_IN, Kind.SPOUSE_IN), Treatment.ACQUIRE),
        **dict.fromkeys((Kind.GIFT_OUT, Kind.SPOUSE_OUT, Kind.DONATION), Treatment.EXCHANGE),
        **dict.fromkeys((Kind.LOST, Kind.STOLEN), Treatment.LOSE),
        Kind.FORK: Treatment.FREE,
    },
    years=1,
    before=Term.SHORT,
    after=Term.LONG,
)

ELECTION: Final = Election()

DISCOUNT: Final = Decimal("0.5")
"""Of individuals and trusts (ITAA 1997 115-100)."""


class NetGain(NamedTuple):
    """`discounted`: what the discount took off; `carried`: losses left for later years."""

    gains: Decimal
    losses: Decimal
    discounted: Decimal
    taxable: Decimal
    carried: Decimal


def net_gain(slices: Iterable[Slice], brought: Decimal = ZERO) -> NetGain:
    """The net capital gain of a year: losses first, then the discount (ITAA 1997 102-5).

    Losses of the year and those `brought` from earlier years, above zero, take off gains without a
    discount first, which is what a person would choose.
    """
    plain = discountable = losses = ZERO
    for each in slices:
        if not each.disposed.taxed:
            continue
        if each.gain < 0:
            losses -= each.gain
        elif each.term is Term.LONG:
            discountable += each.gain
        else:
            plain += each.gain
    left = losses + brought
    off_plain = min(left, plain)
    off_rest = min(left - off_plain, discountable)
    rest = discountable - off_rest
    discounted = multiply(rest, DISCOUNT)
    return NetGain(
        gains=plain + discountable,
        losses=losses,
        discounted=discounted,
        taxable=plain - off_plain + rest - discounted,
        carried=left - off_plain - off_rest,
    )
