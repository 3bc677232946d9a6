"""KuCoin's deposits and its withdrawals: two files with nearly one header.

Which of both a file is, its column of addresses tells; one without addresses says it in the remarks
of each row. The header names the zone of the times. A fee is besides what was withdrawn; columns as
exports since 2021 have them, that the amount is without its fee was not confirmed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from plimsoll.ledger.domain.imports import LeftOut, Outcome
from plimsoll.ledger.domain.transactions import Kind
from plimsoll.ledger.importers.dates import DateOrder
from plimsoll.ledger.importers.drafting import NOTHING_MOVED, one_sided, part_of, story_of
from plimsoll.ledger.importers.format import Format, Options, fit
from plimsoll.ledger.importers.kucoin_trades import (
    EMPTY,
    NOT_COMPLETED,
    Zoned,
    without_zone,
    zone_of,
)
from plimsoll.ledger.importers.rows import Row

REQUIRED: Final = (
    *("uid", "account type", "time", "coin", "amount", "fee", "transfer network", "status"),
    "remarks",
)
DEPOSITED: Final = "deposit address"
WITHDRAWN: Final = "withdrawal address/account"
DONE: Final = frozenset({"success", "completed"})
TIMES: Final = Zoned(frozenset({"time"}))


def sniff(header: Sequence[str]) -> float:  # no money: how well a header fits
    """What both files have."""
    names = [without_zone(name) for name in header]
    return fit(names, REQUIRED, ("hash", DEPOSITED, WITHDRAWN))


def read(rows: Iterable[Row], options: Options) -> Iterator[Outcome]:
    """One outcome per row."""
    for row in rows:
        if row.cells[0].casefold().startswith(EMPTY):
            yield LeftOut((row.line,), "the export says that there is nothing in it")
        elif row.text("status").casefold() not in DONE:
            yield LeftOut((row.line,), NOT_COMPLETED)
        else:
            yield _read(row, options)


def _read(row: Row, options: Options) -> Outcome:
    moment = row.moment(next(name for name in row.places if name in TIMES))
    part, fee = part_of(row, "amount", "coin"), part_of(row, "fee", "coin")
    kind = _kind(row)
    if kind is None:
        row.refuse("remarks", "unknown-direction", "deposit or withdrawal?", "write which it was")
        return row.refused()
    if row.faults or moment is None:
        return row.refused()
    if part is None:
        return LeftOut((row.line,), NOTHING_MOVED)
    story = replace(story_of((row,), moment), reference=row.text("hash"))
    return one_sided(story, options, kind, part, [fee] if fee else [])


def _kind(row: Row) -> Kind | None:
    remarks = row.text("remarks").casefold()
    if WITHDRAWN in row.places:
        return Kind.WITHDRAWAL
    if DEPOSITED in row.places or remarks.startswith("deposit"):
        return Kind.DEPOSIT
    return Kind.WITHDRAWAL if remarks.startswith("withdraw") else None


FORMAT: Final = Format(
    name="kucoin-transfers",
    title="KuCoin deposits and withdrawals",
    sniff=sniff,
    read=read,
    moments=TIMES,
    numbers=("amount", "fee"),
    zone_of=lambda header: zone_of(header, TIMES),
    date_order=DateOrder.YMD,
)
