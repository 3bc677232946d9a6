"""Germany: private sales, exempt after more than a year.

Sources: § 22 Nr. 3 and § 23 (1) Nr. 2, (3) EStG; letter of the Federal Ministry of Finance of
6 March 2025 (wallet by wallet, first in first out). Who got a gift takes over its donor's cost and
time. A fork brings units without cost; an airdrop counts as income unless a person says otherwise.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from plimsoll.kernel.identifiers import AssetId
from plimsoll.kernel.money import ZERO
from plimsoll.ledger.domain.transactions import Kind
from plimsoll.tax.domain.countries import TREATMENTS, Country, Dated, Treatment
from plimsoll.tax.domain.matching import Election
from plimsoll.tax.domain.results import Slice, Term

SERVICES: Final = "§ 22 Nr. 3 EStG"

COUNTRY: Final = Country(
    code="de",
    currency=AssetId("eur"),
    zone=ZoneInfo("Europe/Berlin"),
    treatments={**TREATMENTS, Kind.FORK: Treatment.FREE},
    categories=dict.fromkeys(
        (Kind.STAKING, Kind.MINING, Kind.INTEREST, Kind.AIRDROP, Kind.REFERRAL), SERVICES
    ),
    years=1,
    before=Term.SHORT,
    after=Term.EXEMPT,
)

ELECTION: Final = Election()

THRESHOLD: Final = Dated(((2024, Decimal(1000)),))
"""A year's whole profit below it is free; from it on all of it is taxed (§ 23 (3) sentence 5)."""


def taxable_profit(slices: Iterable[Slice], year: int) -> Decimal:
    """What the year's private sales add to income; a loss is negative.

    `slices` are all of that year. Before the first year that `THRESHOLD` knows nothing is free.
    """
    profit = sum(
        (each.gain for each in slices if each.term is Term.SHORT and each.disposed.taxed), ZERO
    )
    threshold = THRESHOLD.of(year)
    return ZERO if threshold is not None and ZERO <= profit < threshold else profit
