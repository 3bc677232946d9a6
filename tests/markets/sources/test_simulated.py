import asyncio
import math
from decimal import Decimal

import msgspec
import pytest
from structlog.testing import capture_logs

from plimsoll.kernel.clock import to_ms
from plimsoll.markets.domain.assets import AssetKind
from plimsoll.markets.service.catalogue import load_catalogue
from plimsoll.markets.sources import simulated
from plimsoll.markets.sources.simulated import (
    HOUR_STEPS,
    TURNOVER_USD,
    Dice,
    SimulatedMarket,
    SimulatedSource,
    World,
    load_characters,
)
from tests.fakes.clock import ManualClock, asyncio_of


def market(seed: int = 1, *, steps: int = 0, only: str = "") -> SimulatedMarket:
    chosen = [one for one in load_characters() if not only or one.id in only.split()]
    made = SimulatedMarket(chosen, seed=seed)
    for _ in range(steps):
        made.step()
    return made


def test_the_dice_roll_the_published_numbers() -> None:
    """The first values of SplitMix64 from seed 1234567, as in the reference implementation."""
    dice = Dice(1234567)
    assert [dice.roll() for _ in range(3)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
    ]


def test_rolled_normals_have_mean_0_and_deviation_1() -> None:
    dice = Dice(7)
    values = [dice.normal() for _ in range(20_000)]
    mean = sum(values) / len(values)
    deviation = math.sqrt(sum((value - mean) ** 2 for value in values) / len(values))
    assert mean == pytest.approx(0, abs=0.03)
    assert deviation == pytest.approx(1, abs=0.02)


def test_one_seed_gives_the_same_figures_on_every_machine() -> None:
    golden = {
        "bitcoin": ("63547.96", "-0.00706900"),
        "ethereum": ("3121.586", "-0.02450900"),
        "pepe": ("0.000009549347", "-0.09052200"),
        "tether": ("0.9996973", "-0.00030300"),
        "eur": ("1.079217", "-0.00072300"),
    }
    found = {
        str(one.id): (str(one.price.normalize()), str(one.change_24h))
        for one in market(steps=2).step()
    }
    assert {asset: found[asset] for asset in golden} == golden


def test_another_seed_gives_other_figures() -> None:
    assert market(1).step() != market(2).step()


def test_the_parameters_name_assets_of_the_catalogue_and_its_weightiest_coins() -> None:
    catalogue = load_catalogue()
    known = [catalogue.find_by_id(one.id) for one in load_characters()]
    assert all(known)
    crypto = [asset for asset in known if asset and asset.kind is AssetKind.CRYPTO]
    fiat = [asset for asset in known if asset and asset.kind is AssetKind.FIAT]
    assert set(crypto) >= set(catalogue.list_assets(AssetKind.CRYPTO)[:40])
    assert {"usd", *(asset.id for asset in fiat)} == {
        asset.id for asset in catalogue.list_assets(AssetKind.FIAT)
    }


def returns(steps: int, *, only: str) -> dict[str, list[float]]:
    """Returns of one second each."""
    made = market(3, only=only)
    before = {one: course.price for one, course in made.world.courses.items()}
    found: dict[str, list[float]] = {one: [] for one in before}
    for _ in range(steps):
        made.step()
        for one, course in made.world.courses.items():
            found[one].append(course.price / before[one] - 1)
            before[one] = course.price
    return found


def correlation(left: list[float], right: list[float]) -> float:
    covariance = sum(a * b for a, b in zip(left, right, strict=True))
    return covariance / math.sqrt(sum(a * a for a in left) * sum(b * b for b in right))


def test_coins_move_together_and_currencies_do_not() -> None:
    found = returns(4_000, only="bitcoin ethereum eur")
    assert correlation(found["bitcoin"], found["ethereum"]) > 0.5
    assert abs(correlation(found["bitcoin"], found["eur"])) < 0.1


def test_volatility_comes_in_clusters() -> None:
    """Squares of returns are alike nearby, returns themselves are not."""
    moves = returns(40_000, only="bitcoin")["bitcoin"]
    calm = [
        sum(move * move for move in moves[start : start + 500]) for start in range(0, 40_000, 500)
    ]
    mean = sum(calm) / len(calm)
    centred = [value - mean for value in calm]
    assert correlation(centred[:-1], centred[1:]) > 0.25
    assert abs(correlation(moves[:-1], moves[1:])) < 0.03


def test_a_stable_coin_stays_at_its_peg() -> None:
    [figures] = market(5, steps=20_000, only="tether").step()
    assert abs(figures.price - 1) < Decimal("0.005")


def test_the_change_is_measured_from_exactly_a_day_before() -> None:
    made = market(4, only="bitcoin")
    course = made.world.courses["bitcoin"]
    for _ in range(HOUR_STEPS + HOUR_STEPS // 2 - 1):
        made.step()
    [figures] = made.step()
    halfway = (course.hours[0] + course.hours[1]) / 2
    assert figures.change_24h == pytest.approx(
        figures.price / Decimal(halfway) - 1, abs=Decimal("2e-6")
    )
    assert len(course.hours) == 25


def test_a_day_of_trades_adds_up_to_the_volume_that_is_told() -> None:
    made = market(4, only="bitcoin")
    [before] = made.step()
    usual = TURNOVER_USD
    assert before.volume_24h == pytest.approx(Decimal(usual), rel=Decimal("0.01"))

    made.world.courses["bitcoin"].turned = [0.0] * 24
    made.world.courses["bitcoin"].turning = 0.0
    traded, figures = 0.0, before
    for _ in range(2 * HOUR_STEPS):
        [figures] = made.step()
        assert figures.quantity > 0
        traded += figures.quantity * float(figures.price)
    assert float(figures.volume_24h or 0) == pytest.approx(traded, rel=1e-5)
    assert traded == pytest.approx(usual / 12, rel=0.5), "as much as on a usual day, or a storm"


def test_worlds_stored_before_volumes_were_counted_go_on() -> None:
    made = market(4, steps=5, only="bitcoin")
    old = msgspec.json.decode(msgspec.json.encode(made.world))
    del old["courses"]["bitcoin"]["turned"], old["courses"]["bitcoin"]["turning"]

    again = market(4, only="bitcoin")
    again.resume(msgspec.convert(old, World))

    [expected], [figures] = made.step(), again.step()
    assert (figures.price, figures.quantity) == (expected.price, expected.quantity)
    assert figures.volume_24h == pytest.approx(Decimal(TURNOVER_USD), rel=Decimal("0.01"))


async def test_a_source_goes_on_where_it_stopped() -> None:
    clock = ManualClock()
    whole, first = (SimulatedSource(clock, seed=9) for _ in range(2))
    await whole.next_news()
    await first.next_news()

    rest = SimulatedSource(clock, seed=9, state=first.state())
    clock.advance(1)

    assert await rest.next_news() == await whole.next_news()
    assert rest.state() == whole.state()


async def test_a_running_world_does_not_change_its_seed() -> None:
    source = SimulatedSource(ManualClock(), seed=1)
    with capture_logs() as logs:
        again = SimulatedSource(ManualClock(), seed=2, state=source.state())
    assert logs[0]["event"] == "simulation_seed_ignored"
    assert again.state() == source.state()


async def test_every_tick_says_that_it_is_simulated() -> None:
    clock = ManualClock()
    news = await SimulatedSource(clock, seed=1).next_news()
    assert len(news.ticks) > 60
    for tick in news.ticks:
        assert tick.price.simulated
        assert tick.price.source == "simulated"
        assert tick.price.at == clock.now()
        assert tick.pair.quote == "usd"
        assert tick.price.change_24h is not None
        assert tick.price.volume_24h


async def test_every_price_is_that_of_a_trade_of_the_same_moment() -> None:
    clock = ManualClock()
    source = SimulatedSource(clock, seed=1)
    await source.next_news()
    clock.advance(1)
    news = await source.next_news()
    assert source.now_ms() == to_ms(clock.now())
    for tick, trade in zip(news.ticks, news.trades, strict=True):
        assert (trade.pair, trade.time_ms, trade.id) == (tick.pair, source.now_ms(), 2)
        assert trade.price == float(tick.price.value)
        assert trade.quantity > 0


async def test_steps_are_a_second_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ManualClock()
    monkeypatch.setattr(simulated, "asyncio", asyncio_of(clock))
    source = SimulatedSource(clock, seed=1)
    began = clock.monotonic()
    first = asyncio.create_task(source.next_news())
    await asyncio.sleep(0)
    assert first.done(), "nothing was waited for"
    assert clock.monotonic() == began
    await source.next_news()
    assert clock.monotonic() - began == 1
