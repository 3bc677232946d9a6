"""What two programs say of one ledger, slice by slice.

A difference is explained only where a rule that the peer has otherwise foretells its figures: the
rule says what the peer must have found, and that is compared.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from plimsoll.kernel.money import ZERO
from plimsoll.tax.domain.results import Slice, Term

Key = tuple[object, ...]
"""What makes a slice one: the disposal and the acquisition, or day, rule and matched day."""


class Part(NamedTuple):
    """`long`: None where nobody asks how long. Parts of one key add up."""

    quantity: Decimal = ZERO
    proceeds: Decimal = ZERO
    cost: Decimal = ZERO
    long: bool | None = None

    def plus(self, other: "Part") -> "Part":
        return Part(
            self.quantity + other.quantity,
            self.proceeds + other.proceeds,
            self.cost + other.cost,
            other.long,
        )

    def is_close(self, other: "Part", tolerance: Decimal) -> bool:
        pairs = zip(self[:3], other[:3], strict=True)
        near = all(abs(mine - yours) <= tolerance for mine, yours in pairs)
        return near and self.long == other.long


class Foretold(NamedTuple):
    """What the peer must say, by its own rules; none where it must say the same."""

    part: Part
    rules: tuple[str, ...]


@dataclass(slots=True)
class Agreement:
    compared: int = 0
    explained: Counter[str] = field(default_factory=Counter[str])
    unexplained: list[str] = field(default_factory=list)


def add(parts: dict[Key, Part], key: Key, part: Part) -> None:
    parts[key] = parts.get(key, Part()).plus(part)


def compare(
    ours: Mapping[Key, Foretold], theirs: Mapping[Key, Part], tolerance: Decimal
) -> Agreement:
    """Every slice that either of both has."""
    agreement = Agreement()
    for key in sorted({*ours, *theirs}, key=str):
        agreement.compared += 1
        mine, yours = ours.get(key), theirs.get(key)
        if mine is None or yours is None or not mine.part.is_close(yours, tolerance):
            agreement.unexplained.append(f"{key}: expected {mine}, the peer says {yours}")
        else:
            agreement.explained.update(mine.rules)
    return agreement


def by_acquisition(slices: list[Slice]) -> dict[Key, Part]:
    """Our slices by the numbers of the deeds that disposed and acquired."""
    parts: dict[Key, Part] = {}
    for each in slices:
        acquired = each.acquired.transaction.int if each.acquired else None
        key = (each.disposed.ref.transaction.int, acquired)
        add(parts, key, Part(each.quantity, each.proceeds, each.cost, each.term is Term.LONG))
    return parts
