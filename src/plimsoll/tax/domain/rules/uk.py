"""United Kingdom: pools by owner, matched as `plimsoll.tax.domain.uk` says.

Sources: HMRC Cryptoassets Manual; TCGA 1992 s3 and s3A (exempt amount, figures of a year), s24(2)
(negligible value), s58 (spouses), s257 (charities). A gift is a disposal at market value. What is
lost counts as disposed of for nothing, which has to be claimed; what was stolen is still owned and
leaves without a result. Units of a fork come in without cost: the part of the old pool's cost that
is just and reasonable (CRYPTO22300) is not moved over. An airdrop counts as income; where nothing
was done for it a person says `Treatment.FREE`. A fee of an exchange of two coins is half a cost
of the one and half a cost of the other.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from plimsoll.kernel.identifiers import AssetId
from plimsoll.kernel.money import ZERO
from plimsoll.ledger.domain.transactions import Kind
from plimsoll.tax.domain.countries import TREATMENTS, Country, Dated, SwapFee, Treatment
from plimsoll.tax.domain.movements import Ref
from plimsoll.tax.domain.results import Slice

COUNTRY: Final = Country(
    code="uk",
    currency=AssetId("gbp"),
    zone=ZoneInfo("Europe/London"),
    year_start=(4, 6),
    treatments={
        **TREATMENTS,
        Kind.GIFT_IN: Treatment.ACQUIRE,
        Kind.GIFT_OUT: Treatment.EXCHANGE,
        Kind.LOST: Treatment.LOSE,
        Kind.FORK: Treatment.FREE,
    },
    swap_fee=SwapFee.HALVES,
)

EXEMPT: Final = Dated(
    (
        (2018, Decimal(11700)),
        (2019, Decimal(12000)),
        (2020, Decimal(12300)),
        (2023, Decimal(6000)),
        (2024, Decimal(3000)),
    )
)
"""The annual exempt amount of individuals, by the year in which the tax year begins."""


class YearFigures(NamedTuple):
    """A year as form SA108 asks for it. What was disposed of on one day is one disposal; `costs`
    are those of acquisition and of the disposals themselves.
    """

    disposals: int
    proceeds: Decimal
    costs: Decimal
    gains: Decimal
    losses: Decimal


class Taxable(NamedTuple):
    """`used`: losses of earlier years that were needed; `carried`: all that are left for later."""

    amount: Decimal
    used: Decimal
    carried: Decimal


def figures(slices: Iterable[Slice]) -> YearFigures:
    """`slices` are all of one tax year; the untaxed ones do not count."""
    gain: dict[tuple[AssetId, date], Decimal] = {}
    fees: dict[Ref, Decimal] = {}
    proceeds = ZERO
    for each in slices:
        disposed = each.disposed
        if disposed.taxed:
            key = (disposed.asset, disposed.day)
            gain[key] = gain.get(key, ZERO) + each.gain
            fees[disposed.ref] = disposed.fees
            proceeds += each.proceeds
    proceeds += sum(fees.values(), ZERO)
    gains = sum((amount for amount in gain.values() if amount > 0), ZERO)
    losses = -sum((amount for amount in gain.values() if amount < 0), ZERO)
    return YearFigures(len(gain), proceeds, proceeds - gains + losses, gains, losses)


def taxable(year: YearFigures, began: int, brought: Decimal = ZERO) -> Taxable:
    """What an individual is taxed on: losses of the year first, then those `brought` from earlier
    years (above zero) as far as the gain is above the exempt amount.

    In a year that `EXEMPT` does not know nothing is exempt.
    """
    net = year.gains - year.losses
    above = max(ZERO, net - (EXEMPT.of(began) or ZERO))
    used = min(brought, above)
    return Taxable(above - used, used, brought - used + max(ZERO, -net))
