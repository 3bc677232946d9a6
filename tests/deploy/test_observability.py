"""Rules, alerts and dashboards say only what a started service exports."""

import asyncio
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import promql_parser
import pytest
import yaml
from fastapi import FastAPI
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from tools.dashboards import BOARDS, path_of, render

DEPLOY = Path(__file__).parents[2] / "deploy"
GIVEN = {"up"}
"""By Prometheus itself."""
ADDED = {"instance", "job", "le", "__name__"}
"""Labels that are not the service's own."""
LABELS = {
    "method", "route", "status", "code", "reason", "policy", "pool", "state", "kind", "source",
    "outcome", "le", "decision", "part", "generation", "implementation", "version",
    "major", "minor", "patchlevel",
}  # fmt: skip
"""All that there are; each has a closed set of values."""
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}


def rules(name: str) -> list[dict[str, Any]]:
    document = yaml.safe_load((DEPLOY / "prometheus" / name).read_text("utf-8"))
    return [rule for group in document["groups"] for rule in group["rules"]]


RECORDED = {rule["record"] for rule in rules("rules.yml")}
EXPRESSIONS = {
    **{rule["record"]: rule["expr"] for rule in rules("rules.yml")},
    **{rule["alert"]: rule["expr"] for rule in rules("alerts.yml")},
    **{
        f"{board.uid} {panel.title} {legend}": expr
        for board in BOARDS
        for row in board.rows
        for panel in row
        for legend, expr in panel.lines.items()
    },
}


def selectors(node: Any) -> Iterator[Any]:
    """Every selector of a metric in an expression."""
    match node:
        case promql_parser.VectorSelector():
            yield node
        case promql_parser.MatrixSelector():
            yield node.vector_selector
        case promql_parser.BinaryExpr():
            yield from selectors(node.lhs)
            yield from selectors(node.rhs)
        case promql_parser.Call():
            for each in node.args:
                yield from selectors(each)
        case promql_parser.NumberLiteral() | promql_parser.StringLiteral():
            return
        case _:
            yield from selectors(node.expr)


def exported() -> set[str]:
    return {
        f"{family.name}{suffix}"
        for family in REGISTRY.collect()
        for suffix in SUFFIXES.get(family.type, ("",))
    }


def labels_of(metric: str) -> set[str]:
    collector = REGISTRY._names_to_collectors[metric]
    return set(getattr(collector, "_labelnames", ()))


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_an_expression_asks_for_what_is_exported(name: str) -> None:
    text = EXPRESSIONS[name].replace('=~"$instance"', '=~".*"')
    found = list(selectors(promql_parser.parse(text)))
    assert found
    for each in found:
        assert each.name in exported() | RECORDED | GIVEN, each.name
        asked = {matcher.name for matcher in each.matchers.matchers} - ADDED
        assert asked <= (labels_of(each.name) if asked else set())


def test_an_expression_with_an_unknown_metric_is_found() -> None:
    (one,) = selectors(promql_parser.parse("sum(rate(no_such_metric_total[5m])) > 1"))
    assert one.name not in exported() | RECORDED | GIVEN


def test_every_alert_says_how_urgent_it_is_and_what_to_do() -> None:
    alerts = rules("alerts.yml")
    assert len({alert["alert"] for alert in alerts}) == len(alerts)
    for alert in alerts:
        assert alert["labels"]["severity"] in {"page", "ticket"}
        assert alert["annotations"]["summary"]
        assert alert["annotations"]["description"]


def test_prometheus_is_told_of_both_files() -> None:
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text("utf-8"))
    assert config["rule_files"] == ["rules.yml", "alerts.yml"]


async def test_promtool_agrees_where_it_is_installed() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        return  # the parser above has read them
    files = [str(DEPLOY / "prometheus" / name) for name in ("rules.yml", "alerts.yml")]
    run = await asyncio.create_subprocess_exec(promtool, "check", "rules", *files)
    assert await run.wait() == 0


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_a_dashboard_is_what_its_description_says(board: Any) -> None:
    text = (DEPLOY.parent / path_of(board)).read_text("utf-8")
    assert text == render(board), "run python -m tools.dashboards"
    document = json.loads(text)
    sources = {panel["datasource"]["uid"] for panel in document["panels"]}
    assert sources == {"${datasource}"}, "it can be imported anywhere"
    places = [panel["gridPos"] for panel in document["panels"]]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    assert len({panel["id"] for panel in document["panels"]}) == len(places)


NAMED = {
    "api_request_latency_seconds",
    "api_error",
    "api_requests",
    "liquidation_events",
    "auth_failures",
    "rate_limit_hits",
    "db_pool_in_use",
    "engine_state",
    "event_loop_lag_seconds",
    "process_resident_memory_bytes",
}
METRICS = "http://localhost/metrics"


async def read(client: httpx2.AsyncClient) -> dict[str, set[tuple[tuple[str, str], ...]]]:
    """Series by family."""
    text = (await client.get(METRICS)).text
    return {
        family.name: {
            (("", sample.name), *sorted(sample.labels.items())) for sample in family.samples
        }
        for family in text_string_to_metric_families(text)
    }


async def test_whatever_callers_do_the_number_of_series_is_bounded(
    client: httpx2.AsyncClient, app: FastAPI
) -> None:
    await app.state.recorder.tick()
    await client.get("/assets")
    await client.get("/no/such/path")
    before = await read(client)
    assert set(before) >= NAMED
    for index in range(150):
        await client.get(f"/no/such/path/{index}")
        await client.get(f"/prices/coin{index}")
        await client.get("/account/me", headers={"authorization": f"Bearer nonsense{index}"})
        await client.request(f"M{index}", "/assets")
    for index in range(5):
        await client.post("/auth/login", json={"email": f"x{index}@example.org", "password": "no"})
    after = await read(client)

    names = {label for family in after.values() for each in family for label, _ in each[1:]}
    assert names <= LABELS, names - LABELS
    added = sum(len(after[name] - before.get(name, set())) for name in after)
    assert added < 150, "not one for each of what they sent"
    values = {value for family in after.values() for each in family for _, value in each[1:]}
    assert not [value for value in values if re.search(r"coin\d|nonsense|path/\d|^M\d|@", value)]
