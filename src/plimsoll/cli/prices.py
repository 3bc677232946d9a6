"""Prices of days that are over, from files: `plimsoll prices`."""

from pathlib import Path
from typing import Annotated

import typer

from plimsoll.cli.database import DataDir, on_database
from plimsoll.markets.service.catalogue import load_catalogue
from plimsoll.markets.service.dailies import BadPriceFile, PricesTaken, take_price_file
from plimsoll.plumbing.database import Database

prices_app = typer.Typer(help="Prices of the past.", no_args_is_help=True)


@prices_app.callback()
def _prices() -> None:
    """Prices of the past."""


@prices_app.command(name="import")
def import_prices(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)], data_dir: DataDir = None
) -> None:
    """Take in the ECB's history of reference rates, or lines of date,asset,currency,price."""

    async def work(database: Database) -> PricesTaken:
        try:
            return await take_price_file(database, load_catalogue(), file)
        except BadPriceFile as error:
            for fault in error.faults:
                typer.echo(f"{fault.pointer}: {fault.code}: {fault.message}".lstrip(": "), err=True)
            raise

    taken = on_database(data_dir, work)
    typer.echo(
        f"{taken.layout}: {taken.read:,} prices, {taken.new:,} new, {taken.changed:,} changed, "
        f"{taken.same:,} the same"
    )
    if taken.unknown:
        typer.echo(f"left out, for no asset is known by it: {', '.join(taken.unknown)}")
