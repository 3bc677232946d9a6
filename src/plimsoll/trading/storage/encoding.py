"""Commands and events as the journal keeps them: JSON lists of their fields, in order.

Fields are only ever added at the end, with a default; names of kinds never change their meaning.
"""

from collections.abc import Sequence
from typing import Any, Final, get_type_hints

import msgspec

from plimsoll.trading.domain.commands import COMMANDS, Command, Quote
from plimsoll.trading.domain.events import EVENTS, Event, OrderAccepted, OrderAmended, OrderEnded

_COMMAND_NAMES: Final = {kind: name for name, kind in COMMANDS.items()}
_EVENT_NAMES: Final = {kind: name for name, kind in EVENTS.items()}
_HEAD: Final = 2
"""Number and time are columns of their own."""
_OWN_ORDERS: Final = (OrderAccepted, OrderEnded, OrderAmended)

_ENCODER: Final = msgspec.json.Encoder()


def _model(kind: type[Any], skipped: int) -> Any:
    """A struct read from a list, so that fields that came later may be missing at the end."""
    defaults: dict[str, Any] = kind._field_defaults
    hints = list(get_type_hints(kind).items())[skipped:]
    return msgspec.defstruct(
        kind.__name__,
        [
            (name, hint, defaults[name]) if name in defaults else (name, hint)
            for name, hint in hints
        ],
        array_like=True,
        forbid_unknown_fields=True,
    )


_COMMANDS: Final = {
    name: msgspec.json.Decoder(_model(kind, _HEAD)) for name, kind in COMMANDS.items()
}
_EVENT_MODELS: Final = {name: _model(kind, 0) for name, kind in EVENTS.items()}


def encode_command(command: Command) -> tuple[str, str]:
    """Its name, and its fields without number and time."""
    return _COMMAND_NAMES[type(command)], _ENCODER.encode(command[_HEAD:]).decode()


def decode_command(name: str, text: str | bytes, *, seq: int, at_ms: int) -> Command:
    fields = _COMMANDS[name].decode(text)
    return COMMANDS[name](seq, at_ms, *msgspec.structs.astuple(fields))


def list_kept(command: Command, events: Sequence[Event]) -> Sequence[Event]:
    """What the journal keeps of what happened. Of the house's quotes only what they did to others:
    the levels themselves are in the command, and replaying it makes them again.
    """
    if not isinstance(command, Quote):
        return events
    house = command.account
    return [
        each for each in events if not (isinstance(each, _OWN_ORDERS) and each.account == house)
    ]


def encode_events(command: Command, events: Sequence[Event]) -> str:
    """Those that are kept."""
    kept = list_kept(command, events)
    return _ENCODER.encode([(_EVENT_NAMES[type(each)], *each) for each in kept]).decode()


def encode_event(event: Event) -> str:
    return _ENCODER.encode((_EVENT_NAMES[type(event)], *event)).decode()


def decode_events(text: str | bytes) -> list[Event]:
    return [_event(row) for row in msgspec.json.decode(text, type=list[list[Any]])]


def decode_event(text: str | bytes) -> Event:
    return _event(msgspec.json.decode(text, type=list[Any]))


def _event(row: list[Any]) -> Event:
    name = row[0]
    fields = msgspec.convert(row[1:], _EVENT_MODELS[name])
    return EVENTS[name](*msgspec.structs.astuple(fields))
