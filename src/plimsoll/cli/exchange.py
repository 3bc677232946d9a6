"""The paper exchange: `plimsoll engine`."""

from typing import Annotated

import typer

from plimsoll.cli.database import DataDir, on_database

engine_app = typer.Typer(
    help="The paper exchange: its journal, and what is made of it.", no_args_is_help=True
)


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

    checks = on_database(data_dir, lambda db: verifying.verify(db, from_start=from_start))
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

    tables = on_database(data_dir, verifying.rebuild)
    for each in tables:
        before = "as it was" if each.same else f"DIFFERED, {each.rows_before:,} before"
        typer.echo(f"{each.name:18} {each.rows:>12,} rows  {before}")
    if not all(each.same for each in tables):
        typer.echo("what differed is as the journal says again")
