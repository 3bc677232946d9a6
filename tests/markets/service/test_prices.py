"""The prices facade, in memory."""

from decimal import Decimal

import pytest

from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.board import PriceBoard
from plimsoll.markets.domain.failover import Word
from plimsoll.markets.domain.feeds import FeedKind
from plimsoll.markets.domain.prices import Pair, Price, Tick
from plimsoll.markets.schemas.prices import PairPriceView, PriceView
from plimsoll.markets.service import prices as prices_module
from plimsoll.markets.service.catalogue import load_catalogue
from plimsoll.markets.service.prices import (
    Prices,
    PriceUnavailable,
    prepared_price,
)
from tests.fakes.clock import START, ManualClock

BTC, ETH, USD = AssetId("bitcoin"), AssetId("ethereum"), AssetId("usd")
TETHER, EUR = AssetId("tether"), AssetId("eur")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def prices(clock: ManualClock) -> Prices:
    """Bitcoin at 64000 usd and ether at 3200 usd, fresh for a minute."""
    made = Prices(
        catalogue=load_catalogue(),
        board=PriceBoard(stale_after_s=60),
        clock=clock,
        feed_kind=FeedKind.LIVE,
    )
    put(made, BTC, "64000")
    put(made, ETH, "3200")
    return made


def put(prices: Prices, base: AssetId, value: str) -> None:
    price = Price(Decimal(value), "test", START, change_24h=Decimal("0.05"))
    prices.board.put(Pair(base, USD), price, prices.clock.monotonic())


def test_a_quote_is_found_or_its_absence_is_an_error_and_a_wish(prices: Prices) -> None:
    assert prices.get_quote(ETH, BTC).value == Decimal("0.05")
    assert prices.interest.assets == set()

    with pytest.raises(PriceUnavailable) as missing:
        prices.get_quote(AssetId("dash"), USD)
    assert missing.value.facts == {"base": "dash", "quote": "usd", "feed": "live"}
    assert prices.interest.assets == {"dash", "usd"}


def test_each_source_is_asked_directly_or_through_a_common_quote(clock: ManualClock) -> None:
    said = {
        Pair(BTC, TETHER): [("near", "64000", 0.0), ("old", "60000", -61.0)],
        Pair(BTC, USD): [("near", "1", 0.0), ("far", "64100", 0.0)],
        Pair(BTC, EUR): [("unpriced", "59000", 0.0)],
    }

    def list_well(pair: Pair) -> list[Word]:
        return [
            Word(source, Tick(pair, Price(Decimal(value), source, START)), clock.monotonic() + ago)
            for source, value, ago in said.get(pair, ())
        ]

    prices = Prices(
        catalogue=load_catalogue(),
        board=PriceBoard(stale_after_s=60),
        clock=clock,
        feed_kind=FeedKind.LIVE,
        list_well=list_well,
    )
    dollar = Price(Decimal("0.8"), "test", START)
    prices.board.put(Pair(TETHER, USD), dollar, clock.monotonic())
    assert prices.list_by_source(BTC, TETHER) == {"near": Decimal(64000), "far": Decimal(80125)}

    said[Pair(TETHER, USD)] = [("far", "0.5", 0.0)]  # errs in the common quote, and alone
    said[Pair(BTC, USD)] += [("third", "64100", 0.0)]
    assert prices.list_by_source(BTC, TETHER) == {
        "near": Decimal(64000),
        "far": Decimal(128200),
        "third": Decimal(80125),
    }
    said[Pair(USD, TETHER)] = said.pop(Pair(TETHER, USD))
    assert prices.list_by_source(BTC, TETHER)["far"] == Decimal(32050)
    del said[Pair(USD, TETHER)]

    clock.advance(60.1)  # and what a dollar is in tether is old
    assert prices.list_by_source(BTC, TETHER) == {"near": Decimal(64000)}


def test_a_prepared_price_is_the_declared_shape(prices: Prices, clock: ManualClock) -> None:
    clock.advance(1.5)
    answer = prepared_price(prices, "BTC", "usd")
    assert answer == (
        b'{"coin_id":"bitcoin","vs":"usd","price":"64000","change_24h":"0.05","source":"test",'
        b'"via":null,"at":"2026-01-01T00:00:00Z","simulated":false,"age_ms":1500,"stale":false}'
    )
    assert PriceView.model_validate_json(answer).price == "64000"


def test_a_prepared_price_ages_and_goes_stale_without_being_written_anew(
    prices: Prices, clock: ManualClock
) -> None:
    prepared_price(prices, "bitcoin", "usd")
    clock.advance(60.5)
    view = PriceView.model_validate_json(prepared_price(prices, "bitcoin", "usd") or b"")
    assert (view.age_ms, view.stale) == (60_500, True)


def test_a_prepared_price_follows_the_board(prices: Prices, clock: ManualClock) -> None:
    def now() -> PriceView:
        return PriceView.model_validate_json(prepared_price(prices, "ethereum", "bitcoin") or b"")

    assert now().price == "0.05"
    put(prices, AssetId("dash"), "30")
    assert now().price == "0.05"
    clock.advance(5)
    put(prices, ETH, "6400")
    assert (now().price, now().via, now().age_ms) == ("0.1", "usd", 5000)
    put(prices, BTC, "128000")
    assert (now().price, now().age_ms) == ("0.05", 0)


def test_prepared_answers_agree_with_quotes(prices: Prices, clock: ManualClock) -> None:
    clock.advance(7)
    for base in ("bitcoin", "ethereum", "usd"):
        for quote in ("bitcoin", "ethereum", "usd"):
            assets = prices.catalogue.resolve(base), prices.catalogue.resolve(quote)
            single = PriceView.model_validate_json(prepared_price(prices, base, quote) or b"")
            pair = PairPriceView.model_validate_json(prices.prepare(*assets, as_pair=True) or b"")
            found = prices.get_quote(assets[0].id, assets[1].id)
            for view in (single, pair):
                assert Decimal(view.price) == found.value
                assert (view.age_ms, view.stale, view.at) == (found.age_ms, found.stale, found.at)
            assert (single.coin_id, single.vs) == (base, quote)
            assert pair.pair == f"{assets[0].symbol}/{assets[1].symbol}"


def test_prepared_answers_are_bounded(prices: Prices, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prices_module, "MOST_PREPARED", 2)
    for base in ("bitcoin", "ethereum", "bitcoin"):
        for quote in ("usd", "bitcoin", "ethereum"):
            assert prepared_price(prices, base, quote)
    assert len(prices._prepared) <= 2


def test_what_has_no_price_has_no_prepared_answer(prices: Prices) -> None:
    assert prepared_price(prices, "dash", "usd") is None
    assert prepared_price(prices, "nosuchcoin", "usd") is None
    assert prepared_price(prices, "bitcoin", "nosuchcurrency") is None
    assert prices.interest.assets == {"dash", "usd"}
