from plimsoll.trading.domain.orders import OrderType, Side, TriggerOn
from tests.trading.ordering import waiting, waiting_at

BUY, SELL = Side.BUY, Side.SELL
MARK, TRAILING = TriggerOn.MARK, OrderType.TRAILING_STOP


def test_a_trailing_stop_follows_the_best_price_and_fires_a_callback_from_it() -> None:
    order = waiting(SELL, TRAILING, callback_ppm=10_000)
    triggers = waiting_at(10_000, order)

    moves = [triggers.reached(MARK, price) for price in (9_901, 10_550, 10_445)]

    assert moves == [[], [], []]
    assert triggers.best_price(order) == 10_550
    # 1 % below 10,550 is 10,444.5: first reached at 10,444
    assert triggers.reached(MARK, 10_444) == [order]
    assert order.best_price == 10_550


def test_a_trailing_stop_that_buys_follows_the_lowest_price() -> None:
    order = waiting(BUY, TRAILING, callback_ppm=10_000)
    triggers = waiting_at(10_000, order)

    assert [triggers.reached(MARK, price) for price in (9_050, 9_140)] == [[], []]
    # 1 % above 9,050 is 9,140.5
    assert triggers.reached(MARK, 9_141) == [order]


def test_a_trailing_stop_with_an_activation_price_follows_from_there_on() -> None:
    order = waiting(SELL, TRAILING, 11_000, callback_ppm=10_000)
    triggers = waiting_at(10_000, order)

    assert [triggers.reached(MARK, price) for price in (10_900, 5_000, 11_100)] == [[], [], []]
    assert triggers.best_price(order) == 11_100
    assert triggers.reached(MARK, 10_989) == [order]


def test_stops_with_one_best_price_fire_by_their_own_callbacks() -> None:
    wide, narrow = (waiting(SELL, TRAILING, callback_ppm=ppm) for ppm in (50_000, 10_000))
    triggers = waiting_at(10_000, wide, narrow)
    triggers.reached(MARK, 20_000)

    assert triggers.reached(MARK, 19_700) == [narrow]
    assert triggers.reached(MARK, 19_000) == [wide]


def test_a_new_high_gathers_those_below_it_and_leaves_those_above() -> None:
    early, late = (waiting(SELL, TRAILING, callback_ppm=400_000) for _ in range(2))
    triggers = waiting_at(10_000, early)
    triggers.reached(MARK, 8_000)
    triggers.add(late)

    triggers.reached(MARK, 9_000)
    apart = triggers.best_price(early), triggers.best_price(late)
    triggers.reached(MARK, 12_000)
    together = triggers.best_price(early), triggers.best_price(late)

    assert apart == (10_000, 9_000)
    assert together == (12_000, 12_000)
    assert len(triggers.mark.selling.groups) == 1


def test_a_price_equal_to_the_best_of_others_gathers_them_too() -> None:
    early, late = (waiting(SELL, TRAILING, callback_ppm=400_000) for _ in range(2))
    triggers = waiting_at(10_000, early)
    triggers.reached(MARK, 8_000)
    triggers.add(late)

    triggers.reached(MARK, 10_000)

    assert len(triggers.mark.selling.groups) == 1
    assert triggers.reached(MARK, 6_000) == [early, late]


def test_a_trailing_stop_is_activated_at_exactly_its_price() -> None:
    order = waiting(BUY, TRAILING, 9_000, callback_ppm=10_000)
    triggers = waiting_at(10_000, order)

    triggers.reached(MARK, 9_001)
    before = triggers.best_price(order)
    triggers.reached(MARK, 9_000)

    assert (before, triggers.best_price(order)) == (0, 9_000)


def test_best_prices_are_written_into_the_orders_when_asked_for() -> None:
    order = waiting(SELL, TRAILING, callback_ppm=10_000)
    triggers = waiting_at(10_000, order)
    triggers.reached(MARK, 10_050)
    assert order.best_price == 0

    triggers.refresh()

    assert order.best_price == 10_050


def test_a_trailing_stop_that_is_taken_out_and_put_back_goes_on_from_its_best() -> None:
    order = waiting(SELL, TRAILING, callback_ppm=10_000)
    triggers = waiting_at(10_000, order)
    triggers.reached(MARK, 10_050)
    triggers.reached(MARK, 10_000)

    triggers.remove(order)
    triggers.add(order)

    assert triggers.best_price(order) == 10_050
