"""The mark: the price by which margin is counted. It follows the index, not single trades.

    P1   = index × (1 + last funding rate × time to funding ÷ interval)
    P2   = index + moving average of the basis; basis = (best bid + best ask) ÷ 2 − index
    mark = median(P1, P2, last price)

A single odd trade moves nothing, because P1 and P2 lie on either side of it; a book that stands
away from the index for long moves P2. While there is no trade the index stands for the last price,
while there was no two-sided book it stands for P2. Ours: the mark is never farther from the index
than the price band, so that a thin book cannot walk away with it.

The premium says how far trades of some size lie from the index; funding.py makes the rate of it:

    premium = (max(0, impact bid − index) − max(0, index − impact ask)) ÷ index

with the impact prices those at which 200 coins of margin at the highest leverage would trade; a
side that does not hold as much says nothing.

Prices in ticks, the mark rounded once, half to even; rates in hundred-millionths, premiums in
millionths of a millionth. Derivation and source: docs/formulas/funding.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from plimsoll.kernel.money import divide
from plimsoll.trading.domain.book import Book
from plimsoll.trading.domain.instruments import MILLION, MONEY, Instrument
from plimsoll.trading.domain.orders import Side

if TYPE_CHECKING:
    from plimsoll.trading.domain.venue import Market  # which has a MarkState

RATE: Final = 10**8
"""Funding rates are in hundred-millionths."""
PREMIUM: Final = 10**12
"""Premiums are in millionths of a millionth."""
HOUR_MS: Final = 3_600_000
IMPACT_MARGIN: Final = 200 * MONEY
LONGEST_STAND_MS: Final = 60_000
"""How long a premium counts when no newer one comes: nobody knows what was while nobody looked."""
FAR: Final = Decimal("0.05")
"""A source farther than this share from the median of all is left out of the index."""


@dataclass(slots=True, eq=False)
class MarkState:
    """What a mark and a funding rate are made of.

    `basis`: (second, best bid + best ask − 2 × index), the last one of each of the `window` latest
    seconds. `stamp_ms`: when funding is due next, 0 before the first index; `last_rate`: what was
    settled then. `premium` stands since `premium_at_ms`; `premium_sum` is Σ premium × ms of the
    interval until then, `premium_ms` Σ ms; `premium_at_ms` 0: none stands.
    """

    window: int = 30
    basis: list[tuple[int, int]] = field(default_factory=list)
    basis_sum: int = 0
    stamp_ms: int = 0
    last_rate: int = 0
    premium: int = 0
    premium_at_ms: int = 0
    premium_sum: int = 0
    premium_ms: int = 0


def round_half_even(top: int, bottom: int) -> int:
    """The quotient; `bottom` above zero."""
    whole, rest = divmod(top, bottom)
    if rest * 2 > bottom or (rest * 2 == bottom and whole & 1):
        whole += 1
    return whole


def combine_index(sources: Sequence[tuple[Decimal, Decimal]]) -> Decimal:
    """The index of several sources, each a price and a weight above zero.

    The weighted mean; a source more than 5 % from the median of all has no weight, and when more
    than one is so far out nobody knows who is right: then the median.
    """
    assert sources
    prices = sorted(price for price, _ in sources)
    middle = (prices[(len(prices) - 1) // 2] + prices[len(prices) // 2]) / 2
    near = [each for each in sources if abs(each[0] - middle) <= middle * FAR]
    if len(sources) - len(near) > 1 or not near:
        return middle
    weight = sum((each for _, each in near), Decimal(0))
    return divide(sum((price * each for price, each in near), Decimal(0)), weight)


def next_stamp(at_ms: int, interval_h: int) -> int:
    """The first moment after `at_ms` of the grid of whole intervals since midnight UTC."""
    interval = interval_h * HOUR_MS
    return (at_ms // interval + 1) * interval


def set_index(market: "Market", index: int, at_ms: int) -> int:
    """A new index, in ticks, of a perpetual. Sets its index and mark, notes basis and premium, and
    returns the mark. What was due for funding before `at_ms` has been settled (funding.py).
    """
    marking, instrument = market.marking, market.instrument
    if not marking.stamp_ms:
        marking.stamp_ms = next_stamp(at_ms, instrument.funding_interval_h)
    market.index = index
    note_premium(marking, premium_of(market.book, instrument, index), at_ms)
    _note_basis(marking, market.book, index, at_ms // 1000)
    points = len(marking.basis)
    interval = instrument.funding_interval_h * HOUR_MS
    first = round_half_even(
        index * (RATE * interval + marking.last_rate * max(0, marking.stamp_ms - at_ms)),
        RATE * interval,
    )
    second = index
    if points:
        second = round_half_even(2 * points * index + marking.basis_sum, 2 * points)
    # Rounding never changes an order, so the median of rounded prices is the rounded median.
    _, mark, _ = sorted((first, second, market.last or index))
    band = index * instrument.band_ppm // MILLION
    market.mark = mark = max(1, index - band, min(mark, index + band))
    return mark


def _note_basis(marking: MarkState, book: Book, index: int, second: int) -> None:
    """One point for each second; old ones leave the window whether new ones come or not."""
    basis = marking.basis
    while basis and (basis[0][0] <= second - marking.window or basis[0][0] > second):
        marking.basis_sum -= basis.pop(0)[1]
    bid, ask = book.best_bid(), book.best_ask()
    if not bid or not ask:
        return
    if basis and basis[-1][0] == second:
        marking.basis_sum -= basis.pop()[1]
    basis.append((second, bid + ask - 2 * index))
    marking.basis_sum += bid + ask - 2 * index


def impact_notional(instrument: Instrument) -> int:
    """Of the impact prices, in money: 200 coins ÷ initial margin rate at the highest leverage."""
    return IMPACT_MARGIN * instrument.brackets[0].leverage


def premium_of(book: Book, instrument: Instrument, index: int) -> int:
    """The premium index now, in 1e-12 of the index."""
    notional = impact_notional(instrument) // instrument.unit
    above = below = 0
    if book.best_bid() > index:
        bid = book.impact(Side.SELL, notional)
        if bid is not None:
            above = max(0, round_half_even((bid[0] - index * bid[1]) * PREMIUM, index * bid[1]))
    if 0 < book.best_ask() < index:
        ask = book.impact(Side.BUY, notional)
        if ask is not None:
            below = max(0, round_half_even((index * ask[1] - ask[0]) * PREMIUM, index * ask[1]))
    return above - below


def note_premium(marking: MarkState, premium: int, at_ms: int) -> None:
    """The premium stands from now on; the one before is counted for as long as it stood."""
    close_premium(marking, at_ms)
    marking.premium, marking.premium_at_ms = premium, at_ms


def close_premium(marking: MarkState, at_ms: int) -> None:
    """Count what has stood until `at_ms`; one that has stood too long stands no more."""
    if not marking.premium_at_ms:
        return
    stood = min(at_ms - marking.premium_at_ms, LONGEST_STAND_MS)
    marking.premium_sum += marking.premium * stood
    marking.premium_ms += stood
    marking.premium_at_ms = at_ms if stood < LONGEST_STAND_MS else 0
