"""What a life finds: each of these writers or databases does one thing wrong."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec
import pytest

from plimsoll.trading.domain.commands import PlaceOrder
from plimsoll.trading.domain.digest import state_digest
from plimsoll.trading.domain.orders import OrderType, Side
from plimsoll.trading.domain.restoring import take
from tests.trading.desk import ANNA, BTC, INDEX, Desk
from tests.trading.lives import Database, Deed, Fault, Kept, Key, Life, Row, Turn
from tests.trading.shrinking import relive


def beginning() -> list[Turn]:
    """What a desk did to open, in one turn."""
    deeds = (Deed(Key(each.seq, 0), each._replace(seq=0)) for each in Desk().journal)
    return [Turn(tuple(deeds))]


def placed(number: int, client_id: str | None = None) -> Deed:
    order = PlaceOrder(
        0, 0, ANNA, BTC, Side.BUY, OrderType.LIMIT, 5, INDEX - 50, client_id=client_id
    )
    return Deed(Key(number, 0), order)


ONE, TWO = placed(101, "one"), placed(102)


@pytest.mark.parametrize("fault", [*Fault, None])
@pytest.mark.parametrize("snapshot", [True, False])
def test_whatever_a_turn_meets_the_life_goes_on(fault: Fault | None, *, snapshot: bool) -> None:
    life = Life(digest_every=1)
    script = [*beginning(), Turn((ONE, TWO), fault, snapshot=snapshot), Turn((ONE.again(),))]
    assert relive(script, life) == ""
    assert len([each for each in life.machine.venue.client_ids if each[1] == "one"]) == 1
    kept = fault in {Fault.UNKNOWN, Fault.AFTER_COMMIT, Fault.DURING_SNAPSHOT, None}
    assert life.machine.venue.client_ids[ANNA, "one"] == min(life.machine.venue.orders)
    assert len(life.machine.venue.orders) == 1 + kept
    assert bool(life.epoch) is (
        fault is not None and (fault is not Fault.DURING_SNAPSHOT or snapshot)
    )


def test_who_got_no_answer_is_known() -> None:
    life = Life()
    relive([*beginning(), Turn((ONE, TWO), Fault.AFTER_COMMIT)], life)
    assert life.unanswered == [ONE, TWO]
    relive([Turn((ONE.again(),))], life)
    assert life.unanswered == []


def test_a_target_is_the_same_order_when_less_came_before_it() -> None:
    life = Life()
    relive([*beginning(), Turn((TWO, ONE))], life)
    target = life.target(max(life.machine.venue.orders))
    assert target is not None
    assert target.key == ONE.key


# -- what is wrong, and found


class AnswersFirst(Life):
    __slots__ = ()

    def apply(self, deed: Deed) -> Row:
        row = super().apply(deed)
        self.answers[row.key] = row.events
        return row


class KeepsMemory(Life):
    __slots__ = ()

    def recover(self) -> None:
        self.database.epoch = self.epoch


class ForgetsClientIds(Life):
    """In its snapshots."""

    __slots__ = ()

    def store(self, fault: Fault | None) -> None:
        assert fault is None
        venue = self.machine.venue
        state = msgspec.json.encode(replace(take(venue), client_ids=[], client_orders=[]))
        self.database.kept = Kept(venue.seq, state, state_digest(venue), self.chain)


@dataclass(slots=True)
class Forgetful(Database):
    """Says that it has kept what it has not."""

    def append(self, rows: Sequence[Row], epoch: int, fault: Fault | None) -> None:
        super(Forgetful, self).append(rows[:-1] if len(rows) == 2 else rows, epoch, fault)


@dataclass(slots=True)
class Unfenced(Database):
    """Takes the batches of a writer that another one has replaced."""

    def append(self, rows: Sequence[Row], epoch: int, fault: Fault | None) -> None:
        assert epoch <= self.epoch
        super(Unfenced, self).append(rows, self.epoch, fault)


@dataclass(slots=True)
class Twice(Database):
    """Has the last thing of every batch two times."""

    def append(self, rows: Sequence[Row], epoch: int, fault: Fault | None) -> None:
        super(Twice, self).append([*rows, *rows[-1:]], epoch, fault)


BROKEN: dict[str, tuple[Life, Fault | None]] = {
    "answered before the commit": (AnswersFirst(), Fault.LOST),
    "memory goes on after a failed commit": (KeepsMemory(), Fault.LOST),
    "memory goes on after an unknown one": (KeepsMemory(), Fault.MID_BATCH),
    "a snapshot without everything": (ForgetsClientIds(), Fault.AFTER_APPLY),
    "two writers at once": (Life(database=Unfenced()), Fault.FENCED),
    "a journal with a hole": (Life(database=Forgetful()), None),
    "a journal that has something twice": (Life(database=Twice()), None),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_wrong_is_found(name: str) -> None:
    life, fault = BROKEN[name]
    script = [*beginning(), Turn((ONE,), snapshot=True), Turn((TWO, placed(103)), fault)]
    assert relive(script, life)


def test_a_machine_that_breaks_a_rule_is_found_at_once() -> None:
    life = Life(lambda machine: ["broken"] * (len(machine.venue.orders) == 2))
    assert relive([*beginning(), Turn((ONE, TWO, placed(103)))], life).startswith("broken")
    assert len(life.machine.venue.orders) == 2
