"""What the journal keeps can be read again, whatever it is and whenever it was written."""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec
import pytest

from plimsoll.trading.domain.commands import COMMANDS, Command, PlaceOrder, Quote
from plimsoll.trading.domain.digest import START, chain
from plimsoll.trading.domain.events import (
    EVENTS,
    Event,
    Filled,
    OrderAccepted,
    OrderAmended,
    OrderEnded,
)
from plimsoll.trading.domain.orders import Side
from plimsoll.trading.storage.encoding import (
    decode_command,
    decode_event,
    decode_events,
    encode_command,
    encode_event,
    encode_events,
    list_kept,
)
from tests.trading.worlds import HOUSE, World


def happened() -> Iterator[tuple[Command, list[Event]]]:
    """Some thousand commands of worlds in which everything occurs."""
    for seed in (2, 10, 12, 23):
        world = World(seed)
        for command in islice(world.commands(), 1_200):
            yield command, world.machine.apply(command)


@pytest.fixture(scope="module")
def story() -> list[tuple[Command, list[Event]]]:
    return list(happened())


def test_every_command_is_read_as_it_was_written(
    story: list[tuple[Command, list[Event]]],
) -> None:
    seen = set()
    for command, _ in story:
        if any(isinstance(each, int) and abs(each) > 2**62 for each in command):
            continue  # the writer takes none of these
        name, text = encode_command(command)
        again = decode_command(name, text, seq=command.seq, at_ms=command.at_ms)
        assert again == command
        assert type(again) is type(command)
        assert [type(each) for each in again] == [type(each) for each in command]
        seen.add(name)
    assert seen == set(COMMANDS)


def test_every_event_that_is_kept_is_read_as_it_was_written(
    story: list[tuple[Command, list[Event]]],
) -> None:
    seen = set()
    for command, events in story:
        again = decode_events(encode_events(command, events))
        kept = list(list_kept(command, events))
        assert again == kept
        assert chain(START, again) == chain(START, kept), "to the type of each field"
        seen |= {type(each) for each in kept}
        assert [decode_event(encode_event(each)) for each in kept] == kept
    assert seen == set(EVENTS.values())


def test_of_the_house_s_quotes_only_what_they_did_to_others_is_kept(
    story: list[tuple[Command, list[Event]]],
) -> None:
    own = (OrderAccepted, OrderEnded, OrderAmended)
    left_out, fills = 0, 0
    for command, events in story:
        kept = list_kept(command, events)
        if not isinstance(command, Quote):
            assert kept == events
            continue
        gone = [each for each in events if each not in kept]
        assert all(isinstance(each, own) and each.account == HOUSE for each in gone)
        left_out += len(gone)
        fills += sum(isinstance(each, Filled) for each in kept)
    assert left_out > 1_000
    assert fills, "and somebody was met by one"


def test_fields_that_came_later_are_missing_in_older_rows() -> None:
    order = PlaceOrder(5, 6, 2, "BTC-PERP", Side.BUY, "market", 7)  # type: ignore[arg-type]
    name, text = encode_command(order)
    fields = json.loads(text)
    required = len(PlaceOrder._fields) - len(PlaceOrder._field_defaults) - 2
    older = json.dumps(fields[:required])
    assert decode_command(name, older, seq=5, at_ms=6) == order
    with pytest.raises(msgspec.ValidationError):
        decode_command(name, json.dumps(fields[: required - 1]), seq=5, at_ms=6)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("deposit", '[2,"tether","100",false]'),
        ("deposit", '[2,"tether",1.5,false]'),
        ("deposit", '[2,"tether",100,false,1]'),
        ("deposit", '{"account":2}'),
        ("deposit", "["),
        ("place-order", '[2,"BTC-PERP",3,"limit",5]'),
    ],
)
def test_a_row_that_is_no_command_is_refused(name: str, text: str) -> None:
    with pytest.raises(msgspec.MsgspecError):
        decode_command(name, text, seq=1, at_ms=1)


def test_names_stand_for_ever() -> None:
    """A journal of years ago has these; a new one may be added, none may be taken away."""
    names: dict[str, dict[str, Any]] = {"commands": COMMANDS, "events": EVENTS}
    assert set(names["commands"]) >= {
        "open-account", "set-tier", "deposit", "withdraw", "transfer", "place-order",
        "amend-order", "cancel-order", "cancel-all", "countdown", "set-leverage",
        "set-margin-mode", "set-hedge", "move-margin", "quote", "set-index", "pass-time",
        "set-state", "set-limits", "list-instrument", "force-reduce", "fund-insurance",
    }  # fmt: skip
    assert set(names["events"]) >= {
        "refused", "account-opened", "wallet-changed", "order-accepted", "order-triggered",
        "filled", "order-ended", "order-amended", "position-changed", "leverage-set",
        "margin-mode-set", "hedge-set", "countdown-set", "tier-set", "instrument-listed",
        "mark-set", "funding-settled", "liquidation-started", "taken-over", "deleveraged",
        "insurance-changed", "state-set", "limits-set",
    }  # fmt: skip
