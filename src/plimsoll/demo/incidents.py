"""What gives those who oversee the demo's exchange something to do in its twelve days.

Bets with all the leverage there is on coins that fall soon after, found with hindsight so that they
are lost whatever the seed; and a program of the person's that changes an order far too often. What
comes of it is the work of the real ones: the exchange liquidates, the compliance rules look at it
and open cases, and an operator takes and resolves some of them, all with the clock in the past.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Final, NamedTuple
from uuid import UUID

from plimsoll.access.domain.principals import Principal
from plimsoll.demo.intents import Intent, act, ticket_of
from plimsoll.demo.story import ADA, DOT, LINK, USDT, Market
from plimsoll.demo.story_clock import StoryClock
from plimsoll.kernel.identifiers import AssetId
from plimsoll.operations.domain.cases import Kind, Rule
from plimsoll.operations.service.cases import Acting, Cases
from plimsoll.operations.service.compliance import Compliance
from plimsoll.trading.domain.accounts import MarginMode
from plimsoll.trading.domain.commands import AmendOrder
from plimsoll.trading.domain.orders import Side
from plimsoll.trading.domain.units import to_ticks
from plimsoll.trading.service import ordering, positioning
from plimsoll.trading.service.exchange import Exchange
from plimsoll.trading.service.oversight import Oversight

COINS: Final[Mapping[str, AssetId]] = {
    "LINK-PERP": LINK,
    "AVAX-PERP": AssetId("avalanche-2"),
    "ADA-PERP": ADA,
    "DOT-PERP": DOT,
}
"""What is bet on: markets in which the person has nothing else."""
STRETCHES: Final = ((50, 120), (180, 258))
"""In hours since the first. So far apart that the second is a case of its own, and over a day
before the story ends: no rule that looks at a day sees it once the market is live.
"""
WITHIN: Final = 24
"""Hours in which both bets of a stretch are made and lost; the rule counts those of a day."""
LOST: Final = (Decimal("0.037"), Decimal("0.047"))
"""A fall from which on a bet of twenty times is lost, and one at which something is left of it: the
market takes it, and not the insurance fund.
"""
LEVERAGE: Final = 20
LOOK_EVERY: Final = 3
"""Hours between two looks of the rules at an open bet."""
MONEY: Final = 4_000
"""What a bet is worth; a twentieth of it is put in."""


class Bet(NamedTuple):
    """On a rise; `made` and `lost` in hours since the first that is lived through."""

    symbol: str
    made: int
    lost: int


def find_bets(market: Market, hours: Sequence[datetime]) -> list[Bet]:
    """Two in each stretch, as early as there are two; none where the market is too quiet."""
    prices = {
        symbol: [market.at(coin, at) / market.at(USDT, at) for at in hours]
        for symbol, coin in COINS.items()
    }
    bets: list[Bet] = []
    for first, last in STRETCHES:
        for begin in range(first, last - WITHIN):
            found = [_find_fall(symbol, each, begin) for symbol, each in prices.items()]
            fallen = [each for each in found if each is not None]
            if len(fallen) > 1:
                bets += fallen[:2]
                break
    return bets


def _find_fall(symbol: str, prices: Sequence[Decimal], begin: int) -> Bet | None:
    least, most = LOST
    for made in range(begin, begin + WITHIN):
        for hour in range(made + 1, begin + WITHIN + 1):
            fall = 1 - prices[hour] / prices[made]
            if fall >= least:
                if fall < most:
                    return Bet(symbol, made, hour)
                break
    return None


PROGRAM_AT: Final = 160
PROGRAM: Final = Intent("BTC-PERP", Side.BUY, 3_000, price="0.97")
SECONDS: Final = 13
CHANGES: Final = 45
"""In each second; of changes the exchange takes as many as come."""
WIDTH: Final = 40
"""In ticks, that it goes to and fro."""


class _Act(NamedTuple):
    """What is done about a case, so many hours after it was opened."""

    hours: int
    kind: Kind
    reason: str


ACTS: Final[Mapping[tuple[Rule, int], Sequence[_Act]]] = {
    (Rule.LIQUIDATIONS, 1): (
        _Act(2, Kind.ACKNOWLEDGED, "Two positions within a day: asked what they were for"),
        _Act(
            21,
            Kind.RESOLVED,
            "Isolated, less than a hundredth of the account each, and nothing missing afterwards. "
            "A try at the highest leverage, as the answer was.",
        ),
    ),
    (Rule.ORDER_TO_TRADE, 1): (
        _Act(3, Kind.ACKNOWLEDGED, "A program that follows every tick; looking at what it is for"),
    ),
}
"""By the rule and the number of the case. What is not named stays open, or ends by its figure."""


class Incidents:
    """Of one exchange and one person. `clock` is that of the exchange; hours are counted from the
    first that is lived through.
    """

    def __init__(
        self, exchange: Exchange, clock: StoryClock, who: Principal, bets: Sequence[Bet]
    ) -> None:
        settings = exchange.settings
        self._exchange = exchange
        self._clock = clock
        self._who = who
        self._bets = bets
        self._cases = Cases(exchange.database, clock)
        self._compliance = Compliance(
            exchange.database,
            clock,
            Oversight(exchange),
            every_s=settings.compliance_every_s,
            threshold=settings.exposure_threshold,
        )
        self._planned: list[tuple[int, UUID, _Act]] = []

    def symbols(self, hour: int) -> list[str]:
        """Markets that are fed for the bets in them."""
        return [each.symbol for each in self._bets if each.made <= hour <= each.lost + 1]

    async def happen(self, hour: int) -> None:
        """What the person does in this hour, beside what they do anyhow."""
        for each in self._bets:
            if each.made == hour:
                await self._bet(each.symbol)
        if hour == PROGRAM_AT:
            await self._run_program()

    async def _bet(self, symbol: str) -> None:
        exchange, who = self._exchange, self._who
        await positioning.set_margin_mode(exchange, who, symbol, MarginMode.ISOLATED)
        await positioning.set_leverage(exchange, who, symbol, LEVERAGE)
        await act(exchange, who, [Intent(symbol, Side.BUY, MONEY)])

    async def _run_program(self) -> None:
        """One order, changed all the time and cancelled in the end."""
        exchange, who = self._exchange, self._who
        ticket = await ticket_of(exchange, PROGRAM)
        instrument = exchange.get_instrument(ticket.symbol)
        assert ticket.price is not None
        price = to_ticks(instrument, ticket.price)
        account = await exchange.account_of(who)
        order_id = (await ordering.place(exchange, who, ticket)).order.id

        def change(number: int, seq: int, at_ms: int) -> AmendOrder:
            to = price - 1 - number % WIDTH
            return AmendOrder(seq, at_ms, account, order_id, to, counted=True)

        for second in range(SECONDS):
            self._clock.at += timedelta(seconds=1)
            numbers = range(second * CHANGES, (second + 1) * CHANGES)
            drafts = [partial(change, each) for each in numbers]
            done = await exchange.engine.submit_all(drafts, actor=who.user_id)
            assert all(each.refusal is None for each in done)
        await ordering.cancel(exchange, who, order_id)

    async def oversee(self, hour: int) -> None:
        """The rules look where there is something to see; then the operator, if it is time."""
        if self._is_worth_a_look(hour):
            scanned = await self._compliance.scan()
            assert scanned is not None, "nobody else has this database"
            for case_id, change in scanned.changes:
                if change.kind is Kind.OPENED:
                    case = change.case
                    acts = ACTS.get((case.rule, case.number), ())
                    self._planned += [(hour + each.hours, case_id, each) for each in acts]
        for _, about, each in [due for due in self._planned if due[0] == hour]:
            acting = Acting(self._who.user_id, None, each.reason)
            if each.kind is Kind.ACKNOWLEDGED:
                await self._cases.acknowledge(about, acting)
            else:
                await self._cases.resolve(about, acting)

    def _is_worth_a_look(self, hour: int) -> bool:
        """Each look takes a dozen milliseconds of the start: a few while a bet is open will do."""
        if hour == PROGRAM_AT:
            return True
        return any(
            hour in {each.made, each.lost, each.lost + 1}
            or (each.made < hour < each.lost and hour % LOOK_EVERY == 0)
            for each in self._bets
        )
