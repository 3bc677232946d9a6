"""France: the whole portfolio has one cost, as `plimsoll.tax.domain.france` says.

Source: CGI art. 150 VH bis, form 2086. A gift is read at its value, which its fraction of the
acquisition price is computed from; nobody gains by it. What is given to a person counts as
acquired at its value then. Lost and stolen units, and fees of transfers, leave the acquisition
price as it is. Units of a fork come in without cost.
"""

from typing import Final
from zoneinfo import ZoneInfo

from plimsoll.kernel.identifiers import AssetId
from plimsoll.ledger.domain.transactions import Kind
from plimsoll.tax.domain.countries import TREATMENTS, Country, TransferFee, Treatment
from plimsoll.tax.domain.france import GRATUITOUS

COUNTRY: Final = Country(
    code="fr",
    currency=AssetId("eur"),
    zone=ZoneInfo("Europe/Paris"),
    treatments={
        **TREATMENTS,
        **dict.fromkeys((Kind.GIFT_IN, Kind.SPOUSE_IN), Treatment.ACQUIRE),
        **dict.fromkeys(GRATUITOUS, Treatment.EXCHANGE),
        Kind.FORK: Treatment.FREE,
    },
    transfer_fee=TransferFee.UNTAXED,
)
