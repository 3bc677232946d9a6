"""What the application says of its routes' limits is what it does."""

import re
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from plimsoll import routes
from plimsoll.access.domain.tolls import ORDINARY, RouteClass, Toll
from plimsoll.app import create_app
from plimsoll.plumbing.lists import MOST_ROWS
from plimsoll.plumbing.paging import MAX_LIMIT
from plimsoll.settings import Settings
from tests.conftest import Person, running
from tests.plumbing.valkey import Valkey

LIMITS = Path(__file__).parents[1] / "docs" / "limits.md"
ROW = re.compile(r"^\| `(\w+)` \| `[^|]+` \| (\w+) \| (\d+)([^|]*) \|$", re.MULTILINE)


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    return create_app(Settings(data_dir=tmp_path_factory.mktemp("desk")), "postgresql:///none")


def named(app: FastAPI) -> dict[str, tuple[set[str], str]]:
    """Methods and path of each operation by its name."""
    return {
        context.original_route.name: (set(context.methods or ()), str(context.path))
        for context in iter_route_contexts(app.routes)
        if isinstance(context.original_route, APIRoute)
    }


def test_every_operation_that_has_a_weight_exists(described: FastAPI) -> None:
    assert set(routes.TOLLS) <= set(named(described))


def test_hot_routes_pay_as_the_ordinary_ones_of_their_name(described: FastAPI) -> None:
    known = named(described)
    hot = [*routes.HOT.values(), *(route for _, route in routes.HOT_PREFIXES)]
    assert [known[route.operation][1] for route in hot] == [route.template for route in hot]


def test_whatever_changes_orders_or_positions_is_counted_apart(described: FastAPI) -> None:
    changing = {
        name
        for name, (methods, path) in named(described).items()
        if re.match(rf"{routes.API}/(orders|positions)\b", path) and not methods & {"GET", "HEAD"}
    }
    apart = {name for name, toll in routes.TOLLS.items() if toll.route_class is RouteClass.ORDERS}
    assert changing
    assert apart == changing


def test_asking_for_the_head_costs_what_the_whole_costs(described: FastAPI) -> None:
    known = named(described)
    for name, toll in routes.TOLLS.items():
        _, path = known[name]
        heads = [n for n, (methods, at) in known.items() if at == path and methods == {"HEAD"}]
        if "GET" in known[name][0]:
            assert [routes.TOLLS[head] for head in heads] == [toll] * len(heads)


def test_the_description_publishes_what_operations_cost(described: FastAPI) -> None:
    paths = described.openapi()["paths"]
    order = paths[f"{routes.API}/orders"]["post"]
    candles = paths[f"{routes.API}/markets/{{base}}/{{quote}}/candles"]["get"]

    assert (order["x-weight"], order["x-limit-class"]) == (1, "orders")
    assert (candles["x-weight"], candles["x-limit-class"]) == (1, "requests")
    assert (candles["x-rows-a-point"], candles["x-table-weight"]) == (1_000, 10)
    assert all("x-weight" in each for path in paths.values() for each in path.values())


def test_the_page_about_limits_lists_what_operations_cost(described: FastAPI) -> None:
    listed = {
        name: (kind, int(weight), more.strip())
        for name, kind, weight, more in ROW.findall(LIMITS.read_text("utf-8"))
    }
    assert listed == {
        name: (toll.route_class.value, toll.weight, words(toll))
        for name, toll in routes.TOLLS.items()
        if not name.startswith("head_") and toll not in {ORDINARY, routes.LIST}
    }


def test_tables_that_are_longer_than_pages_cost_what_pages_would(described: FastAPI) -> None:
    long = {
        operation["operationId"]: (operation.get("x-rows-a-point"), operation.get("x-free-rows"))
        for operations in described.openapi()["paths"].values()
        for operation in operations.values()
        for each in operation.get("parameters", ())
        if each["name"] == "limit" and each["schema"].get("maximum") == MOST_ROWS
    }
    whole = {"list_markets", "list_values", "list_performance_days"}  # tables of all there is
    assert len(long) > len(whole)
    assert long == {
        name: (None, None) if name in whole else (MAX_LIMIT, MAX_LIMIT) for name in long
    }
    assert [routes.LIST.cost(rows, table=True) for rows in (1, 1_000, 2_000, MOST_ROWS)] == [
        *(1, 1, 2, 10)
    ]


def words(toll: Toll) -> str:
    parts = []
    if toll.rows_a_point:
        above = f" above {toll.free_rows:,}" if toll.free_rows else ""
        parts.append(f"+ 1 for each {toll.rows_a_point:,} of `limit`{above}")
    if toll.table:
        parts.append(f"+ {toll.table} as a table")
    return ", ".join(parts)


async def test_orders_and_heavy_routes_are_counted_as_described(ada: Person) -> None:
    body = {"symbol": "BTC-PERP", "side": "buy", "type": "market", "quantity": "0.001"}
    preview = await ada.http.post("/orders/preview", json=body)
    assert preview.headers["ratelimit-policy"].startswith('"user-orders";')
    quick = await ada.http.post("/orders", json=body)
    assert quick.headers["ratelimit-policy"].startswith('"user-orders";')

    before = await ada.http.get("/auth/me")
    harvest = await ada.http.get("/tax/harvest")
    assert left(before) - left(harvest) in range(4, 6)  # some comes back in between


def left(answer: httpx2.Response) -> int:
    (number,) = re.findall(r'"user";r=(\d+)', answer.headers["ratelimit"])
    return int(number)


async def test_an_application_with_a_store_counts_there_and_says_when_it_is_away(
    settings: Settings, database_url: str
) -> None:
    valkey = Valkey()
    valkey.start()
    shared = settings.model_copy(update={"redis_url": Settings(redis_url=valkey.url).redis_url})
    app = create_app(shared, database_url)
    async with running(app) as client:
        await client.get("/markets")
        assert b"plimsoll:limit:{at " in valkey.ask("KEYS", "*address*")
        assert (
            "limits" not in (await client.get("http://localhost/health/ready")).json()["degraded"]
        )

        valkey.kill()
        assert (await client.get("/markets")).status_code == 200
        readiness = app.state.health
        readiness._last = None
        assert "limits" in (await client.get("http://localhost/health/ready")).json()["degraded"]
        assert (await client.get("http://localhost/health/ready")).status_code == 200
    valkey.close()
