"""What the work of a job is handed: its progress, its checkpoints, its processes.

Work is a sequence of steps. Between two of them it says how far it is (`progress`), and where it
may go on after a restart (`checkpoint`): both raise JobCancelled when somebody asked for the end.
A step is done once if it saves its checkpoint in the transaction of its effect:

    async def work(job: JobContext, args: Args) -> JobResult:
        row = job.resume(int) or 0
        while rows := read(args, row):
            async def step(unit: Unit) -> None:
                await write(unit, rows)
                await job.checkpoint(row + len(rows), unit=unit)
            await database.transact(step)
            row += len(rows)
            await job.progress(row, total, "write")
        return JobResult(link="/api/v1/...", facts={"rows": row})

Without `unit` a checkpoint stands for itself, and the step before it may be done twice: between its
effect and the checkpoint the process may have died.
"""

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar, TypeVarTuple

import msgspec

from plimsoll.kernel.clock import Clock
from plimsoll.kernel.identifiers import JobId
from plimsoll.plumbing.database import Database, Unit
from plimsoll.plumbing.jobs import storage
from plimsoll.plumbing.jobs.job import JobCancelled, JobLost, JobUnreadable
from plimsoll.plumbing.jobs.pace import Pace
from plimsoll.plumbing.jobs.processes import Processes

Args = TypeVarTuple("Args")
State = TypeVar("State")
T = TypeVar("T")

LONGEST_JSON: Final = 65_536
"""Bytes of arguments, of a checkpoint, of a result: where to find things, not the things."""
LONGEST_PHASE: Final = 100


class JobContext:
    """One run of a job."""

    def __init__(
        self,
        taken: storage.Taken,
        database: Database,
        clock: Clock,
        processes: Processes,
        *,
        lease_s: float,
    ) -> None:
        self.taken = taken
        self.pace = Pace(taken.percent, phase=taken.phase, done=taken.done, total=taken.total)
        self.cancel_asked = taken.cancel_asked
        self.ending = False
        """The work has ended; only its end is not written down yet."""
        self._checkpoint = taken.checkpoint
        self._database = database
        self._clock = clock
        self._processes = processes
        self._lease_s = lease_s

    @property
    def id(self) -> JobId:
        return self.taken.id

    async def progress(self, done: int, total: int | None, phase: str) -> None:
        """`done` of `total`, of the whole job and in one unit throughout (rows, candles); `phase`
        is a word for what comes now. Cheap: it is written down once a second, whoever calls.

        Raises JobCancelled.
        """
        self.pace.note(done, total, phase[:LONGEST_PHASE], at_s=self._clock.monotonic())
        self._stop_if_asked()
        await asyncio.sleep(0)  # others want the loop between two steps

    def resume(self, kind: type[State]) -> State | None:
        """The last checkpoint, as `kind`; None at the beginning. Raises JobUnreadable."""
        return None if self._checkpoint is None else decode(self._checkpoint, kind)

    async def checkpoint(self, state: object, *, unit: Unit | None = None) -> None:
        """Go on from `state` after a restart. In the transaction of `unit`, as its last statement:
        it locks the job until the commit.

        A state that differs from the one before is a sign of life: the attempts count anew. Raises
        JobCancelled before anything is written, and JobLost when another process has the job, which
        rolls back the step of the one that came too late.
        """
        self._stop_if_asked()
        text = encode(state)

        async def save(unit: Unit) -> None:
            asked = await storage.save_checkpoint(
                unit, self.taken, self.pace, text, lease_s=self._lease_s
            )
            if asked is None:
                raise JobLost
            self.cancel_asked = self.cancel_asked or asked

        await (save(unit) if unit else self._database.transact(save))
        self._checkpoint = text

    async def run_in_process(self, work: Callable[[*Args], T], *args: *Args) -> T:
        """What `work` returns, from a process of its own: for whatever keeps a processor busy.

        `work` is a function of a module; it, its arguments and its answer are pickled. It cannot be
        cancelled while it runs. Raises what it raises, JobCancelled and CalculationDied.
        """
        self._stop_if_asked()
        answer = await self._processes.run(work, *args)
        self._stop_if_asked()
        return answer

    def _stop_if_asked(self) -> None:
        if self.cancel_asked:
            raise JobCancelled


def encode(value: object) -> str:
    """As JSON; that it is small is our own promise."""
    text = msgspec.json.encode(value)
    assert len(text) <= LONGEST_JSON, f"{len(text)} bytes are too many for a job"
    return text.decode()


def decode(text: str, kind: type[T]) -> T:
    """What `encode` wrote. Raises JobUnreadable."""
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.MsgspecError as error:
        raise JobUnreadable("another version of the program wrote it") from error
