"""The machine as the writer has it, and a batch of commands that is applied to it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import prometheus_client

from plimsoll.trading.domain import digest
from plimsoll.trading.domain.commands import PassTime
from plimsoll.trading.domain.machine import Machine
from plimsoll.trading.domain.venue import Venue
from plimsoll.trading.engine.applied import Applied, Draft
from plimsoll.trading.engine.asking import Asked
from plimsoll.trading.engine.recovery import Restored
from plimsoll.trading.engine.rows import Projector, Rows
from plimsoll.trading.storage.encoding import encode_command, encode_events

COMMANDS: Final = prometheus_client.Counter("engine_commands", "Commands in the journal.", ["kind"])
REFUSALS: Final = prometheus_client.Counter("engine_refusals", "Commands refused.", ["code"])


@dataclass(slots=True)
class Batch:
    """What is applied and written together. `epoch`: whose; nobody else ever has the same."""

    epoch: int
    before_seq: int
    asked: list[tuple[Asked, list[Applied]]] = field(default_factory=list)
    applied: list[Applied] = field(default_factory=list)
    journal: list[tuple[object, ...]] = field(default_factory=list)
    rows: Rows = field(default_factory=Rows)

    def count(self) -> None:
        """For the metrics, once it is durable."""
        for row, applied in zip(self.journal, self.applied, strict=True):
            COMMANDS.labels(row[3]).inc()
            if (code := applied.refusal_code) is not None:
                REFUSALS.labels(code).inc()


class Present:
    """A machine, the rolling hash of what it did, and what makes rows of that."""

    __slots__ = ("_machine", "_projector", "chain", "venue")

    def __init__(self, restored: Restored | None = None) -> None:
        self.venue = venue = restored.venue if restored else Venue()
        self.chain = restored.chain if restored else digest.START
        self._machine = Machine(venue)
        houses = [each.id for each in venue.accounts.values() if each.house]
        self._projector = Projector(houses=houses, fees=venue.fees)

    def is_due(self, now_ms: int, *, idle: bool) -> bool:
        """Whether something happens just because time passes."""
        venue = self.venue
        for entries in (venue.expiries, venue.countdowns):
            if entries and entries[0][0] <= now_ms:
                return True
        for market in venue.markets.values():
            if 0 < market.marking.stamp_ms <= now_ms:
                return True
        return idle and bool(venue.unchecked)

    def apply(self, batch: Batch, asked: Sequence[Asked], now_ms: int) -> None:
        """In memory; nothing of it counts until it is written. An Idempotency-Key is remembered
        with the first command of its request, unless all were refused: it can be used again then.
        """
        batch.asked = [(each, []) for each in asked]
        at_ms = max(now_ms, self.venue.at_ms)
        if self.is_due(at_ms, idle=not asked):
            self._apply_one(batch, PassTime, at_ms, None)
        for each, results in batch.asked:
            begin = len(batch.journal)
            for draft in each.drafts:
                results.append(self._apply_one(batch, draft, at_ms, each.actor))
            if each.request and any(done.refusal_code is None for done in results):
                row = batch.journal[begin]
                batch.journal[begin] = (*row[:-2], each.request.key, each.request.fingerprint)

    def _apply_one(self, batch: Batch, draft: Draft, at_ms: int, actor: UUID | None) -> Applied:
        venue = self.venue
        command = draft(venue.seq + 1, at_ms)
        events = self._machine.apply(command)
        self.chain = chain = digest.chain(self.chain, events)
        kind, text = encode_command(command)
        applied = Applied(command, events, chain, actor)
        batch.applied.append(applied)
        batch.journal.append(
            (command.seq, command.at_ms, actor, kind, text, encode_events(command, events),
             bytes.fromhex(chain), venue.fees, None, None)
        )  # fmt: skip
        self._projector.add(batch.rows, applied, settle=venue.settle, fees=venue.fees)
        return applied
