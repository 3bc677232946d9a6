"""United States: property, lots, short and long term.

Sources: 26 CFR 1.1001-7(b), 1.1012-1(h) and (j); Rev. Proc. 2024-28; Rev. Rul. 2019-24 and 2023-14;
IRC 1015, 1041, 1222, 1223. Pools were the owner's until the end of 2024 and are those of each
wallet or account since. Theft and loss of a private person leave without a result (IRC 165(h)(5)).
No wash sales: IRC 1091 speaks of stock and securities.

The zone is that of New York; whoever lives elsewhere replaces it.
"""

from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from plimsoll.kernel.identifiers import AssetId
from plimsoll.ledger.domain.transactions import Kind
from plimsoll.tax.domain.countries import TREATMENTS, Country, Treatment
from plimsoll.tax.domain.matching import ALWAYS, Election, Scope
from plimsoll.tax.domain.results import Term

COUNTRY: Final = Country(
    code="us",
    currency=AssetId("usd"),
    zone=ZoneInfo("America/New_York"),
    treatments={**TREATMENTS, Kind.GIFT_IN: Treatment.DONOR_OR_MARKET},
    years=1,
    before=Term.SHORT,
    after=Term.LONG,
)

BY_ACCOUNT_FROM: Final = date(2025, 1, 1)
ELECTION: Final = Election(scopes=((ALWAYS, Scope.OWNER), (BY_ACCOUNT_FROM, Scope.ACCOUNT)))
"""First in, first out, unless the units were identified in time."""
