"""A body has to say that it is JSON, plainly, on every route that takes JSON."""

from collections.abc import Iterator
from typing import Any, Final

import pytest

from plimsoll.app import create_app
from plimsoll.settings import Settings
from tests.journeys.test_awkward_values import EXAMPLES
from tests.safety.conftest import Desk

OTHERS: Final = (
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/json",
    "application/jsonp",
    "application/json, text/plain",
    None,
)
"""The first three are what a page of another site can send without being asked."""


def takes_json() -> Iterator[str]:
    """Operations with a JSON body."""
    document: dict[str, Any] = create_app(Settings(), "").openapi()
    for methods in document["paths"].values():
        for operation in methods.values():
            content = operation.get("requestBody", {}).get("content", {})
            if "application/json" in content and operation["operationId"] in EXAMPLES:
                yield operation["operationId"]


NAMES: Final = tuple(takes_json())


def test_there_are_such_routes() -> None:
    assert len(NAMES) > 30


async def send(desk: Desk, name: str, content: bytes, **headers: str) -> tuple[int, str]:
    example = EXAMPLES[name]
    answer = await desk.client.request(
        example.method,
        example.path,
        params=example.query,
        content=content,
        headers=desk.headers | headers,
    )
    assert answer.headers["content-type"] == "application/problem+json", name
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize("kind", OTHERS)
async def test_any_other_type_is_refused_on_every_route(desk: Desk, kind: str | None) -> None:
    for name in NAMES:
        headers = {"content-type": kind} if kind else {}
        status, code = await send(desk, name, b'{"sneaked": "in"}', **headers)
        if code == "no-demo":  # there is nothing behind it here
            continue
        # 403 and 401 come first where the caller may not in any case.
        assert status in {401, 403, 415, 422}, (name, status)


async def test_a_packed_body_is_refused_on_every_route(desk: Desk) -> None:
    for name in NAMES:
        for how in ("gzip", "deflate", "br", "zstd", "gzip, identity", "x"):
            packed = {"content-type": "application/json", "content-encoding": how}
            assert await send(desk, name, b"\x1f\x8b\x08", **packed) == (415, "packed-body"), name
