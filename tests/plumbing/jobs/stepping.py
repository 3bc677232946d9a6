"""A job whose every step leaves one row, in the transaction of its checkpoint.

Run by tests as `python stepping.py DSN LEASE_S`: a process that runs such jobs until it is killed.
"""

import asyncio
import os
import sys
from dataclasses import dataclass

from plimsoll.kernel.clock import SystemClock
from plimsoll.plumbing.database import Database, Unit
from plimsoll.plumbing.jobs.context import JobContext
from plimsoll.plumbing.jobs.job import JobKind, JobResult
from plimsoll.plumbing.jobs.runner import Jobs, JobTerms, Work

# No key: a step that is done twice leaves two rows.
STEPS = "create table steps (job uuid not null, step integer not null, process integer not null)"
WRITE = "insert into steps (job, step, process) values ($1, $2, $3)"


@dataclass(frozen=True, slots=True)
class Walk:
    steps: int
    pause_s: float


WALK = JobKind("test.walk", Walk)


def walking(database: Database) -> Work[Walk]:
    async def walk(job: JobContext, args: Walk) -> JobResult:
        for step in range(job.resume(int) or 0, args.steps):
            await job.progress(step, args.steps, "walk")

            async def write(unit: Unit, step: int = step) -> None:
                await unit.execute(WRITE, job.id, step, os.getpid())
                await job.checkpoint(step + 1, unit=unit)

            await database.transact(write)
            await asyncio.sleep(args.pause_s)
        return JobResult(facts={"steps": args.steps})

    return walk


async def main(dsn: str, lease_s: float) -> None:
    database = await Database.connect(dsn, pool_size=3)
    terms = JobTerms(poll_s=0.02, beat_s=0.1, lease_s=lease_s)
    jobs = Jobs(database, SystemClock(), at_once=2, terms=terms)
    jobs.register(WALK, walking(database))
    jobs.open()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.sleep(60)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2])))
