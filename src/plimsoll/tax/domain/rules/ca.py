"""Canada: average cost by owner, as `plimsoll.tax.domain.canada` says.

Sources: ITA s47 (identical properties), s54 (superficial loss), s69 (gifts at market value), s73
(spouses at cost). What is lost or stolen is disposed of for nothing. Units of a fork come in
without cost.

The zone is that of Toronto; whoever lives elsewhere replaces it.
"""

from typing import Final
from zoneinfo import ZoneInfo

from plimsoll.kernel.identifiers import AssetId
from plimsoll.ledger.domain.transactions import Kind
from plimsoll.tax.domain.countries import TREATMENTS, Country, Treatment

COUNTRY: Final = Country(
    code="ca",
    currency=AssetId("cad"),
    zone=ZoneInfo("America/Toronto"),
    treatments={
        **TREATMENTS,
        Kind.GIFT_IN: Treatment.ACQUIRE,
        **dict.fromkeys((Kind.GIFT_OUT, Kind.DONATION), Treatment.EXCHANGE),
        **dict.fromkeys((Kind.LOST, Kind.STOLEN), Treatment.LOSE),
        Kind.FORK: Treatment.FREE,
    },
)
