"""The `plimsoll` command.

Exit status: 0 done, 1 refused with a sentence that says why, 2 wrong usage.
"""

import asyncio
import json
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Annotated, TypeVar
from uuid import UUID

import structlog
import typer
import uvicorn
from fastapi import FastAPI

from plimsoll.access.domain.principals import Role, Tier
from plimsoll.access.service import accounts, audit
from plimsoll.kernel.clock import SystemClock
from plimsoll.kernel.errors import PlimsollError
from plimsoll.kernel.identifiers import JobId
from plimsoll.markets.service.backfills import start_import
from plimsoll.markets.service.prices import Prices
from plimsoll.operations.service import doctor, jobs
from plimsoll.plumbing import schema
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.jobs.job import EVERYTHING, Job, JobState
from plimsoll.plumbing.jobs.runner import Jobs
from plimsoll.plumbing.listener import bind
from plimsoll.plumbing.postgres.server import EmbeddedPostgres, find_running
from plimsoll.plumbing.streams.hub import Hub
from plimsoll.plumbing.streams.outlets import server_options
from plimsoll.plumbing.telemetry import configure_logging
from plimsoll.plumbing.wire import GatheringProtocol
from plimsoll.settings import FeedChoice, Settings, list_unknown

log = structlog.get_logger(__name__)

app = typer.Typer(
    help="A self-hosted crypto desk: what you own, what it is worth, what you owe.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
audit_app = typer.Typer(help="The audit log.", no_args_is_help=True)
user_app = typer.Typer(help="People: roles and tiers.", no_args_is_help=True)
app.add_typer(audit_app, name="audit")
app.add_typer(user_app, name="user")
jobs_app = typer.Typer(help="Background jobs.", no_args_is_help=True)
app.add_typer(jobs_app, name="jobs")
import_app = typer.Typer(help="Bring what was recorded elsewhere.", no_args_is_help=True)
app.add_typer(import_app, name="import")

engine_app = typer.Typer(
    help="The paper exchange: its journal, and what is made of it.", no_args_is_help=True
)
app.add_typer(engine_app, name="engine")

T = TypeVar("T")
DataDir = Annotated[Path | None, typer.Option(help="Where everything is kept [PLIMSOLL_DATA_DIR]")]


@app.command()
def up(
    data_dir: DataDir = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on")] = None,
    feed: Annotated[FeedChoice | None, typer.Option(help="Where prices come from")] = None,
    replay_dir: Annotated[Path | None, typer.Option(help="Recorded klines to replay")] = None,
    replay_speed: Annotated[float | None, typer.Option(help="Recorded seconds per second")] = None,
) -> None:
    """Start Plimsoll, with its own PostgreSQL unless PLIMSOLL_DATABASE_URL names one."""
    settings = Settings.read(
        data_dir=data_dir,
        host=host,
        port=port,
        feed=feed,
        replay_dir=replay_dir,
        replay_speed=replay_speed,
    )
    configure_logging(settings.log_level)
    for name, meant in list_unknown(os.environ).items():
        log.warning("not_a_setting", variable=name, perhaps=meant)
    # Stopping a service is as orderly as Ctrl-C, also while it is still starting.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with _refusals_as_sentences(), bind(settings.host, settings.port) as listener:
        if settings.database_url is not None:
            _serve(settings, settings.database_url.get_secret_value(), listener)
            return
        with EmbeddedPostgres.start(settings.data_dir) as server:
            asyncio.run(schema.upgrade(server.dsn))
            _serve(settings, server.dsn, listener, companions=[server.supervise])


def _serve(
    settings: Settings,
    dsn: str,
    listener: socket.socket,
    companions: Sequence[Callable[[], Awaitable[None]]] = (),
) -> None:
    from plimsoll.app import create_app  # noqa: PLC0415 - a second that only `up` has to wait

    desk = create_app(settings, dsn, companions=companions)
    config = uvicorn.Config(
        desk,
        http=GatheringProtocol,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        **server_options(),
        timeout_graceful_shutdown=25,
        lifespan="off",  # ours, so that what stops a start is an error and not a log line
    )
    server = _AnnouncingServer(config, desk)

    async def run() -> None:
        async with desk.router.lifespan_context(desk):
            await server.serve(sockets=[listener])

    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(run())


class _AnnouncingServer(uvicorn.Server):
    """Says on standard output where it is, once it listens."""

    def __init__(self, config: uvicorn.Config, desk: FastAPI) -> None:
        super().__init__(config)
        self._desk = desk

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        assert sockets
        host, port = sockets[0].getsockname()[:2]
        if host in {"0.0.0.0", "::"}:  # noqa: S104 - every address, so also the near one
            host = "127.0.0.1"
        shown = f"[{host}]" if ":" in host else host
        prices: Prices = self._desk.state.prices
        print(f"Plimsoll is ready: http://{shown}:{port}/docs", flush=True)  # noqa: T201
        if prices.simulated:
            print("Prices are simulated: nothing here is worth anything.", flush=True)  # noqa: T201

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Live connections are told first: their clients come back by themselves."""
        hub: Hub = self._desk.state.hub
        await hub.close()
        running: Jobs = self._desk.state.jobs
        running.stop_following()
        await super().shutdown(sockets=sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """A stop that was asked for is a success: the signal is not raised again afterwards."""
        before = {
            number: signal.signal(number, self.handle_exit)
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@app.command()
def migrate(data_dir: DataDir = None) -> None:
    """Bring the database to the schema of this version."""
    settings = Settings.read(data_dir=data_dir)
    configure_logging(settings.log_level)
    with _refusals_as_sentences(), _database_url(settings) as dsn:
        applied = asyncio.run(schema.upgrade(dsn))
        typer.echo(f"applied {', '.join(applied)}" if applied else "already current")


@app.command(name="doctor")
def examine(
    data_dir: DataDir = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs")] = False,
) -> None:
    """Check port, data directory, clock, feed and database, and print the fix."""
    findings = list(doctor.examine(Settings.read(data_dir=data_dir, port=port)))
    if as_json:
        typer.echo(
            json.dumps(
                [
                    {
                        "what": each.what,
                        "verdict": each.verdict,
                        "found": each.found,
                        "fix": each.fix,
                    }
                    for each in findings
                ]
            )
        )
    else:
        for each in findings:
            typer.echo(f"{each.verdict.value:5} {each.what}: {each.found}")
            if each.fix:
                typer.echo(f"      → {each.fix}")
    if any(each.verdict is doctor.Verdict.BAD for each in findings):
        raise typer.Exit(1)


@app.command()
def version() -> None:
    """The version of this program."""
    typer.echo(version_of("plimsoll"))


@audit_app.command(name="verify")
def verify_audit(data_dir: DataDir = None) -> None:
    """Prove that no row of the audit log was changed or taken out."""
    verdict = _on_database(data_dir, audit.verify)
    if verdict.intact:
        typer.echo(f"intact: {verdict.rows} rows, head {verdict.head.hash.hex()}")
        return
    typer.echo(f"BROKEN at row {verdict.broken_at}: {verdict.fault}", err=True)
    raise typer.Exit(1)


@engine_app.command(name="verify")
def verify_engine(
    data_dir: DataDir = None,
    *,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Replay all of it, not from the last snapshot")
    ] = False,
) -> None:
    """Prove that the exchange is what its journal says. The service may go on meanwhile."""
    from plimsoll.trading.service import verifying  # noqa: PLC0415 - only these commands need it

    checks = _on_database(data_dir, lambda db: verifying.verify(db, from_start=from_start))
    for each in checks:
        typer.echo(f"{'WRONG' if each.fault else 'ok':5} {each.what:28} {each.figures}".rstrip())
    wrong = [each for each in checks if each.fault]
    for each in wrong:
        typer.echo(f"{each.what}: {each.fault}", err=True)
    if wrong:
        raise typer.Exit(1)


@engine_app.command(name="rebuild")
def rebuild_engine(data_dir: DataDir = None) -> None:
    """Make orders, fills, positions and books anew from the journal. The service must not run."""
    from plimsoll.trading.service import verifying  # noqa: PLC0415 - only these commands need it

    tables = _on_database(data_dir, verifying.rebuild)
    for each in tables:
        before = "as it was" if each.same else f"DIFFERED, {each.rows_before:,} before"
        typer.echo(f"{each.name:18} {each.rows:>12,} rows  {before}")
    if not all(each.same for each in tables):
        typer.echo("what differed is as the journal says again")


@user_app.command(name="role")
def set_role(email: str, role: Role, data_dir: DataDir = None) -> None:
    """Make somebody an operator, or a user again."""
    clock = SystemClock()
    _on_database(data_dir, lambda db: accounts.set_role(db, clock, email=email, role=role))
    typer.echo(f"{email} is {role.value}")


@user_app.command(name="tier")
def set_tier(email: str, tier: Tier, data_dir: DataDir = None) -> None:
    """Set the experience tier that caps leverage and sets rate limits."""
    clock = SystemClock()
    _on_database(data_dir, lambda db: accounts.set_tier(db, clock, email=email, tier=tier))
    typer.echo(f"{email} is {tier.value}")


@import_app.command(name="candles")
def import_candles(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, resolve_path=True)],
    data_dir: DataDir = None,
) -> None:
    """Import Binance archive files of candles. The running service does it, or the next one."""

    async def work(database: Database) -> JobId:
        starter = Jobs(database, SystemClock(), at_once=0)
        return await start_import(starter, database, folder)

    job_id = _on_database(data_dir, work)
    typer.echo(f"started: plimsoll jobs watch {job_id}")


@jobs_app.command(name="list")
def list_jobs(data_dir: DataDir = None) -> None:
    """The newest fifty, of everybody."""

    async def work(database: Database) -> list[Job]:
        async with database.read() as unit:
            return await jobs.list_jobs(unit, EVERYTHING, state=None, after=None, limit=50)

    for job in _on_database(data_dir, work):
        typer.echo(f"{job.id} {job.state.value:9} {_how_far(job):>5} {job.kind} {job.phase}")


@jobs_app.command(name="watch")
def watch_job(job_id: UUID, data_dir: DataDir = None) -> None:
    """Show how far a job is, to its end. Ctrl-C ends the watching, not the job."""

    async def work(database: Database) -> Job:
        async with database.read() as unit:
            job = await jobs.get_job(unit, JobId(job_id), EVERYTHING)
        watcher = Jobs(database, SystemClock(), at_once=0)
        with typer.progressbar(length=100, label=_line(job), show_eta=False) as bar:
            async for step in watcher.follow(job):
                job = step or job
                bar.label = _line(job)
                bar.make_step((job.percent or 0) - bar.pos)
                bar.render_progress()
        return job

    _tell_end(_on_database(data_dir, work))


@jobs_app.command(name="cancel")
def cancel_job(job_id: UUID, data_dir: DataDir = None) -> None:
    """Ask a job to end; it does so between two of its steps."""

    async def work(database: Database) -> Job:
        async with database.write() as unit:
            return await jobs.cancel(unit, JobId(job_id), EVERYTHING)

    job = _on_database(data_dir, work)
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


def _on_database(data_dir: Path | None, work: Callable[[Database], Awaitable[T]]) -> T:
    """Run `work` on the database of the settings; on a running service's own when there is one."""
    settings = Settings.read(data_dir=data_dir)
    configure_logging("warning")

    async def run(dsn: str) -> T:
        await schema.check(dsn)
        database = await Database.connect(dsn, pool_size=1)
        try:
            return await work(database)
        finally:
            await database.close()

    with _refusals_as_sentences(), _database_url(settings) as dsn:
        return asyncio.run(run(dsn))


@contextmanager
def _database_url(settings: Settings) -> Iterator[str]:
    """Where PostgreSQL is: the named one, that of a service which runs here, or our own,
    started.
    """
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
    elif (dsn := find_running(settings.data_dir)) is not None:
        yield dsn
    else:
        with EmbeddedPostgres.start(settings.data_dir) as server:
            yield server.dsn


@contextmanager
def _refusals_as_sentences() -> Iterator[None]:
    """What stops a command is told in a sentence, not with a stack."""
    try:
        yield
    except PlimsollError as error:
        typer.echo(f"{error.title}: {error.detail}", err=True)
        raise typer.Exit(1) from None
    except OSError as error:  # a folder that cannot be written, a disk that is full
        typer.echo(f"Plimsoll cannot go on: {error}", err=True)
        raise typer.Exit(1) from None
