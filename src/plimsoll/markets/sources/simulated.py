"""Invented prices for a desk without a network: one seed, one world.

All prices are quoted in usd. Every second each asset moves with a common market factor (by its
beta) and by itself; how much everything moves follows a GARCH(1,1) of the market factor, so calm
and stormy hours come in clusters. A weak pull towards the first price keeps stable coins at their
peg and months of running within reason. Only additions, multiplications and square roots are used,
which are exact to the bit on every machine, so the same seed gives the same figures everywhere. The
parameters are `simulated_market.csv`: first price in usd, standard deviation of a day's return,
beta to the market factor, and pull per second.

Every second each asset trades once, for an amount that has dice of its own: prices for a seed do
not depend on it. A usual day turns over TURNOVER_USD divided by the asset's rank in the parameters,
and more of it in a storm.
"""

import asyncio
import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from importlib import resources
from typing import Final

import msgspec
import structlog

from plimsoll.kernel.clock import Clock, to_ms
from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.assets import USD
from plimsoll.markets.domain.feeds import News, Trade
from plimsoll.markets.domain.prices import Pair, Price, Tick, to_change, to_price, to_volume

log = structlog.get_logger(__name__)

SOURCE: Final = "simulated"
STEP_S: Final = 1.0
DAY_STEPS: Final = 86_400
HOUR_STEPS: Final = 3_600
HOURS_KEPT: Final = 25
"""Hourly prices kept, so that the price of exactly 24 hours ago lies between the two oldest."""

MARKET_DAILY_VOLATILITY: Final = 0.024
SHOCK_WEIGHT: Final = 0.02
PERSISTENCE: Final = 0.978
MEAN_VARIANCE: Final = MARKET_DAILY_VOLATILITY * MARKET_DAILY_VOLATILITY / DAY_STEPS
LARGEST_RETURN: Final = 0.2
"""No asset moves further in one second (or one hour of the time before the start)."""
TURNOVER_USD: Final = 20e9
"""What the first asset of the parameters turns over in a usual day."""
LEAST_TRADE: Final = 0.1
"""Of a usual second's turnover; the most is 2.8 of it, the mean 1."""
VOLUME_SALT: Final = 0x766F6C756D65
"""Keeps the dice of volumes apart from those of prices."""

_MASK: Final = (1 << 64) - 1


class Dice:
    """SplitMix64 (Steele, Lea, Flood 2014): the whole state is one 64-bit number."""

    def __init__(self, state: int) -> None:
        self.state = state & _MASK

    def roll(self) -> int:
        self.state = (self.state + 0x9E3779B97F4A7C15) & _MASK
        mixed = self.state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        return mixed ^ (mixed >> 31)

    def normal(self) -> float:
        """Nearly standard normal within ±6: the sum of twelve uniform 16-bit numbers, centred
        (Irwin–Hall).
        """
        total = 0
        for _ in range(3):
            roll = self.roll()
            total += (roll & 0xFFFF) + (roll >> 16 & 0xFFFF) + (roll >> 32 & 0xFFFF) + (roll >> 48)
        return (total - 12 * 32_767.5) / 65_536


@dataclass(frozen=True, slots=True)
class Character:
    """How one asset behaves; units as in the module's essay, `turnover` in usd per second."""

    id: AssetId
    first_price: float
    daily_volatility: float
    beta: float
    pull: float
    turnover: float

    def own_volatility(self) -> float:
        """What is left per second for the asset itself once its share of the market is taken
        out.
        """
        market = self.beta * MARKET_DAILY_VOLATILITY
        own = self.daily_volatility * self.daily_volatility - market * market
        return math.sqrt(max(own, 0.0) / DAY_STEPS)


class Course(msgspec.Struct):
    """Where one asset stands: its price and the prices at the last full hours, oldest first; what
    the hours between them turned over in usd, and this one until now.
    """

    price: float
    hours: list[float]
    turned: list[float] = []
    turning: float = 0.0


class World(msgspec.Struct):
    """Everything the future depends on."""

    seed: int
    steps: int
    dice: int
    variance: float
    courses: dict[str, Course]


def load_characters() -> list[Character]:
    text = resources.files("plimsoll.markets.sources").joinpath("simulated_market.csv")
    return [
        Character(
            id=AssetId(row["id"]),
            first_price=float(row["price"]),
            daily_volatility=float(row["daily_volatility"]),
            beta=float(row["market_beta"]),
            pull=float(row["pull"]),
            turnover=TURNOVER_USD / rank / DAY_STEPS,
        )
        for rank, row in enumerate(csv.DictReader(text.read_text("utf-8").splitlines()), start=1)
    ]


@dataclass(frozen=True, slots=True)
class Figures:
    """What one asset shows after a step: prices in usd, `quantity` of the step's trade in units of
    the asset, `volume_24h` in usd.
    """

    id: AssetId
    price: Decimal
    change_24h: Decimal | None
    quantity: float
    volume_24h: Decimal | None


class SimulatedMarket:
    """The world and its law; no clock."""

    def __init__(self, characters: Iterable[Character], *, seed: int) -> None:
        """A new world: it lives through one day in hours first, so that there is a change of 24 h
        at once.
        """
        self._characters = [(character, character.own_volatility()) for character in characters]
        self._dice = Dice(seed)
        self.world = World(seed, 0, self._dice.state, MEAN_VARIANCE, {})
        for character, _ in self._characters:
            self.world.courses[character.id] = Course(character.first_price, [])
        self._keep_hour()
        for _ in range(HOURS_KEPT - 1):
            self._move(seconds=HOUR_STEPS)
            self._keep_hour()
        for course in self.world.courses.values():
            course.turned = []  # nobody traded in that day
        self._fill_turned()

    def resume(self, world: World) -> None:
        """Go on from `world`; assets it does not know begin as in a new one."""
        courses = self.world.courses | world.courses
        self.world = msgspec.structs.replace(world, courses=courses)
        self._dice.state = world.dice
        self._fill_turned()

    def step(self) -> list[Figures]:
        """One second, and what it showed, in the order of the parameters."""
        self._move(seconds=1)
        self.world.steps += 1
        if self.world.steps % HOUR_STEPS == 0:
            self._keep_hour()
        return self._trade()

    def leap(self, *, seconds: int) -> None:
        """Seconds that nobody watched, as one move: a divisor of an hour, or an hour."""
        self._move(seconds=seconds)
        for character, _ in self._characters:
            self.world.courses[character.id].turning += character.turnover * seconds
        self.world.steps += seconds
        if self.world.steps % HOUR_STEPS == 0:
            self._keep_hour()

    def _fill_turned(self) -> None:
        """Hours before anybody counted turned over as usual."""
        for character, _ in self._characters:
            course = self.world.courses[character.id]
            usual = [character.turnover * HOUR_STEPS] * HOURS_KEPT
            course.turned = [*usual, *course.turned][-HOURS_KEPT + 1 :]

    def _move(self, *, seconds: int) -> None:
        world, dice = self.world, self._dice
        stretch = math.sqrt(seconds)
        market = math.sqrt(world.variance) * dice.normal()
        storm = math.sqrt(world.variance / MEAN_VARIANCE)
        for character, own_volatility in self._characters:
            course = world.courses[character.id]
            change = character.beta * market + own_volatility * storm * dice.normal()
            change = change * stretch + character.pull * (
                character.first_price / course.price - 1.0
            )
            course.price *= 1.0 + min(max(change, -LARGEST_RETURN), LARGEST_RETURN)
        world.variance = (
            (1.0 - SHOCK_WEIGHT - PERSISTENCE) * MEAN_VARIANCE
            + SHOCK_WEIGHT * market * market
            + PERSISTENCE * world.variance
        )
        world.dice = dice.state

    def _keep_hour(self) -> None:
        for course in self.world.courses.values():
            course.hours = [*course.hours, float(f"{course.price:.6e}")][-HOURS_KEPT:]
            course.turned = [*course.turned, float(f"{course.turning:.6e}")][-HOURS_KEPT + 1 :]
            course.turning = 0.0

    def _trade(self) -> list[Figures]:
        world = self.world
        # Dice of this step alone: nothing about volumes has to be remembered.
        dice = Dice(Dice(world.seed ^ VOLUME_SALT).roll() + world.steps)
        storm = math.sqrt(world.variance / MEAN_VARIANCE)
        into_hour = (world.steps % HOUR_STEPS) / HOUR_STEPS
        figures = []
        for character, _ in self._characters:
            course = world.courses[character.id]
            chance = (dice.roll() >> 40) / (1 << 24)
            amount = character.turnover * storm * (LEAST_TRADE + 2.7 * chance * chance)
            course.turning += amount
            price = to_price(Decimal(f"{course.price:.6e}"))
            if price is None:  # never seen: the pull holds every price within the bounds
                continue
            older, newer = course.hours[:2]
            change = course.price / (older + into_hour * (newer - older)) - 1.0
            volume = course.turning + sum(course.turned) - into_hour * course.turned[0]
            figures.append(
                Figures(
                    character.id,
                    price,
                    to_change(Decimal(f"{change:.6f}")),
                    float(f"{amount / course.price:.6e}"),
                    to_volume(Decimal(f"{volume:.6e}")),
                )
            )
        return figures


class SimulatedSource:
    """One step a second; after a pause of the machine it goes on, it does not catch up."""

    name: Final = SOURCE
    pushes: Final = False
    silence_s: Final = 10 * STEP_S

    def __init__(self, clock: Clock, *, seed: int, state: str | None = None) -> None:
        """`state` is what `state()` gave before; its world goes on, whatever the seed is now."""
        self._clock = clock
        self._market = SimulatedMarket(load_characters(), seed=seed)
        self._next_s: float | None = None
        if state is not None:
            world = msgspec.json.decode(state, type=World)
            if world.seed != seed:
                log.warning("simulation_seed_ignored", asked=seed, running=world.seed)
            self._market.resume(world)

    def state(self) -> str:
        return msgspec.json.encode(self._market.world).decode()

    def now_ms(self) -> int:
        return to_ms(self._clock.now())

    async def aclose(self) -> None:
        """There is nothing to end."""

    async def next_news(self) -> News:
        now_s = self._clock.monotonic()
        if self._next_s is None:
            self._next_s = now_s
        else:
            self._next_s = max(self._next_s + STEP_S, now_s)
            await asyncio.sleep(self._next_s - now_s)
        figures = self._market.step()
        at, step = self._clock.now(), self._market.world.steps
        at_ms = to_ms(at)
        ticks, trades = [], []
        for one in figures:
            pair = Pair(one.id, USD)
            price = Price(one.price, SOURCE, at, True, one.change_24h, one.volume_24h)
            ticks.append(Tick(pair, price))
            trades.append(Trade(pair, at_ms, step, float(one.price), one.quantity))
        return News(ticks=ticks, trades=trades)
