from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.kernel.identifiers import UserId
from plimsoll.operations.domain.cases import Finding, Kind, Rule, Severity, Subject, Zone, advance
from plimsoll.operations.domain.rules import (
    EXPOSURE,
    LEVERAGE,
    LIQUIDATIONS,
    NEW_PLACE,
    ORDER_TO_TRADE,
    SELF_TRADES,
    Levels,
    LevelsOutOfOrder,
    Measure,
    SignIn,
    Trade,
    WashLike,
    count_wash_like,
    judge_exposure,
    judge_leverage,
    judge_liquidations,
    judge_order_to_trade,
    judge_self_trades,
    judge_sign_in,
    place_of,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ANN, BEN, CAT = (UserId(UUID(int=number)) for number in (1, 2, 3))
PEOPLE = st.sampled_from([ANN, BEN, CAT, None])
TRADES = st.lists(st.builds(Trade, PEOPLE, PEOPLE, st.integers(1, 1000).map(Decimal)), max_size=30)
HOME, AWAY = "192.0.2.0/24", "198.51.100.0/24"


def trade(buyer: UserId | None, seller: UserId | None, notional: str) -> Trade:
    return Trade(buyer, seller, Decimal(notional))


def sign_in(place: str, known: dict[str, datetime], failures: int = 0) -> Finding:
    return judge_sign_in(SignIn(ANN, NOW, place, failures), known)


@pytest.mark.parametrize(
    ("leverage", "zone", "severity"),
    [
        ("15.9", Zone.CLEAR, None),
        ("16", Zone.BETWEEN, None),
        ("17.999999999", Zone.BETWEEN, None),
        ("18", Zone.BREACHED, Severity.LOW),
        ("20", Zone.BREACHED, Severity.LOW),
        ("21", Zone.BREACHED, Severity.MEDIUM),
        ("25", Zone.BREACHED, Severity.HIGH),
    ],
)
def test_leverage_is_judged_as_a_share_of_the_limit(
    leverage: str, zone: Zone, severity: Severity | None
) -> None:
    finding = judge_leverage(ANN, "BTC-PERP", NOW, leverage=Decimal(leverage), limit=Decimal(20))

    assert (finding.zone, finding.severity) == (zone, severity)
    assert dict(finding.evidence.numbers) == {"leverage": Decimal(leverage), "limit": Decimal(20)}


def test_exposure_is_judged_as_a_share_of_the_threshold() -> None:
    subject = Subject(matter="BTC-PERP")

    finding = judge_exposure(subject, NOW, notional=Decimal(50), threshold=Decimal(150))

    assert finding.evidence.value == Decimal("0.333333")
    assert finding.reason == "exposure: 0.333333 reaches 0.25"
    assert finding.severity is Severity.LOW


def test_liquidations_count_within_the_window_only() -> None:
    hours = [0, 23, 24, 25, -1]

    finding = judge_liquidations(ANN, NOW, [NOW - timedelta(hours=hour) for hour in hours])

    assert finding.evidence.value == 2
    assert dict(finding.evidence.numbers) == {"liquidations": 2, "window_s": 86_400}
    assert finding.severity is Severity.LOW


def test_what_is_passed_there_and_back_is_wash_like() -> None:
    trades = [
        trade(ANN, ANN, "10"),
        trade(ANN, BEN, "30"),
        trade(BEN, ANN, "20"),
        trade(ANN, CAT, "40"),
        trade(BEN, CAT, "999"),
    ]

    assert count_wash_like(ANN, trades) == WashLike(4, Decimal(100), Decimal(10), Decimal(40))


def test_trading_with_the_house_is_no_arrangement() -> None:
    counted = count_wash_like(ANN, [trade(ANN, None, "5"), trade(None, ANN, "5")])

    assert (counted.notional, counted.own, counted.round_trips) == (10, 0, 0)


@given(TRADES)
def test_wash_like_is_never_more_than_all(trades: list[Trade]) -> None:
    counted = count_wash_like(ANN, trades)

    assert 0 <= counted.own + counted.round_trips <= counted.notional
    assert counted == count_wash_like(ANN, reversed(trades))


def test_a_few_self_trades_say_nothing_yet() -> None:
    few, more = (WashLike(fills, Decimal(10), Decimal(5), Decimal(0)) for fills in (5, 6))

    assert judge_self_trades(ANN, "BTC-PERP", NOW, few).zone is Zone.CLEAR
    assert judge_self_trades(ANN, "BTC-PERP", NOW, more).severity is Severity.MEDIUM


def test_who_traded_nothing_washed_nothing() -> None:
    assert judge_self_trades(ANN, "BTC-PERP", NOW, count_wash_like(ANN, [])).evidence.value == 0


@pytest.mark.parametrize(
    ("orders", "fills", "severity"),
    [(499, 0, None), (500, 0, Severity.MEDIUM), (1000, 10, Severity.LOW), (1000, 11, None)],
)
def test_orders_are_judged_per_fill(orders: int, fills: int, severity: Severity | None) -> None:
    assert judge_order_to_trade(ANN, NOW, orders=orders, fills=fills).severity is severity


def test_a_sign_in_from_a_known_place_is_clear() -> None:
    assert sign_in(HOME, {HOME: NOW - timedelta(days=89)}).zone is Zone.CLEAR


def test_the_first_sign_in_of_all_is_from_no_new_place() -> None:
    assert sign_in(HOME, {}, failures=3).zone is Zone.CLEAR


def test_a_place_is_forgotten_after_a_while() -> None:
    assert sign_in(HOME, {HOME: NOW - timedelta(days=90)}).severity is Severity.LOW


@pytest.mark.parametrize(
    ("seen_ago", "failures", "severity"),
    [
        (timedelta(hours=1), 0, Severity.LOW),
        (timedelta(minutes=59), 0, Severity.MEDIUM),
        (timedelta(hours=1), 1, Severity.MEDIUM),
        (timedelta(minutes=59), 1, Severity.HIGH),
    ],
)
def test_a_new_place_is_worse_with_what_makes_it_odd(
    seen_ago: timedelta, failures: int, severity: Severity
) -> None:
    assert sign_in(AWAY, {HOME: NOW - seen_ago}, failures).severity is severity


def test_each_new_place_has_a_case_of_its_own() -> None:
    known = {HOME: NOW - timedelta(days=1)}

    changes = advance([], [sign_in(AWAY, known), sign_in("203.0.113.0/24", known)], NOW)

    assert [change.kind for change in changes] == [Kind.OPENED, Kind.OPENED]


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.0.2.77", HOME),
        ("::ffff:192.0.2.77", HOME),
        ("2001:db8:1:2::5", "2001:db8:1::/48"),
        ("::5", "::/48"),
    ],
)
def test_a_place_is_the_network_around_an_address(address: str, place: str) -> None:
    assert place_of(address) == place


def test_levels_have_to_rise() -> None:
    with pytest.raises(LevelsOutOfOrder):
        Levels(Decimal(2), Decimal(2), Decimal(3), Decimal(4))


MEASURES = [LEVERAGE, EXPOSURE, LIQUIDATIONS, SELF_TRADES, ORDER_TO_TRADE, NEW_PLACE]


def test_every_rule_has_a_measure() -> None:
    assert [measure.rule for measure in MEASURES] == list(Rule)


@given(
    st.sampled_from(MEASURES),
    st.decimals(0, 10_000, places=9),
    st.decimals(0, 10_000, places=9),
)
def test_a_higher_figure_is_never_judged_milder(
    measure: Measure, one: Decimal, other: Decimal
) -> None:
    low, high = (
        measure.judge(Subject(ANN), NOW, value, {}, seen=measure.least)
        for value in sorted((one, other))
    )

    assert (low.severity or 0) <= (high.severity or 0)
    assert (high.zone is Zone.CLEAR) <= (low.zone is Zone.CLEAR)


@given(st.sampled_from(MEASURES), st.decimals(0, 10_000, places=9))
def test_a_figure_is_rounded_over_no_level(measure: Measure, value: Decimal) -> None:
    finding = measure.judge(Subject(ANN), NOW, value, {}, seen=measure.least)

    assert (finding.zone is Zone.BREACHED) == (value >= measure.levels.open_at)
    assert (finding.zone is Zone.CLEAR) == (value < measure.levels.close_at)
    assert 0 <= value - finding.evidence.value < Decimal("0.000001")
