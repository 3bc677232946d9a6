"""CoinTracking's trade table: one transaction per row, in the zone of the account.

Amounts there have the fee in them already: what was paid includes a fee in the same currency, what
came is without one that was withheld. The fee is taken out again, so that it stands on its own. A
fee in a third currency is for information only; what was paid is a row of its own, `Other Fee`.

The header of the older export says `Cur.` three times; of the newer one, what each is.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from plimsoll.kernel.money import format_amount
from plimsoll.ledger.domain.imports import Outcome
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
from plimsoll.ledger.importers.format import Format, Options, fit
from plimsoll.ledger.importers.rows import Row

OLD: Final = ("type", "buy", "cur.", "sell", "cur. 2", "fee", "cur. 3", "date")
NEW: Final = (
    "type",
    "buy amount",
    "buy currency",
    "sell amount",
    "sell currency",
    "fee",
    "fee currency",
    "date",
)
OPTIONAL: Final = (
    "exchange",
    "group",
    "trade-group",
    "comment",
    "tx-id",
    "lpn",
    "liquidity pool",
    "buy value in your account currency",
    "sell value in your account currency",
)
CAME: Final = {
    "deposit": Kind.DEPOSIT,
    "income": Kind.OTHER_INCOME,
    "other income": Kind.OTHER_INCOME,
    "mining": Kind.MINING,
    "mining (commercial)": Kind.MINING,
    "masternode": Kind.STAKING,
    "minting": Kind.STAKING,
    "staking": Kind.STAKING,
    "reward / bonus": Kind.REFERRAL,
    "gift/tip": Kind.GIFT_IN,
    "gift / tip": Kind.GIFT_IN,
    "airdrop": Kind.AIRDROP,
    "hard fork": Kind.FORK,
    "interest income": Kind.INTEREST,
    "lending income": Kind.INTEREST,
    "dividends income": Kind.OTHER_INCOME,
    "cashback": Kind.CASHBACK,
    "fee refund": Kind.REBATE,
    "margin profit": Kind.MARGIN_GAIN,
    "derivatives / futures profit": Kind.MARGIN_GAIN,
    "borrow": Kind.LOAN_IN,
}
WENT: Final = {
    "withdrawal": Kind.WITHDRAWAL,
    "donation": Kind.DONATION,
    "gift": Kind.GIFT_OUT,
    "lost": Kind.LOST,
    "stolen": Kind.STOLEN,
    "stolen/hacked/fraud": Kind.STOLEN,
    "margin loss": Kind.MARGIN_LOSS,
    "margin fee": Kind.MARGIN_FEE,
    "derivatives / futures loss": Kind.MARGIN_LOSS,
    "repayment": Kind.LOAN_REPAY,
    "borrowing fee": Kind.LOAN_INTEREST,
    "other fee": Kind.FEE_ONLY,
}


def sniff(header: Sequence[str]) -> float:  # no money: how well a header fits
    """Either export."""
    return max(fit(header, OLD, OPTIONAL), fit(header, NEW, OPTIONAL))


def read(rows: Iterable[Row], options: Options) -> Iterator[Outcome]:
    """One outcome per row."""
    for row in rows:
        yield _read(row, options)


def _read(row: Row, options: Options) -> Outcome:
    old = "buy" in row.places
    moment = row.moment("date")
    came = part_of(row, *(("buy", "cur.") if old else ("buy amount", "buy currency")))
    went = part_of(row, *(("sell", "cur. 2") if old else ("sell amount", "sell currency")))
    fee = part_of(row, "fee", "cur. 3" if old else "fee currency")
    kind = _kind(row, came, went)
    told: Part | None = None
    if fee and went and fee.code == went.code and kind is not Kind.FEE_ONLY:
        if fee.quantity >= went.quantity:
            row.refuse("fee", "fee-too-large", "it is as much as was paid in all", "correct it")
        went = Part(went.code, went.quantity - fee.quantity)
    elif fee and came and fee.code == came.code:
        came = Part(came.code, came.quantity + fee.quantity)
    else:
        told, fee = fee, None
    if row.faults or moment is None:
        return row.refused()
    story = replace(
        story_of((row,), moment),
        wallet=row.text("exchange"),
        reference=row.text("tx-id"),
        note=_note(row.text("comment"), told),
    )
    return _draft(story, options, kind, (came, went, fee))


def _note(comment: str, told: Part | None) -> str:
    """A fee that stands there for information is kept as that."""
    if told is None:
        return comment
    fee = f"fee told: {format_amount(told.quantity)} {told.code}"
    return f"{comment}; {fee}" if comment else fee


def _draft(
    story: Story,
    options: Options,
    kind: Kind | None,
    parts: tuple[Part | None, Part | None, Part | None],
) -> Outcome:
    came, went, fee = parts
    fees = [fee] if fee else []
    if came and went:
        return exchange(story, options, [came], [went], fees)
    if went and kind is Kind.FEE_ONLY:
        return fee_only(story, options, [went])
    part = came or went
    assert part, "a row in which nothing moved is refused"
    assert kind, "a row with one side has a kind"
    return one_sided(story, options, kind, part, fees)


def _kind(row: Row, came: Part | None, went: Part | None) -> Kind | None:
    """What the type says; None is a trade. A type that the sides do not fit is a fault."""
    written = row.text("type").casefold()
    if came and went:
        if written not in {"trade", "swap (non taxable)", "spend"}:
            row.doubt("type", "unknown-type", "both sides are filled", "is it a trade?")
        return None
    if not came and not went:
        if not row.faults:
            row.refuse("", "nothing-moved", "nothing was bought or sold", "fill in what moved")
        return None
    kind = (CAME if came else WENT).get(written)
    if kind is not None:
        return kind
    if written in {"trade", "swap (non taxable)"} or written in (WENT if came else CAME):
        row.refuse(
            "type",
            "kind-does-not-fit",
            "the side that this type needs is empty",
            "fill in what was bought and what was sold",
        )
        return None
    otherwise = Kind.DEPOSIT if came else Kind.WITHDRAWAL
    row.doubt(
        "type",
        "unknown-type",
        f"the type {written[:40]!r} is not known here, so it would be a {otherwise}",
        "choose what it was",
    )
    return otherwise


FORMAT: Final = Format(
    name="cointracking",
    title="CoinTracking trade table",
    sniff=sniff,
    read=read,
    moments=("date",),
    numbers=("buy", "sell", "buy amount", "sell amount", "fee"),
    zone_of=lambda _header: None,
)
