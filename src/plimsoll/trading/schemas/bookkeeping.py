"""JSON shapes of taking paper trading into the portfolio."""

from plimsoll.plumbing.shapes import Body, Moment, View
from plimsoll.trading.service.bookkeeping import PAPER, Taken


class PortfolioRecordsBody(Body):
    """What happened before `since` is left out."""

    since: Moment | None = None


class PortfolioRecordsView(View):
    """How many paper fills and payments (funding, liquidation) were taken, into how many
    transactions of which wallet. Ask again while there are `more`.
    """

    wallet: str = PAPER
    simulated: bool = True
    fills: int
    payments: int
    transactions: int
    more: bool

    @classmethod
    def of(cls, taken: Taken) -> "PortfolioRecordsView":
        return cls(
            fills=taken.fills,
            payments=taken.payments,
            transactions=taken.transactions,
            more=taken.more,
        )
