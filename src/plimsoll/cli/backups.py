"""Backups: `plimsoll backup` and `plimsoll restore`."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from plimsoll.cli.database import DataDir, database_url, refusals_as_sentences
from plimsoll.plumbing.backups.container import SUFFIX, Manifest
from plimsoll.plumbing.backups.taking import SILENT, Progress
from plimsoll.plumbing.postgres.server import EmbeddedPostgres
from plimsoll.plumbing.telemetry import configure_logging
from plimsoll.settings import Settings

Quiet = Annotated[bool, typer.Option("--quiet", help="Only say what is wrong")]


def back_up(
    file: Annotated[Path | None, typer.Argument(help="Where to; else into this folder")] = None,
    data_dir: DataDir = None,
    check: Annotated[
        Path | None, typer.Option(help="Take none: prove that this one is as it was written")
    ] = None,
    *,
    without_keys: Annotated[
        bool, typer.Option("--without-keys", help="Leave out what signs and seals")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Write everything to one file, while the service runs or without it.

    With its keys a backup opens every secret in it: whoever has the file has the desk.
    """
    if check is not None:
        _check(check, quiet=quiet)
        return
    from plimsoll.operations.service import backups  # noqa: PLC0415 - a second, of this command only

    settings = Settings.read(data_dir=data_dir)
    configure_logging("warning")
    path = file or Path(f"plimsoll-{datetime.now(UTC):%Y%m%dT%H%M%SZ}{SUFFIX}")
    with refusals_as_sentences():
        if path.is_dir():
            raise IsADirectoryError(f"{path} is a folder: name a file in it")
        with database_url(settings) as dsn:
            manifest = asyncio.run(
                backups.take(
                    settings,
                    dsn,
                    path,
                    with_keys=not without_keys,
                    progress=_bar("read", quiet=quiet),
                )
            )
    if not quiet:
        typer.echo(f"{path}: {path.stat().st_size:,} bytes, {_tell(manifest)}")
        if not without_keys:
            typer.echo("The keys are in it: keep it as safe as the data directory itself.")
    for name in manifest.missing:
        typer.echo(f"not there, and so not in it: {name}", err=True)


def restore(
    file: Annotated[Path, typer.Argument(help="A backup")],
    data_dir: DataDir = None,
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="In the place of what is there, which is backed up")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Put a backup into an empty data directory or database. The service must not run.

    Everybody has to sign in again. What was revoked or erased since the backup is there again.
    """
    from plimsoll.operations.service import backups  # noqa: PLC0415 - see above

    settings = Settings.read(data_dir=data_dir)
    configure_logging("warning")
    with refusals_as_sentences(), _own_database(settings) as dsn:
        manifest, before = asyncio.run(
            backups.restore(
                settings, dsn, file, replace=replace, progress=_bar("done", quiet=quiet)
            )
        )
    if not quiet:
        typer.echo(f"restored: {_tell(manifest)}")
        if before is not None:
            typer.echo(f"What was there before is in {before}")
        if not any(name.startswith("keys/") for name in manifest.parts):
            typer.echo("It has no keys: secrets in it open with those of its own desk only.")


def _check(path: Path, *, quiet: bool) -> None:
    from plimsoll.plumbing.backups import container  # noqa: PLC0415 - see above

    with refusals_as_sentences():
        progress = _bar("read", quiet=quiet)
        progress.begin(path.stat().st_size)
        manifest = container.check(path, progress.told)
    if not quiet:
        typer.echo(f"whole: {_tell(manifest)}")


@contextmanager
def _own_database(settings: Settings) -> Iterator[str]:
    """The named database, or our own that nobody else runs on."""
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    with EmbeddedPostgres.start(settings.data_dir) as server:
        yield server.dsn


def _tell(manifest: Manifest) -> str:
    counts = ", ".join(
        f"{count:,} {name.replace('_', ' ')}" for name, count in manifest.counts.items()
    )
    return (
        f"taken at {manifest.taken_at} by Plimsoll {manifest.version} at revision "
        f"{manifest.revision}, {len(manifest.parts)} parts, {counts}"
    )


def _bar(word: str, *, quiet: bool) -> Progress:
    """How far it is, on a terminal only."""
    if quiet or not sys.stderr.isatty():
        return SILENT
    total = done = shown = 0

    def begin(bytes_: int) -> None:
        nonlocal total, done, shown
        total, done, shown = max(bytes_, 1), 0, -1

    def told(more: int) -> None:
        nonlocal done, shown
        done += more
        percent = min(100, done * 100 // total)
        if percent != shown:
            shown = percent
            print(f"\r{percent:3} % {word}", end="", file=sys.stderr, flush=True)  # noqa: T201

    return Progress(begin, told)
