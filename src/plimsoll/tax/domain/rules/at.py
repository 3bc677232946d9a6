"""Austria: average cost by wallet; one coin for another is neutral (`plimsoll.tax.domain.austria`).

Sources: KryptowährungsVO § 2 (average by address or wallet, in force since 2023); § 27b (3) Nr. 2
EStG 1988 (exchanges, since 1 March 2022); EStR 2000 Rz 6178w (lost and stolen units are no
disposal). Units of a fork come in without cost.

Left out, because no source was at hand: old holdings, acquired until 28 February 2021, are not
told apart; nor are units whose basis was set as a lump sum (§ 93 (4a) Nr. 2), which stay outside
of the average and go first. Staking rewards and airdrops count as income unless a person says
`Treatment.FREE`. No tax is computed.
"""

from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from plimsoll.kernel.identifiers import AssetId
from plimsoll.ledger.domain.transactions import Kind
from plimsoll.tax.domain.countries import TREATMENTS, Country, Treatment

COUNTRY: Final = Country(
    code="at",
    currency=AssetId("eur"),
    zone=ZoneInfo("Europe/Vienna"),
    treatments={**TREATMENTS, Kind.FORK: Treatment.FREE},
)

FIRST_YEAR: Final = 2023
"""Before it the average was not the law's."""

LAST_OLD_DAY: Final = date(2021, 2, 28)
