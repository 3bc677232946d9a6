"""What becomes of the news: the board, the candles, the states of the sources and the doubts."""

from datetime import timedelta
from decimal import Decimal

import pytest
from structlog.testing import capture_logs

from plimsoll.kernel.errors import Unavailable
from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.assets import UnknownAssetField
from plimsoll.markets.domain.board import PriceBoard
from plimsoll.markets.domain.candles import Candle, Interval
from plimsoll.markets.domain.failover import SourceState
from plimsoll.markets.domain.feeds import News, Trade
from plimsoll.markets.domain.prices import Pair, Price, Tick
from plimsoll.markets.service.catalogue import load_catalogue
from plimsoll.markets.service.feed import find_pair
from plimsoll.markets.service.intake import Intake, list_orders
from plimsoll.markets.service.opening import UnknownSource
from plimsoll.markets.service.quality import QualityFlag, Reason
from tests.fakes.clock import START, ManualClock

BTC_USD = Pair(AssetId("bitcoin"), AssetId("usd"))
ETH_USD = Pair(AssetId("ethereum"), AssetId("usd"))


class Named:
    """A source as far as the intake looks at it."""

    def __init__(self, name: str, *, pushes: bool = True, silence_s: float = 10) -> None:
        self.name = name
        self.pushes = pushes
        self.silence_s = silence_s

    def now_ms(self) -> int:
        return 1_767_225_600_000

    async def next_news(self) -> News | None:
        raise AssertionError

    def state(self) -> None:
        return

    async def aclose(self) -> None:
        return


class Kept:
    """Where candles go: here they are only kept."""

    def __init__(self) -> None:
        self.trades: list[Trade] = []
        self.candles: list[tuple[Pair, Candle]] = []
        self.flags: list[QualityFlag] = []

    def take(self, news: News, now_ms: int) -> None:  # noqa: ARG002
        self.trades += news.trades
        self.candles += news.candles

    def list_quality_flags(self) -> list[QualityFlag]:
        return self.flags


class Desk:
    def __init__(self, *sources: Named) -> None:
        self.clock = ManualClock()
        self.board = PriceBoard(stale_after_s=60)
        self.kept = Kept()
        self.intake = Intake(
            sources,
            board=self.board,
            candles=self.kept,
            clock=self.clock,
            orders={},
            disagreement=0.02,
            dated=True,
        )
        self.told = 0
        self.intake.on_sources.append(self.count)

    def count(self) -> None:
        self.told += 1

    def say(self, source: Named, value: str, *, age_s: float = 0, pair: Pair = BTC_USD) -> None:
        at = self.clock.now() - timedelta(seconds=age_s)
        self.intake.take(source, News(ticks=[Tick(pair, Price(Decimal(value), source.name, at))]))

    def shown(self, pair: Pair = BTC_USD) -> tuple[str, Decimal, int]:
        found = self.board.find(*pair, self.clock.monotonic(), self.clock.now())
        assert found
        return found.source, found.value, found.age_ms


@pytest.fixture
def first() -> Named:
    return Named("first")


@pytest.fixture
def second() -> Named:
    return Named("second", pushes=False, silence_s=120)


@pytest.fixture
def desk(first: Named, second: Named) -> Desk:
    return Desk(first, second)


def test_a_source_that_tells_every_change_keeps_its_prices_young_by_being_heard(
    desk: Desk, first: Named
) -> None:
    desk.say(first, "100")
    desk.clock.advance(50)
    desk.say(first, "3000", pair=ETH_USD)
    assert desk.shown() == ("first", Decimal(100), 0)
    desk.clock.advance(7)
    assert desk.shown() == ("first", Decimal(100), 7000)
    for _ in range(400):
        desk.clock.advance(10)
        desk.say(first, "3000", pair=ETH_USD)
    assert desk.shown()[2] > 400_000, "nobody trades this any more: that is told after an hour"


def test_a_polled_price_ages_from_the_moment_it_is_of(desk: Desk, second: Named) -> None:
    desk.say(second, "100", age_s=30)
    assert desk.shown() == ("second", Decimal(100), 30_000)
    desk.clock.advance(5)
    desk.say(second, "3000", pair=ETH_USD)
    assert desk.shown()[2] == 35_000


def test_only_the_source_of_the_price_makes_candles(
    desk: Desk, first: Named, second: Named
) -> None:
    trade = Trade(BTC_USD, 1, 1, 100.0, 1.0)
    candle = Candle(Interval.MINUTE, 0, 1, 1, 1, 1, 1)
    desk.intake.take(second, News(trades=[trade]))
    assert len(desk.kept.trades) == 1, "nobody has said a price yet"
    desk.say(first, "100")
    desk.intake.take(second, News(trades=[trade], candles=[(BTC_USD, candle)]))
    assert (len(desk.kept.trades), len(desk.kept.candles)) == (1, 0)
    desk.intake.take(first, News(trades=[trade], candles=[(BTC_USD, candle)]))
    assert (len(desk.kept.trades), len(desk.kept.candles)) == (2, 1)


def test_whole_candles_of_the_preferred_source_count_before_its_first_price(
    desk: Desk, first: Named, second: Named
) -> None:
    trade = Trade(BTC_USD, 1, 1, 100.0, 1.0)
    candle = Candle(Interval.MINUTE, 0, 1, 1, 1, 1, 1)
    desk.say(second, "100")
    desk.intake.take(first, News(trades=[trade], candles=[(BTC_USD, candle)]))
    assert (len(desk.kept.trades), len(desk.kept.candles)) == (0, 1)
    assert desk.shown()[0] == "second"


def test_what_was_refused_of_candles_is_a_flag_and_is_told_once(desk: Desk, first: Named) -> None:
    desk.say(first, "100")
    desk.intake.look()
    told = desk.told
    desk.kept.flags = [
        QualityFlag(BTC_USD, 1_767_225_600_000, Reason.IMPLAUSIBLE),
        QualityFlag(BTC_USD, 10**30, Reason.OFF_GRID),
    ]
    desk.intake.look()
    desk.intake.look()
    assert desk.told == told + 1
    refused, _ = desk.intake.list_flags()
    assert (refused.kind, refused.pair, refused.sources, refused.ratio) == (
        "implausible",
        BTC_USD,
        (),
        None,
    )
    assert refused.since == START


def test_a_source_that_is_cut_off_is_replaced_and_both_facts_are_told(
    desk: Desk, first: Named, second: Named
) -> None:
    desk.say(first, "100")
    desk.say(second, "101")
    told = desk.told
    with capture_logs() as logs:
        desk.intake.failed(first, Unavailable("the line is cut"))
    assert desk.shown()[:2] == ("second", Decimal(101))
    assert desk.told == told + 1
    assert [entry["event"] for entry in logs] == [
        "source_failed",
        "source_state",
        "source_replaced",
    ]
    degraded, live = desk.intake.list_sources()
    assert (degraded.state, degraded.error, degraded.detail, degraded.pairs) == (
        SourceState.DEGRADED,
        "unavailable",
        "the line is cut",
        0,
    )
    assert (live.state, live.error, live.pairs) == (SourceState.LIVE, None, 1)
    assert degraded.since == degraded.heard_at == START
    desk.say(first, "100.5")
    assert desk.shown()[:2] == ("first", Decimal("100.5"))
    assert desk.intake.list_sources()[0].error is None


def test_a_source_that_falls_silent_is_replaced_at_the_next_look(
    desk: Desk, first: Named, second: Named
) -> None:
    desk.say(first, "100")
    desk.say(second, "101")
    desk.clock.advance(11)
    desk.intake.look()
    assert desk.shown()[:2] == ("second", Decimal(101))
    assert desk.intake.find_state("first") is SourceState.STALE
    assert desk.intake.find_state("nobody") is None


def test_a_disagreement_is_flagged_and_logged_once(desk: Desk, first: Named, second: Named) -> None:
    with capture_logs() as logs:
        for _ in range(10):
            desk.say(first, "100")
            desk.say(second, "103")
            desk.intake.look()
            desk.clock.advance(1)
    assert [entry["event"] for entry in logs].count("sources_disagree") == 1
    (flag,) = desk.intake.list_flags()
    assert flag.sources == ("first", "second")
    assert flag.since == START


def test_what_changed_is_kept_in_mind_for_saving(desk: Desk, first: Named, second: Named) -> None:
    desk.say(first, "100")
    assert desk.intake.unsaved == {BTC_USD}
    desk.intake.unsaved.clear()
    desk.say(second, "101")
    assert desk.intake.unsaved == set()
    desk.intake.failed(first, Unavailable())
    assert desk.intake.unsaved == {BTC_USD}


def test_orders_are_read_from_settings() -> None:
    catalogue = load_catalogue()
    orders = list_orders(
        ["btc/usd=kraken>coinbase", "eth/btc = binance"],
        lambda text: find_pair(catalogue, text, pointer="PLIMSOLL_PAIR_SOURCES"),
        ["binance", "coinbase", "kraken"],
    )
    assert orders == {
        BTC_USD: ("kraken", "coinbase"),
        Pair(AssetId("ethereum"), AssetId("bitcoin")): ("binance",),
    }
    with pytest.raises(UnknownAssetField, match="shells"):
        list_orders(
            ["shells/usd=a"], lambda text: find_pair(catalogue, text, pointer="there"), ["a"]
        )
    for slip in ("btc/usd=kracken", "btc/usd", "btc/usd=kraken>"):
        with pytest.raises(UnknownSource, match="there are kraken"):
            list_orders([slip], lambda _: BTC_USD, ["kraken"])
