"""A figure that can be derived: its value, the formula in words, and everything that went in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, TypeAlias

from plimsoll.kernel.money import rounded

RATIO: Final = Decimal("1e-12")
"""Ratios are computed in 50 digits and told in 12 places."""

Input: TypeAlias = "Decimal | int | str | date | tuple[Input, ...] | None"

Inputs: TypeAlias = Mapping[str, Input]


@dataclass(frozen=True, slots=True)
class Figure:
    """`inputs` is everything that `formula` speaks of. A figure that does not exist is no zero: its
    `value` is None and `why_not` says why.
    """

    value: Decimal | None
    formula: str
    inputs: Inputs
    why_not: str = ""


def ratio(value: Decimal, formula: str, inputs: Inputs) -> Figure:
    """A ratio: 0.1 is ten percent."""
    return Figure(rounded(value, RATIO), formula, inputs)


def amount(value: Decimal, formula: str, inputs: Inputs) -> Figure:
    """An amount of the reporting currency."""
    return Figure(value, formula, inputs)


def missing(why_not: str, formula: str, inputs: Inputs) -> Figure:
    """A figure that these inputs do not have."""
    return Figure(None, formula, inputs, why_not)
