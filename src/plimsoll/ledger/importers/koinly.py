"""Koinly's universal template: one transaction per row, in UTC, fees besides the amounts.

The hash of a chain stands in several rows of one transaction there, so it identifies none of them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC
from typing import Final

from plimsoll.ledger.domain.imports import Outcome
from plimsoll.ledger.domain.transactions import Kind
from plimsoll.ledger.importers.drafting import (
    Part,
    exchange,
    fee_only,
    one_sided,
    part_of,
    story_of,
)
from plimsoll.ledger.importers.format import Format, Options, fit
from plimsoll.ledger.importers.rows import Row

REQUIRED: Final = (
    "date",
    "sent amount",
    "sent currency",
    "received amount",
    "received currency",
)
OPTIONAL: Final = (
    "fee amount",
    "fee currency",
    "net worth amount",
    "net worth currency",
    "label",
    "tag",
    "description",
    "txhash",
)
RECEIVED: Final = {
    "": Kind.DEPOSIT,
    "airdrop": Kind.AIRDROP,
    "fork": Kind.FORK,
    "mining": Kind.MINING,
    "reward": Kind.STAKING,
    "staking": Kind.STAKING,
    "staking reward": Kind.STAKING,
    "lending interest": Kind.INTEREST,
    "loan interest": Kind.INTEREST,
    "interest": Kind.INTEREST,
    "salary": Kind.WAGES,
    "income": Kind.OTHER_INCOME,
    "other income": Kind.OTHER_INCOME,
    "cashback": Kind.CASHBACK,
    "fee refund": Kind.REBATE,
    "loan": Kind.LOAN_IN,
    "margin loan": Kind.LOAN_IN,
    "gift": Kind.GIFT_IN,
    "received gift": Kind.GIFT_IN,
    "realized gain": Kind.MARGIN_GAIN,
    "realized p&l": Kind.MARGIN_GAIN,
    "realized pnl": Kind.MARGIN_GAIN,
}
SENT: Final = {
    "": Kind.WITHDRAWAL,
    "gift": Kind.GIFT_OUT,
    "donation": Kind.DONATION,
    "lost": Kind.LOST,
    "stolen": Kind.STOLEN,
    "loan repayment": Kind.LOAN_REPAY,
    "margin repayment": Kind.LOAN_REPAY,
    "interest payment": Kind.LOAN_INTEREST,
    "loan interest": Kind.LOAN_INTEREST,
    "loan fee": Kind.LOAN_INTEREST,
    "margin fee": Kind.MARGIN_FEE,
    "realized gain": Kind.MARGIN_LOSS,
    "realized p&l": Kind.MARGIN_LOSS,
    "realized pnl": Kind.MARGIN_LOSS,
}
TRADED: Final = {
    "": None,
    "swap": None,
    "exchange": None,
    "liquidity in": Kind.LP_JOIN,
    "liquidity out": Kind.LP_EXIT,
}
FEES: Final = frozenset({"cost", "fee"})


def sniff(header: Sequence[str]) -> float:  # no money: how well a header fits
    """Both sides by name."""
    return fit(header, REQUIRED, OPTIONAL)


def read(rows: Iterable[Row], options: Options) -> Iterator[Outcome]:
    """One outcome per row."""
    for row in rows:
        yield _read(row, options)


def _read(row: Row, options: Options) -> Outcome:
    moment = row.moment("date")
    came = part_of(row, "received amount", "received currency")
    went = part_of(row, "sent amount", "sent currency")
    fee = part_of(row, "fee amount", "fee currency")
    worth = part_of(row, "net worth amount", "net worth currency")
    if not (came or went or fee or row.faults):
        row.refuse("", "nothing-moved", "no amount is above zero", "fill in what moved")
    kind = _kind(row, came, went)
    if row.faults or moment is None:
        return row.refused()
    story = replace(
        story_of((row,), moment),
        worth=worth,
        reference=row.text("txhash"),
        note=row.text("description"),
    )
    fees = [fee] if fee else []
    if came and went:
        return exchange(story, options, [came], [went], fees, kind=kind)
    if went and kind is Kind.FEE_ONLY:
        return fee_only(story, options, [went, *fees])
    if (part := came or went) and kind:
        return one_sided(story, options, kind, part, fees)
    return fee_only(story, options, fees)


def _kind(row: Row, came: Part | None, went: Part | None) -> Kind | None:
    """The kind that the label means on this side; None of a trade leaves it to what was traded."""
    label = (row.text("label") or row.text("tag")).casefold().replace("_", " ")
    if came and went:
        kinds: dict[str, Kind | None] = dict(TRADED)
        otherwise = None
    else:
        kinds = dict(RECEIVED if came else SENT)
        if went and label in FEES:
            return Kind.FEE_ONLY
        otherwise = Kind.DEPOSIT if came else Kind.WITHDRAWAL
    if label in kinds:
        return kinds[label]
    row.doubt(
        "label" if row.text("label") else "tag",
        "unknown-label",
        f"the label {label[:40]!r} is not known here"
        + (f", so it would be a {otherwise}" if otherwise else ", so it would be a trade"),
        "choose what it was",
    )
    return otherwise


FORMAT: Final = Format(
    name="koinly",
    title="Koinly universal",
    sniff=sniff,
    read=read,
    moments=("date",),
    numbers=("sent amount", "received amount", "fee amount", "net worth amount"),
    zone_of=lambda _header: UTC,
    machine_written=False,
)
