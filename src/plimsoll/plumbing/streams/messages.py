"""What is said on a live connection: the models that messages are read into and made of, from which
the description of the protocol (AsyncAPI) is made too.

A client's message is one JSON object with an `op`. The server's is one object with an `op`, or a
list of data frames, each of which belongs to one subscription and carries `seq` and `prev`.
"""

from typing import Annotated, Final, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from plimsoll.kernel.errors import (
    Conflict,
    Invalid,
    NotFound,
    TooMany,
    Unauthenticated,
    Unavailable,
)

LONGEST_MESSAGE: Final = 16_384
"""Bytes of a client's message; a longer one ends the connection with 1009."""
LONGEST_ID: Final = 64
LONGEST_NAME: Final = 100
MOST_SYMBOLS: Final = 200
LONGEST_RATE_MS: Final = 60_000

Id = Annotated[str, Meta(max_length=LONGEST_ID, description="Comes back with the answer")]
Name = Annotated[str, Meta(max_length=LONGEST_NAME)]
Sub = Annotated[
    str,
    Meta(max_length=4 * LONGEST_NAME, description="A subscription", examples=["prices:btc/usd"]),
]
Symbols = Annotated[list[Name], Meta(max_length=MOST_SYMBOLS)]
RateMs = Annotated[
    int,
    Meta(
        ge=0,
        le=LONGEST_RATE_MS,
        description="The shortest time between two updates; rounded up to whole flushes",
    ),
]
Seq = Annotated[int, Meta(ge=0, description="Grows; of no meaning but its order")]


class BadMessage(Invalid):
    """Text that is not JSON, or JSON that is not one of the operations."""

    code = "invalid-message"
    title = "The message cannot be read"


class NotText(BadMessage):
    """A binary message; everything here is JSON text."""

    code = "not-text"
    title = "Messages are JSON text"


class UnknownOperation(Invalid):
    code = "unknown-op"
    title = "No such operation"


class UnknownChannel(NotFound):
    code = "unknown-channel"
    title = "No such channel"


class NotSubscribed(NotFound):
    """The connection has no such subscription."""

    code = "not-subscribed"
    title = "No such subscription"


class TooManySubscriptions(TooMany):
    code = "too-many-subscriptions"
    title = "Too many subscriptions"


class TooManyMessages(TooMany):
    code = "too-many-messages"
    title = "Too many messages"


class TooManyConnections(TooMany):
    code = "too-many-connections"
    title = "Too many live connections"


class SomebodyElse(Conflict):
    """A connection belongs to the first who signed in on it."""

    code = "somebody-else"
    title = "Another user is signed in on this connection"


class CredentialEnded(Unauthenticated):
    """It was still good when the private subscription was asked for."""

    code = "credential-ended"
    title = "The credential has ended"


class CredentialInAddress(Invalid):
    """Addresses are written to logs and histories; a credential is not."""

    code = "credential-in-address"
    title = "A credential may not stand in the address"


class ShuttingDown(Unavailable):
    code = "shutting-down"
    title = "The service is stopping"


# What a client says.


class Ask(Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True, tag_field="op"):
    """Common to all operations."""

    id: Id | None = None


class Subscribe(Ask, kw_only=True, tag="subscribe"):
    """Begin to listen. A channel that takes more says so in a subclass of its own.

    The same subscription at another rate replaces the first. `since_seq` is for channels that never
    drop anything: what came after it is repeated as far back as is remembered or stored.
    """

    channel: Name
    symbols: Symbols = []
    rate_ms: RateMs = 0
    since_seq: Seq | None = None


class Unsubscribe(Ask, kw_only=True, tag="unsubscribe"):
    """Listen no more, to one or to several."""

    sub: Sub | Annotated[list[Sub], Meta(max_length=MOST_SYMBOLS)]


class Resync(Ask, kw_only=True, tag="resync"):
    """A fresh snapshot, please: a frame was lost."""

    sub: Sub


class Ping(Ask, tag="ping"):
    """Is anybody there?"""


class Auth(Ask, kw_only=True, tag="auth"):
    """Sign in with an access token or an API key; again before the token expires."""

    token: Annotated[str, Meta(max_length=4096)]


class ListSubscriptions(Ask, tag="list"):
    """What do I listen to?"""


OPERATIONS: Final[dict[str, type[Ask]]] = {
    "unsubscribe": Unsubscribe,
    "resync": Resync,
    "ping": Ping,
    "auth": Auth,
    "list": ListSubscriptions,
}
"""All but `subscribe`, whose fields depend on the channel."""


# What the server says.


class Say(Struct, tag_field="op"):
    """Common to everything that is not data."""


class Answer(Say, kw_only=True):
    """`id` is the asker's."""

    id: str | UnsetType = UNSET


class Subscribed(Answer, tag="subscribed"):
    sub: str


class Unsubscribed(Answer, tag="unsubscribed"):
    """`reason` is there when nobody asked: the code of why a private subscription has ended."""

    sub: str
    reason: str | UnsetType = UNSET


class Resynced(Answer, tag="resync"):
    """A snapshot follows. `reason`: `asked`; `lagged`: updates were left out because the client
    read too slowly; `forgotten`: `since_seq` is further back than is remembered.
    """

    sub: str
    reason: Literal["asked", "lagged", "forgotten"]


class Pong(Answer, tag="pong"):
    ts_ms: int


class Authenticated(Answer, tag="authenticated"):
    """`expires_at_ms`: until when; null for ever."""

    user: str
    expires_at_ms: int | None


class Subscriptions(Answer, tag="subscriptions"):
    subs: list[str]


class Heartbeat(Say, tag="heartbeat"):
    """Every second: the server's time, and the newest `seq` of everything this client listens to.

    A client whose own `seq` is behind one of these has lost a frame and asks for a `resync`.
    """

    ts_ms: int
    seqs: dict[str, int]


class Refusal(Answer, tag="error"):
    """What was asked was not done; `code` is stable, `detail` is for people."""

    code: str
    detail: str
    retry_after_ms: int | UnsetType = UNSET


class Shutdown(Say, tag="shutdown"):
    """The service stops; come back after about `retry_ms`, not all at the same moment."""

    retry_ms: int


class Frame(Struct):
    """Data of one subscription; the channel's own members stand beside these.

    A `snapshot` is the whole state and replaces what the client has. An `update` says what is true
    now of a part of it, and applies when `prev` is the last `seq` the client has; a frame whose
    `seq` is not above that is old and is ignored; else a frame was lost.
    """

    sub: Sub
    ch: Name
    type: Literal["snapshot", "update"]
    seq: Seq
    ts_ms: int
    sym: Name | UnsetType = UNSET
    prev: Seq | UnsetType = UNSET


Asked = TypeVar("Asked", bound=Ask)


class _Head(Struct):
    """What is looked at first, to know how to read the rest."""

    op: str
    id: Id | None = None
    channel: Name = ""


_HEADS: Final = msgspec.json.Decoder(_Head)


def read_head(text: str) -> _Head:
    """Operation, id and channel of a client's message; BadMessage when it has none."""
    try:
        return _HEADS.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise BadMessage(str(error)[:200]) from None


def read(text: str, model: type[Asked]) -> Asked:
    """The whole message, whose head was read before."""
    try:
        return msgspec.json.decode(text, type=model)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise BadMessage(str(error)[:200]) from None
