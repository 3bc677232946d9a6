"""What everything was worth at the end of each day."""

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from plimsoll.ledger.domain.transactions import Kind, Transaction
from plimsoll.portfolio.domain.series import Day, PriceOf, day_of, recompute
from tests.ledger.entries import BTC, COLD, ETH, MAIN, buy, entry, leg, sell, transfer
from tests.portfolio.domain.courses import at, on, prices


def series_of(*transactions: Transaction, until: int, price_of: PriceOf) -> tuple[Day, ...]:
    return recompute((), on(0), transactions=transactions, price_of=price_of, until=on(until))


def test_a_day_is_the_quantity_at_its_end_times_its_price() -> None:
    days = series_of(
        buy("1", value="100", at=at(0)),
        buy("1", value="120", at=at(1)),
        sell("1.5", value="195", at=at(2)),
        until=3,
        price_of=prices(bitcoin={0: "100", 1: "120", 2: "130", 3: "90"}),
    )
    assert [(each.day, each.value) for each in days] == [
        (on(0), 100),
        (on(1), 240),
        (on(2), 65),
        (on(3), 45),
    ]
    assert not any(each.stale or each.unvalued for each in days)


def test_the_day_is_that_of_utc() -> None:
    in_tokyo = datetime(2024, 1, 2, 8, 30, tzinfo=timezone(timedelta(hours=9)))
    assert day_of(in_tokyo) == date(2024, 1, 1)
    late = buy("1", value="1", at=at(0, hour=23))
    early = buy("1", value="1", at=at(1, hour=0))
    days = series_of(late, early, until=1, price_of=prices(bitcoin={0: "10"}))
    assert [each.value for each in days] == [10, 20]


def test_a_missing_price_is_carried_and_marked_stale() -> None:
    days = series_of(
        buy("2", value="1", at=at(0)), until=2, price_of=prices(bitcoin={0: "10", 2: "30"})
    )
    assert [(each.value, each.stale) for each in days] == [(20, False), (20, True), (60, False)]
    (position,) = days[1].positions
    assert position.priced == (10, on(0))


def test_before_its_first_price_a_position_is_listed_and_not_worth_nothing() -> None:
    days = series_of(
        buy("2", value="1", at=at(0)),
        buy("1", value="5", asset=ETH, at=at(0)),
        until=1,
        price_of=prices(bitcoin={1: "10"}, ethereum={0: "5"}),
    )
    (position,) = days[0].unvalued
    assert (position.asset_id, position.quantity, position.value) == (BTC, 2, None)
    assert [each.value for each in days] == [5, 25]
    assert days[1].unvalued == ()


def test_a_position_for_each_wallet_and_none_for_what_is_gone() -> None:
    days = series_of(
        buy("2", value="20", at=at(0)),
        transfer("0.5", at=at(1)),
        transfer("1.5", at=at(2)),
        until=2,
        price_of=prices(bitcoin={0: "10"}),
    )
    held = [[(each.wallet_id, each.quantity) for each in day.positions] for day in days]
    assert held == [
        [(MAIN, 2)],
        [(MAIN, Decimal("1.5")), (COLD, Decimal("0.5"))],
        [(COLD, 2)],
    ]
    assert {each.value for each in days} == {20}


def test_nothing_ever_held_is_no_series() -> None:
    assert series_of(until=9, price_of=prices()) == ()


def test_what_lies_before_the_change_is_not_looked_at_again() -> None:
    known = prices(bitcoin={0: "10"})
    old = series_of(buy("1", value="10", at=at(0)), until=5, price_of=known)
    asked: list[date] = []

    def price_of(asset: str, day: date) -> tuple[Decimal, date]:
        asked.append(day)
        return (Decimal(10), day)

    sale = sell("1", value="10", at=at(4))
    new = recompute(old, on(4), transactions=[sale], price_of=price_of, until=on(6))  # type: ignore[arg-type]
    assert new[:4] == old[:4]
    assert [each.value for each in new[4:]] == [0, 0, 0]
    assert asked == []


def test_a_series_is_continued_without_a_hole_and_can_be_shortened() -> None:
    known = prices(bitcoin={0: "10", 3: "20"})
    bought = buy("1", value="10", at=at(0))
    short = series_of(bought, until=1, price_of=known)
    longer = recompute(short, on(4), transactions=[], price_of=known, until=on(4))
    assert longer == series_of(bought, until=4, price_of=known)
    assert recompute(longer, on(9), transactions=[], price_of=known, until=on(1)) == short


changes = st.lists(
    st.tuples(
        st.integers(0, 12),
        st.sampled_from((BTC, ETH)),
        st.sampled_from((MAIN, COLD)),
        st.decimals("0.01", 5, places=2),
    ),
    min_size=1,
    max_size=12,
)


@given(changes, st.integers(0, 14), st.integers(0, 14), st.data())
def test_a_recomputed_series_is_the_series(
    came: list[tuple[int, str, object, Decimal]], early: int, until: int, data: st.DataObject
) -> None:
    """Whatever is added from a day on: recomputing from that day is as good as from the start."""
    known = prices(bitcoin={1: "10", 4: "12.5"}, ethereum={6: "3", 7: "2"})
    all_of_them = [
        entry(Kind.DEPOSIT, leg(quantity, asset, value="1", wallet=wallet), at=at(number))  # type: ignore[arg-type]
        for number, asset, wallet, quantity in came
    ]
    added = data.draw(st.sampled_from(all_of_them))
    first = all_of_them.copy()
    first.remove(added)
    old = series_of(*first, until=early, price_of=known)
    changed = day_of(added.occurred_at)
    tail = all_of_them
    if old and changed > old[0].day:
        beginning = min(changed, old[-1].day + timedelta(days=1))
        tail = [each for each in all_of_them if day_of(each.occurred_at) >= beginning]
    new = recompute(old, changed, transactions=tail, price_of=known, until=on(until))
    assert [each for each in new if each.day <= on(until)] == list(new)
    assert new == tuple(
        each
        for each in series_of(*all_of_them, until=max(until, 14), price_of=known)
        if each.day <= on(until)
    )
    for each in new:
        assert each.value == sum(part.value or 0 for part in each.positions)
