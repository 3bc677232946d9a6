"""The `plimsoll` command.

Exit status: 0 done, 1 refused with a sentence that says why, 2 wrong usage.
"""

import asyncio
import json
from importlib.metadata import version as version_of
from typing import Annotated

import typer

from plimsoll.cli.background import jobs_app
from plimsoll.cli.backups import back_up, restore
from plimsoll.cli.candles import candles_app
from plimsoll.cli.database import DataDir, database_url, refusals_as_sentences
from plimsoll.cli.demo import demo
from plimsoll.cli.exchange import engine_app
from plimsoll.cli.imports import export_ledger, import_files
from plimsoll.cli.people import audit_app, user_app
from plimsoll.cli.prices import prices_app
from plimsoll.cli.serving import up
from plimsoll.cli.taxes import compute_tax
from plimsoll.operations.service import doctor
from plimsoll.plumbing.telemetry import configure_logging
from plimsoll.settings import Settings

app = typer.Typer(
    help="A self-hosted crypto desk: what you own, what it is worth, what you owe.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(up)
app.command()(demo)
app.command(name="backup")(back_up)
app.command()(restore)
app.command(name="import")(import_files)
app.command(name="export")(export_ledger)
app.command(name="tax")(compute_tax)
app.add_typer(audit_app, name="audit")
app.add_typer(user_app, name="user")
app.add_typer(jobs_app, name="jobs")
app.add_typer(candles_app, name="candles")
app.add_typer(prices_app, name="prices")
app.add_typer(engine_app, name="engine")


@app.command()
def migrate(data_dir: DataDir = None) -> None:
    """Bring the database to the schema of this version. What has data is backed up first."""
    from plimsoll.operations.service import backups  # noqa: PLC0415 - of this command only

    settings = Settings.read(data_dir=data_dir)
    configure_logging(settings.log_level)
    with refusals_as_sentences(), database_url(settings) as dsn:
        applied = asyncio.run(backups.migrate(settings, dsn))
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
