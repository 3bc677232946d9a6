"""JSON shapes of orders as they are asked for."""

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from plimsoll.kernel.clock import to_ms
from plimsoll.plumbing.shapes import Body, Moment, PositiveAmount
from plimsoll.trading.domain.orders import Leg, OrderType, Side, TimeInForce, TriggerOn
from plimsoll.trading.service.tickets import Attachment, Ticket, time_in_force_of

MOST_IN_BATCH: Final = 20
LONGEST_SYMBOL: Final = 40
CLIENT_ORDER_ID: Final = r"^[A-Za-z0-9._:/-]{1,64}$"
HIGHEST_LEVERAGE: Final = 1_000
"""More is no leverage at all; what is allowed the bracket and the person's tier say."""
SHORTEST_COUNTDOWN_MS: Final = 1_000
LONGEST_COUNTDOWN_MS: Final = 86_400_000

Sides = Literal["buy", "sell"]
SIDES: Final[dict[str, Side]] = {"buy": Side.BUY, "sell": Side.SELL}

Symbol = Annotated[
    str, Field(min_length=1, max_length=LONGEST_SYMBOL, examples=["BTC-PERP", "BTC-USDT"])
]
Flag = Annotated[bool, Field(strict=True)]


class AttachedBody(Body):
    """A take profit or a stop, placed for as much as the order has filled. With a price it becomes
    a limit order when it is reached, else one at the market's price.
    """

    trigger_price: PositiveAmount
    price: PositiveAmount | None = None
    trigger_on: TriggerOn = TriggerOn.MARK

    def attachment(self) -> Attachment:
        return Attachment(self.trigger_price, self.price, self.trigger_on)


class OrderBody(Body):
    """An order. Which fields belong to which type: `limit` has a price, `market` none; stops and
    take profits have a trigger price, with a price they become limit orders (`stop`,
    `take-profit`), else `stop-market` and `take-profit-market`; a `trailing-stop` has a callback
    rate and, if it is to wait for one, a trigger price.
    """

    symbol: Symbol
    side: Sides
    type: OrderType
    quantity: PositiveAmount | None = None
    """Of the base asset. Left out only with `close_position`."""
    price: PositiveAmount | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    """`gtx` is post only; `gtd` needs `expires_at`."""
    post_only: Flag = False
    """The same as `gtx`."""
    expires_at: Moment | None = None
    reduce_only: Flag = False
    close_position: Flag = False
    position_side: Leg = Leg.NET
    """In hedge mode the position that is meant."""
    leverage: Annotated[int, Field(strict=True, ge=1, le=HIGHEST_LEVERAGE)] | None = None
    """Of the symbol from now on; as it is when left out."""
    client_order_id: Annotated[str, Field(pattern=CLIENT_ORDER_ID)] | None = None
    """Names the order for ever: repeated with the same content, the first one is the answer."""
    trigger_price: PositiveAmount | None = None
    trigger_on: TriggerOn | None = None
    """The price that is watched; the mark when left out."""
    callback_rate: PositiveAmount | None = None
    """In percent of the best price since the trailing stop began."""
    take_profit: AttachedBody | None = None
    stop_loss: AttachedBody | None = None

    def ticket(self) -> Ticket:
        """Refuses a post-only order that is to be something else as well."""
        return Ticket(
            symbol=self.symbol,
            side=SIDES[self.side],
            type=self.type,
            quantity=self.quantity,
            price=self.price,
            time_in_force=time_in_force_of(self.time_in_force, post_only=self.post_only),
            leg=self.position_side,
            reduce_only=self.reduce_only,
            close_position=self.close_position,
            client_id=self.client_order_id,
            expires_at_ms=to_ms(self.expires_at) if self.expires_at else 0,
            trigger_on=self.trigger_on,
            trigger_price=self.trigger_price,
            callback_rate=self.callback_rate,
            leverage=self.leverage or 0,
            take_profit=self.take_profit.attachment() if self.take_profit else None,
            stop_loss=self.stop_loss.attachment() if self.stop_loss else None,
        )


class AmendBody(Body):
    """What changes. `quantity` is the whole one, with what has been filled."""

    price: PositiveAmount | None = None
    quantity: PositiveAmount | None = None


class BatchBody(Body):
    orders: Annotated[tuple[OrderBody, ...], Field(min_length=1, max_length=MOST_IN_BATCH)]


def _check_countdown(value: int) -> int:
    if value and not SHORTEST_COUNTDOWN_MS <= value <= LONGEST_COUNTDOWN_MS:
        raise PydanticCustomError(
            "out-of-range", "it is 0 or from a second to a day, in milliseconds: 1000 to 86400000"
        )
    return value


class CountdownBody(Body):
    """0 switches it off."""

    after_ms: Annotated[
        int,
        Field(strict=True),
        AfterValidator(_check_countdown),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "integer", "const": 0},
                    {
                        "type": "integer",
                        "minimum": SHORTEST_COUNTDOWN_MS,
                        "maximum": LONGEST_COUNTDOWN_MS,
                    },
                ]
            }
        ),
    ]
