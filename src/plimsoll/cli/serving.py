"""The service itself: `plimsoll up`."""

import asyncio
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import structlog
import typer
import uvicorn
from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool

from plimsoll.cli.database import DataDir, refusals_as_sentences
from plimsoll.demo.folder import refuse_demo
from plimsoll.markets.service.prices import Prices
from plimsoll.plumbing import collecting, schema
from plimsoll.plumbing.jobs.runner import Jobs
from plimsoll.plumbing.listener import bind
from plimsoll.plumbing.postgres.server import EmbeddedPostgres
from plimsoll.plumbing.streams.hub import Hub
from plimsoll.plumbing.streams.outlets import server_options
from plimsoll.plumbing.telemetry import configure_logging
from plimsoll.plumbing.wire import GatheringProtocol
from plimsoll.settings import FeedChoice, Settings, list_unknown

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Plan:
    """What a command does differently: once all parts are open, and once it listens."""

    on_open: Callable[[FastAPI], Awaitable[None]] | None = None
    announce: Callable[[str], None] | None = None


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
    with refusals_as_sentences(), bind(settings.host, settings.port) as listener:
        refuse_demo(settings.data_dir)
        if settings.database_url is not None:
            serve(settings, settings.database_url.get_secret_value(), listener)
            return
        with EmbeddedPostgres.start(settings.data_dir) as server:
            asyncio.run(migrate(settings, server.dsn))
            serve(settings, server.dsn, listener, companions=[server.supervise])


async def migrate(settings: Settings, dsn: str) -> None:
    """What is up to date needs no more than a look."""
    if await schema.current(dsn) != schema.revisions()[-1]:
        from plimsoll.operations.service import backups  # noqa: PLC0415 - seldom

        await backups.migrate(settings, dsn)


def serve(
    settings: Settings,
    dsn: str,
    listener: socket.socket,
    companions: Sequence[Callable[[], Awaitable[None]]] = (),
    plan: Plan | None = None,
) -> None:
    """Until it is told to stop."""
    collecting.pause()
    try:
        _run(settings, dsn, listener, companions, plan or Plan())
    finally:
        collecting.release()


def _run(
    settings: Settings,
    dsn: str,
    listener: socket.socket,
    companions: Sequence[Callable[[], Awaitable[None]]],
    plan: Plan,
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
    server = _AnnouncingServer(config, desk, plan)

    async def run() -> None:
        async with desk.router.lifespan_context(desk):
            if plan.on_open is not None:
                await plan.on_open(desk)
            await server.serve(sockets=[listener])

    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(run())


class _AnnouncingServer(uvicorn.Server):
    """Says on standard output where it is, once it listens."""

    def __init__(self, config: uvicorn.Config, desk: FastAPI, plan: Plan) -> None:
        super().__init__(config)
        self._desk = desk
        self._plan = plan

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await run_in_threadpool(int)  # else the first request waits until that can be done
        collecting.settle()
        await super().startup(sockets=sockets)
        assert sockets
        host, port = sockets[0].getsockname()[:2]
        if host in {"0.0.0.0", "::"}:  # noqa: S104 - every address, so also the near one
            host = "127.0.0.1"
        shown = f"[{host}]" if ":" in host else host
        if self._plan.announce is not None:
            self._plan.announce(f"http://{shown}:{port}")
            return
        prices: Prices = self._desk.state.prices
        print(f"Plimsoll is ready: http://{shown}:{port}/", flush=True)  # noqa: T201
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
