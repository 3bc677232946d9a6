"""Candles from files: `plimsoll candles`."""

from pathlib import Path
from typing import Annotated

import typer

from plimsoll.cli.database import DataDir, on_database
from plimsoll.kernel.clock import SystemClock
from plimsoll.kernel.identifiers import JobId
from plimsoll.markets.service.backfills import start_import
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.jobs.runner import Jobs

candles_app = typer.Typer(help="Candles of the past.", no_args_is_help=True)


@candles_app.command(name="import")
def import_candles(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, resolve_path=True)],
    data_dir: DataDir = None,
) -> None:
    """Import Binance archive files of candles. The running service does it, or the next one."""

    async def work(database: Database) -> JobId:
        starter = Jobs(database, SystemClock(), at_once=0)
        return await start_import(starter, database, folder)

    job_id = on_database(data_dir, work)
    typer.echo(f"started: plimsoll jobs watch {job_id}")
