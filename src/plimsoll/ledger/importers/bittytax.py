"""BittyTax's records: one transaction per row, what was bought first, what was sold beside it.

Fees are besides the quantities. What a side was worth is in the currency that its column names
(`Buy Value in GBP`); the newer header names none, and its values are not used. The columns and the
types are those of the published record format.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from plimsoll.ledger.domain.imports import LeftOut, Outcome
from plimsoll.ledger.domain.transactions import Kind
from plimsoll.ledger.importers.drafting import (
    Part,
    Story,
    exchange,
    fee_only,
    one_sided,
    part_of,
    story_of,
)
from plimsoll.ledger.importers.format import Cash, Format, Options, fit
from plimsoll.ledger.importers.rows import Row

REQUIRED: Final = (
    "type",
    "buy quantity",
    "buy asset",
    "sell quantity",
    "sell asset",
    "fee quantity",
    "fee asset",
    "wallet",
    "timestamp",
)
OPTIONAL: Final = ("note", "buy value", "sell value", "fee value")
CURRENCIES: Final = ("gbp", "eur", "usd", "aud", "cad", "chf", "jpy", "nzd", "sek", "nok", "dkk")
VALUES: Final = tuple(
    f"{side} value in {code}" for side in ("buy", "sell", "fee") for code in CURRENCIES
)
BOUGHT: Final = {
    "deposit": Kind.DEPOSIT,
    "mining": Kind.MINING,
    "staking": Kind.STAKING,
    "staking-reward": Kind.STAKING,
    "interest": Kind.INTEREST,
    "dividend": Kind.OTHER_INCOME,
    "income": Kind.OTHER_INCOME,
    "gift-received": Kind.GIFT_IN,
    "fork": Kind.FORK,
    "airdrop": Kind.AIRDROP,
    "referral": Kind.REFERRAL,
    "cashback": Kind.CASHBACK,
    "fee-rebate": Kind.REBATE,
    "loan": Kind.LOAN_IN,
    "margin-gain": Kind.MARGIN_GAIN,
    "margin-fee-rebate": Kind.REBATE,
}
SOLD: Final = {
    "withdrawal": Kind.WITHDRAWAL,
    "gift-sent": Kind.GIFT_OUT,
    "gift-spouse": Kind.SPOUSE_OUT,
    "charity-sent": Kind.DONATION,
    "lost": Kind.LOST,
    "loan-repayment": Kind.LOAN_REPAY,
    "loan-interest": Kind.LOAN_INTEREST,
    "margin-loss": Kind.MARGIN_LOSS,
    "margin-fee": Kind.MARGIN_FEE,
    "spend": Kind.SPEND,
}
STAKED: Final = frozenset({"stake", "unstake"})


def sniff(header: Sequence[str]) -> float:  # no money: how well a header fits
    """The header of the records; a converter's file has the row it came from behind it."""
    return fit(header, REQUIRED, OPTIONAL + VALUES)


def read(rows: Iterable[Row], options: Options) -> Iterator[Outcome]:
    """One outcome per row."""
    columns: dict[str, str] | None = None
    for row in rows:
        if columns is None:
            columns = _value_columns(row.places)
        yield _read(row, options, columns)


def _value_columns(header: Iterable[str]) -> dict[str, str]:
    """By side, the column that has its value and names the currency."""
    return {name.partition(" ")[0]: name for name in header if name in VALUES}


def _read(row: Row, options: Options, columns: Mapping[str, str]) -> Outcome:
    moment = row.moment("timestamp")
    bought = part_of(row, "buy quantity", "buy asset")
    sold = part_of(row, "sell quantity", "sell asset")
    fee = part_of(row, "fee quantity", "fee asset")
    worth = _worth(row, columns.get("buy", "")) or _worth(row, columns.get("sell", ""))
    written = row.text("type").casefold()
    _check_sides(row, written, bought, sold, fee)
    if row.faults or moment is None:
        return row.refused()
    fees = [fee] if fee else []
    story = replace(
        story_of((row,), moment), worth=worth, wallet=row.text("wallet"), note=row.text("note")
    )
    if written in STAKED:
        return fee_only(story, options, fees) if fees else _staked(story)
    if bought and sold:
        return exchange(story, options, [bought], [sold], fees)
    if bought:
        return one_sided(story, options, BOUGHT[written], bought, fees)
    if sold:
        return _sold(row, story, options, sold, fees)
    return fee_only(story, options, fees)


def _sold(row: Row, story: Story, options: Options, sold: Part, fees: list[Part]) -> Outcome:
    """What is spent goes for what it was worth; nobody keeps books of what it bought."""
    kind = SOLD[row.text("type").casefold()]
    if kind is not Kind.SPEND:
        return one_sided(story, options, kind, sold, fees)
    worth, money = story.worth, options.is_money(sold.code)
    if worth and not money and options.cash is Cash.OUTSIDE and options.is_money(worth.code):
        return exchange(story, options, [worth], [sold], fees, kind=Kind.SPEND)
    row.doubt(
        "type",
        "spend-without-value",
        "what was bought with it is not told, so it would be a withdrawal",
        "say what it was worth, as a spend",
    )
    return one_sided(replace(story, doubts=tuple(row.doubts)), options, Kind.WITHDRAWAL, sold, fees)


def _check_sides(
    row: Row, written: str, bought: Part | None, sold: Part | None, fee: Part | None
) -> None:
    """A type that is not known is a fault, and so is one whose side is not filled."""
    if written not in {*BOUGHT, *SOLD, *STAKED, "trade"}:
        row.refuse(
            "type",
            "unknown-type",
            f"{row.text('type')[:40]!r} is no type of these records",
            "write one of them, like Deposit or Trade",
        )
        return
    if row.faults or written in STAKED:
        return
    needed = {
        "trade": bool(bought and sold),
        **dict.fromkeys(BOUGHT, bool(bought and not sold)),
        **dict.fromkeys(SOLD, bool(not bought and (sold or fee))),
    }[written]
    if not needed:
        row.refuse(
            "type",
            "kind-does-not-fit",
            "the sides that are filled are not those of this type",
            "fill in what was bought and what was sold",
        )


def _worth(row: Row, column: str) -> Part | None:
    if not column:
        return None
    code = column.rpartition(" ")[2].upper()
    value = row.number(column, code)
    return Part(code, value) if value and value > 0 else None


def _staked(story: Story) -> LeftOut:
    return LeftOut(story.lines, "it moved into or out of staking and stayed the owner's")


FORMAT: Final = Format(
    name="bittytax",
    title="BittyTax records",
    sniff=sniff,
    read=read,
    moments=("timestamp",),
    numbers=("buy quantity", "sell quantity", "fee quantity", *VALUES),
    zone_of=lambda _header: None,
    machine_written=False,
)
