"""The first half of a demo's first start, on a database where nothing has happened yet.

Prices get their past, the person their account, and the days on the paper exchange are lived
through: what has to be there before the application opens. The rest is written by the application's
own parts (`seeding`).
"""

from plimsoll.access.service.access import Access
from plimsoll.demo.desk import make_person
from plimsoll.demo.seeding import principal_of
from plimsoll.demo.telling import Telling
from plimsoll.demo.trading_days import live_through
from plimsoll.kernel.clock import Clock
from plimsoll.markets.domain.board import PriceBoard
from plimsoll.markets.domain.feeds import FeedKind
from plimsoll.markets.service.catalogue import load_catalogue
from plimsoll.markets.service.prices import Prices
from plimsoll.markets.service.simulated_past import keep_past
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.limits import LocalLimiter
from plimsoll.settings import Settings


async def prepare(settings: Settings, dsn: str, telling: Telling, clock: Clock) -> None:
    """Raises Unavailable; what it leaves then is to be thrown away."""
    database = await Database.connect(dsn, pool_size=4)
    try:
        await keep_past(settings, database, clock, telling.past)
        limiter = LocalLimiter(clock)
        access = Access(settings, database, clock, limiter)
        await access.open()
        try:
            user = await make_person(access)
        finally:
            await access.close()
            await limiter.aclose()
        board = PriceBoard(stale_after_s=settings.price_stale_after_s)
        prices = Prices(
            catalogue=load_catalogue(), board=board, clock=clock, feed_kind=FeedKind.SIMULATED
        )
        await live_through(
            settings,
            database,
            clock,
            market=telling.market,
            prices=prices,
            who=principal_of(user),
            until=telling.until,
        )
    finally:
        await database.close()
