"""KuCoin's spot trades: its fills, its orders, and its conversions.

Five headers: fills and orders as they were until 2021 (`tradecreatedat`, `ordercreatedat`), fills
and orders since (`filled time(utc+08:00)`), and conversions (`time of update(utc)`), whose cells
are `10 KAS`. The newer headers name the zone of their times; the older ones name none, and it is
asked for. A fee is in an asset of its own, besides the amounts.

The account history of KuCoin tells the same trades once more, and is not read.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Final

from plimsoll.ledger.domain.imports import LeftOut, Outcome
from plimsoll.ledger.importers.binance_trades import zone_in
from plimsoll.ledger.importers.dates import DateOrder
from plimsoll.ledger.importers.drafting import Part, Story, exchange, part_of, story_of
from plimsoll.ledger.importers.format import Format, Options, fit
from plimsoll.ledger.importers.quantities import read_quantity
from plimsoll.ledger.importers.rows import Row

NOT_COMPLETED: Final = "it was not completed"
EMPTY: Final = "no matching records"
"""Begins the one row of an export without any."""
DONE: Final = frozenset({"", "deal", "part_deal", "done", "success", "completed"})
CONVERTED: Final = ("uid", "account type", "payment account", "sell", "buy", "price", "status")
TAX: Final = "tax"


@dataclass(frozen=True, slots=True)
class Columns:
    """Where a header has what a fill or an order tells. Only `id` is unique to a row."""

    time: str
    size: str
    funds: str
    fee_code: str
    id: str
    reference: str
    others: tuple[str, ...]


_NEWER: Final = (
    *("uid", "account type", "order type", "avg. filled price", "filled volume (usdt)", TAX),
    "maker/taker",
)
SHAPES: Final = (
    Columns(
        *("filled time", "filled amount", "filled volume", "fee currency", "order id", ""),
        others=(*_NEWER, "order time", "order price", "order amount", "status"),
    ),
    Columns(
        *("filled time", "filled amount", "filled volume", "fee currency", "", "order id"),
        others=_NEWER,
    ),
    Columns(
        *("tradecreatedat", "size", "funds", "feecurrency", "", "orderid"),
        others=("price", "liquidity", "ordertype"),
    ),
    Columns(
        *("ordercreatedat", "dealsize", "dealfunds", "feecurrency", "id", ""),
        others=(
            *("clientoid", "type", "stopprice", "price", "size", "averageprice", "remark", "tags"),
            "orderstatus",
        ),
    ),
)
"""Orders come before fills: only an order has a status."""


@dataclass(frozen=True, slots=True)
class Zoned:
    """Names of columns of moments, which may have their zone behind them: `time(utc+08:00)`."""

    names: frozenset[str]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and without_zone(name) in self.names


def without_zone(name: str) -> str:
    """`filled time(utc+08:00)` is the column `filled time`."""
    plain, bracket, _ = name.partition("(utc")
    return plain.strip() if bracket else name


def zone_of(header: Sequence[str], times: Zoned) -> tzinfo | None:
    """The zone that the header's column of moments names."""
    return next((zone_in(name) for name in header if name in times), None)


TIMES: Final = Zoned(frozenset({*(shape.time for shape in SHAPES), "time of update"}))


def sniff(header: Sequence[str]) -> float:  # no money: how well a header fits
    """Any of the five headers."""
    names = [without_zone(name) for name in header]
    found = [fit(names, _required(shape), shape.others) for shape in SHAPES]
    return max(*found, fit(names, (*CONVERTED, "time of update"), (TAX,)))


def _required(shape: Columns) -> tuple[str, ...]:
    named = (shape.time, shape.size, shape.funds, shape.fee_code, shape.id, shape.reference)
    status = tuple(name for name in shape.others if name in {"status", "orderstatus"})
    return (*filter(None, named), *status, "symbol", "side", "fee")


def read(rows: Iterable[Row], options: Options) -> Iterator[Outcome]:
    """One outcome per row."""
    for row in rows:
        if row.cells[0].casefold().startswith(EMPTY):
            yield LeftOut((row.line,), "the export says that there is nothing in it")
        elif "payment account" in row.places:
            yield _read_conversion(row, options)
        else:
            yield _read_trade(row, options)


def _read_trade(row: Row, options: Options) -> Outcome:
    names = {without_zone(name): name for name in row.places}
    shape = next(each for each in SHAPES if names.keys() >= set(_required(each)))
    status = row.text("status", "orderstatus").casefold()
    base, _, quote = row.text("symbol").upper().partition("-")
    size, funds = row.required(shape.size, base), row.required(shape.funds, quote)
    fee = part_of(row, "fee", shape.fee_code)
    if not row.faults and (not size or status not in DONE):
        return LeftOut((row.line,), NOT_COMPLETED)
    moment = row.moment(names[shape.time])
    side = row.text("side").casefold()
    if side not in {"buy", "sell"}:
        row.refuse("side", "unknown-side", "a trade is buy or sell", "correct it")
    if not (base and quote):
        row.refuse("symbol", "unknown-pair", "where the pair divides is not known", "BASE-QUOTE")
    if not row.faults and (size < 0 or funds <= 0):
        row.refuse(shape.funds, "nothing-moved", "a trade has two quantities", "correct the row")
    if row.faults or moment is None:
        return row.refused()
    story = replace(
        story_of((row,), moment),
        external_id=row.text(shape.id) if shape.id else None,
        reference=row.text(shape.reference) if shape.reference else "",
    )
    came, went = Part(base, size), Part(quote, funds)
    if side == "sell":
        came, went = went, came
    return exchange(_taxed(row, story), options, [came], [went], [fee] if fee else [])


def _taxed(row: Row, story: Story) -> Story:
    """A tax that was withheld names no asset, so a person has to look at it."""
    if not row.text(TAX) or not row.number(TAX):
        return story
    row.doubt(
        TAX,
        "tax-withheld",
        "a tax was withheld, and the file does not say in which asset",
        "add it as a fee",
    )
    return replace(story, doubts=tuple(row.doubts))


def _read_conversion(row: Row, options: Options) -> Outcome:
    if row.text("status").casefold() not in DONE:
        return LeftOut((row.line,), NOT_COMPLETED)
    moment = row.moment(next(name for name in row.places if name in TIMES))
    went, came = read_quantity(row, "sell"), read_quantity(row, "buy")
    if not row.faults and not (went and came):
        row.refuse("sell", "nothing-moved", "a conversion has two quantities", "correct the row")
    if row.faults or moment is None or went is None or came is None:
        return row.refused()
    return exchange(_taxed(row, story_of((row,), moment)), options, [came], [went])


FORMAT: Final = Format(
    name="kucoin-trades",
    title="KuCoin spot trades, orders and conversions",
    sniff=sniff,
    read=read,
    moments=TIMES,
    numbers=(
        "size",
        "funds",
        "fee",
        "filled amount",
        "filled volume",
        "dealsize",
        "dealfunds",
        TAX,
    ),
    zone_of=lambda header: zone_of(header, TIMES),
    date_order=DateOrder.YMD,
)
