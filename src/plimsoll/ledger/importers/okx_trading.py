"""OKX's trading account: one change of one asset per row, with its id and the id of its order.

A spot fill is two rows of one order and moment; what moved is the change of the balance, in which
a fee in the same unit is contained already, and it is taken out again. A conversion is written the
same way, without an action. A row of a derivative tells the result (`PnL`) and the fee. Fees are
negative and rebates positive. The zone stands above the header (`Time Zone:UTC+8`), where the file
names one.

The columns are those of the trading history since 2023 (`Symbol`, `Action`, `Balance Unit`) and of
the one before it (`Instrument`, `Type`, `PL` and twice `Unit`).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final, NamedTuple

from plimsoll.kernel.money import ZERO
from plimsoll.ledger.domain.imports import LeftOut, Outcome
from plimsoll.ledger.domain.transactions import Kind
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
from plimsoll.ledger.importers.okx_cells import INTERNAL, row_id, zone_above
from plimsoll.ledger.importers.rows import Row, refuse_all

SHARED: Final = ("id", "order id", "time", "trade type", "amount", "fee", "balance change")
NEW: Final = (*SHARED, "symbol", "action", "fee unit", "balance unit")
OLD: Final = (*SHARED, "instrument", "type", "unit", "unit 2")
OPTIONAL: Final = (
    *("trading unit", "filled price", "filled price unit", "pnl", "pl", "position change"),
    *("position balance", "position unit", "balance", "filled_price-usd", "pnl-usd", "fee-usd"),
    *("balance-usd", "balance_change-usd"),
)
MOST_ROWS: Final = 40
"""Of one fill; with a fee each they fit into a transaction."""
DERIVED: Final = frozenset(
    {
        *("swap", "perpetual", "perpetual swap", "perpetual futures", "futures"),
        *("expiry futures", "delivery", "option", "options"),
    }
)


class Change(NamedTuple):
    """What a row says moved: `gross` is without `fee`, which is negative for a rebate."""

    code: str
    gross: Decimal
    fee: Part


def sniff(header: Sequence[str]) -> float:  # no money: how well a header fits
    """Either header."""
    return max(fit(header, NEW, OPTIONAL), fit(header, OLD, OPTIONAL))


def read(rows: Iterable[Row], options: Options) -> Iterator[Outcome]:
    """Spot rows wait for the other side of their order, which may be a moment later."""
    fresh: dict[str, list[Row]] = {}
    halves: dict[str, list[Row]] = {}
    time = ""
    for row in rows:
        if row.text("time") != time:
            yield from _read_whole(fresh, halves, options)
            time = row.text("time")
        order = row.text("order id") or row_id(row)
        if _trade_type(row) == "spot" and order:
            if order in halves:
                fresh[order] = halves.pop(order)
            fresh.setdefault(order, []).append(row)
        else:
            yield _read_alone(row, options)
    yield from _read_whole(fresh, halves, options)
    for alone in halves.values():
        yield _read_fill(alone, options)


def _read_whole(
    fresh: dict[str, list[Row]], halves: dict[str, list[Row]], options: Options
) -> Iterator[Outcome]:
    """Fills of one moment that have both sides; those of one side go to `halves`."""
    for order, rows in fresh.items():
        if len({row.text("balance change").startswith("-") for row in rows}) > 1:
            yield _read_fill(rows, options)
        else:
            halves[order] = rows
    fresh.clear()


def _read_fill(rows: list[Row], options: Options) -> Outcome:
    """A rebate comes with what was bought or sold."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    fees: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        change = _change(row)
        sums[change.code] += change.gross
        if change.fee.quantity < 0:
            sums[change.fee.code] -= change.fee.quantity
        else:
            fees[change.fee.code] += change.fee.quantity
    moment = next(row.moment("time") for row in rows)
    came = [Part(code, change) for code, change in sums.items() if change > 0]
    went = [Part(code, -change) for code, change in sums.items() if change < 0]
    paid = [Part(code, fee) for code, fee in fees.items() if fee > 0]
    if any(row.faults for row in rows) or moment is None:
        return refuse_all(rows, "bad-row", "a row of this trade is wrong", "correct it")
    if not came or not went or len(rows) > MOST_ROWS:
        return refuse_all(
            rows,
            "unmatched-trade",
            f"of the order {rows[0].text('order id')[:40]} one side is not in this file",
            "export the whole period, with every asset",
        )
    ids = "+".join(sorted({row_id(row) for row in rows} - {""}))
    story = replace(
        story_of(rows, moment), external_id=ids or None, reference=rows[0].text("order id")
    )
    return exchange(story, options, came, went, paid)


def _change(row: Row) -> Change:
    code = row.text("balance unit", "unit 2")
    fee = Part(row.text("fee unit", "unit 2"), -(row.number("fee") or ZERO))
    gross = row.required("balance change")
    if not code or not fee.code:
        row.refuse("", "missing", "the row does not name its unit", "name it")
    if fee.code == code:
        gross += fee.quantity
    return Change(code, gross, fee)


def _read_alone(row: Row, options: Options) -> Outcome:
    moment = row.moment("time")
    change, type_ = _change(row), _trade_type(row)
    action = row.text("action", "type").casefold()
    result = row.number("pnl" if "pnl" in row.places else "pl") or ZERO
    if type_ == "margin":
        row.refuse(
            "trade type",
            "margin-trade",
            "a trade on margin may be with borrowed coins",
            "enter what it brought by hand",
        )
    if type_ in DERIVED and not result and not change.fee.quantity:
        result = change.gross
    if type_ in DERIVED:
        _check_result(row, change, result)
    if row.faults or moment is None:
        return row.refused()
    story = replace(
        story_of((row,), moment), external_id=row_id(row), reference=row.text("order id")
    )
    if type_ == "transfer" or action in {"transfer in", "transfer out"}:
        return LeftOut(story.lines, INTERNAL)
    if type_ in DERIVED:
        story = replace(story, note=row.text("symbol", "instrument"))
        if "funding fee" in action:
            return fund(story, options, change.code, result)
        return settle(story, options, change.code, result=result, fee=change.fee.quantity)
    return _unknown(row, story, options, change)


def _check_result(row: Row, change: Change, result: Decimal) -> None:
    """The balance changes by the result and the fee, in one unit."""
    if change.fee.quantity and change.fee.code != change.code:
        row.refuse("fee", "fee-apart", "the fee is in another unit", "enter the row by hand")
    elif change.gross not in {result, ZERO} and not row.faults:
        row.doubt(
            "balance change",
            "balance-mismatch",
            "it is not the result less the fee",
            "compare it with the account",
        )


def _unknown(row: Row, story: Story, options: Options, change: Change) -> Outcome:
    moved = change.gross - (change.fee.quantity if change.fee.code == change.code else ZERO)
    if not moved:
        return LeftOut(story.lines, NOTHING_MOVED)
    kind = Kind.DEPOSIT if moved > 0 else Kind.WITHDRAWAL
    row.doubt(
        "trade type",
        "unknown-type",
        f"{row.text('trade type')[:40]!r} is not known here, so it would be a {kind}",
        "choose what it was",
    )
    story = replace(story, doubts=tuple(row.doubts))
    return one_sided(story, options, kind, Part(change.code, abs(moved)))


def _trade_type(row: Row) -> str:
    return row.text("trade type").casefold()


FORMAT: Final = Format(
    name="okx-trading",
    title="OKX trading history",
    sniff=sniff,
    read=read,
    moments=("time",),
    numbers=("amount", "filled price", "pnl", "pl", "fee", "balance change"),
    zone_of=lambda _header: None,
    zone_above=zone_above,
    date_order=DateOrder.YMD,
)
