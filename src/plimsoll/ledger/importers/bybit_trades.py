"""Bybit's spot orders and trades: one fill or order per row, with its id.

The fee is in what came, unless the columns `feeCoin` and `ExecFeeV2` say another coin; there `Fees`
is `--`. The columns are those of the unified account's export since 2023; the older account wrote
workbooks with other columns, which are not read.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from plimsoll.ledger.domain.imports import Outcome
from plimsoll.ledger.importers.binance_trades import zone_in
from plimsoll.ledger.importers.bybit_cells import number_of, split_pair, time_column
from plimsoll.ledger.importers.dates import DateOrder
from plimsoll.ledger.importers.drafting import Part, exchange, story_of
from plimsoll.ledger.importers.format import Format, Options, fit
from plimsoll.ledger.importers.rows import Row

TIMES: Final = ("timestamp (utc)", "timestamp (utc+0)", "timestamp")
REQUIRED: Final = (
    "spot pairs",
    "direction",
    "filled value",
    "filled quantity",
    "fees",
    "transaction id",
)
OPTIONAL: Final = (
    *("uid", "order type", "filled price", "order no.", "feecoin", "execfeev2"),
    *TIMES,
)


def sniff(header: Sequence[str]) -> float:  # no money: how well a header fits
    """With any of its names for the time."""
    return fit(header, REQUIRED, OPTIONAL) if time_column(header, TIMES) else 0


def read(rows: Iterable[Row], options: Options) -> Iterator[Outcome]:
    """One outcome per row."""
    for row in rows:
        yield _read(row, options)


def _read(row: Row, options: Options) -> Outcome:
    moment = row.moment(time_column(row.places, TIMES))
    quantity, value = number_of(row, "filled quantity"), number_of(row, "filled value")
    pair, side = split_pair(row.text("spot pairs")), row.text("direction").casefold()
    if pair is None:
        row.refuse(
            "spot pairs", "unknown-pair", "where the pair divides is not known", "BASE/QUOTE"
        )
    if side not in {"buy", "sell"}:
        row.refuse("direction", "unknown-side", "a trade is BUY or SELL", "correct it")
    if not row.faults and (quantity <= 0 or value <= 0):
        row.refuse("filled quantity", "nothing-moved", "nothing was filled", "leave it out")
    fee = _fee(row, (pair or ("", ""))[0 if side == "buy" else 1])
    if row.faults or moment is None or pair is None:
        return row.refused()
    story = replace(
        story_of((row,), moment),
        external_id=row.text("transaction id"),
        reference=row.text("order no."),
    )
    base, quote = Part(pair[0], quantity), Part(pair[1], value)
    came, went = (base, quote) if side == "buy" else (quote, base)
    if fee and fee.quantity < 0 and fee.code == came.code:  # a rebate came with the trade
        came, fee = Part(came.code, came.quantity - fee.quantity), None
    return exchange(story, options, [came], [went], [fee] if fee else [])


def _fee(row: Row, came: str) -> Part | None:
    code = row.text("feecoin")
    if code in {"", "--"}:
        fee = number_of(row, "fees")
        return Part(came, fee) if fee else None
    fee = number_of(row, "execfeev2")
    if fee < 0 and code != came:
        row.refuse(
            "execfeev2",
            "rebate-apart",
            f"a rebate in {code} is a transaction of its own",
            "write no fee here, and enter the rebate by hand",
        )
    return Part(code, fee) if fee else None


FORMAT: Final = Format(
    name="bybit-trades",
    title="Bybit spot orders and trades",
    sniff=sniff,
    read=read,
    moments=TIMES,
    numbers=("filled value", "filled quantity", "filled price", "fees", "execfeev2"),
    zone_of=lambda header: zone_in(time_column(header, TIMES)),
    date_order=DateOrder.YMD,
)
