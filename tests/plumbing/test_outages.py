"""What callers are told while PostgreSQL fails or is away: never a success that is none."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from plimsoll.app import create_app
from plimsoll.plumbing import problems, schema
from plimsoll.plumbing.database import Contended, Reading, Writing
from plimsoll.plumbing.postgres.server import EmbeddedPostgres
from plimsoll.settings import Settings
from tests.conftest import running
from tests.plumbing.notes import connected, kill_backends
from tests.plumbing.people import sign_in


@asynccontextmanager
async def noting(dsn: str) -> AsyncIterator[httpx2.AsyncClient]:
    """An application whose handlers get their units from the dependencies."""
    app = FastAPI()
    problems.install(app)

    @app.get("/notes")
    async def read_notes(unit: Reading) -> list[str]:
        return [row["text"] for row in await unit.fetch("select text from notes order by id")]

    @app.post("/notes/{ident}", status_code=201)
    async def add_note(ident: int, unit: Writing) -> str:
        await unit.execute("insert into notes values ($1, 'x')", ident)
        return "made"

    @app.post("/promises", status_code=201)
    async def promise_twice(unit: Writing) -> str:
        await unit.execute("insert into promises values (1)")
        return "made"

    @app.post("/doomed/{ident}", status_code=201)
    async def add_doomed_note(ident: int, unit: Writing) -> str:
        await unit.execute("insert into notes values ($1, 'x')", ident)
        await kill_backends(dsn)
        await asyncio.sleep(0.1)
        return "made"

    @app.post("/refused/{ident}", status_code=201)
    async def add_and_refuse(ident: int, unit: Writing) -> str:
        await unit.execute("insert into notes values ($1, 'x')", ident)
        raise Contended("no")

    async with connected(dsn) as database:
        app.state.database = database
        transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as http:
            yield http


async def test_the_commit_comes_before_the_answer(noted: str) -> None:
    async with noting(noted) as http:
        made = await http.post("/notes/1")
        assert (made.status_code, (await http.get("/notes")).json()) == (201, ["x"])

        broken_promise = await http.post("/promises")
        assert broken_promise.status_code == 500

        refused = await http.post("/refused/2")
        assert (refused.status_code, refused.json()["code"]) == (503, "contended")

        doomed = await http.post("/doomed/3")
        assert (doomed.status_code, doomed.json()["code"]) == (503, "database-unavailable")
        assert doomed.headers["retry-after"] == "1"

        assert (await http.get("/notes")).json() == ["x"]


def kill_server(server: EmbeddedPostgres) -> None:
    """As when the machine runs out of memory."""
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    while server.alive:
        time.sleep(0.01)


@pytest.mark.parametrize("how", [EmbeddedPostgres.stop, kill_server])
async def test_while_the_server_is_away_requests_are_told_so_and_then_go_on(
    how: Callable[[EmbeddedPostgres], None], tmp_path: Path, settings: Settings
) -> None:
    def start() -> EmbeddedPostgres:
        return EmbeddedPostgres.start(tmp_path / "own")

    server = await asyncio.to_thread(start)
    try:
        await schema.upgrade(server.dsn)
        async with running(create_app(settings, server.dsn)) as client:
            client.headers |= await sign_in(client)
            names = [f"wallet {number}" for number in range(8)]
            await add_wallets(client, names[:1])

            await asyncio.to_thread(how, server)
            for name in names[1:4]:
                read = await client.get("/wallets")
                written = await client.post("/wallets", json={"name": name})
                for answer in (read, written):
                    assert answer.status_code == 503, answer.text
                    assert answer.json()["code"] == "database-unavailable"
                    assert int(answer.headers["retry-after"]) >= 1
            await asyncio.to_thread(server.stop)

            server = await asyncio.to_thread(start)
            await add_wallets(client, names[1:])
            listed = (await client.get("/wallets")).json()["data"]
            assert {wallet["name"] for wallet in listed} >= set(names)
    finally:
        await asyncio.to_thread(server.stop)


async def add_wallets(client: httpx2.AsyncClient, names: list[str]) -> None:
    for name in names:
        answer = await client.post("/wallets", json={"name": name})
        assert answer.status_code == 201, answer.text
