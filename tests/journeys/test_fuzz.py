"""No request breaks the service: schemathesis makes requests from the OpenAPI document.

They go over HTTP to a running service as a signed-in user. Whatever comes, the answer is not a
failure of ours, and its status, content type, headers and body are what the document promises;
what breaks the document is refused. Half of the names and ids that schemathesis invents are
replaced by ones that exist, or little would get past the first check. In the end the books still
add up.

`FUZZ_CASES` is how many random requests each operation gets on top of the examples and boundary
values that schemathesis derives from the document. The long form:

    FUZZ_CASES=500 .venv/bin/python -m pytest tests/journeys/test_fuzz.py -n 2

Logout and changing the password are left out: the first request that succeeds would end the
session that all others use. They have tests of their own.
"""

import os
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import GenerationMode, checks
from schemathesis.core import NOT_SET

from plimsoll.app import create_app
from plimsoll.settings import Settings
from tests.journeys.books import holdings, list_all, sum_of
from tests.journeys.service import Service
from tests.ledger.importing import PLIMSOLL, bring, wait_for

CASES: Final = int(os.environ.get("FUZZ_CASES", "20"))
pytestmark = [pytest.mark.xdist_group("fuzz"), pytest.mark.timeout(120 + 2 * CASES)]

Request = schemathesis.Case[Any]
ASSETS: Final = ("bitcoin", "ethereum", "usd", "eur", "solana", "btc")
ASSET_NAMES: Final = frozenset({"coin_id", "currency", "base", "quote", "vs"})


def document() -> dict[str, Any]:
    """What the API promises. Who may call what is proved by the walk in `test_other_user`; here
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
schema = schemathesis.openapi.from_dict(document()).exclude(
    operation_id=["logout", "change_password"]
)


@dataclass(frozen=True, slots=True)
class Desk:
    """A running service, somebody who is signed in, and ids of theirs by the name of the field."""

    service: Service
    token: str
    ids: dict[str, list[str]]


@pytest.fixture(scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """One desk for all cases; what one of them writes the next ones find."""
    data_dir = tmp_path_factory.mktemp("fuzz") / "desk"
    with Service(data_dir, "--feed", "simulated", access_token_minutes="1000") as service:
        token = await service.sign_up("ada@example.org")
        ids: dict[str, list[str]] = {}
        async with service.client(token) as http:
            for coin in ASSETS[:2]:
                bought = {"coin_id": coin, "quantity": "1000000", "price": "3"}
                held = (await http.post("/holdings", json=bought)).json()
                ids.setdefault("holding_id", []).append(held["id"])
                ids.setdefault("wallet_id", []).append(held["wallet_id"])
            wallet = (await http.post("/wallets", json={"name": "cold"})).json()
            ids["wallet_id"].append(wallet["id"])
            ids["transaction_id"] = [row["id"] for row in await list_all(http, "/transactions")]
            key = (await http.post("/auth/keys", json={"name": "a", "scopes": ["read"]})).json()
            ids["key_id"] = [key["id"]]
            ids["import_id"] = [await bring(http, PLIMSOLL)]
            asked = {"jurisdiction": "us", "year": 2025}
            run = await wait_for(http, (await http.post("/tax/runs", json=asked)).json()["job_id"])
            ids["run_id"] = [run["result"]["facts"]["run_id"]]
        yield Desk(service, token, ids)


def aim(part: Any, ids: dict[str, list[str]]) -> Any:
    """`part` of a request with every other name and id replaced by one that exists."""
    if isinstance(part, list):
        return [aim(each, ids) for each in part]
    if not isinstance(part, dict):
        return part
    aimed = {}
    for name, value in part.items():
        known = ASSETS if name in ASSET_NAMES else ids.get(name, ())
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


@schema.parametrize()
@settings(max_examples=CASES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_one_that_is_promised(case: Request, desk: Desk) -> None:
    if is_meant_to_fit(case):
        case.path_parameters = aim(case.path_parameters, desk.ids)
        case.query = aim(case.query, desk.ids)
        case.body = aim(case.body, desk.ids)
    case.call_and_validate(
        base_url=desk.service.url,
        headers={"Authorization": f"Bearer {desk.token}"},
        checks=[
            no_failure_of_ours,
            checks.status_code_conformance,
            checks.content_type_conformance,
            checks.response_headers_conformance,
            checks.response_schema_conformance,
            refused_where_it_breaks_the_document,
            checks.unsupported_method,
        ],
    )


async def test_after_all_that_the_books_add_up(desk: Desk) -> None:
    async with desk.service.client(desk.token) as http:
        assert await holdings(http) == sum_of(await list_all(http, "/transactions"))
    assert desk.service.command("audit", "verify").startswith("intact")
