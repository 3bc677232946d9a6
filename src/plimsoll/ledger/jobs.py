"""What this process does for imports in the background."""

from plimsoll.ledger.service import importing
from plimsoll.ledger.service.importing import LoadPrices
from plimsoll.ledger.service.imports import COMMIT, READ, UNDO, ImportArgs, Imports
from plimsoll.plumbing.jobs.context import JobContext
from plimsoll.plumbing.jobs.job import JobResult
from plimsoll.plumbing.jobs.runner import Jobs


def register(jobs: Jobs, desk: Imports, load: LoadPrices) -> None:
    """`load` says what assets were worth where a file does not."""

    async def read(job: JobContext, args: ImportArgs) -> JobResult:
        return await importing.read(desk, job, args)

    async def commit(job: JobContext, args: ImportArgs) -> JobResult:
        return await importing.commit(desk, load, job, args)

    async def undo(job: JobContext, args: ImportArgs) -> JobResult:
        return await importing.undo(desk, job, args)

    jobs.register(READ, read)
    jobs.register(COMMIT, commit)
    jobs.register(UNDO, undo)
