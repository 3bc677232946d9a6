"""Bitstamp's transactions: one trade, deposit or withdrawal per row.

The older export writes a quantity and its code into one cell (`0.5 BTC`), times to the minute, and
no id; the newer one ("RFC 4180") has columns for the codes, ids and ISO times. Both are in UTC.
Fees are besides the amounts. Columns as exports of 2012 to 2025 have them; names of types that the
exports were not seen with are those of the maker's API.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC
from typing import Final

from plimsoll.ledger.domain.imports import LeftOut, Outcome
from plimsoll.ledger.domain.transactions import Kind
from plimsoll.ledger.importers.dates import DateOrder
from plimsoll.ledger.importers.drafting import (
    NOTHING_MOVED,
    Part,
    Story,
    exchange,
    one_sided,
    part_of,
    story_of,
)
from plimsoll.ledger.importers.format import Format, Options, fit
from plimsoll.ledger.importers.quantities import read_quantity
from plimsoll.ledger.importers.rows import Row

COMMON: Final = ("type", "datetime", "account", "amount", "value", "rate", "fee")
OLD: Final = (*COMMON, "sub type")
NEW: Final = (*COMMON, "id", "subtype", "amount currency", "value currency", "fee currency")
OPTIONAL: Final = ("rate currency", "order id")
TRADES: Final = frozenset({"market", "market trade"})
INTERNAL: Final = frozenset(
    {"sub account transfer", "sent assets to staking", "credited with staked assets"}
)
KINDS: Final = {
    "deposit": Kind.DEPOSIT,
    "card deposit": Kind.DEPOSIT,
    "ripple deposit": Kind.DEPOSIT,
    "withdrawal": Kind.WITHDRAWAL,
    "ripple withdrawal": Kind.WITHDRAWAL,
    "staking reward": Kind.STAKING,
    "referral reward": Kind.REFERRAL,
}


def sniff(header: Sequence[str]) -> float:  # no money: how well a header fits
    """Either of the two headers."""
    return max(fit(header, OLD), fit(header, NEW, OPTIONAL))


def read(rows: Iterable[Row], options: Options) -> Iterator[Outcome]:
    """One outcome per row."""
    for row in rows:
        yield _read(row, options)


def _read(row: Row, options: Options) -> Outcome:
    moment = row.moment("datetime")
    kind = row.text("type").casefold()
    amount, value = _part(row, "amount", signed=True), _part(row, "value")
    fee = _part(row, "fee")
    if kind in TRADES and not row.faults and not (amount and value):
        row.refuse("value", "nothing-moved", "a trade has an amount and a value", "correct the row")
    if row.faults or moment is None:
        return row.refused()
    story = replace(
        story_of((row,), moment), external_id=row.text("id"), reference=row.text("order id")
    )
    if amount is None:
        return LeftOut(story.lines, NOTHING_MOVED)
    if kind in INTERNAL:
        return LeftOut(story.lines, "it moved between accounts of the same person at Bitstamp")
    fees = [fee] if fee else []
    if value and kind in TRADES:
        return _trade(row, story, options, amount, value, fees)
    known = KINDS.get(kind)
    if known is None:
        known = Kind.WITHDRAWAL if row.text("amount").startswith("-") else Kind.DEPOSIT
        row.doubt(
            "type",
            "unknown-type",
            f"{row.text('type')[:40]!r} is not known here, so it would be a {known}",
            "choose what it was",
        )
        story = replace(story, doubts=tuple(row.doubts))
    return one_sided(story, options, known, amount, fees)


def _trade(
    row: Row, story: Story, options: Options, base: Part, quote: Part, fees: list[Part]
) -> Outcome:
    side = row.text("sub type", "subtype").casefold()
    if side not in {"buy", "sell"}:
        row.refuse("sub type", "unknown-side", "a trade is Buy or Sell", "correct it")
        return row.refused()
    came, went = (base, quote) if side == "buy" else (quote, base)
    return exchange(story, options, [came], [went], fees)


def _part(row: Row, column: str, *, signed: bool = False) -> Part | None:
    if f"{column} currency" in row.places:
        return part_of(row, column, f"{column} currency", signed=signed)
    return read_quantity(row, column, signed=signed)


FORMAT: Final = Format(
    name="bitstamp",
    title="Bitstamp transactions",
    sniff=sniff,
    read=read,
    moments=("datetime",),
    numbers=("amount", "value", "rate", "fee"),
    zone_of=lambda _header: UTC,
    date_order=DateOrder.YMD,
)
