"""A ledger gone through once says the same as the series, the flows and the split made apart."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from plimsoll.kernel.identifiers import ImportId, new_id
from plimsoll.ledger.domain.holdings import NotEnoughHeld, fold
from plimsoll.ledger.domain.transactions import Kind, Transaction
from plimsoll.portfolio.domain.flows import list_flows
from plimsoll.portfolio.domain.history import History
from plimsoll.portfolio.domain.profits import split
from plimsoll.portfolio.domain.returns import course_of
from plimsoll.portfolio.domain.series import DailyPrices, Priced, PriceOf, day_of, recompute
from tests.ledger.entries import BTC, COLD, ETH, MAIN, USD, buy, entry, fee, leg, sell, transfer
from tests.portfolio.domain.courses import at, on, prices

KNOWN = prices(bitcoin={0: "90", 2: "100", 5: "140"}, ethereum={4: "10", 7: "12"})
LAST = 12


def history_of(transactions: list[Transaction], price_of: PriceOf = KNOWN) -> History:
    history = History(price_of)
    history.tell(transactions)
    history.close(on(LAST))
    return history


def one_of_many(kind: int, day: int, quantity: Decimal, number: int) -> Transaction:
    """What may happen on a day; `number` keeps the moments apart."""
    when = at(day).replace(minute=number)
    made = (
        buy(quantity, value=quantity * 100, paid_fee="1", at=when),
        buy(quantity, value=quantity * 9, asset=ETH, wallet=COLD, at=when),
        sell(quantity, value=quantity * 120, at=when),
        transfer(quantity, at=when),
        entry(Kind.STAKING, leg(quantity, value=quantity * 50), at=when),
        entry(Kind.DEPOSIT, leg(quantity, ETH, value="3"), at=when),
        entry(Kind.GIFT_OUT, leg(-quantity), fee("2"), at=when),
        entry(Kind.STOLEN, leg(-quantity, wallet=COLD), at=when),
    )
    return made[kind]


events = st.lists(
    st.tuples(st.integers(0, 7), st.integers(0, LAST), st.decimals("0.1", 3, places=1)),
    max_size=12,
)


def imported(drawn: list[tuple[int, int, Decimal]]) -> list[Transaction]:
    """Those, in the order of time, whatever they take out."""
    ordered = enumerate(sorted(drawn, key=lambda each: each[1]))
    batch = ImportId(new_id())
    return [replace(one_of_many(*each, number), import_id=batch) for number, each in ordered]


def covered(drawn: list[tuple[int, int, Decimal]]) -> list[Transaction]:
    """Those, in the order of time, that do not take out more than is there."""
    ledger: list[Transaction] = []
    for number, (kind, day, quantity) in enumerate(sorted(drawn, key=lambda each: each[1])):
        grown = [*ledger, one_of_many(kind, day, quantity, number)]
        try:
            fold(grown)
        except NotEnoughHeld:
            continue
        ledger = grown
    return ledger


@given(events, st.integers(0, LAST), st.integers(0, LAST))
def test_it_says_what_the_parts_say(
    drawn: list[tuple[int, int, Decimal]], one: int, other: int
) -> None:
    check_against_parts(covered(drawn), one, other)


@given(events, st.integers(0, LAST), st.integers(0, LAST))
def test_so_it_does_of_what_takes_out_more_than_is_there(
    drawn: list[tuple[int, int, Decimal]], one: int, other: int
) -> None:
    check_against_parts(imported(drawn), one, other)


def check_against_parts(ledger: list[Transaction], one: int, other: int) -> None:
    history = history_of(ledger)
    series = recompute((), date.min, transactions=ledger, price_of=KNOWN, until=on(LAST))
    assert tuple(history.days) == series
    first, last = on(min(one, other)), on(max(one, other))
    flows = list_flows(ledger, series, KNOWN)
    course = history.course(first, last)
    assert course == course_of(series, flows.by_day(), first=first, last=last)
    assert history.split(course) == split(course, ledger, KNOWN)


@given(events, events, st.integers(0, LAST))
def test_told_again_from_a_day_on_it_is_as_if_told_from_the_start(
    drawn: list[tuple[int, int, Decimal]], before: list[tuple[int, int, Decimal]], day: int
) -> None:
    """Whatever it said before of the days that are forgotten."""
    ledger = covered(drawn)
    kept = [each for each in ledger if day_of(each.occurred_at) < on(day)]
    others = [each for each in covered(before) if day_of(each.occurred_at) >= on(day)]
    history = History(prices(bitcoin={0: "90", 2: "100", 5: "140"}, ethereum={4: "10", 7: "12"}))
    try:
        fold([*kept, *others])
    except NotEnoughHeld:
        others = []
    history.tell([*kept, *others])
    history.close(on(LAST))

    history.forget(on(day))
    history.tell(each for each in ledger if day_of(each.occurred_at) >= on(day))
    history.close(on(LAST))

    fresh = history_of(ledger)
    assert history.days == fresh.days
    assert history.totals == fresh.totals
    assert history.size == fresh.size == sum(len(each.positions) for each in fresh.days)
    course = fresh.course(on(0), on(LAST))
    assert history.course(on(0), on(LAST)) == course
    assert history.split(course) == fresh.split(course)
    assert history.holdings_at(on(day)) == fresh.holdings_at(on(day))


def test_the_price_of_now_counts_on_its_day_only_and_not_if_it_is_older() -> None:
    known = DailyPrices(USD, {BTC: {on(0): Decimal(90), on(3): Decimal(100)}})
    newer, older = Priced(Decimal(120), on(5)), Priced(Decimal(1), on(2))
    known.say_now(on(5), {BTC: newer, ETH: older})
    assert known(BTC, on(5)) == newer
    assert known(BTC, on(4)) == (100, on(3))
    assert known(ETH, on(5)) == older
    known.say_now(on(5), {BTC: older})
    assert known(BTC, on(5)) == (100, on(3))


def test_what_goes_out_without_having_been_there_is_missing_and_not_below_nothing() -> None:
    ledger = [
        buy("1", value="90", at=at(0)),
        sell("3", value="300", at=at(2)),
        buy("2", value="200", at=at(4)),
    ]
    days = recompute((), on(0), transactions=ledger, price_of=KNOWN, until=on(4))
    assert [sum(each.quantity for each in day.positions) for day in days] == [1, 1, 0, 0, 2]
    assert [day.missing for day in days] == [(), (), *[((MAIN, BTC, 2),)] * 3]
    again = recompute(days, on(4), transactions=ledger[2:], price_of=KNOWN, until=on(4))
    assert again == days
