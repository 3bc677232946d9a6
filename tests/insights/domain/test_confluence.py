import pytest

from plimsoll.insights.domain.bars import Bars
from plimsoll.insights.domain.confluence import Side, agree, confluence
from tests.insights.walks import DAY_MS

RISE = [100 * 1.01**t for t in range(300)]


def steady(closes: list[float]) -> Bars:
    """A candle a day, each opening where the last one closed."""
    opens = [closes[0], *closes[:-1]]
    pairs = list(zip(opens, closes, strict=True))
    return Bars.of(
        step_ms=DAY_MS,
        time_ms=[DAY_MS * t for t in range(len(closes))],
        open=opens,
        high=[max(pair) for pair in pairs],
        low=[min(pair) for pair in pairs],
        close=closes,
        volume=[1.0] * len(closes),
    )


@pytest.mark.parametrize(
    ("trend", "momentum", "volume", "direction", "agreeing"),
    [
        (1, 1, 1, 1, 3),
        (1, 1, -1, 1, 2),
        (-1, 0, -1, -1, 2),
        (1, 0, -1, 0, 0),
        (None, 1, 0, 1, 1),
        (None, None, None, 0, 0),
    ],
)
def test_what_most_say_is_the_direction(
    trend: int | None, momentum: int | None, volume: int | None, direction: int, agreeing: int
) -> None:
    found = agree({Side.TREND: trend, Side.MOMENTUM: momentum, Side.VOLUME: volume})
    assert (found.direction, len(found.agreeing)) == (direction, agreeing)


@pytest.mark.parametrize(("closes", "direction"), [(RISE, 1), (RISE[::-1], -1)])
def test_all_three_agree_on_a_steady_way(closes: list[float], direction: int) -> None:
    found = confluence(steady(closes))
    assert found.direction == direction
    assert Side.TREND in found.agreeing
    assert Side.VOLUME in found.agreeing


def test_little_history_knows_little() -> None:
    assert confluence(steady(RISE[:10])).sides == dict.fromkeys(Side)
    assert confluence(Bars.none(DAY_MS)).sides == dict.fromkeys(Side)
