"""What the OpenAPI document promises of every answer, and requests that are made from it."""

import zlib
from collections.abc import Sequence
from typing import Any, Final

import schemathesis
from schemathesis import GenerationMode, checks
from schemathesis.core import NOT_SET

from plimsoll.app import create_app
from plimsoll.settings import Settings

Request = schemathesis.Case[Any]
ASSETS: Final = ("bitcoin", "ethereum", "usd", "eur", "solana", "btc")
KNOWN: Final[dict[str, tuple[str, ...]]] = {
    "coin_id": ASSETS,
    "currency": ASSETS,
    "base": ASSETS,
    "quote": ASSETS,
    "vs": ASSETS,
    "symbol": ("BTC-PERP", "ETH-PERP", "BTC/USD"),
    "jurisdiction": ("us", "de", "uk"),
}
"""Names that exist, by the field that they are asked in."""


def document() -> dict[str, Any]:
    """What the API promises. Who may call what is proved by the table of routes and roles; here
    everybody may, or a good part of the requests would come without a credential.
    """
    described = create_app(Settings(), "").openapi()
    for operations in described["paths"].values():
        for operation in operations.values():
            operation.pop("security", None)
    return described


def may_lack_a_body() -> frozenset[str]:
    """Operations whose body is optional, and may be null, as their description says."""
    return frozenset(
        described["operationId"]
        for methods in document()["paths"].values()
        for described in methods.values()
        if not described.get("requestBody", {"required": True}).get("required", False)
    )


BODY_IS_OPTIONAL: Final = may_lack_a_body()


def linked_document() -> dict[str, Any]:
    """The same, with a way from one's own profile to every operation: sequences begin there, and
    none is left out.
    """
    described = document()
    start = described["paths"]["/api/v1/auth/me"]["get"]["responses"]["200"]
    start["links"] = {
        each["operationId"]: {"operationId": each["operationId"]}
        for operations in described["paths"].values()
        for each in operations.values()
    }
    return described


def aim(part: Any, ids: dict[str, list[str]]) -> Any:
    """`part` of a request with every other name and id replaced by one that exists."""
    if isinstance(part, list):
        return [aim(each, ids) for each in part]
    if not isinstance(part, dict):
        return part
    aimed = {}
    for name, value in part.items():
        known: Sequence[str] = KNOWN.get(name, ids.get(name, []))
        chance = zlib.crc32(repr(value).encode())
        hit = known and isinstance(value, str) and chance % 2
        aimed[name] = known[chance // 2 % len(known)] if hit else aim(value, ids)
    return aimed


def is_meant_to_fit(case: Request) -> bool:
    """Whether it follows the document; the others break it in one place and have to be refused."""
    return case.meta is None or case.meta.generation.mode is GenerationMode.POSITIVE


@schemathesis.check
def no_failure_of_ours(
    _context: schemathesis.CheckContext, response: schemathesis.Response, _case: Request
) -> None:
    """A price that nobody has ever seen is the only thing that may be missing."""
    if response.status_code >= 500:
        assert response.json()["code"] == "price-unavailable", response.text


@schemathesis.check
def refused_where_it_breaks_the_document(
    context: schemathesis.CheckContext, response: schemathesis.Response, case: Request
) -> None:
    """No body, or `null`, is described for these few; schemathesis takes it for a wrong one."""
    described = case.operation.definition.raw["operationId"]
    if described not in BODY_IS_OPTIONAL or not (case.body is None or case.body is NOT_SET):
        checks.negative_data_rejection(context, response, case)


CHECKS: Final = [
    no_failure_of_ours,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    refused_where_it_breaks_the_document,
]
