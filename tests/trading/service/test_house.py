"""The maker of the house by the settings: what it quotes, and when anew."""

from pathlib import Path

import pytest

from plimsoll.settings import Settings
from plimsoll.trading.domain.instruments import Instrument
from plimsoll.trading.domain.listing import DEFAULT_INSTRUMENTS
from plimsoll.trading.service.house import FULL, Quoted, is_worn, quotes_around, style_of

LISTED = {each.symbol: each for each in DEFAULT_INSTRUMENTS}
BTC = LISTED["BTC-PERP"]
INDEX = 600_000


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


@pytest.mark.parametrize(
    ("symbol", "index", "steps"),
    [("BTC-PERP", 600_000, 833), ("BTC-USDT", 6_000_000, 83_333), ("DOGE-PERP", 20_000, 250_000)],
)
def test_its_best_price_is_good_for_the_depth_of_the_settings(
    settings: Settings, symbol: str, index: int, steps: int
) -> None:
    """50,000 usdt at 60,000, and at 0.2."""
    assert style_of(settings, LISTED[symbol], index).quantity == steps


def test_one_step_is_the_least(settings: Settings) -> None:
    assert style_of(settings, BTC, 10**12).quantity == 1


def test_the_best_prices_lie_the_half_spread_from_the_index(settings: Settings) -> None:
    made = quotes_around(settings, BTC, INDEX, inventory=0, seq=1)
    assert (made.bids[0][0], made.asks[0][0]) == (599_940, 600_060)
    assert len(made.bids) == len(made.asks) == settings.house_levels


def test_the_same_command_makes_the_same_quotes_and_another_seed_others(
    settings: Settings, tmp_path: Path
) -> None:
    made = quotes_around(settings, BTC, INDEX, inventory=0, seq=1)
    assert quotes_around(settings, BTC, INDEX, inventory=0, seq=1) == made
    assert quotes_around(settings, BTC, INDEX, inventory=0, seq=2) != made
    other = Settings(data_dir=tmp_path, simulation_seed=2)
    assert quotes_around(other, BTC, INDEX, inventory=0, seq=1) != made


def test_a_full_inventory_leans_by_the_skew(settings: Settings) -> None:
    full = style_of(settings, BTC, INDEX).quantity * FULL
    made = quotes_around(settings, BTC, INDEX, inventory=full - 1, seq=1)
    skew = INDEX * settings.house_skew_ppm // 1_000_000
    assert abs(made.bids[0][0] - (599_940 - skew)) <= 1
    assert not quotes_around(settings, BTC, INDEX, inventory=full, seq=1).bids


def test_no_level_is_larger_than_an_order_may_be(settings: Settings) -> None:
    def small() -> Instrument:
        fields = {name: getattr(BTC, name) for name in BTC.__slots__}
        return Instrument(**(fields | {"most_quantity": 900}))

    made = quotes_around(settings, small(), INDEX, inventory=0, seq=1)
    assert max(quantity for _, quantity in made.bids + made.asks) == 900


QUOTED = Quoted(INDEX, 10, 100.0)


@pytest.mark.parametrize(
    ("index", "inventory", "now_s", "worn"),
    [
        (INDEX, 10, 129.9, False),
        (INDEX, 10, 130.0, True),
        (INDEX, 9, 101.0, True),
        (INDEX + 29, 10, 101.0, False),
        (INDEX + 30, 10, 101.0, True),
        (INDEX - 30, 10, 101.0, True),
    ],
)
def test_it_quotes_anew_when_something_has_changed(
    settings: Settings, index: int, inventory: int, now_s: float, *, worn: bool
) -> None:
    assert is_worn(settings, QUOTED, index=index, inventory=inventory, now_s=now_s) is worn


def test_without_quotes_it_quotes(settings: Settings) -> None:
    assert is_worn(settings, None, index=INDEX, inventory=0, now_s=0)


def test_an_index_of_one_tick_that_stands_still_is_not_worn(settings: Settings) -> None:
    quoted = Quoted(1, 0, 0.0)
    assert not is_worn(settings, quoted, index=1, inventory=0, now_s=1)
    assert is_worn(settings, quoted, index=2, inventory=0, now_s=1)
