"""What commands share: the database they work on, and refusals told in a sentence."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from plimsoll.kernel.errors import PlimsollError
from plimsoll.plumbing import schema
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.postgres.server import EmbeddedPostgres, find_running
from plimsoll.plumbing.telemetry import configure_logging
from plimsoll.settings import Settings

T = TypeVar("T")
DataDir = Annotated[Path | None, typer.Option(help="Where everything is kept [PLIMSOLL_DATA_DIR]")]


def on_database(
    data_dir: Path | None, work: Callable[[Database], Awaitable[T]], *, pool_size: int = 1
) -> T:
    """Run `work` on the database of the settings; on a running service's own when there is one."""
    settings = Settings.read(data_dir=data_dir)
    configure_logging("warning")

    async def run(dsn: str) -> T:
        await schema.check(dsn)
        database = await Database.connect(dsn, pool_size=pool_size)
        try:
            return await work(database)
        finally:
            await database.close()

    with refusals_as_sentences(), database_url(settings) as dsn:
        return asyncio.run(run(dsn))


@contextmanager
def database_url(settings: Settings) -> Iterator[str]:
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
def refusals_as_sentences() -> Iterator[None]:
    """What stops a command is told in a sentence, not with a stack."""
    try:
        yield
    except PlimsollError as error:
        typer.echo(f"{error.title}: {error.detail}", err=True)
        raise typer.Exit(1) from None
    except OSError as error:  # a folder that cannot be written, a disk that is full
        typer.echo(f"Plimsoll cannot go on: {error}", err=True)
        raise typer.Exit(1) from None
