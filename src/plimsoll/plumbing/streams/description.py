"""The description of the live protocol (AsyncAPI 3), made from the models that messages are read
into and made of.
"""

from typing import Any, Final

import msgspec

from plimsoll.plumbing.streams.door import Close
from plimsoll.plumbing.streams.hub import FLUSH_MS, MOST_SUBSCRIPTIONS, Hub
from plimsoll.plumbing.streams.messages import (
    LONGEST_MESSAGE,
    OPERATIONS,
    Authenticated,
    Frame,
    Heartbeat,
    Pong,
    Refusal,
    Resynced,
    Shutdown,
    Subscribe,
    Subscribed,
    Subscriptions,
    Unsubscribed,
)

SAID: Final = (
    Subscribed,
    Unsubscribed,
    Resynced,
    Pong,
    Authenticated,
    Subscriptions,
    Heartbeat,
    Refusal,
    Shutdown,
)
REF: Final = "#/components/schemas/{name}"
ADDRESS: Final = "/api/v1/ws"

ESSAY: Final = f"""Live data over one WebSocket. A client's message is one JSON object of at most
{LONGEST_MESSAGE} bytes with an `op`; an `id` comes back with the answer. A message of the server is
one object with an `op`, or a list of data frames.

Every subscription begins with `subscribed` and a `snapshot`, which replace what was known of it.
An `update` says what is true now of a part, at most every {FLUSH_MS} ms or `rate_ms`. It applies
when its `prev` is the last `seq` of the subscription; with a `seq` that is not above the last one
it is old and is ignored; otherwise a frame was lost, and `resync` brings a fresh snapshot. A
`heartbeat` comes every second with the newest `seq` of every subscription: whoever is behind one
of them for longer than a second has lost the tail and asks for a `resync`. Five seconds of silence
mean that the connection is gone.

A client that reads too slowly gets `resync` with the reason `lagged`, and snapshots instead of what
it missed; of channels that never drop anything nothing is left out, and when too much lies before
it the connection ends. At most {MOST_SUBSCRIPTIONS} subscriptions on a connection.

Public channels need no credential. For private ones sign in by the session cookie, by an
`Authorization` header or by `auth`; never in the address. Pages of other sites are refused.

Ends with {", ".join(f"{int(why)} ({why.reason})" for why in Close)} and 1009 (message too long).

The same as server-sent events: `GET /api/v1/stream?channel=prices&symbols=btc/usd,eth/usd`.
"""


def describe(hub: Hub, version: str) -> dict[str, Any]:
    """The document, as JSON-ready objects."""
    channels = [hub.channels[name] for name in sorted(hub.channels)]
    asked = {f"{channel.name}-subscribe": channel.request for channel in channels}
    asked |= {f"op-{op}": model for op, model in OPERATIONS.items()}
    models: list[type] = [*SAID, Frame, Subscribe, *asked.values()]
    models += [channel.body for channel in channels]
    _, schemas = msgspec.json.schema_components(dict.fromkeys(models), ref_template=REF)
    messages = {name: _message(name, model, schemas) for name, model in asked.items()}
    for channel in channels:
        messages[f"{channel.name}-subscribe"]["payload"] = {
            "allOf": [
                {"$ref": REF.format(name=channel.request.__name__)},
                {"properties": {"channel": {"const": channel.name}}, "required": ["channel"]},
            ]
        }
    told = {f"say-{model.__name__.lower()}": model for model in SAID}
    messages |= {name: _message(name, model, schemas) for name, model in told.items()}
    frames = {f"{channel.name}-frames": channel for channel in channels}
    for name, channel in frames.items():
        messages[name] = {
            "name": name,
            "title": f"Data of the channel {channel.name}",
            "summary": _summary(type(channel)),
            "payload": {"type": "array", "items": _frame(channel.name, channel.body)},
        }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Plimsoll, live", "version": version, "description": ESSAY},
        "defaultContentType": "application/json",
        "channels": {
            "live": {
                "address": ADDRESS,
                "title": "Everything that is live",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
            }
        },
        "operations": {
            "hear": _operation("receive", "What a client says", asked),
            "tell": _operation("send", "What the server says", [*told, *frames]),
        },
        "components": {"messages": messages, "schemas": schemas},
    }


def _message(name: str, model: type, schemas: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "title": name.partition("-")[2] if not name.endswith("-subscribe") else name,
        "summary": schemas[model.__name__].get("description", ""),
        "payload": {"$ref": REF.format(name=model.__name__)},
    }


def _frame(channel: str, body: type) -> dict[str, Any]:
    return {
        "allOf": [
            {"$ref": REF.format(name=Frame.__name__)},
            {"$ref": REF.format(name=body.__name__)},
            {"properties": {"ch": {"const": channel}}, "required": ["ch"]},
        ]
    }


def _operation(action: str, summary: str, names: Any) -> dict[str, Any]:
    return {
        "action": action,
        "summary": summary,
        "channel": {"$ref": "#/channels/live"},
        "messages": [{"$ref": f"#/channels/live/messages/{name}"} for name in names],
    }


def _summary(kind: type) -> str:
    return " ".join((kind.__doc__ or "").split("\n\n", maxsplit=1)[0].split())
