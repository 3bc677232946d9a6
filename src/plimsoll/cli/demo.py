"""The desk with an invented market and an invented person: `plimsoll demo`."""

import asyncio
import shutil
import signal
import webbrowser
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from pydantic_settings import PydanticBaseSettingsSource

from plimsoll.cli.database import refusals_as_sentences
from plimsoll.cli.serving import Plan, migrate, serve
from plimsoll.demo.folder import Mark, NotADemoFolder, claim, default_folder, note_told
from plimsoll.kernel.clock import SystemClock
from plimsoll.plumbing.listener import bind
from plimsoll.plumbing.postgres.server import EmbeddedPostgres, find_running
from plimsoll.plumbing.telemetry import configure_logging
from plimsoll.settings import FeedChoice, LogLevel, Settings

if TYPE_CHECKING:
    from fastapi import FastAPI

    from plimsoll.demo.telling import Telling

OLDEST: Final = timedelta(days=366)
"""The market lives through the time since the story ended before anything is shown."""


class DemoSettings(Settings):
    """What is given, and nothing of the environment: no real database, archive or mail server."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[Any],  # noqa: ARG003 - as the library calls it
        init_settings: PydanticBaseSettingsSource,
        *others: PydanticBaseSettingsSource,  # noqa: ARG003 - those that are left out
        **more: PydanticBaseSettingsSource,  # noqa: ARG003 - the same by name
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def demo(
    port: Annotated[int, typer.Option(help="Port to listen on")] = 8000,
    seed: Annotated[int | None, typer.Option(help="Which story; 7 where there is none yet")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="An empty folder, or a demo's own")] = None,
    until: Annotated[
        str | None, typer.Option(help="The day (UTC) at whose beginning the story ends; today")
    ] = None,
    *,
    open_page: Annotated[bool, typer.Option("--open", help="Open a browser")] = False,
) -> None:
    """Show a desk with 24 months of invented data: no account, no key, no network."""
    now = datetime.now(UTC)
    day = _read_day(until, now.date())
    folder = data_dir or default_folder()
    settings = DemoSettings.read(
        data_dir=folder,
        port=port,
        feed=FeedChoice.SIMULATED,
        log_level=LogLevel.WARNING,
        candles_middle_months=36,
        registration_open=True,
    )
    configure_logging(settings.log_level)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with refusals_as_sentences(), bind(settings.host, settings.port) as listener:
        mark = claim(folder, seed=seed, until=day, today=now.date())
        settings = settings.model_copy(update={"simulation_seed": mark.seed})
        if not mark.told:
            _throw_away(folder)
        telling = _tell(mark, now)
        with EmbeddedPostgres.start(folder) as server:
            plan = Plan(announce=lambda url: _announce(url, open_page=open_page))
            plan.on_open = _opener(folder, mark, telling)
            asyncio.run(migrate(settings, server.dsn))
            if not mark.told:
                asyncio.run(_prepare(settings, server.dsn, telling))
            serve(settings, server.dsn, listener, companions=[server.supervise], plan=plan)


def _read_day(text: str | None, today: date) -> date | None:
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("write it as 2026-01-31", param_hint="--until") from None
    if not today - OLDEST <= day <= today:
        raise typer.BadParameter("it lies in the last 366 days", param_hint="--until")
    return day


def _throw_away(folder: Path) -> None:
    """What a start has left that did not come to its end. The folder is marked as a demo's."""
    if find_running(folder) is not None:
        raise NotADemoFolder(f"a demo is starting or running in {folder}")
    for name in ("postgres", "keys", "archive", "audit-heads", "imports"):
        shutil.rmtree(folder / name, ignore_errors=True)


def _tell(mark: Mark, now: datetime) -> "Telling":
    """The story; where it is still to be told its market is made while PostgreSQL starts."""
    from plimsoll.demo.telling import Telling  # noqa: PLC0415 - only once the port is ours

    telling = Telling(mark.seed, mark.day, now)
    if not mark.told:
        typer.echo("Telling the story of 24 months; it takes some seconds, once.")
        Thread(target=lambda: telling.past, name="past", daemon=True).start()
    return telling


async def _prepare(settings: Settings, dsn: str, telling: "Telling") -> None:
    from plimsoll.demo.opening import prepare  # noqa: PLC0415 - of a first start only

    await prepare(settings, dsn, telling, SystemClock())


def _opener(folder: Path, mark: Mark, telling: "Telling") -> Any:
    async def on_open(desk: "FastAPI") -> None:
        from plimsoll.demo.desk import Demo  # noqa: PLC0415 - with the application

        made = Demo(telling)
        if not mark.told:
            await made.write(desk.state, await made.find_person(desk.state.access))
            note_told(folder, mark)
        desk.state.demo = made

    return on_open


def _announce(url: str, *, open_page: bool) -> None:
    typer.echo(f"Plimsoll is ready: {url}/")
    typer.echo("This is a demo: the market, the person and all figures are invented.")
    if open_page:
        webbrowser.open(url)
