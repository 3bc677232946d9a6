"""Doubts about a ledger, found in one pass."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from plimsoll.kernel.identifiers import AssetId, ImportId, UserId, WalletId, new_id
from plimsoll.ledger.domain.holdings import fold
from plimsoll.ledger.domain.issues import (
    Confirm,
    Issue,
    IssueKind,
    Known,
    MoveUnits,
    Names,
    OpenLot,
    Why,
)
from plimsoll.ledger.domain.pairing import find_end, pair
from plimsoll.ledger.domain.quality import find
from plimsoll.ledger.domain.shortages import Shortages
from plimsoll.ledger.domain.transactions import Kind, Precision, Transaction
from tests.ledger.entries import (
    ATTIC,
    BTC,
    COLD,
    ETH,
    MAIN,
    USD,
    buy,
    day,
    entry,
    leg,
    sell,
    transfer,
)

ME = UserId(new_id())
FILE = ImportId(new_id())
NAMES = Names(
    {MAIN: "main", COLD: "cold", ATTIC: "attic"},
    {BTC: ("btc", "Bitcoin"), ETH: ("eth", "Ethereum"), USD: ("usd", "US Dollar")},
)


def known(prices: Mapping[tuple[AssetId, date], str] | None = None, **facts: Any) -> Known:
    def price_on(asset: AssetId, _currency: AssetId, day_: date) -> Decimal | None:
        said = (prices or {}).get((asset, day_))
        return Decimal(said) if said else None

    facts = {"money": frozenset({USD}), "priced": frozenset({BTC, ETH})} | facts
    return Known(ME, day(400), NAMES, price_on, **facts)


def imported(*transactions: Transaction) -> list[Transaction]:
    return [
        replace(each, import_id=FILE, source="file", lines=(line,))
        for line, each in enumerate(transactions, start=2)
    ]


def found(transactions: Iterable[Transaction], beside: Known | None = None) -> list[Issue]:
    return list(find(transactions, beside or known()).issues)


def test_a_sound_ledger_raises_no_doubt() -> None:
    sound = [
        buy("1", value="40000", at=day(1)),
        transfer("0.5", at=day(2)),
        sell("0.5", value="21000", wallet=COLD, at=day(3)),
    ]
    assert found(sound, known({(BTC, day(1).date()): "41000"})) == []


def test_what_no_wallet_had_is_missing_history_and_a_lot_is_offered_at_the_days_price() -> None:
    rows = imported(
        buy("1", value="40000", at=day(1)),
        sell("1.5", value="60000", at=day(2)),
        sell("0.25", value="10000", at=day(3)),
    )
    (issue,) = found(rows, known({(BTC, day(2).date()): "40000"}))
    assert issue.kind is IssueKind.MISSING_HISTORY
    assert "0.75 BTC" in issue.cause
    assert issue.since == day(2)
    assert issue.rows == ((FILE, (3, 4)),)
    lot = issue.fixes[0]
    assert lot == OpenLot(MAIN, BTC, Decimal("0.75"), day(2), USD, Decimal(30000))


def test_what_other_wallets_had_is_an_unrecorded_transfer() -> None:
    rows = imported(
        buy("2", value="80000", at=day(1)),
        sell("0.5", value="20000", wallet=COLD, at=day(2)),
    )
    (issue,) = found(rows)
    assert issue.kind is IssueKind.NEGATIVE_BALANCE
    move = issue.fixes[0]
    before = day(2) - timedelta(microseconds=1)
    assert move == MoveUnits(MAIN, COLD, BTC, Decimal("0.5"), before, USD)
    moved = transfer("0.5", at=before)
    assert found([rows[0], moved, rows[1]]) == []


AMOUNTS = st.integers(1, 50).map(lambda units: Decimal(units) / 10)
WALLETS = st.sampled_from([MAIN, COLD, ATTIC])


@st.composite
def ledgers(draw: st.DrawFn) -> list[Transaction]:
    """Of one asset, in order, from a file: it may take out what is not there."""
    rows = []
    for number in range(draw(st.integers(1, 12))):
        quantity, wallet, at = draw(AMOUNTS), draw(WALLETS), day(number // 2)
        match draw(st.sampled_from(["buy", "sell", "transfer"])):
            case "buy":
                rows.append(buy(quantity, value="10", wallet=wallet, at=at))
            case "sell":
                rows.append(sell(quantity, value="10", wallet=wallet, at=at))
            case _:
                other = {MAIN: COLD, COLD: ATTIC, ATTIC: MAIN}[wallet]
                rows.append(transfer(quantity, source=wallet, target=other, at=at))
    return imported(*sorted(rows, key=lambda each: (each.occurred_at, each.rank)))


@given(ledgers())
def test_what_lacks_is_what_the_books_count_as_missing(rows: list[Transaction]) -> None:
    shortages = Shortages()
    for each in rows:
        shortages.add(each)
    missing = {key: held.missing for key, held in fold(rows).holdings.items() if held.missing}
    assert shortages.lacking() == missing


@given(ledgers())
def test_lots_of_what_lacks_settle_every_shortage(rows: list[Transaction]) -> None:
    issues = found(rows)
    short = {IssueKind.MISSING_HISTORY, IssueKind.NEGATIVE_BALANCE}
    lots = [
        entry(Kind.OPENING_LOT, leg(fix.quantity, wallet=fix.wallet_id, value="1"), at=fix.at)
        for issue in issues
        for fix in issue.fixes
        if issue.kind in short and isinstance(fix, OpenLot)
    ]
    whole = sorted([*lots, *rows], key=lambda each: (each.occurred_at, each.rank))
    assert not short & {issue.kind for issue in found(whole)}


@given(ledgers())
def test_the_same_ledger_raises_the_same_doubts(rows: list[Transaction]) -> None:
    first, again = found(rows), found(rows)
    assert first == again
    assert len({each.id for each in first}) == len(first)
    assert found(rows, replace(known(), user_id=UserId(new_id()))) == [] or {
        each.id for each in found(rows, replace(known(), user_id=UserId(new_id())))
    }.isdisjoint(each.id for each in first)


def deposit(
    quantity: str, at: datetime, wallet: WalletId = COLD, *, value: str = "9", asset: str = BTC
) -> Transaction:
    return entry(Kind.DEPOSIT, leg(quantity, asset, wallet=wallet, value=value), at=at)


def withdrawal(quantity: str, at: datetime, wallet: WalletId = MAIN) -> Transaction:
    return entry(Kind.WITHDRAWAL, leg(f"-{quantity}", wallet=wallet), at=at)


def test_an_end_without_partner_is_named_once_the_window_is_over() -> None:
    rows = [deposit("1", day(1)), deposit("2", day(399))]
    (issue,) = found(rows)
    assert (issue.kind, issue.transactions) == (IssueKind.UNMATCHED_TRANSFER, (rows[0].id,))
    assert found([deposit("5", day(1), asset=USD)]) == [], "money comes from a bank"


def test_a_pair_that_nobody_decided_about_is_one_entry_with_both() -> None:
    rows = [
        buy("1", value="1", at=day(1)),
        withdrawal("1", day(2)),
        deposit("0.99", day(2) + timedelta(hours=1)),
    ]
    out, into = find_end(rows[1]), find_end(rows[2])
    assert out
    assert into
    (issue,) = found(rows, known(proposals=pair([out], [into])))
    assert issue.fixes[0] == Confirm(rows[1].id, rows[2].id)
    assert "0.01 BTC" in issue.cause


def unvalued(asset: str, at: datetime) -> Transaction:
    return entry(Kind.STAKING, replace(leg("1", asset), valued=False), at=at)


def test_missing_prices_are_told_apart_and_joined_by_day() -> None:
    rows = [unvalued("obscure", day(1)), unvalued("obscure", day(1)), unvalued(ETH, day(2))]
    first, second = found(rows)
    assert (first.why, first.count) == (Why.NO_SOURCE, 2)
    assert second.why is Why.NOT_ON_THE_DAY
    away = found(rows, known(away=("kraken",)))
    assert {each.why for each in away} == {Why.SOURCE_AWAY}
    assert "kraken" in away[0].cause
    assert [each.id for each in away] == [first.id, second.id]
    assert len(found(rows, known({(ETH, day(2).date()): "3000"}))) == 1


def test_a_worth_more_than_twice_or_less_than_half_the_days_price_is_suspicious() -> None:
    prices = {(BTC, day(1).date()): "100"}
    for value, doubted in (("201", True), ("200", False), ("50", False), ("49", True)):
        issues = found([buy("1", value=value, at=day(1))], known(prices))
        assert bool(issues) is doubted, value
    dust = buy("0.0001", value="0.05", at=day(1))
    assert found([dust], known(prices)) == [], "rounding"


def test_the_same_told_by_two_is_a_possible_duplicate_and_two_fills_are_none() -> None:
    first = buy("1", value="40000", at=day(1))
    later = replace(first, id=buy("1", value="1").id, occurred_at=day(1) + timedelta(seconds=90))
    assert found([first, later]) == [], "one wallet and one source"
    (issue,) = found([first, replace(later, source="other")])
    assert issue.kind is IssueKind.POSSIBLE_DUPLICATE
    assert issue.transactions == (first.id, later.id)
    far = replace(later, source="other", occurred_at=day(1) + timedelta(hours=20))
    assert found([first, far]) == []
    assert len(found([first, replace(far, precision=Precision.DAY)])) == 1


def test_an_unasked_asset_that_nobody_prices_is_spam() -> None:
    gift = entry(Kind.AIRDROP, leg("1000", "obscure"), at=day(1))
    (issue,) = found([gift])
    assert issue.kind is IssueKind.SPAM_TOKEN
    assert found([entry(Kind.AIRDROP, leg("1", ETH, value="3000"), at=day(1))]) == []
    names = Names({}, {ETH: ("eth", "Visit claim-eth.com")})
    (offer,) = found(
        [entry(Kind.AIRDROP, leg("1", ETH, value="3000"), at=day(1))],
        replace(known(), names=names),
    )
    assert "Visit claim-eth.com" in offer.cause


def test_of_many_issues_some_are_kept_and_all_are_counted() -> None:
    rows = [deposit("1", day(number)) for number in range(0, 70, 7)]
    findings = find(rows, known(), most=4)
    assert len(findings.issues) == 4
    assert findings.left_off == {IssueKind.UNMATCHED_TRANSFER: 6}
