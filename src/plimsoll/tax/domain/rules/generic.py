"""No country: gains and losses by lots, without a question of how long.

Lots per account, first in first out, days in UTC. What is lost or stolen is a loss; a gift brings
its donor's cost. Currency and zone are meant to be replaced.
"""

from datetime import UTC
from typing import Final

from plimsoll.kernel.identifiers import AssetId
from plimsoll.ledger.domain.transactions import Kind
from plimsoll.tax.domain.countries import TREATMENTS, Country, Treatment
from plimsoll.tax.domain.matching import Election

COUNTRY: Final = Country(
    code="generic",
    currency=AssetId("usd"),
    zone=UTC,
    treatments={**TREATMENTS, Kind.LOST: Treatment.LOSE, Kind.STOLEN: Treatment.LOSE},
)

ELECTION: Final = Election()
