"""Read models of one batch: each thing once, as it is after it."""

from typing import Any

from plimsoll.trading.domain.commands import AmendOrder, CancelOrder, OpenAccount
from plimsoll.trading.domain.events import Event
from plimsoll.trading.domain.orders import OrderType, TriggerOn
from plimsoll.trading.engine.applied import Applied
from plimsoll.trading.engine.rows import Projector, Rows
from plimsoll.trading.storage.encoding import decode_events, encode_events, list_kept
from plimsoll.trading.storage.journal import MODELS
from tests.trading.desk import ANNA, BERT, BTC, BUY, HOUSE, INDEX, SELL, UNIT, Desk


class Book:
    """A desk, and the rows of whatever is done there since the last look."""

    def __init__(self) -> None:
        self.desk = Desk()
        self.projector = Projector(houses=[HOUSE], fees=self.desk.venue.fees)
        self.rows = Rows()

    def add(self, events: list[Event]) -> None:
        venue = self.desk.venue
        applied = Applied(self.desk.journal[-1], events, "")
        self.projector.add(self.rows, applied, settle=venue.settle, fees=venue.fees)

    def look(self) -> dict[str, list[dict[str, Any]]]:
        """By table, each row by its columns."""
        tables, self.rows = self.rows.tables(), Rows()
        return {
            part.name: [
                dict(zip((name for name, _ in part.columns), row, strict=True)) for row in table
            ]
            for part, table in zip(MODELS, tables, strict=True)
        }


def test_an_order_is_one_row_however_much_happens_to_it_in_the_batch() -> None:
    book = Book()
    desk = book.desk
    book.add(desk.place(BERT, SELL, 4, INDEX, client_id="mine"))
    order = max(desk.venue.orders)
    book.add(desk.do(AmendOrder, account=BERT, order=order, quantity=6))
    book.add(desk.place(ANNA, BUY, 2, INDEX))
    tables = book.look()
    made = {row["account"]: row for row in tables["orders"]}
    assert not tables["changes"]
    assert (made[BERT]["id"], made[BERT]["client_id"], made[BERT]["status"]) == (
        order, "mine", "open",
    )  # fmt: skip
    assert (made[BERT]["quantity"], made[BERT]["filled"]) == (6, 2)
    assert made[BERT]["cost"] == 2 * INDEX
    assert (made[ANNA]["status"], made[ANNA]["reason"]) == ("filled", "done")
    assert [row["quantity"] for row in tables["fills"]] == [2, 2]
    assert {(row["account"], row["quantity"]) for row in tables["positions"]} == {
        (ANNA, 2), (BERT, -2),
    }  # fmt: skip


def test_what_happens_to_an_earlier_order_is_added_to_it() -> None:
    book = Book()
    desk = book.desk
    book.add(desk.place(BERT, SELL, 4, INDEX))
    order = max(desk.venue.orders)
    book.look()
    book.add(desk.place(ANNA, BUY, 1, INDEX))
    book.add(desk.place(ANNA, BUY, 2, INDEX))
    book.add(desk.do(CancelOrder, account=BERT, order=order))
    (change,) = book.look()["changes"]
    assert (change["id"], change["filled"], change["cost"]) == (order, 3, 3 * INDEX)
    assert (change["status"], change["reason"]) == ("cancelled", "asked")
    assert (change["price"], change["quantity"]) == (None, None)
    assert change["fee"] == 3 * INDEX * UNIT * 200 // 1_000_000


def test_of_a_maker_of_the_house_there_are_fills_and_no_orders() -> None:
    book = Book()
    desk = book.desk
    book.add(desk.quote([(INDEX - 10, 5)], [(INDEX + 10, 5)]))
    book.add(desk.place(ANNA, BUY, 2))
    tables = book.look()
    assert {row["account"] for row in tables["orders"]} == {ANNA}
    assert {row["account"] for row in tables["order_events"]} == {ANNA}
    assert {row["account"] for row in tables["fills"]} == {ANNA, HOUSE}


def test_a_waiting_order_is_told_with_its_trigger_and_opens() -> None:
    book = Book()
    desk = book.desk
    desk.quote([(INDEX - 10, 50)], [(INDEX + 10, 50)])
    desk.place(ANNA, BUY, 3)
    stop = {"type": OrderType.STOP, "trigger": TriggerOn.MARK, "trigger_price": INDEX - 100}
    book.add(desk.place(ANNA, SELL, 3, INDEX - 120, reduce_only=True, **stop))
    (made,) = book.look()["orders"]
    assert (made["status"], made["trigger"], made["trigger_price"]) == (
        "waiting", "mark", INDEX - 100,
    )  # fmt: skip
    desk.quote([], [])
    desk.at_ms += 60_000
    book.add(desk.index(INDEX - 200))
    (change,) = book.look()["changes"]
    assert (change["id"], change["status"]) == (made["id"], "open")


def test_who_opens_an_account_owns_it() -> None:
    book = Book()
    book.add(book.desk.do(OpenAccount, account=9, leverage_cap=5))
    (row,) = book.look()["trading_accounts"]
    assert (row["account"], row["user_id"]) == (9, None)
    book.add(book.desk.apply(OpenAccount, account=9, leverage_cap=5))
    assert not book.look()["trading_accounts"], "a refused command makes no rows"


def test_numbers_of_events_are_their_places_in_the_journal() -> None:
    """Also of a quote of which only a part is kept: whoever replays counts the same."""
    book = Book()
    desk = book.desk
    desk.rest(ANNA, SELL, 3, INDEX + 5)
    desk.quote([(INDEX - 10, 5)], [(INDEX + 10, 5)])
    events = desk.quote([(INDEX + 5, 9), (INDEX - 10, 5)], [(INDEX + 20, 5)])
    book.add(events)
    kept = decode_events(encode_events(desk.journal[-1], events))
    assert len(kept) < len(events)
    assert kept == list(list_kept(desk.journal[-1], events))
    for row in book.look()["order_events"]:
        event = kept[row["number"]]
        assert getattr(event, "order", None) == row["order_id"]


def test_balances_of_a_batch_are_the_sums_of_its_entries() -> None:
    book = Book()
    desk = book.desk
    book.add(desk.place(BERT, SELL, 4, INDEX))
    book.add(desk.place(ANNA, BUY, 4, INDEX))
    tables = book.look()
    for row in tables["balances"]:
        where = [row[name] for name in ("book", "account", "asset")]
        assert row["amount"] == sum(
            each["amount"]
            for each in tables["entries"]
            if [each[name] for name in ("book", "account", "asset")] == where
        )
    assert sum(row["amount"] for row in tables["balances"]) == 0
    assert {row["symbol"] for row in tables["positions"]} == {BTC}
