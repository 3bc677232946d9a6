"""The one writer of the exchange: it gives commands their order, applies them, and writes them.

Commands queue. Whatever waits is applied to the machine in memory as one batch; commands, events
and read models are written in one transaction; and only after its commit are callers answered and
listeners told. While a batch is being written, the machine is ahead of the journal: whoever wants
to look at it waits until it is not (`read`), so nothing is ever shown that could still be undone.

When a commit fails, the machine in memory is thrown away and made again from the last snapshot and
the journal. Whether the batch was kept after all, the journal says: then its callers are answered
as if nothing had happened, else they are told that nothing did. Nobody waits for ever: after a few
seconds who waits is told that the exchange is away, and it comes back by itself.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Final, TypeVar
from uuid import UUID

import prometheus_client
import structlog

from plimsoll.kernel.clock import Clock
from plimsoll.kernel.errors import PlimsollError
from plimsoll.plumbing.database import Database, OutcomeUnknown
from plimsoll.plumbing.held import HeldConnection, hold
from plimsoll.plumbing.tracing import Tracing
from plimsoll.plumbing.waiting import wait_at_most
from plimsoll.trading.domain.venue import Venue
from plimsoll.trading.engine import recovery
from plimsoll.trading.engine.applied import Applied, Draft
from plimsoll.trading.engine.asking import Asked, Queue, Request
from plimsoll.trading.engine.course import Course
from plimsoll.trading.engine.keeping import Keeper
from plimsoll.trading.engine.present import Batch, Present
from plimsoll.trading.engine.states import NOT_TAKING, EngineState, away
from plimsoll.trading.storage import journal

log = structlog.get_logger(__name__)

T = TypeVar("T")

IDLE_S: Final = 1.0
"""How often time passes while nobody asks for anything."""
RETRY_S: Final = (0.05, 0.2, 0.5, 1.0, 2.0)
PATIENCE_S: Final = 5.0
"""How long somebody waits for a machine that is being made again."""
STANDBY_S: Final = 1.0
LOCK_TRIES: Final = 10
LOCK_RETRY_S: Final = 0.1
CLOSE_S: Final = 10.0

_GIVEN_UP: Final = {EngineState.AWAY, EngineState.REFUSED, EngineState.CLOSED}
"""States in which a batch in doubt is not looked for any more, as far as its callers know."""

BATCHES: Final = prometheus_client.Counter("engine_batches", "Transactions of the writer.")
REBUILDS: Final = prometheus_client.Counter(
    "engine_rebuilds", "Machines made again from the journal."
)
BATCH_SIZE: Final = prometheus_client.Histogram(
    "engine_batch_size", "Commands of a batch.", buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500)
)
COMMIT_S: Final = prometheus_client.Histogram(
    "engine_commit_seconds",
    "How long a batch took to be durable.",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5),
)


class Engine:
    """One for each database; used from one event loop."""

    def __init__(self, database: Database, clock: Clock, *, snapshot_every: int) -> None:
        self.listeners: list[Callable[[Sequence[Applied]], None]] = []
        """Told of every batch once it is durable, in order."""
        self.on_restored: list[Callable[[], None]] = []
        """Told when the machine was made anew: what was kept of it is void."""
        self.on_lag: list[Callable[[float], None]] = []
        """Told of each batch how many seconds its oldest command waited until it was durable."""
        self.tracing: Tracing | None = None
        self.state = EngineState.STARTING
        self.fault = ""
        self.epoch = 0
        self._database = database
        self._course = Course(clock)
        self._keeper = Keeper(database, every=snapshot_every)
        self._first: Sequence[Draft] = ()
        self._present = Present()
        self._ahead = False
        self._queue = Queue()
        self._looks: list[tuple[Callable[[Venue], object], asyncio.Future[object]]] = []
        self._doubtful: Batch | None = None
        """A batch whose commit failed, until the journal says what became of it."""
        self._awake = asyncio.Event()
        self._ready = asyncio.Event()
        """It is decided whether the exchange runs here."""
        self._closing = asyncio.Event()
        self._patience: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    # life

    async def open(self, first: Sequence[Draft] = ()) -> None:
        """Become the writer, or stand by; `first`: what is done once, on an empty journal. Returns
        when the exchange runs or somebody else runs it.
        """
        self._first = first
        self._task = asyncio.create_task(self._live(), name="engine")
        ready = asyncio.create_task(self._ready.wait())
        await asyncio.wait({self._task, ready}, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()

    async def close(self) -> None:
        """Finish what waits, take a snapshot, and let go."""
        if self._task is None:
            return
        self._closing.set()
        self._awake.set()
        await asyncio.wait({self._task}, timeout=CLOSE_S)
        self._task.cancel()
        self._keeper.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._enter(EngineState.CLOSED)

    @property
    def seq(self) -> int:
        """Of the last command that is durable, or being made so."""
        return self._present.venue.seq

    @property
    def waiting(self) -> int:
        return self._queue.count

    # asking

    async def submit(
        self, draft: Draft, *, actor: UUID | None = None, request: Request | None = None
    ) -> Applied:
        """Do one command; raises why it was refused."""
        (applied,) = await self.submit_all([draft], actor=actor, request=request)
        refusal = applied.refusal
        if refusal is not None:
            raise refusal
        return applied

    async def submit_all(
        self,
        drafts: Sequence[Draft],
        *,
        actor: UUID | None = None,
        request: Request | None = None,
    ) -> list[Applied]:
        """Do these, one directly after the other, whatever becomes of each. `request` belongs to
        the first. Raises EngineAway, EngineBusy and OutOfRange, after which nothing was changed;
        and OutcomeUnknown, after which only the journal says whether it was.
        """
        if self.state in NOT_TAKING:
            raise away(self.state)
        if not drafts:
            return []
        asked = Asked(drafts, actor, request, asyncio.get_running_loop().create_future())
        self._queue.add(asked)
        self._awake.set()
        return await asked.done

    async def read(self, look: Callable[[Venue], T]) -> T:
        """What `look` finds in the venue as it is in the journal. It changes nothing, waits for
        nothing, and keeps nothing of what it saw but values.
        """
        while self.state is not EngineState.RUNNING:
            if self.state in NOT_TAKING:
                raise away(self.state)
            await self._ready.wait()
        if not self._ahead:
            return look(self._present.venue)
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._looks.append((look, future))
        found: T = await future  # type: ignore[assignment]
        return found

    # being the writer, or not

    def _enter(self, state: EngineState, fault: str = "") -> None:
        self.state, self.fault = state, fault
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        if state in NOT_TAKING:
            self._refuse_all()
        if state in _GIVEN_UP:
            self._tell_doubt()
        if state is EngineState.RUNNING or state in NOT_TAKING:
            self._ready.set()
        else:
            self._ready.clear()

    def _lose(self, fault: str) -> None:
        """What is in memory is not what the journal says, or there is no way to it."""
        if self.state is EngineState.RUNNING:
            REBUILDS.inc()
            self._enter(EngineState.REBUILDING, fault)
            loop = asyncio.get_running_loop()
            self._patience = loop.call_later(PATIENCE_S, self._lose_patience)
        elif self.state is EngineState.STANDBY:
            self._enter(EngineState.AWAY, fault)
        else:
            self.fault = fault

    def _lose_patience(self) -> None:
        log.error("engine_away", fault=self.fault)
        self._enter(EngineState.AWAY, self.fault)

    def _tell_doubt(self) -> None:
        """Whose commit failed, and nobody can say how it ended, is told just that."""
        if self._doubtful is not None:
            for asked, _ in self._doubtful.asked:
                asked.refuse(OutcomeUnknown("ask again for what it was about", retry_after_s=2))

    def _refuse_all(self) -> None:
        """Who waits, and was not begun with."""
        self._queue.refuse_all(self.state)
        looks, self._looks = self._looks, []
        for _, future in looks:
            if not future.done():
                future.set_exception(away(self.state))

    async def _live(self) -> None:
        """Be the writer whenever one can be, until closed."""
        failures = 0
        try:
            while not self._closing.is_set():
                try:
                    async with hold(self._database) as line:
                        if not await self._take_lock(line):
                            await self._stand_by()
                            continue
                        await self._restore(line)
                        failures = 0
                        await self._write_until_lost(line)
                except recovery.JournalDiffers as error:
                    log.error("engine_refused_to_start", why=str(error))  # noqa: TRY400 -- its text is all there is
                    self._enter(EngineState.REFUSED, str(error))
                    return
                except PlimsollError as error:
                    log.warning("engine_lost", code=error.code, detail=error.detail)
                    self._lose(error.code)
                except Exception as error:
                    log.exception("engine_failed")
                    self._lose(repr(error))
                await self._pause(RETRY_S[min(failures, len(RETRY_S) - 1)])
                failures += 1
        finally:
            self._tell_doubt()

    async def _pause(self, seconds: float) -> None:
        """Shorter when it is time to close."""
        await wait_at_most(self._closing, seconds)

    async def _take_lock(self, line: HeldConnection) -> bool:
        """Whether this is the writer now. A connection that was lost keeps its lock until the
        server has noticed, so that the first refusal is not the last word.
        """
        for _ in range(1 if self.state is EngineState.STANDBY else LOCK_TRIES):
            if await line.try_lock(journal.LOCK):
                return True
            await self._pause(LOCK_RETRY_S)
        return False

    async def _stand_by(self) -> None:
        if self.state is not EngineState.STANDBY:
            log.warning("engine_stands_by")
            self._enter(EngineState.STANDBY)
            await self._settle_doubt()
        await self._pause(STANDBY_S)

    async def _restore(self, line: HeldConnection) -> None:
        """Take the lease, and make the machine that the journal says."""
        lease = await journal.take_lease(line)
        restored = await recovery.restore(self._database, until=lease.last_seq)
        self.epoch = lease.epoch
        self._present = Present(restored)
        self._keeper.seq = restored.snapshot_seq
        self._ahead = False
        if not self.seq and self._first:
            await self._do_first(line)
        log.info("engine_runs", epoch=lease.epoch, seq=self.seq, replayed=restored.replayed)
        await self._settle_doubt()
        self._enter(EngineState.RUNNING)
        for told in self.on_restored:
            try:
                told()
            except Exception:
                log.exception("engine_listener_failed")
        self._look_all()

    async def _do_first(self, line: HeldConnection) -> None:
        batch = Batch(self.epoch, self.seq)
        future: asyncio.Future[list[Applied]] = asyncio.get_running_loop().create_future()
        now_ms = self._course.now_ms(self._present.venue.at_ms)
        self._present.apply(batch, [Asked(self._first, None, None, future)], now_ms)
        refused = [each.refusal for each in batch.applied if each.refusal is not None]
        assert not refused, refused
        await self._commit(line, batch)

    async def _settle_doubt(self) -> None:
        """Those of a batch whose commit failed learn what became of it."""
        batch = self._doubtful
        if batch is None:
            return
        async with self._database.read() as unit:
            kept = await journal.find_outcome(unit, seq=batch.before_seq + 1, epoch=batch.epoch)
        if kept:
            self._tell_kept(batch)
        elif kept is None:
            self._tell_doubt()
        self._tell_lost(batch)

    # batch after batch

    async def _write_until_lost(self, line: HeldConnection) -> None:
        """Returns when closing; raises why a batch could not be written, which is doubtful then."""
        line.on_lost(self._awake.set)
        while True:
            if not self._queue.count:
                if self._closing.is_set():
                    await self._keeper.finish(self._present)
                    return
                self._awake.clear()
                await wait_at_most(self._awake, IDLE_S)
            if line.lost:  # noticed before anybody's command depends on it
                self._lose("the connection was lost")
                return
            now_ms = self._course.now_ms(self._present.venue.at_ms)
            asked = self._queue.take()
            if not asked and not self._present.is_due(now_ms, idle=True):
                continue
            batch = self._doubtful = Batch(self.epoch, self.seq)
            self._ahead = True
            try:
                self._present.apply(batch, asked, now_ms)
                await self._commit(line, batch)
            except OutcomeUnknown:
                raise
            except Exception:  # it was never sent, or the server has said no
                self._tell_lost(batch)
                raise
            self._doubtful = None
            self._keeper.look_at(self._present)

    async def _commit(self, line: HeldConnection, batch: Batch) -> None:
        tracing, size = self.tracing, len(batch.applied)
        spanned = nullcontext() if tracing is None else tracing.span("engine.batch", commands=size)
        with spanned:
            await self._append(line, batch)
        BATCHES.inc()
        BATCH_SIZE.observe(size)
        self._ahead = False
        if batch.asked:
            for told in self.on_lag:
                told(time.perf_counter() - batch.asked[0][0].at_s)
        self._tell_kept(batch)
        self._look_all()

    async def _append(self, line: HeldConnection, batch: Batch) -> None:
        with COMMIT_S.time():
            await journal.append(
                line,
                epoch=batch.epoch,
                before_seq=batch.before_seq,
                journal=batch.journal,
                models=batch.rows.tables(),
            )

    def _tell_kept(self, batch: Batch) -> None:
        for asked, results in batch.asked:
            asked.answer(results)
        for told in self.listeners:
            try:
                told(batch.applied)
            except Exception:
                log.exception("engine_listener_failed")
        batch.count()

    def _tell_lost(self, batch: Batch) -> None:
        """Nothing of it was kept, as far as nobody was told otherwise."""
        self._doubtful = None
        for asked, _ in batch.asked:
            asked.refuse(away(EngineState.REBUILDING))

    def _look_all(self) -> None:
        """Answer those who waited for the journal to catch up, before anything is applied again."""
        looks, self._looks = self._looks, []
        for look, future in looks:
            if future.done():
                continue
            try:
                future.set_result(look(self._present.venue))
            except Exception as error:  # noqa: BLE001 -- it belongs to whoever looked
                future.set_exception(error)
