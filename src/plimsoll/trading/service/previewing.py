"""What an order would do, before it is placed."""

from typing import NamedTuple

from plimsoll.access.domain.principals import Principal
from plimsoll.kernel.clock import to_ms
from plimsoll.kernel.errors import PlimsollError
from plimsoll.trading.domain.commands import PlaceOrder
from plimsoll.trading.domain.instruments import Instrument
from plimsoll.trading.domain.previewing import Preview, Purse, preview
from plimsoll.trading.domain.venue import Venue
from plimsoll.trading.engine.applied import Applied
from plimsoll.trading.service.exchange import Exchange
from plimsoll.trading.service.ordering import get_ready, placed_of
from plimsoll.trading.service.orders import Placed
from plimsoll.trading.service.refusals import told
from plimsoll.trading.service.tickets import Ticket, draft_of


class Previewed(NamedTuple):
    """One of `placed` and `refusal` is None."""

    instrument: Instrument
    before: Purse
    after: Purse
    placed: Placed | None
    refusal: PlimsollError | None


async def preview_order(exchange: Exchange, principal: Principal, ticket: Ticket) -> Previewed:
    """What `ordering.place` would do now; nothing is placed. Raises what is wrong with the ticket
    by itself; what the exchange would refuse it for is in the answer.
    """
    instrument = exchange.get_instrument(ticket.symbol)
    account = await exchange.account_of(principal)
    command = draft_of(ticket, instrument, account)(0, to_ms(exchange.clock.now()))
    assert isinstance(command, PlaceOrder)
    await get_ready(exchange, ticket.symbol)

    def look(venue: Venue) -> tuple[int, Preview]:
        return venue.seq + 1, preview(venue, command)

    seq, found = await exchange.read(look)
    applied = Applied(command._replace(seq=seq), found.events, chain="")
    refusal = applied.refusal
    return Previewed(
        instrument,
        found.before,
        found.after,
        placed_of(applied, instrument) if refusal is None else None,
        told(refusal, instrument) if refusal is not None else None,
    )
