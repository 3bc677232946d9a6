"""A maker of the house: what it quotes around an index, so that a lone user finds a market.

Pure: the same index, inventory and seed give the same levels. The quotes lean against what the
house holds (long: lower, to be bought from), and their sizes vary around the one asked for, by a
generator of its own, so that a book does not look like a comb.
"""

from dataclasses import dataclass
from typing import Final

from plimsoll.trading.domain.instruments import MILLION

Level = tuple[int, int]

_MASK: Final = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class HouseStyle:
    """How a maker quotes. Shares of the price in millionths.

    `half_spread_ppm`: from the middle to the best price of each side. `gap_ppm`: between levels.
    `quantity`: of the best level in steps; level n has about (1 + n × `growth_ppm`) times as much,
    give or take `noise_ppm`. `skew_ppm`: how far the middle moves with the inventory at
    `most_inventory` steps; beyond it the side that would add is not quoted.
    """

    half_spread_ppm: int = 100
    gap_ppm: int = 100
    levels: int = 10
    quantity: int = 100
    growth_ppm: int = 250_000
    noise_ppm: int = 200_000
    skew_ppm: int = 300
    most_inventory: int = 100_000


@dataclass(frozen=True, slots=True)
class Quotes:
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


def quotes(style: HouseStyle, *, index_price: int, inventory: int, seed: int) -> Quotes:
    """The levels of both sides, the best first, at least one tick apart and from each other.

    `index_price` in ticks, `inventory` in signed steps. The same seed makes the same sizes: give
    one that changes (the command's number) to make them live.
    """
    lean = max(-style.most_inventory, min(style.most_inventory, inventory))
    middle = index_price * MILLION - index_price * style.skew_ppm * lean // style.most_inventory
    bids: list[Level] = []
    asks: list[Level] = []
    state = seed & _MASK
    bid = (middle - index_price * style.half_spread_ppm) // MILLION
    ask = max(-(-(middle + index_price * style.half_spread_ppm) // MILLION), bid + 1)
    gap = max(1, index_price * style.gap_ppm // MILLION)
    for level in range(style.levels):
        state, first = _draw(state)
        state, second = _draw(state)
        if bid > 0 and inventory < style.most_inventory:
            bids.append((bid, _size(style, level, first)))
        if ask > 0 and inventory > -style.most_inventory:
            asks.append((ask, _size(style, level, second)))
        bid -= gap
        ask += gap
    return Quotes(tuple(bids), tuple(asks))


def _size(style: HouseStyle, level: int, drawn: int) -> int:
    noise = drawn % (2 * style.noise_ppm + 1) - style.noise_ppm
    whole = style.quantity * (MILLION + level * style.growth_ppm) * (MILLION + noise)
    return max(1, whole // (MILLION * MILLION))


def _draw(state: int) -> tuple[int, int]:
    """SplitMix64 (Steele, Lea, Flood 2014): the next state, and 64 even bits."""
    state = (state + 0x9E3779B97F4A7C15) & _MASK
    mixed = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
    return state, mixed ^ (mixed >> 31)
