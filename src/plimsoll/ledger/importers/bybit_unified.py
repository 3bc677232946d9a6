"""Bybit's unified account: one change of one asset per row, without ids, times in UTC.

A spot trade is two rows of one second with the same contract and direction, a conversion two rows
without a type; both are joined coin by coin. A trade of a derivative is one row with an action,
`OPEN` or `CLOSE`: its cash flow is the result, and the fee stands beside it. `SETTLEMENT` is
funding. The balance changes by the cash flow and the fee together.

The columns are those of the export "asset change details" of the unified account since 2023.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from plimsoll.ledger.domain.imports import LeftOut, Outcome
from plimsoll.ledger.domain.transactions import Kind
from plimsoll.ledger.importers.binance_trades import zone_in
from plimsoll.ledger.importers.bybit_cells import INTERNAL, NOTHING, number_of, time_column
from plimsoll.ledger.importers.dates import DateOrder
from plimsoll.ledger.importers.derivatives import fund, settle
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

TIMES: Final = ("time(utc)", "time (utc)", "time(utc+0)")
REQUIRED: Final = (
    "currency",
    "contract",
    "type",
    "direction",
    "quantity",
    "fee paid",
    "cash flow",
    "change",
)
OPTIONAL: Final = (
    *("uid", "position", "filled price", "funding", "wallet balance", "action", "fee rate"),
    *TIMES,
)
MOST_COINS: Final = 40
"""Changed together, fees included: as many legs fit into a transaction."""
CONVERTED: Final = frozenset({*NOTHING, "currency_buy", "currency_sell"})
DERIVED: Final = frozenset({"delivery", "liquidation", "adl"})
STAYING: Final = (
    *("transfer_in", "transfer_out", "flexible_staking_", "fixed_staking_", "onchainearn_"),
    *("auto_earn", "easy_earn", "loans_pledge_asset", "loans_asset_redemption"),
)
KINDS: Final = {
    "airdrop": (Kind.AIRDROP, None),
    "bonus": (Kind.REFERRAL, None),
    "bonus_recollect": (None, Kind.ADJUSTMENT),
    "fee_refund": (Kind.REBATE, None),
    "interest": (None, Kind.LOAN_INTEREST),
    "loans_interest": (None, Kind.LOAN_INTEREST),
    "loans_borrow_funds": (Kind.LOAN_IN, None),
    "loans_repay_funds": (None, Kind.LOAN_REPAY),
}
"""What a type is when it brings something in, and when it takes something out."""


def sniff(header: Sequence[str]) -> float:  # no money: how well a header fits
    """With any of its names for the time."""
    return fit(header, REQUIRED, OPTIONAL) if time_column(header, TIMES) else 0


def read(rows: Iterable[Row], options: Options) -> Iterator[Outcome]:
    """Rows of trading wait for the end of their second; all other rows stand alone."""
    together: dict[tuple[str, ...], list[Row]] = {}
    time = ""
    for row in rows:
        written = row.text(time_column(row.places, TIMES))
        if written != time:
            yield from _read_second(together, options)
            time = written
        key = _key(row)
        if key:
            together.setdefault(key, []).append(row)
        else:
            yield _read_alone(row, options)
    yield from _read_second(together, options)


def _key(row: Row) -> tuple[str, ...]:
    """What the rows of one exchange have in common; empty for a row that stands alone."""
    type_ = row.text("type").casefold()
    if type_ in CONVERTED:
        return ("converted",)
    if type_ != "trade" or _is_derived(row):
        return ()
    return ("traded", row.text("contract"), row.text("direction"))


def _is_derived(row: Row) -> bool:
    return row.text("action") not in NOTHING


def _read_second(together: dict[tuple[str, ...], list[Row]], options: Options) -> Iterator[Outcome]:
    for rows in together.values():
        if len(rows) == 1 and _type(rows[0]) in CONVERTED:
            yield _read_alone(rows[0], options)
        else:
            yield _read_exchange(rows, options)
    together.clear()


def _type(row: Row) -> str:
    return row.text("type").casefold()


def _read_exchange(rows: list[Row], options: Options) -> Outcome:
    """A rebate comes with what was bought or sold."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    fees: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        code, fee = row.text("currency"), _fee(row)
        sums[code] += number_of(row, "cash flow") - min(fee, Decimal(0))
        fees[code] += max(fee, Decimal(0))
        if not code:
            row.refuse("currency", "missing", "the row names no asset", "name it")
    moment = next(row.moment(time_column(row.places, TIMES)) for row in rows)
    came = [Part(code, change) for code, change in sums.items() if change > 0]
    went = [Part(code, -change) for code, change in sums.items() if change < 0]
    paid = [Part(code, fee) for code, fee in fees.items() if fee > 0]
    if any(row.faults for row in rows) or moment is None:
        return refuse_all(rows, "bad-row", "a row of this trade is wrong", "correct it")
    if not came or not went or len(sums) + len(fees) > MOST_COINS:
        return refuse_all(
            rows,
            "unmatched-trade",
            "the rows of this second do not make a trade: something bought and something paid",
            "export the whole period, with every asset",
        )
    if len(came) > 1 or len(went) > 1:
        rows[0].doubt(
            "type",
            "several-trades",
            f"{len(came)} coins came and {len(went)} went in one second",
            "they are one exchange here; enter them by hand to have them apart",
        )
    return exchange(story_of(rows, moment), options, came, went, paid)


def _fee(row: Row) -> Decimal:
    """Negative for a rebate. How the file signs it follows from what the balance did; where that
    tells nothing, what was paid is negative.
    """
    written = number_of(row, "fee paid")
    shown = number_of(row, "cash flow") - number_of(row, "change")
    return shown if abs(shown) == abs(written) else -written


def _read_alone(row: Row, options: Options) -> Outcome:
    moment = row.moment(time_column(row.places, TIMES))
    code, type_ = row.text("currency"), _type(row)
    result, fee = number_of(row, "cash flow"), _fee(row)
    change = number_of(row, "change")
    if not code:
        row.refuse("currency", "missing", "the row names no asset", "name it")
    if row.faults or moment is None:
        return row.refused()
    story = story_of((row,), moment)
    if type_.startswith(STAYING):
        return LeftOut(story.lines, INTERNAL)
    if type_ == "settlement":
        return fund(replace(story, note=row.text("contract")), options, code, change)
    if type_ in DERIVED or (type_ == "trade" and _is_derived(row)):
        story = replace(story, note=row.text("contract"))
        return settle(story, options, code, result=result, fee=fee)
    return _read_change(row, story, options, change)


def _read_change(row: Row, story: Story, options: Options, change: Decimal) -> Outcome:
    if not change:
        return LeftOut(story.lines, NOTHING_MOVED)
    inward, outward = KINDS.get(_type(row), (None, None))
    kind = inward if change > 0 else outward
    if kind is None:
        kind = Kind.DEPOSIT if change > 0 else Kind.WITHDRAWAL
        row.doubt(
            "type",
            "unknown-type",
            f"{row.text('type')[:40]!r} with this sign is not known here, so it would be a {kind}",
            "choose what it was",
        )
        story = replace(story, doubts=tuple(row.doubts))
    part = Part(row.text("currency"), abs(change))
    return one_sided(story, options, kind, part, sign=1 if change > 0 else -1)


FORMAT: Final = Format(
    name="bybit-unified",
    title="Bybit unified account",
    sniff=sniff,
    read=read,
    moments=TIMES,
    numbers=("quantity", "filled price", "funding", "fee paid", "cash flow", "change"),
    zone_of=lambda header: zone_in(time_column(header, TIMES)),
    date_order=DateOrder.YMD,
)
