"""Orders of people: placed, changed, cancelled.

A ticket becomes one command of the machine, and the answer is made of the events of that command:
no look at the database, and nothing in it that happened later.

A client order id names one order of an account for ever. Asked for again with it, and with the very
same content, the first order is the answer; with any other content it is refused.
"""

from collections.abc import Sequence
from decimal import Decimal

from plimsoll.access.domain.principals import Principal
from plimsoll.kernel.errors import Conflict, PlimsollError
from plimsoll.kernel.money import format_amount
from plimsoll.plumbing.idempotency import Key
from plimsoll.trading.domain.commands import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    Command,
    Countdown,
    PlaceOrder,
)
from plimsoll.trading.domain.events import (
    Filled,
    OrderAccepted,
    OrderEnded,
)
from plimsoll.trading.domain.instruments import Instrument
from plimsoll.trading.domain.orders import (
    IDS_PER_COMMAND,
)
from plimsoll.trading.domain.refusals import DuplicateClientId, UnknownOrder
from plimsoll.trading.domain.units import quantity_of, to_steps, to_ticks
from plimsoll.trading.engine.applied import Applied, Draft
from plimsoll.trading.engine.folding import ORDER_EVENTS, accepted, apply
from plimsoll.trading.service.exchange import Exchange
from plimsoll.trading.service.once import Done, once
from plimsoll.trading.service.orders import Placed, get_account, get_order
from plimsoll.trading.service.refusals import submit, told
from plimsoll.trading.service.tickets import Ticket, draft_of
from plimsoll.trading.storage import journal
from plimsoll.trading.storage.encoding import decode_command
from plimsoll.trading.storage.orders import FillRecord, OrderRecord


class ClientOrderIdTaken(Conflict):
    """`order` in the facts is the first one's id."""

    code = "client-order-id-taken"
    title = "Another order has this client order id"


class OrderHasEnded(Conflict):
    """What is over cannot be cancelled or amended; `order_status` says how it ended."""

    code = "order-ended"
    title = "The order has ended"


# -- placing


async def place(
    exchange: Exchange, principal: Principal, ticket: Ticket, key: Key | None = None
) -> Placed:
    """Place an order, durable when this returns; or find the one that was placed by an earlier
    request with this key or this client order id. Raises why it was refused.
    """
    instrument = exchange.get_instrument(ticket.symbol)
    account = await exchange.account_of(principal)
    draft = draft_of(ticket, instrument, account)
    await get_ready(exchange, ticket.symbol)
    done = await once(exchange, principal.user_id, key, [draft])
    placed = await _outcome(exchange, done.applied[0], instrument)
    return placed._replace(replayed=True) if done.replayed else placed


async def place_new(exchange: Exchange, principal: Principal, ticket: Ticket) -> Placed | None:
    """The same for an order that nobody asked for before; None: its client order id is known, and
    nothing was changed.
    """
    instrument = exchange.get_instrument(ticket.symbol)
    account = await exchange.account_of(principal)
    draft = draft_of(ticket, instrument, account)
    await get_ready(exchange, ticket.symbol)
    (applied,) = await exchange.engine.submit_all([draft], actor=principal.user_id)
    refusal = applied.refusal
    if refusal is None:
        return placed_of(applied, instrument)
    if isinstance(refusal, DuplicateClientId):
        return None
    raise told(refusal, instrument)


async def place_all(
    exchange: Exchange,
    principal: Principal,
    tickets: Sequence[Ticket | PlimsollError],
    key: Key | None = None,
) -> tuple[list[Placed | PlimsollError], bool]:
    """Each of them, one directly after the other, whatever becomes of the others: the order, or why
    it was refused. Also whether all of it was done by an earlier request with this key. A refusal
    among the tickets stays where it is.
    """
    account = await exchange.account_of(principal)
    drafts: list[tuple[Draft, Instrument] | PlimsollError] = []
    for ticket in tickets:
        if isinstance(ticket, PlimsollError):
            drafts.append(ticket)
            continue
        try:
            instrument = exchange.get_instrument(ticket.symbol)
            drafts.append((draft_of(ticket, instrument, account), instrument))
        except PlimsollError as error:
            drafts.append(error)
    wanted = [each for each in drafts if not isinstance(each, PlimsollError)]
    for symbol in dict.fromkeys(instrument.symbol for _, instrument in wanted):
        await get_ready(exchange, symbol)
    done = Done([])
    if wanted:
        done = await once(exchange, principal.user_id, key, [draft for draft, _ in wanted])
    applied = iter(done.applied)
    outcomes: list[Placed | PlimsollError] = []
    for each in drafts:
        if isinstance(each, PlimsollError):
            outcomes.append(each)
            continue
        try:
            outcomes.append(await _outcome(exchange, next(applied), each[1]))
        except PlimsollError as error:
            outcomes.append(error)
    return outcomes, done.replayed


async def get_ready(exchange: Exchange, symbol: str) -> None:
    """A market is fed with prices while somebody asks for it; its index is fresh after this."""
    if exchange.feeding is not None:
        await exchange.feeding.ready(symbol)


async def _outcome(exchange: Exchange, applied: Applied, instrument: Instrument) -> Placed:
    """The order of a `PlaceOrder`, or the one that has its client order id already."""
    refusal = applied.refusal
    if refusal is None:
        return placed_of(applied, instrument)
    if isinstance(refusal, DuplicateClientId):
        return await _find_first(exchange, applied.command, int(refusal.facts["order"] or 0))
    raise told(refusal, instrument)


async def _find_first(exchange: Exchange, command: Command, order_id: int) -> Placed:
    """The order that this command asks for once more, as it is now; raises ClientOrderIdTaken."""
    assert isinstance(command, PlaceOrder)
    if await _find_command(exchange, order_id // IDS_PER_COMMAND) != command[2:]:
        raise ClientOrderIdTaken(
            "its other fields differ from what is asked for now", facts={"order": str(order_id)}
        )
    return (await get_order(exchange, command.account, order_id))._replace(first=False)


async def _find_command(exchange: Exchange, seq: int) -> tuple[object, ...]:
    """The fields of a `PlaceOrder` in the journal, but for its number and time."""
    async for rows in journal.read_journal(exchange.database, after=seq - 1, until=seq):
        for row in rows:
            return decode_command(row.kind, row.command, seq=row.seq, at_ms=row.at_ms)[2:]
    return ()


# -- what a command did, told as an order


def placed_of(applied: Applied, instrument: Instrument) -> Placed:
    """The order that a `PlaceOrder` made, from its events alone."""
    command = applied.command
    assert isinstance(command, PlaceOrder)
    order: OrderRecord | None = None
    fills: list[FillRecord] = []
    order_id = command.seq * IDS_PER_COMMAND
    for event in applied.events:
        if isinstance(event, OrderAccepted):
            if event.order == order_id:
                order = accepted(command, event)
        elif order is not None and isinstance(event, ORDER_EVENTS) and event.order == order_id:
            apply(order, event)
            if isinstance(event, Filled):
                fills.append(_fill(event, command.at_ms))
    assert order is not None
    return Placed(order, fills, instrument)


def _fill(event: Filled, at_ms: int) -> FillRecord:
    return FillRecord(
        event.fill, at_ms, event.price, event.quantity, event.fee, event.profit,
        event.maker, event.cause.value, event.level, event.ahead,
    )  # fmt: skip


# -- changing


async def cancel(exchange: Exchange, principal: Principal, order_id: int) -> Placed:
    """Cancel an open or waiting order; it as it is then."""
    account = await get_account(exchange, principal.user_id, order_id)

    def draft(seq: int, at_ms: int) -> CancelOrder:
        return CancelOrder(seq, at_ms, account, order_id)

    return await _change(exchange, principal, account, order_id, draft)


async def amend(
    exchange: Exchange,
    principal: Principal,
    order_id: int,
    *,
    price: Decimal | None,
    quantity: Decimal | None,
) -> Placed:
    """Give an open or waiting order a new price or another whole quantity; it as it is then."""
    account = await get_account(exchange, principal.user_id, order_id)
    instrument = (await get_order(exchange, account, order_id)).instrument
    ticks = to_ticks(instrument, price) if price is not None else 0
    steps = to_steps(instrument, quantity) if quantity is not None else 0

    def draft(seq: int, at_ms: int) -> AmendOrder:
        return AmendOrder(seq, at_ms, account, order_id, ticks, steps, counted=True)

    await get_ready(exchange, instrument.symbol)
    return await _change(exchange, principal, account, order_id, draft)


async def _change(
    exchange: Exchange, principal: Principal, account: int, order_id: int, draft: Draft
) -> Placed:
    (applied,) = await exchange.engine.submit_all([draft], actor=principal.user_id)
    now = await get_order(exchange, account, order_id)
    refusal = applied.refusal
    if refusal is None:
        return now
    if isinstance(refusal, UnknownOrder):
        raise OrderHasEnded(
            f"it is {now.order.status} already",
            facts={
                "order_status": now.order.status,
                "filled_quantity": format_amount(quantity_of(now.instrument, now.order.filled)),
            },
        )
    raise told(refusal, now.instrument)


async def cancel_all(exchange: Exchange, principal: Principal, symbol: str | None) -> list[int]:
    """Cancel all open and waiting orders, or those of one symbol; the ids of those that were."""
    if symbol is not None:
        exchange.get_instrument(symbol)
    account = await exchange.find_account(principal.user_id)
    if account is None:
        return []
    who = account

    def draft(seq: int, at_ms: int) -> CancelAll:
        return CancelAll(seq, at_ms, who, symbol or "")

    applied = await submit(exchange, draft, actor=principal.user_id)
    return [
        each.order
        for each in applied.events
        if isinstance(each, OrderEnded) and each.account == account
    ]


async def count_down(exchange: Exchange, principal: Principal, after_ms: int) -> int | None:
    """Cancel everything in so many milliseconds, unless asked again before; 0: do not. The moment,
    in milliseconds.
    """
    account = await exchange.account_of(principal)

    def draft(seq: int, at_ms: int) -> Countdown:
        return Countdown(seq, at_ms, account, at_ms + after_ms if after_ms else 0)

    applied = await submit(exchange, draft, actor=principal.user_id)
    return applied.at_ms + after_ms if after_ms else None
