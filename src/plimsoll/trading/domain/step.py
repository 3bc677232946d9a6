"""One command at work: what its parts hand to each other.

Whoever changes the venue appends what happened to `events`, in order. What a change may set off is
noted here and dealt with once, before the command ends: orders that wait for a last price, and
accounts whose margin has to be looked at again.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from plimsoll.trading.domain.accounts import Account
from plimsoll.trading.domain.events import Event
from plimsoll.trading.domain.orders import IDS_PER_COMMAND, Leg
from plimsoll.trading.domain.venue import Venue


class Candidate(NamedTuple):
    """In the ranking of deleveraging.py; `score` in 1e-18."""

    account: int
    leg: Leg
    score: int


@dataclass(slots=True, eq=False)
class Step:
    """`traded`: (symbol, price) of the first and last fill of each taker, for triggers on the last
    price. `touched`: the accounts whose wallet, positions or orders changed, as they came.
    `rankings`: by symbol and side, places and candidates that have not been deleveraged yet.
    """

    venue: Venue
    seq: int
    at_ms: int
    events: list[Event] = field(default_factory=list)
    traded: list[tuple[str, int]] = field(default_factory=list)
    touched: dict[int, Account] = field(default_factory=dict)
    rankings: dict[tuple[str, int], deque[tuple[int, Candidate]]] = field(default_factory=dict)
    made: int = 0

    def new_order_id(self) -> int:
        """Ids grow with the command and inside of it."""
        assert self.made < IDS_PER_COMMAND
        self.made += 1
        return self.seq * IDS_PER_COMMAND + self.made - 1
