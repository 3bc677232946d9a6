"""When noise is a failure."""

import pytest

from plimsoll.markets.sources.faults import PATIENCE, PATIENCE_S, Sense, SourceUnreadable
from tests.fakes.clock import ManualClock


def make_noise(sense: Sense, clock: ManualClock, *, pieces: int, seconds: float) -> None:
    for piece in range(pieces):
        if piece:
            clock.advance(seconds / (pieces - 1))
        sense.note(made=False, wasted=True)


def test_a_source_that_makes_nothing_but_noise_has_failed_and_fails_again() -> None:
    clock = ManualClock()
    sense = Sense("binance", clock)
    for _ in range(2):
        make_noise(sense, clock, pieces=PATIENCE, seconds=PATIENCE_S + 1)
        with pytest.raises(SourceUnreadable, match="nothing that binance said"):
            sense.check()
        sense.check()


@pytest.mark.parametrize(
    ("pieces", "seconds"), [(PATIENCE - 1, 10 * PATIENCE_S), (100, PATIENCE_S - 1)]
)
def test_a_little_noise_is_nothing(pieces: int, seconds: float) -> None:
    clock = ManualClock()
    sense = Sense("binance", clock)
    make_noise(sense, clock, pieces=pieces, seconds=seconds)
    clock.advance(10 * PATIENCE_S)
    sense.note(made=False, wasted=False)
    sense.check()


def test_one_good_word_between_makes_up_for_it() -> None:
    clock = ManualClock()
    sense = Sense("binance", clock)
    for _ in range(9):
        make_noise(sense, clock, pieces=PATIENCE, seconds=PATIENCE_S - 1)
        sense.note(made=True, wasted=True)
        sense.check()
