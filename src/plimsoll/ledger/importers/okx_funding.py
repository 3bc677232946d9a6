"""OKX's funding account: one change of one asset per row, with its id.

What moved is the difference of the two balances, where both are told: so it shows whether the fee
of a withdrawal is in its amount or besides. The zone stands above the header, where the file names
one. The columns are those of the funding history since 2021; the newer one has no fee.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from plimsoll.kernel.money import ZERO
from plimsoll.ledger.domain.imports import LeftOut, Outcome
from plimsoll.ledger.domain.transactions import Kind
from plimsoll.ledger.importers.dates import DateOrder
from plimsoll.ledger.importers.drafting import NOTHING_MOVED, Part, Story, one_sided, story_of
from plimsoll.ledger.importers.format import Format, Options, fit
from plimsoll.ledger.importers.okx_cells import INTERNAL, row_id, zone_above
from plimsoll.ledger.importers.rows import Row

REQUIRED: Final = ("id", "time", "type", "amount", "before balance", "after balance", "symbol")
OPTIONAL: Final = ("fee", "amount-usd", "amount-eur")
KINDS: Final = {
    "deposit": (Kind.DEPOSIT, None),
    "received": (Kind.DEPOSIT, None),
    "withdrawal": (None, Kind.WITHDRAWAL),
    "canceled withdrawal": (Kind.DEPOSIT, None),
    "cancelled withdrawal": (Kind.DEPOSIT, None),
    "staking yield": (Kind.STAKING, None),
    "fee rebate": (Kind.REBATE, None),
    "airdrop": (Kind.AIRDROP, None),
}
"""What a type is when it brings something in, and when it takes something out."""
STAYING: Final = frozenset(
    {
        *("stake", "redeem staking", "savings subscription", "savings redemption"),
        *("simple earn subscription", "simple earn redemption"),
        *("from unified trading account", "to unified trading account"),
        *("from trading account", "to trading account"),
    }
)


def sniff(header: Sequence[str]) -> float:  # no money: how well a header fits
    """With a fee or without."""
    return fit(header, REQUIRED, OPTIONAL)


def read(rows: Iterable[Row], options: Options) -> Iterator[Outcome]:
    """One outcome per row."""
    for row in rows:
        yield _read(row, options)


def _read(row: Row, options: Options) -> Outcome:
    moment = row.moment("time")
    amount, fee = row.required("amount"), abs(row.number("fee") or ZERO)
    before, after = row.number("before balance"), row.number("after balance")
    if not row.text("symbol"):
        row.refuse("symbol", "missing", "the row names no asset", "name it")
    if row.faults or moment is None:
        return row.refused()
    story = replace(story_of((row,), moment), external_id=row_id(row))
    type_ = row.text("type").casefold()
    if type_ in STAYING:
        return LeftOut(story.lines, INTERNAL)
    if not amount:
        return LeftOut(story.lines, NOTHING_MOVED)
    change = after - before if before is not None and after is not None else ZERO
    quantity = abs(amount)
    if change:  # an older file writes a withdrawal without its sign
        amount = change
    elif type_ == "withdrawal":
        amount = -quantity
    sign = 1 if amount > 0 else -1
    if fee and abs(change) == quantity:  # the fee is in the amount
        quantity += fee * sign
    if quantity <= 0:
        row.refuse("fee", "fee-too-large", "it is more than moved in all", "correct it")
        return row.refused()
    fees = [Part(row.text("symbol"), fee)] if fee else []
    kind, story = _kind(row, story, sign)
    return one_sided(story, options, kind, Part(row.text("symbol"), quantity), fees, sign=sign)


def _kind(row: Row, story: Story, sign: int) -> tuple[Kind, Story]:
    inward, outward = KINDS.get(row.text("type").casefold(), (None, None))
    kind = inward if sign > 0 else outward
    if kind is not None:
        return kind, story
    kind = Kind.DEPOSIT if sign > 0 else Kind.WITHDRAWAL
    row.doubt(
        "type",
        "unknown-type",
        f"{row.text('type')[:40]!r} with this sign is not known here, so it would be a {kind}",
        "choose what it was",
    )
    return kind, replace(story, doubts=tuple(row.doubts))


FORMAT: Final = Format(
    name="okx-funding",
    title="OKX funding history",
    sniff=sniff,
    read=read,
    moments=("time",),
    numbers=("amount", "before balance", "after balance", "fee"),
    zone_of=lambda _header: None,
    zone_above=zone_above,
    date_order=DateOrder.YMD,
)
