"""No request breaks the service: schemathesis makes requests from the OpenAPI document.

They go over HTTP to a running service as a signed-in user. Whatever comes, the answer is not a
failure of ours, and its status, content type, headers and body are what the document promises;
what breaks the document is refused. Half of the names and ids that schemathesis invents are
replaced by ones that exist, or little would get past the first check. In the end the books still
add up. Then every role makes sequences of requests: a little of what `make fuzz` does for long.

`FUZZ_CASES` is how many random requests each operation gets on top of the examples and boundary
values that schemathesis derives from the document. The long form:

    FUZZ_CASES=500 .venv/bin/python -m pytest tests/journeys/test_fuzz.py -n 2

Logout, signing out everywhere and changing the password are left out of the first part: what
succeeds would end the session that all others use. The sequences have them.
"""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import checks

from tests.journeys.api_walk import ROLES, own_things, walk
from tests.journeys.books import holdings, list_all, sum_of
from tests.journeys.promises import CHECKS, Request, aim, document, is_meant_to_fit
from tests.journeys.service import Service

CASES: Final = int(os.environ.get("FUZZ_CASES", "20"))
pytestmark = [pytest.mark.xdist_group("fuzz"), pytest.mark.timeout(120 + 2 * CASES)]
IN_SEQUENCE: Final = 60
"""Requests of each role, at least."""

schema = schemathesis.openapi.from_dict(document()).exclude(
    operation_id=["logout", "change_password", "end_sessions"]
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
        yield Desk(service, token, await own_things(service, token))


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
        checks=[*CHECKS, checks.unsupported_method],
    )


async def test_after_all_that_the_books_add_up(desk: Desk) -> None:
    async with desk.service.client(desk.token) as http:
        assert await holdings(http) == sum_of(await list_all(http, "/transactions"))
    assert desk.service.command("audit", "verify").startswith("intact")


async def test_no_sequence_of_any_role_breaks_it(desk: Desk) -> None:
    walked = await walk(desk.service, alone=0, in_sequence=IN_SEQUENCE, first_seed=1)

    assert list(walked.faults) == [], "\n".join(walked.lines())
    assert {role for role, _ in walked.asked} == set(ROLES)
    assert min(walked.asked.values()) >= IN_SEQUENCE
