"""Brackets: the more is at stake, the less leverage is allowed and the more margin must stay.

Like tax brackets: each part of a notional has the rate of its own bracket. With rate r and
deduction d of the bracket that holds the notional N, maintenance margin is N·r − d, and the
recurrence

    deduction(n) = deduction(n−1) + floor(n) × (rate(n) − rate(n−1)),   deduction(1) = 0

makes it continuous where brackets meet. A table that breaks it would have prices at which a
position is liquidated by growing richer, so a table is checked when it is loaded, never when it is
used.

Money in hundred-millionths of the settlement asset, rates in millionths. A bracket holds its floor
and not its cap; the last one holds its cap, the most a position may be worth.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from plimsoll.kernel.errors import Invalid
from plimsoll.trading.domain.instruments import MILLION, MONEY, Bracket

HIGHEST_LEVERAGE: Final = 1_000
"""No table allows more; it keeps a mistyped one out."""


class BracketsRefused(Invalid):
    """A table that cannot be used; the subclasses say why."""

    code = "brackets-refused"
    title = "The bracket table is not valid"


class NoBrackets(BracketsRefused):
    code = "no-brackets"


class BracketGap(BracketsRefused):
    """Floors do not start at 0, or a bracket does not begin where the one before ends."""

    code = "bracket-gap"


class BracketRateRefused(BracketsRefused):
    """A maintenance rate that does not rise, or is not between 0 and what the leverage allows."""

    code = "bracket-rate-refused"


class BracketLeverageRefused(BracketsRefused):
    """A leverage that does not fall from bracket to bracket, or is out of bounds."""

    code = "bracket-leverage-refused"


class BracketDeductionRefused(BracketsRefused):
    """A deduction that is not what the recurrence gives, exactly."""

    code = "bracket-deduction-refused"


def check_brackets(brackets: Sequence[Bracket]) -> None:
    """Refuse a table that is not continuous, rising in rate and falling in leverage."""
    if not brackets:
        raise NoBrackets("a perpetual needs at least one bracket")
    first = brackets[0]
    if first.floor != 0 or first.deduction != 0:
        raise BracketGap("the first bracket begins at 0 and deducts nothing")
    for each in brackets:
        _check_alone(each)
    for lower, upper in pairwise(brackets):
        _check_step(lower, upper)


def _check_alone(bracket: Bracket) -> None:
    where = f"the bracket from {bracket.floor}"
    if bracket.cap <= bracket.floor:
        raise BracketGap(f"{where} ends at {bracket.cap}, where it has not begun")
    if not 1 <= bracket.leverage <= HIGHEST_LEVERAGE:
        raise BracketLeverageRefused(f"{where} has leverage {bracket.leverage}")
    if not 0 < bracket.maintenance_ppm * bracket.leverage <= MILLION:
        raise BracketRateRefused(
            f"{where} keeps {bracket.maintenance_ppm} millionths, which must be above 0 and not "
            f"more than what leverage {bracket.leverage} puts in"
        )
    if bracket.maintenance_ppm >= MILLION:
        raise BracketRateRefused(f"{where} keeps all of its notional")


def _check_step(lower: Bracket, upper: Bracket) -> None:
    where = f"the bracket from {upper.floor}"
    if upper.floor != lower.cap:
        raise BracketGap(f"{where} does not begin at {lower.cap}, where the one before ends")
    if upper.maintenance_ppm <= lower.maintenance_ppm:
        raise BracketRateRefused(f"the rate of {where} does not rise")
    if upper.leverage >= lower.leverage:
        raise BracketLeverageRefused(f"the leverage of {where} does not fall")
    step, rest = divmod(upper.floor * (upper.maintenance_ppm - lower.maintenance_ppm), MILLION)
    if rest or upper.deduction != lower.deduction + step:
        raise BracketDeductionRefused(
            f"{where} deducts {upper.deduction}; continuous would be "
            f"{lower.deduction + step}{' and a fraction' if rest else ''}"
        )


def make_brackets(levels: Iterable[tuple[int, int, int]], *, cap: int) -> tuple[Bracket, ...]:
    """A checked table from (floor, maintenance_ppm, leverage) of each level; floors and `cap` in
    whole coins of the settlement asset. The deductions follow.
    """
    rows = list(levels)
    ends = [floor for floor, _, _ in rows[1:]] + [cap]
    brackets: list[Bracket] = []
    deduction = rate = 0
    for (floor, ppm, leverage), end in zip(rows, ends, strict=True):
        deduction += floor * MONEY * (ppm - rate) // MILLION
        rate = ppm
        brackets.append(Bracket(floor * MONEY, end * MONEY, ppm, leverage, deduction))
    check_brackets(brackets)
    return tuple(brackets)


def find_bracket(brackets: Sequence[Bracket], notional: int) -> Bracket:
    """The bracket that holds `notional`; the last one also holds what is beyond its cap, where a
    position may get by its price. From below, because most positions are small.
    """
    for bracket in brackets:
        if notional < bracket.cap:
            return bracket
    return brackets[-1]


def maintenance_parts(brackets: Sequence[Bracket], notional: int) -> int:
    """Maintenance margin in millionths of a hundred-millionth: exact, to be summed and then
    rounded once.
    """
    for bracket in brackets:  # find_bracket, without the call: this runs for every order
        if notional < bracket.cap:
            return notional * bracket.maintenance_ppm - bracket.deduction * MILLION
    bracket = brackets[-1]
    return notional * bracket.maintenance_ppm - bracket.deduction * MILLION


def maintenance(brackets: Sequence[Bracket], notional: int) -> int:
    """The margin a position of `notional` must keep, rounded up; 0 only for none."""
    return -(-maintenance_parts(brackets, notional) // MILLION)


def leverage_cap(brackets: Sequence[Bracket], notional: int) -> int:
    """The highest leverage for a position of `notional`; 0: no position may be that large."""
    if notional > brackets[-1].cap:
        return 0
    return find_bracket(brackets, notional).leverage


def notional_cap(brackets: Sequence[Bracket], leverage: int) -> int:
    """The most notional at `leverage`: the cap of the last bracket that allows it; 0: none does."""
    return max((each.cap for each in brackets if each.leverage >= leverage), default=0)
