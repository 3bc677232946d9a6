"""Why a command is refused. Each is one code with the numbers behind it, and changes nothing.

The machine turns one into a `Refused` event; whoever has only the event finds the class in
`REFUSALS` by its code, with the kind that tells what a caller can do about it.
"""

from typing import Final

from plimsoll.kernel.errors import Conflict, Invalid, NotFound, PlimsollError, TooMany


class UnknownAccount(NotFound):
    code = "unknown-account"
    title = "There is no such trading account"


class UnknownSymbol(NotFound):
    code = "unknown-symbol"
    title = "Nothing is traded under this symbol"


class UnknownOrder(NotFound):
    """Or it has ended: an order that is not known any more will never fill."""

    code = "unknown-order"
    title = "There is no such open order"


class NoPosition(NotFound):
    code = "no-position"
    title = "There is no such position"


class OutOfRange(Invalid):
    """A number that cannot be: not above zero, or beyond what is possible at all."""

    code = "out-of-range"
    title = "A number is out of its range"


class OrderRefused(Invalid):
    """Fields that do not go together."""

    code = "order-fields-refused"
    title = "These fields do not make an order"


class LegRefused(Invalid):
    code = "leg-refused"
    title = "The position leg does not fit the position mode"


class NotForSpot(Invalid):
    code = "not-for-spot"
    title = "Only perpetuals have this"


class UnknownAsset(Invalid):
    code = "unknown-asset"
    title = "No market here trades this asset"


class BelowMinimumNotional(Invalid):
    code = "below-minimum-notional"
    title = "The order is worth too little"


class AboveMostQuantity(Invalid):
    code = "above-most-quantity"
    title = "The order is too large"


class OutsideBand(Invalid):
    code = "price-outside-band"
    title = "The price is too far from the mark"


class DuplicateClientId(Conflict):
    """`order` in the facts is the first one's id."""

    code = "duplicate-client-id"
    title = "An order with this client id exists"


class AlreadyExists(Conflict):
    code = "already-exists"
    title = "It exists already"


class NoPrice(Conflict):
    code = "no-price"
    title = "The market has no price yet"


class Halted(Conflict):
    code = "halted"
    title = "Trading is halted"


class OnlyReducing(Conflict):
    code = "only-reducing"
    title = "Only orders that reduce a position are taken now"


class NothingToReduce(Conflict):
    code = "nothing-to-reduce"
    title = "There is no position that this would reduce"


class TooManyOrders(Conflict):
    code = "too-many-orders"
    title = "Too many open orders"


class AccountLimitReached(Conflict):
    code = "account-exposure-limit"
    title = "The account would be exposed beyond its limit"


class VenueLimitReached(Conflict):
    code = "venue-exposure-limit"
    title = "All accounts together would be exposed beyond the limit"


class OrderRateReached(TooMany):
    code = "order-rate"
    title = "Too many orders in a second"


class AboveBrackets(Conflict):
    code = "above-brackets"
    title = "No position may be as large as this would become"


class LeverageAboveCap(Conflict):
    """More than the bracket of the resulting notional, or the person's tier, allows."""

    code = "leverage-above-cap"
    title = "The leverage is too high for this size or this account"


class InsufficientMargin(Conflict):
    """`required` and `available` are in the facts, in hundred-millionths."""

    code = "insufficient-margin"
    title = "There is not enough margin"


class InsufficientBalance(Conflict):
    code = "insufficient-balance"
    title = "There is not enough of this asset"


class NotCovered(Conflict):
    """At the prices the market gives now, the loss or the fees would be more than there is."""

    code = "not-covered"
    title = "The wallet could not pay for this"


class WouldTriggerAtOnce(Conflict):
    code = "would-trigger-at-once"
    title = "The trigger price has been reached already"


class WouldTake(Conflict):
    code = "would-take"
    title = "A post-only order may not take liquidity"


class AmendBelowFilled(Conflict):
    code = "amend-below-filled"
    title = "More than that has been filled already"


class NotFlat(Conflict):
    """Positions or open orders stand in the way of a new mode."""

    code = "not-flat"
    title = "Close positions and cancel orders first"


class MarginNeeded(Conflict):
    """An isolated position needs what would be taken from it."""

    code = "margin-needed"
    title = "The position needs this margin"


REFUSALS: Final[dict[str, type[PlimsollError]]] = {
    each.code: each
    for each in (
        UnknownAccount,
        UnknownSymbol,
        UnknownOrder,
        NoPosition,
        OutOfRange,
        OrderRefused,
        LegRefused,
        NotForSpot,
        UnknownAsset,
        BelowMinimumNotional,
        AboveMostQuantity,
        OutsideBand,
        DuplicateClientId,
        AlreadyExists,
        NoPrice,
        Halted,
        OnlyReducing,
        NothingToReduce,
        TooManyOrders,
        AccountLimitReached,
        VenueLimitReached,
        OrderRateReached,
        AboveBrackets,
        LeverageAboveCap,
        InsufficientMargin,
        InsufficientBalance,
        NotCovered,
        WouldTriggerAtOnce,
        WouldTake,
        AmendBelowFilled,
        NotFlat,
        MarginNeeded,
    )
}
