"""Two hashes: of the whole state, and of everything that ever happened.

Both are of text that has one form only: dataclasses by their fields in order, mappings sorted where
their order means nothing, enums by their values, whole numbers in decimal. No `hash()`, no floats:
equal on every run and Python version. Number and time of the last command are not part of a state:
a refused command changes them and nothing else.
"""

from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from hashlib import blake2b
from operator import attrgetter
from typing import Any, Final, get_args, get_type_hints

from plimsoll.trading.domain.events import EVENTS, Event
from plimsoll.trading.domain.orders import Order
from plimsoll.trading.domain.venue import Market, Venue

START: Final = "0" * 64
"""The chain before anything happened."""
SIZE: Final = 32


def _template(name: str, hints: Iterable[Any]) -> str:
    """How an event or order of a kind is written, made once: `template % fields` is quick, and they
    come by the thousand. Text that somebody chose is quoted and ASCII only.
    """
    return f"{name}({','.join(_place(each) for each in hints)})"


def _place(hint: Any) -> str:
    if isinstance(hint, type) and issubclass(hint, int):
        return "%d"
    kinds = get_args(hint) or (hint,)
    if any(isinstance(kind, type) and issubclass(kind, Enum) for kind in kinds):
        return "%s"
    return "%a"


_TEMPLATES: Final = {
    kind: _template(name, get_type_hints(kind).values()) for name, kind in EVENTS.items()
}
_ORDER_HINTS: Final = {
    name: hint for name, hint in get_type_hints(Order).items() if name != "attached"
}
_ORDER_TEMPLATE: Final = _template("order", _ORDER_HINTS.values())
_ORDER: Final = attrgetter(*_ORDER_HINTS)


def chain(before: str, events: Iterable[Event]) -> str:
    """The rolling hash after one command's events; `before` is the one until then, hexadecimal."""
    text = before + "".join([_TEMPLATES[type(event)] % event for event in events])
    return blake2b(text.encode("ascii"), digest_size=SIZE).hexdigest()


def state_digest(venue: Venue) -> str:
    """Of everything that what comes may depend on. Looks at all of it but the client ids that were
    there the last time: for snapshots and tests.
    """
    for market in venue.markets.values():
        market.triggers.refresh()
    state = blake2b(digest_size=SIZE)
    for part in fields(venue):
        if part.name in {"seq", "at_ms", "markets", "orders", "client_ids", "unchecked"}:
            continue
        state.update(f"{part.name}={_text(getattr(venue, part.name))};".encode())
    for order in venue.orders.values():
        state.update(_order(order).encode("ascii"))
    state.update(f"client_ids={venue.client_ids.digest()};".encode())
    for symbol in sorted(venue.markets):
        state.update(f"market {symbol}:{_market(venue.markets[symbol])};".encode())
    return state.hexdigest()


def _order(order: Order) -> str:
    text = _ORDER_TEMPLATE % _ORDER(order)
    return text + _text(order.attached) if order.attached else text


def _market(market: Market) -> str:
    """The book as the ids of its orders in priority, the triggers as the ids that wait: what they
    are is with the orders.
    """
    parts = [
        f"{part.name}={_text(getattr(market, part.name))}"
        for part in fields(market)
        if part.name not in {"book", "triggers", "alarms"}
    ]
    parts.append(f"book={_text([order.id for order in market.book.orders()])}")
    parts.append(f"waiting={_text(sorted(market.triggers.orders))}")
    parts.append(f"watched={market.triggers.mark.price},{market.triggers.last.price}")
    return ",".join(parts)


def _text(value: Any) -> str:  # noqa: PLR0911 -- one form for each kind of value
    if isinstance(value, Enum):
        return f"<{value.value}>"
    if value is None or isinstance(value, bool | int):
        return str(value)
    if isinstance(value, str):
        return f"{len(value)}'{value}'"
    if isinstance(value, Decimal):
        return f"d{value.normalize():f}"
    if isinstance(value, dict):
        items = sorted((_text(key), _text(each)) for key, each in value.items())
        return "{" + ",".join(f"{key}:{each}" for key, each in items) + "}"
    if isinstance(value, set | frozenset):
        return "{" + ",".join(sorted(_text(each) for each in value)) + "}"
    if isinstance(value, Order):  # what it is stands with the orders
        return str(value.id)
    if is_dataclass(value):
        inner = ",".join(
            f"{each.name}={_text(getattr(value, each.name))}" for each in fields(value)
        )
        return f"{type(value).__name__}({inner})"
    return "[" + ",".join(_text(each) for each in value) + "]"
