"""Files of transactions: `plimsoll import` and `plimsoll export`."""

import json
import os
import sys
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plimsoll.access.service import accounts
from plimsoll.cli.database import DataDir, on_database
from plimsoll.cli.workshop import AsJson, Bench, User, at_bench
from plimsoll.plumbing.database import Database

if TYPE_CHECKING:
    from plimsoll.ledger.domain.imports import Answers, Import


class Numbers(StrEnum):
    POINT = "point"
    COMMA = "comma"


class Dates(StrEnum):
    YMD = "ymd"
    DMY = "dmy"
    MDY = "mdy"


@dataclass(frozen=True, slots=True)
class Said:
    """What the options say of all files."""

    format: str | None
    zone: str | None
    numbers: Numbers | None
    dates: Dates | None
    wallet: str | None

    def over(self, before: "Answers") -> "Answers":
        """With what was said before where nothing is said now."""
        wallets = dict(before.wallets) | ({"": self.wallet} if self.wallet else {})
        return replace(
            before,
            format=self.format or before.format,
            zone=self.zone or before.zone,
            numbers=self.numbers.value if self.numbers else before.numbers,
            dates=self.dates.value if self.dates else before.dates,
            wallets=wallets,
        )


def import_files(  # noqa: PLR0913 - the options of a command
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, metavar="FILE…")],
    *,
    data_dir: DataDir = None,
    format_: Annotated[str | None, typer.Option("--format", help="Else by its header")] = None,
    zone: Annotated[str | None, typer.Option(help="Of times that name none")] = None,
    numbers: Annotated[Numbers | None, typer.Option(help="1,234.56 or 1.234,56")] = None,
    dates: Annotated[Dates | None, typer.Option(help="Order of day, month and year")] = None,
    wallet: Annotated[str | None, typer.Option(help="Where rows go that name none")] = None,
    user: Annotated[str | None, typer.Option(help="E-mail address of whose ledger it is")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what is in it")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Record without asking")] = False,
    as_json: AsJson = False,
) -> None:
    """Import files of transactions, each after a look at what would become of it.

    With --dry-run nothing is recorded, and neither a service nor a database is needed.
    """
    from plimsoll.cli import importing  # noqa: PLC0415 - other commands need not wait for it

    said = Said(format_, zone, numbers, dates, wallet)
    importing.check_said(said)
    if dry_run:
        importing.check(files, said, data_dir, user, as_json=as_json)
        return
    if user is None:
        raise typer.BadParameter("say whose ledger it is, or --dry-run", param_hint="--user")
    owner = user

    async def work(bench: Bench) -> "list[Import]":
        return await importing.bring_all(bench, owner, files, said, yes=yes)

    done = at_bench(data_dir, work)
    if as_json:
        typer.echo(json.dumps([importing.import_json(each) for each in done]))
    if not all(importing.is_recorded(each) for each in done):
        raise typer.Exit(1)


def export_ledger(
    user: User,
    data_dir: DataDir = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", dir_okay=False, help="Else where it is called")
    ] = None,
) -> None:
    """Write the whole ledger as a CSV that can be imported again."""
    from plimsoll.ledger.service.exporting import open_export  # noqa: PLC0415 - as above

    async def work(database: Database) -> None:
        async with database.read() as unit:
            user_id = (await accounts.find_by_email(unit, user)).id
        export = await open_export(database, user_id)
        if output is None:
            async for part in export.stream():
                sys.stdout.buffer.write(part)
            return
        unfinished = output.with_name(f"{output.name}.part")
        with unfinished.open("wb") as file:
            async for part in export.stream():
                file.write(part)
        os.replace(unfinished, output)  # noqa: PTH105 - of a file that is whole

    on_database(data_dir, work)
