"""The application as a whole: what it is made of, and what stops it from starting."""

import asyncio

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from plimsoll.access.router import authentication as access_router
from plimsoll.app import UnguardedRoute, create_app
from plimsoll.plumbing.database import Database, DatabaseUnavailable
from plimsoll.plumbing.schema import SchemaBehind
from plimsoll.settings import Settings
from tests.conftest import running


def routes(app: FastAPI) -> set[str]:
    return {
        f"{method} {context.path}"
        for context in iter_route_contexts(app.routes)
        for method in context.methods or ()
    }


def test_every_slice_has_its_routes(settings: Settings) -> None:
    assert {
        "POST /api/v1/auth/register",
        "POST /api/v1/holdings",
        "GET /api/v1/prices/{coin_id}",
        "GET /api/v1/portfolio/summary",
        "GET /health/ready",
        "GET /metrics",
    } <= routes(create_app(settings, "postgresql:///nowhere"))


def test_the_api_describes_each_of_its_routes(settings: Settings) -> None:
    app = create_app(settings, "postgresql:///nowhere")
    described = {
        f"{method.upper()} {path}"
        for path, methods in app.openapi()["paths"].items()
        for method in methods
    }
    left_out = {
        "GET /openapi.json",
        "GET /docs",
        "GET /docs/{name}",
        "GET /api/v1/stream",  # in the AsyncAPI document, which is the next one
        "GET /api/v1/asyncapi.json",
        "POST /api/v1/trades",  # the same as with a slash, which is the documented one
    }
    heads = {f"HEAD {route.removeprefix('GET ')}" for route in described}
    assert routes(app) - described - heads == left_out


def test_a_route_that_does_not_say_who_may_call_it_stops_the_start(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    router = type(access_router.router)()
    router.get("/open-to-all")(lambda: None)
    monkeypatch.setattr(access_router, "router", router)
    with pytest.raises(UnguardedRoute, match=r"GET /api/v1/open-to-all"):
        create_app(settings, "postgresql:///nowhere")


async def test_a_database_that_is_away_or_behind_stops_the_start(
    settings: Settings, database_url: str, database: Database
) -> None:
    with pytest.raises(DatabaseUnavailable):
        async with running(create_app(settings, "postgresql://nobody@127.0.0.1:1/nothing")):
            pass
    async with database.write() as unit:
        await unit.execute("update alembic_version set version_num = '0001'")
    with pytest.raises(SchemaBehind, match="plimsoll migrate"):
        async with running(create_app(settings, database_url)):
            pass


async def test_a_companion_lives_as_long_as_the_application(
    settings: Settings, database_url: str
) -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def accompany() -> None:
        began.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    async with running(create_app(settings, database_url, companions=[accompany])):
        async with asyncio.timeout(1):
            await began.wait()
        assert not ended.is_set()
    assert ended.is_set()


def _soon() -> "asyncio.Task[None]":
    """There is always something to wait for."""
    return asyncio.create_task(asyncio.sleep(0))


async def test_nothing_is_left_running_after_the_application(
    settings: Settings, database_url: str, database: Database
) -> None:
    before = {task for task in asyncio.all_tasks() if not task.done()}
    async with running(create_app(settings, database_url)) as client:
        assert (await client.get("/prices/bitcoin")).status_code == 200
    _, left = await asyncio.wait(
        {task for task in asyncio.all_tasks() if not task.done()} - before | {_soon()}, timeout=1
    )
    assert {repr(task) for task in left} == set()
    async with database.read() as unit:
        connections = await unit.fetchval(
            "select count(*) from pg_stat_activity where datname = current_database()"
        )
    assert connections <= 2  # our own


async def test_two_applications_share_a_database(settings: Settings, database_url: str) -> None:
    account = {"email": "ada@example.org", "password": "correct horse battery"}
    async with (
        running(create_app(settings, database_url)) as first,
        running(create_app(settings, database_url)) as second,
    ):
        assert (await first.post("/auth/register", json=account)).status_code == 201
        signed_in = await second.post("/auth/login", json=account)
        assert signed_in.status_code == 200
        me = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
        assert (await first.get("/auth/me", headers=me)).status_code == 200
