"""Commands of a request with an Idempotency-Key: done once, however often it is asked for.

The key goes into the journal with the first command of the request, in the transaction that makes
it durable. Asked again, the answer is made from what the journal says happened then; the same key
with another request is refused, and one whose first form is still under way is told so. A request
that was refused whole has changed nothing, and its key is free again. Keys belong to a person and
are kept as long as the journal, for ever.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple
from uuid import UUID

from plimsoll.plumbing.idempotency import InFlight, Key, KeyReused
from plimsoll.trading.domain.instruments import Instrument
from plimsoll.trading.engine.applied import Applied, Draft
from plimsoll.trading.engine.asking import Request
from plimsoll.trading.service.exchange import Exchange
from plimsoll.trading.service.refusals import told
from plimsoll.trading.storage import journal
from plimsoll.trading.storage.encoding import decode_command, decode_events

Plan = Callable[[], Awaitable[Sequence[Draft]]]
"""Finds out what is to be done; asked only when it has not been done before."""

COUNT_BYTES: Final = 2
"""At the end of a fingerprint in the journal: how many commands the request was."""


class Done(NamedTuple):
    """What happened, command by command. `replayed`: an earlier request with the key did it."""

    applied: list[Applied]
    replayed: bool = False


async def once(
    exchange: Exchange,
    user_id: UUID,
    key: Key | None,
    drafts: Sequence[Draft] | Plan,
    *,
    part: str = "",
) -> Done:
    """Do these commands, one directly after the other; with a key at most once. What became of
    each is in the answer: refusals are not raised. Raises InFlight and KeyReused, and what
    `engine.submit_all` raises.

    A request whose commands cannot be known all at once names its `part`s; the last has no name.
    """
    if key is None:
        return Done(await exchange.engine.submit_all(await _planned(drafts), actor=user_id))
    digest = hashlib.sha256(f"{part} {key.text}".encode() + user_id.bytes).digest()
    if digest in exchange.keys_in_flight:
        raise InFlight("ask again when it has ended", retry_after_s=1)
    exchange.keys_in_flight.add(digest)
    task = asyncio.create_task(_do(exchange, user_id, digest, key.fingerprint, drafts))
    task.add_done_callback(lambda done: _ended(exchange, digest, done))
    return await asyncio.shield(task)  # who goes away takes no command back that waits already


async def do_once(
    exchange: Exchange,
    user_id: UUID,
    key: Key | None,
    draft: Draft,
    *,
    instrument: Instrument | None = None,
) -> Done:
    """Do one command; raises why it was refused, as a person is told it."""
    done = await once(exchange, user_id, key, [draft])
    refusal = done.applied[0].refusal
    if refusal is not None:
        raise told(refusal, instrument)
    return done


def _ended(exchange: Exchange, digest: bytes, task: "asyncio.Task[Done]") -> None:
    exchange.keys_in_flight.discard(digest)
    if not task.cancelled():
        task.exception()  # whoever asked may have gone; then nobody else looks at it


async def _do(
    exchange: Exchange,
    user_id: UUID,
    digest: bytes,
    fingerprint: bytes,
    drafts: Sequence[Draft] | Plan,
) -> Done:
    replayed = await _find_done(exchange, digest, fingerprint)
    if replayed is not None:
        return Done(replayed, replayed=True)
    planned = await _planned(drafts)
    request = Request(digest, fingerprint + len(planned).to_bytes(COUNT_BYTES))
    return Done(await exchange.engine.submit_all(planned, actor=user_id, request=request))


async def _planned(drafts: Sequence[Draft] | Plan) -> Sequence[Draft]:
    return drafts if isinstance(drafts, Sequence) else await drafts()


async def _find_done(exchange: Exchange, digest: bytes, fingerprint: bytes) -> list[Applied] | None:
    """What an earlier request with the key did; None: there was none. Raises KeyReused."""
    async with exchange.database.read() as unit:
        found = await journal.find_request(unit, digest)
    if found is None:
        return None
    if found.fingerprint[:-COUNT_BYTES] != fingerprint:
        raise KeyReused("use a new key for a new request")
    rows, count = [found.row], int.from_bytes(found.fingerprint[-COUNT_BYTES:])
    if count > 1:
        last = found.row.seq + count - 1
        pages = journal.read_journal(exchange.database, after=found.row.seq, until=last)
        rows += [row async for page in pages for row in page]
    return [_applied(row) for row in rows]


def _applied(row: journal.JournalRow) -> Applied:
    command = decode_command(row.kind, row.command, seq=row.seq, at_ms=row.at_ms)
    return Applied(command, decode_events(row.events), row.chain, row.actor)
