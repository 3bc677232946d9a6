"""Trezor Suite's transactions: one output of one transaction per row, unix time beside local time.

A fee stands beside what was sent; beside what was received it was the sender's. A transaction with
several outputs is several rows with one id, and its fee counts once. On chains with contracts all
rows of such a transaction are `SENT`, even of what it brought, and one transfer may stand there
twice: so a person is asked.

The columns are those of the Suite since 2021, with semicolons first and commas later. Its first
export and that of the wallet before it name no asset in the file, so they are not read.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC
from typing import Final

from plimsoll.ledger.domain.imports import LeftOut, Outcome
from plimsoll.ledger.domain.transactions import Kind
from plimsoll.ledger.importers.cells import unescape_cell
from plimsoll.ledger.importers.drafting import (
    NOTHING_MOVED,
    fee_only,
    one_sided,
    part_of,
    story_of,
)
from plimsoll.ledger.importers.format import Format, Options, fit
from plimsoll.ledger.importers.rows import Row

REQUIRED: Final = (
    "timestamp",
    "type",
    "transaction id",
    "fee",
    "fee unit",
    "amount",
    "amount unit",
)
OPTIONAL: Final = ("date", "time", "address", "label", "other")
OUTPUTS: Final = frozenset(
    {"BTC", "BCH", "LTC", "DOGE", "DASH", "ZEC", "DGB", "BTG", "NMC", "VTC", "ADA", "TEST"}
)
"""Coins whose transactions have outputs: there several rows are several payments."""
COLLECTIBLE: Final = "ID "
"""In front of what stands where the amount of a coin would."""


def sniff(header: Sequence[str]) -> float:  # no money: how well a header fits
    """Any export with units; `Fiat (EUR)` is named after the person's money."""
    fiat = tuple(name for name in header if name.startswith("fiat ("))
    return fit(header, REQUIRED, OPTIONAL + fiat)


def read(rows: Iterable[Row], options: Options) -> Iterator[Outcome]:
    """One outcome per row; rows of one transaction stand one below the other."""
    together: list[Row] = []
    for row in rows:
        id_ = row.text("transaction id")
        if together and (not id_ or id_ != together[0].text("transaction id")):
            yield from _read_transaction(together, options)
            together = []
        together.append(row)
    yield from _read_transaction(together, options)


def _read_transaction(rows: Sequence[Row], options: Options) -> Iterator[Outcome]:
    sent = [row for row in rows if _type(row) == "sent" and row.text("amount") not in {"", "0"}]
    if len(sent) > 1 and any(row.text("amount unit").upper() not in OUTPUTS for row in sent):
        for row in sent:
            row.doubt(
                "type",
                "several-transfers",
                "the transaction has several rows; one may be what it brought, or one twice",
                "compare it with the chain",
            )
    fee_counted = False
    for row in rows:
        yield _read(row, options, fee_counted=fee_counted)
        fee_counted = fee_counted or (bool(row.text("fee")) and _type(row) != "recv")


def _type(row: Row) -> str:
    return row.text("type").casefold()


def _read(row: Row, options: Options, *, fee_counted: bool) -> Outcome:
    moment, written = row.moment("timestamp"), _type(row)
    if row.text("amount").startswith(COLLECTIBLE):
        if row.faults:
            return row.refused()
        return LeftOut((row.line,), "it is a collectible, of which no books are kept")
    part = part_of(row, "amount", "amount unit")
    fee = part_of(row, "fee", "fee unit")
    if written not in {"sent", "recv", "self", "failed", "joint"}:
        row.refuse(
            "type",
            "unknown-type",
            f"whether {row.text('type')[:40]!r} brings or takes is not known here",
            "write SENT or RECV, or leave the row out",
        )
    if written == "joint":
        row.doubt(
            "type",
            "coinjoin",
            "several people's coins were mixed, so what came back is not told",
            "compare the amount with the account",
        )
    if row.faults or moment is None:
        return row.refused()
    story = replace(
        story_of((row,), moment),
        reference=row.text("transaction id"),
        note=unescape_cell(row.text("label")),
    )
    fees = [fee] if fee and written != "recv" and not fee_counted else []
    if written in {"self", "failed"} or not part:
        return fee_only(story, options, fees) if fees else LeftOut(story.lines, NOTHING_MOVED)
    kind = Kind.DEPOSIT if written == "recv" else Kind.WITHDRAWAL
    return one_sided(story, options, kind, part, fees)


FORMAT: Final = Format(
    name="trezor-suite",
    title="Trezor Suite transactions",
    sniff=sniff,
    read=read,
    moments=("timestamp",),
    numbers=("amount", "fee"),
    zone_of=lambda _header: UTC,
)
