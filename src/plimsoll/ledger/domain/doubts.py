"""Doubts about single transactions: their worth, where they came from, what they are. Pure."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from plimsoll.kernel.identifiers import AssetId
from plimsoll.kernel.money import divide, format_amount, rounded
from plimsoll.ledger.domain.issues import (
    Confirm,
    Dismiss,
    Fix,
    GiveValue,
    Issue,
    IssueKind,
    Known,
    Reject,
    Void,
    Why,
    Witnesses,
    moment,
)
from plimsoll.ledger.domain.pairing import LATE, ONE_DAY, Proposal, find_end
from plimsoll.ledger.domain.transactions import (
    SHAPES,
    WITHOUT_WORTH,
    Kind,
    Leg,
    Precision,
    Role,
    Shape,
    Transaction,
)

FACTOR: Final = Decimal(2)
"""So much away from the day's price a worth is suspicious: a coin seldom doubles within a day."""
SMALL: Final = Decimal(1)
"""Of money: a difference below it is rounding, and not looked at."""
UNASKED: Final = frozenset({Kind.AIRDROP, Kind.DEPOSIT, Kind.OTHER_INCOME, Kind.GIFT_IN})
OFFER: Final = re.compile(
    r"https?:|www\.|\.(?:com|org|net|io|xyz|app|site|online|claims?|gift)\b"
    r"|\b(?:claim|airdrop|voucher|reward|visit|bonus)\b|0x[0-9a-f]{6,}|[1-9a-hj-km-z]{32,}",
    re.IGNORECASE | re.ASCII,
)
"""A name that sends people somewhere, or is an address."""


class Gap(NamedTuple):
    """What nobody knows: the worth of an asset in a currency on a day."""

    asset_id: AssetId
    currency: AssetId
    day: date


def list_gaps(transaction: Transaction, known: Known) -> Iterator[Gap]:
    """The prices that are needed to value its legs, and are not there."""
    if transaction.kind is Kind.WITHDRAWAL:
        return  # it may be half of a transfer, and leaves at its cost
    day = transaction.occurred_at.date()
    for leg in transaction.legs:
        if leg.valued or leg.wallet_id is None:
            continue
        needed = []
        if leg.asset_id != transaction.currency and (leg.cost_rate or not leg.value):
            needed.append(Gap(leg.asset_id, transaction.currency, day))
        if leg.cost_currency is not None and not leg.cost_rate:
            needed.append(Gap(transaction.currency, leg.cost_currency, day))
        for gap in needed:
            if known.price_on(*gap) is None:
                yield gap


def gap_issue(gap: Gap, witnesses: Witnesses, known: Known) -> Issue:
    """That a price is missing."""
    assert witnesses.first is not None
    asset, currency = known.names.symbol(gap.asset_id), known.names.symbol(gap.currency)
    why = Why.NOT_ON_THE_DAY if gap.asset_id in known.priced else Why.NO_SOURCE
    reason = {
        Why.NO_SOURCE: "no source knows this asset",
        Why.NOT_ON_THE_DAY: "sources know what it is worth now, and none said it of that day",
    }[why]
    if known.away:
        why = Why.SOURCE_AWAY
        reason = f"{', '.join(known.away)} cannot be asked now, so it may be there later"
    return Issue(
        id=known.id_of(IssueKind.MISSING_PRICE, *gap),
        kind=IssueKind.MISSING_PRICE,
        cause=(
            f"nobody knows what 1 {asset} was worth in {currency} on {gap.day}: {reason};"
            f" transactions it is needed for: {witnesses.count}"
        ),
        since=witnesses.first,
        asset_id=gap.asset_id,
        wallet_id=None,
        transactions=tuple(witnesses.ids),
        count=witnesses.count,
        rows=witnesses.rows,
        fixes=(GiveValue(*gap, None), Dismiss("it was worth nothing")),
        why=why,
    )


def list_suspicious(transaction: Transaction, known: Known) -> Iterator[Issue]:
    """Legs whose recorded worth is far from the price of their day."""
    if SHAPES[transaction.kind] in WITHOUT_WORTH:
        return
    day = transaction.occurred_at.date()
    seen = set[AssetId]()
    for leg in transaction.legs:
        if leg.role is not Role.PRINCIPAL or not leg.valued or not leg.value:
            continue
        if leg.asset_id == transaction.currency or leg.asset_id in seen:
            continue
        price = known.price_on(leg.asset_id, transaction.currency, day)
        if price is not None and _is_far(leg, price, transaction.currency in known.money):
            seen.add(leg.asset_id)
            yield _suspicious(transaction, leg, price, known)


def _is_far(leg: Leg, price: Decimal, in_money: bool) -> bool:  # noqa: FBT001 - one fact of three
    expected = abs(leg.quantity) * price
    if in_money and abs(leg.value - expected) < SMALL:
        return False
    return leg.value > expected * FACTOR or leg.value * FACTOR < expected


def _suspicious(transaction: Transaction, leg: Leg, price: Decimal, known: Known) -> Issue:
    currency, day = transaction.currency, transaction.occurred_at.date()
    paid = rounded(divide(leg.value, abs(leg.quantity)))
    times = rounded(
        max(divide(paid, price), divide(price, paid)) if paid else price, Decimal("0.1")
    )
    names, witnesses = known.names, Witnesses(transaction)
    fixes: list[Fix] = [GiveValue(leg.asset_id, currency, day, paid)] if paid else []
    return Issue(
        id=known.id_of(IssueKind.SUSPICIOUS_PRICE, transaction.id, leg.asset_id),
        kind=IssueKind.SUSPICIOUS_PRICE,
        cause=(
            f"in the {transaction.kind} of {moment(transaction)} 1 {names.symbol(leg.asset_id)} was"
            f" worth {names.amount(paid, currency)}; the price of that day is"
            f" {names.amount(price, currency)}, {format_amount(times)} times away"
        ),
        since=transaction.occurred_at,
        asset_id=leg.asset_id,
        wallet_id=leg.wallet_id,
        transactions=tuple(witnesses.ids),
        count=1,
        rows=witnesses.rows,
        fixes=(*fixes, Void(transaction.id), Dismiss("it was worth that to me")),
    )


def find_spam(transaction: Transaction, known: Known) -> Issue | None:
    """Something that came unasked and is worth nothing, or wants people to go somewhere."""
    if transaction.kind not in UNASKED:
        return None
    for leg in transaction.legs:
        if leg.role is not Role.PRINCIPAL or leg.asset_id in known.money:
            continue
        symbol, name = known.names.assets.get(leg.asset_id, (leg.asset_id, ""))
        offers = OFFER.search(symbol) or OFFER.search(name)
        if not offers and (leg.asset_id in known.priced or leg.value):
            continue
        day = transaction.occurred_at.date()
        if not offers and known.price_on(leg.asset_id, transaction.currency, day) is not None:
            continue
        said = f"its name ({name or symbol!r}) is an offer or an address"
        why = said if offers else "nobody says that it is worth anything"
        witnesses = Witnesses(transaction)
        amount = known.names.amount(leg.quantity, leg.asset_id)
        return Issue(
            id=known.id_of(IssueKind.SPAM_TOKEN, transaction.id),
            kind=IssueKind.SPAM_TOKEN,
            cause=f"{amount} came unasked on {moment(transaction)}, and {why}",
            since=transaction.occurred_at,
            asset_id=leg.asset_id,
            wallet_id=leg.wallet_id,
            transactions=tuple(witnesses.ids),
            count=1,
            rows=witnesses.rows,
            fixes=(Void(transaction.id), Dismiss("it is what it says")),
        )
    return None


def find_lone(transaction: Transaction, known: Known) -> Issue | None:
    """A deposit or a withdrawal that has stood alone for too long; ask only of those that are in no
    proposal.
    """
    end = find_end(transaction)
    if end is None or end.asset_id in known.money:
        return None
    slack = ONE_DAY if transaction.precision is Precision.DAY else timedelta()
    if known.now - transaction.occurred_at <= LATE + slack:
        return None
    amount, wallet = (
        known.names.amount(end.quantity, end.asset_id),
        known.names.wallet(end.wallet_id),
    )
    out = SHAPES[transaction.kind] is Shape.OUTFLOW
    cause = (
        f"{amount} left {wallet} on {moment(transaction)}, and arrived in none of the other wallets"
        f" within {LATE.days} days"
        if out
        else f"{amount} arrived in {wallet} on {moment(transaction)}, and left none of the other"
        f" wallets in the {LATE.days} days before"
    )
    witnesses = Witnesses(transaction)
    return Issue(
        id=known.id_of(IssueKind.UNMATCHED_TRANSFER, transaction.id),
        kind=IssueKind.UNMATCHED_TRANSFER,
        cause=cause,
        since=transaction.occurred_at,
        asset_id=end.asset_id,
        wallet_id=end.wallet_id,
        transactions=tuple(witnesses.ids),
        count=1,
        rows=witnesses.rows,
        fixes=(
            Dismiss("it went to somebody else" if out else "it came from somebody else"),
            Void(transaction.id),
        ),
    )


def proposal_issue(proposal: Proposal, ends: tuple[Transaction, ...], known: Known) -> Issue:
    """That two ends look like a transfer, and nobody has said whether they are. `ends`: as many of
    the two as were met.
    """
    left, arrived, names = proposal.left, proposal.arrived, known.names
    others = f"; {proposal.alike} other pairs would fit as well" if proposal.alike else ""
    witnesses = Witnesses(*ends)
    return Issue(
        id=known.id_of(IssueKind.UNMATCHED_TRANSFER, left.id, arrived.id),
        kind=IssueKind.UNMATCHED_TRANSFER,
        cause=(
            f"{names.amount(left.quantity, left.asset_id)} left {names.wallet(left.wallet_id)} and"
            f" {names.amount(arrived.quantity, left.asset_id)} arrived in"
            f" {names.wallet(arrived.wallet_id)}: it may be one transfer, with a fee of"
            f" {names.amount(proposal.fee, left.asset_id)}, and nobody has said so{others}"
        ),
        since=left.at,
        asset_id=left.asset_id,
        wallet_id=left.wallet_id,
        transactions=(left.id, arrived.id),
        count=2,
        rows=witnesses.rows,
        fixes=(Confirm(left.id, arrived.id), Reject(left.id, arrived.id)),
    )
