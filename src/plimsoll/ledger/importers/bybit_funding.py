"""Bybit's funding account: one change of one coin per row, without ids, times in UTC.

Deposits, withdrawals, interest and conversions are booked here, trades in the unified account. A
conversion is rows of both signs, at most `APART` seconds from one to the next. Whether a row of
`Earn` is interest or the coins themselves stands in its description.

The columns are those of the export "asset change details" of the funding account since 2022.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Final

from plimsoll.ledger.domain.imports import LeftOut, Outcome
from plimsoll.ledger.domain.transactions import Kind
from plimsoll.ledger.importers.binance_trades import zone_in
from plimsoll.ledger.importers.bybit_cells import INTERNAL, time_column
from plimsoll.ledger.importers.dates import DateOrder, Moment
from plimsoll.ledger.importers.drafting import (
    NOTHING_MOVED,
    Part,
    Story,
    exchange,
    one_sided,
    story_of,
)
from plimsoll.ledger.importers.format import Format, Options, fit
from plimsoll.ledger.importers.rows import Row, refuse_all

TIMES: Final = ("date & time(utc)", "date & time (utc)")
REQUIRED: Final = ("coin", "qty", "type", "account balance", "description")
OPTIONAL: Final = ("uid", *TIMES)
APART: Final = timedelta(seconds=2)
MOST_COINS: Final = 40
"""Converted together: as many legs fit into a transaction."""
INTEREST: Final = ("interest distribution", "rewards distribution", "yield distribution")
STAYING: Final = (
    *("subscription", "redemption", "auto-earn", "unified trading account"),
    *("derivatives account", "spot account", "trading bot", "copy trading"),
)
"""In the description of what stays the owner's at Bybit."""
KINDS: Final = {
    "deposit": (Kind.DEPOSIT, None),
    "withdraw": (Kind.DEPOSIT, Kind.WITHDRAWAL),
    "withdrawal": (Kind.DEPOSIT, Kind.WITHDRAWAL),
    "airdrop": (Kind.AIRDROP, None),
    "rewards": (Kind.REFERRAL, None),
    "bonus": (Kind.REFERRAL, None),
}
"""What a type is when it brings something in, and when it takes something out. A withdrawal that
failed comes back.
"""


def sniff(header: Sequence[str]) -> float:  # no money: how well a header fits
    """With any of its names for the time."""
    return fit(header, REQUIRED, OPTIONAL) if time_column(header, TIMES) else 0


def read(rows: Iterable[Row], options: Options) -> Iterator[Outcome]:
    """Conversions wait for their other side; all other rows stand alone."""
    together: list[tuple[Row, Moment]] = []
    for row in rows:
        if row.text("type").casefold() != "convert":
            yield _read_alone(row, options)
            continue
        moment = row.moment(time_column(row.places, TIMES))
        row.required("qty")
        if row.faults or moment is None:
            yield row.refused()
            continue
        if together and abs(moment.at - together[-1][1].at) > APART:
            yield _read_conversion(together, options)
            together = []
        together.append((row, moment))
    if together:
        yield _read_conversion(together, options)


def _read_conversion(together: list[tuple[Row, Moment]], options: Options) -> Outcome:
    rows, moment = [row for row, _ in together], together[0][1]
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[row.text("coin")] += row.required("qty")
    came = [Part(code, change) for code, change in sums.items() if change > 0]
    went = [Part(code, -change) for code, change in sums.items() if change < 0]
    if not came or not went or "" in sums or len(sums) > MOST_COINS:
        return refuse_all(
            rows,
            "unmatched-trade",
            "the rows of this conversion do not have both sides",
            "export the whole period, with every coin",
        )
    if len(came) > 1 or len(went) > 1:
        rows[0].doubt(
            "type",
            "several-trades",
            f"{len(came)} coins came and {len(went)} went at one time",
            "they are one exchange here; enter them by hand to have them apart",
        )
    return exchange(story_of(rows, moment), options, came, went)


def _read_alone(row: Row, options: Options) -> Outcome:
    moment = row.moment(time_column(row.places, TIMES))
    change = row.required("qty")
    if not row.text("coin"):
        row.refuse("coin", "missing", "the row names no asset", "name it")
    if row.faults or moment is None:
        return row.refused()
    story = replace(story_of((row,), moment), note=row.text("description"))
    if not change:
        return LeftOut(story.lines, NOTHING_MOVED)
    description = row.text("description").casefold()
    if any(words in description for words in STAYING) and not _is_interest(description):
        return LeftOut(story.lines, INTERNAL)
    kind, story = _kind(row, story, change, description)
    part = Part(row.text("coin"), abs(change))
    return one_sided(story, options, kind, part, sign=1 if change > 0 else -1)


def _is_interest(description: str) -> bool:
    return any(words in description for words in INTEREST)


def _kind(row: Row, story: Story, change: Decimal, description: str) -> tuple[Kind, Story]:
    type_ = row.text("type").casefold()
    if type_ == "fiat" and description in KINDS:
        type_ = description
    inward, outward = KINDS.get(type_, (None, None))
    if _is_interest(description):
        inward, outward = Kind.INTEREST, None
    kind = inward if change > 0 else outward
    if kind is not None:
        return kind, story
    kind = Kind.DEPOSIT if change > 0 else Kind.WITHDRAWAL
    row.doubt(
        "type",
        "unknown-type",
        f"{row.text('type')[:40]!r} with this sign is not known here, so it would be a {kind}",
        "choose what it was",
    )
    return kind, replace(story, doubts=tuple(row.doubts))


FORMAT: Final = Format(
    name="bybit-funding",
    title="Bybit funding account",
    sniff=sniff,
    read=read,
    moments=TIMES,
    numbers=("qty", "account balance"),
    zone_of=lambda header: zone_in(time_column(header, TIMES)),
    date_order=DateOrder.YMD,
)
