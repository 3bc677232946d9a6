"""What an importer is: which header it knows, which columns hold what, and how rows become drafts.

Column names are compared in lower case with single blanks. A name that stands twice in a header is
numbered: `cur.`, `cur. 2`, `cur. 3`.
"""

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from enum import StrEnum
from typing import Final

from plimsoll.kernel.identifiers import AssetId
from plimsoll.ledger.domain.imports import Outcome
from plimsoll.ledger.importers.dates import DateOrder
from plimsoll.ledger.importers.numbers import NumberStyle
from plimsoll.ledger.importers.rows import Row
from plimsoll.markets.domain.assets import Asset, AssetKind, Catalogue

LONGEST_CODE: Final = 100
MOST_CODES: Final = 10_000
"""Different codes whose assets are remembered; a file of more is odd, and slower."""


class Cash(StrEnum):
    """Whether money itself (dollars, euros) is kept in the wallet of the import.

    OUTSIDE: it comes from and goes to where nobody keeps books, and rows that only move money are
    left out. KEPT: it is held like any coin.
    """

    OUTSIDE = "outside"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Options:
    """What a person or the service says of a file.

    `codes`: assets by code as the file's venue, or this person, means them; they come before the
    symbols of the catalogue. `zone`: of moments that name none. `numbers` and `dates` overrule
    what the file shows. `by_id`: what no code says is an asset's id, not its symbol.
    """

    catalogue: Catalogue
    codes: Mapping[str, AssetId] = field(default_factory=dict)
    cash: Cash = Cash.OUTSIDE
    zone: tzinfo | None = None
    numbers: NumberStyle | None = None
    dates: DateOrder | None = None
    by_id: bool = False

    _found: dict[str, Asset | None] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def find_asset(self, code: str) -> Asset | None:
        """The asset that this code means; None where nobody has said so."""
        try:
            return self._found[code]
        except KeyError:
            asset = self._look_up(code)
        if len(self._found) < MOST_CODES:
            self._found[code] = asset
        return asset

    def _look_up(self, code: str) -> Asset | None:
        meant = self.codes.get(code) or self.codes.get(code.upper())
        if meant is not None:
            return self.catalogue.find_by_id(meant)
        if self.by_id:
            return self.catalogue.find_by_id(code)
        return self.catalogue.find_by_symbol(code) if len(code) <= LONGEST_CODE else None

    def is_money(self, code: str) -> bool:
        try:
            asset = self._found[code]
        except KeyError:
            asset = self.find_asset(code)
        return asset is not None and asset.kind is AssetKind.FIAT


def _no_zone(_cells: Sequence[str]) -> tzinfo | None:
    return None


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of file.

    `sniff` says how well a header fits, 0 to 1. `moments` and `numbers` are its columns of
    moments and of numbers; `zone_of` is the zone that its header or its maker promises,
    `zone_above` the one that a row above the header names.
    `machine_written`: by a service, so its numbers have a decimal point unless they show another.
    `by_id`: it names assets by their ids.
    """

    name: str
    title: str
    sniff: Callable[[Sequence[str]], float]  # no money: how well a header fits
    read: Callable[[Iterable[Row], Options], Iterator[Outcome]]
    moments: Container[str]
    numbers: tuple[str, ...]
    zone_of: Callable[[Sequence[str]], tzinfo | None]
    zone_above: Callable[[Sequence[str]], tzinfo | None] = _no_zone
    date_order: DateOrder | None = None
    machine_written: bool = True
    by_id: bool = False


def column_names(cells: Iterable[str]) -> list[str]:
    """Names as formats know them."""
    names: list[str] = []
    for cell in cells:
        plain = re.sub(r"\s+", " ", cell.strip().strip("\ufeff")).casefold()
        name, number = plain, 1
        while name and name in names:
            number += 1
            name = f"{plain} {number}"
        names.append(name)
    return names


def fit(
    header: Sequence[str], required: Iterable[str], optional: Iterable[str] = ()
) -> float:  # no money: how well a header fits
    """0 without all that is required, else the share of the header's columns that are known."""
    names = {name for name in header if name}
    needed = frozenset(required)
    if not needed <= names:
        return 0
    known = len(names & (needed | frozenset(optional)))
    return known / len(names)
