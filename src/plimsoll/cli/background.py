"""Background jobs: `plimsoll jobs`, and the progress bar that other commands show."""

from typing import TextIO
from uuid import UUID

import typer

from plimsoll.cli.database import DataDir, on_database
from plimsoll.kernel.clock import SystemClock
from plimsoll.kernel.identifiers import JobId
from plimsoll.operations.service import jobs
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.jobs.job import EVERYTHING, Job, JobState
from plimsoll.plumbing.jobs.runner import Jobs

jobs_app = typer.Typer(help="Background jobs.", no_args_is_help=True)


@jobs_app.command(name="list")
def list_jobs(data_dir: DataDir = None) -> None:
    """The newest fifty, of everybody."""

    async def work(database: Database) -> list[Job]:
        async with database.read() as unit:
            return await jobs.list_jobs(unit, EVERYTHING, state=None, after=None, limit=50)

    for job in on_database(data_dir, work):
        typer.echo(f"{job.id} {job.state.value:9} {_how_far(job):>5} {job.kind} {job.phase}")


@jobs_app.command(name="watch")
def watch_job(job_id: UUID, data_dir: DataDir = None) -> None:
    """Show how far a job is, to its end. Ctrl-C ends the watching, not the job."""

    async def work(database: Database) -> Job:
        async with database.read() as unit:
            job = await jobs.get_job(unit, JobId(job_id), EVERYTHING)
        return await show(Jobs(database, SystemClock(), at_once=0), job)

    _tell_end(on_database(data_dir, work))


async def show(watcher: Jobs, job: Job, file: TextIO | None = None) -> Job:
    """Follow a job to its end with a bar on `file`, else on the output."""
    with typer.progressbar(length=100, label=_line(job), show_eta=False, file=file) as bar:
        async for step in watcher.follow(job):
            job = step or job
            bar.label = _line(job)
            bar.make_step((job.percent or 0) - bar.pos)
            bar.render_progress()
    return job


@jobs_app.command(name="cancel")
def cancel_job(job_id: UUID, data_dir: DataDir = None) -> None:
    """Ask a job to end; it does so between two of its steps."""

    async def work(database: Database) -> Job:
        async with database.write() as unit:
            return await jobs.cancel(unit, JobId(job_id), EVERYTHING)

    job = on_database(data_dir, work)
    typer.echo("cancelled" if job.state.over else "asked to end")


def _how_far(job: Job) -> str:
    return f"{job.done}" if job.percent is None else f"{job.percent} %"


def _line(job: Job) -> str:
    """What stands beside the bar; all there is where there is no terminal."""
    facts = [job.kind, job.state.value, job.phase, _how_far(job)]
    if job.estimated_end_at:
        facts.append(f"until {job.estimated_end_at.astimezone():%H:%M:%S}")
    return " ".join(fact for fact in facts if fact)


def _tell_end(job: Job) -> None:
    if job.state is not JobState.DONE:
        why = f": {job.problem.code}: {job.problem.detail}" if job.problem else ""
        typer.echo(f"{job.state.value}{why}", err=True)
        raise typer.Exit(1)
    typer.echo(f"{job.state.value} {job.result or ''}")
