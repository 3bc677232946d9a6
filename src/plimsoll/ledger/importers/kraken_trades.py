"""Kraken's trades: one fill per row, with its id. `cost` and `fee` are in what the pair is quoted
in.

A fee may have been paid in the base instead, which this file does not show and the ledgers do.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC
from typing import Final

from plimsoll.ledger.domain.imports import Outcome
from plimsoll.ledger.importers.dates import DateOrder
from plimsoll.ledger.importers.drafting import Part, exchange, story_of
from plimsoll.ledger.importers.format import Format, Options, fit
from plimsoll.ledger.importers.kraken_codes import split_pair
from plimsoll.ledger.importers.rows import Row

REQUIRED: Final = ("txid", "ordertxid", "pair", "time", "type", "cost", "fee", "vol")
OPTIONAL: Final = (
    "aclass",
    "subclass",
    "ordertype",
    "price",
    "margin",
    "misc",
    "ledgers",
    "posttxid",
    "posstatuscode",
    "cprice",
    "ccost",
    "cfee",
    "cvol",
    "cmargin",
    "net",
    "costusd",
    "trades",
    "leverage",
)


def sniff(header: Sequence[str]) -> float:  # no money: how well a header fits
    """Rows with an order id."""
    return fit(header, REQUIRED, OPTIONAL)


def read(rows: Iterable[Row], options: Options) -> Iterator[Outcome]:
    """One outcome per row."""
    for row in rows:
        yield _read(row, options)


def _read(row: Row, options: Options) -> Outcome:
    moment = row.moment("time")
    volume, cost, fee = row.required("vol"), row.required("cost"), row.number("fee")
    pair, side = split_pair(row.text("pair")), row.text("type").casefold()
    if pair is None:
        row.refuse("pair", "unknown-pair", "where the pair divides is not known", "BASE/QUOTE")
    if side not in {"buy", "sell"}:
        row.refuse("type", "unknown-side", "a trade is buy or sell", "correct it")
    if not row.faults and (volume <= 0 or cost <= 0):
        row.refuse("vol", "nothing-moved", "a trade has a volume and a cost", "correct it")
    if row.number("margin"):
        row.refuse(
            "margin",
            "margin-trade",
            "a trade on margin is a position, not a purchase",
            "import the ledgers: they have its gains, losses and fees",
        )
    if row.faults or moment is None or pair is None:
        return row.refused()
    story = replace(
        story_of((row,), moment), external_id=row.text("txid"), reference=row.text("ordertxid")
    )
    base, quote = Part(pair[0], volume), Part(pair[1], cost)
    fees = [Part(pair[1], fee)] if fee and fee > 0 else []
    came, went = (base, quote) if side == "buy" else (quote, base)
    return exchange(story, options, [came], [went], fees)


FORMAT: Final = Format(
    name="kraken-trades",
    title="Kraken trades",
    sniff=sniff,
    read=read,
    moments=("time",),
    numbers=("price", "cost", "fee", "vol", "margin"),
    zone_of=lambda _header: UTC,
    date_order=DateOrder.YMD,
)
