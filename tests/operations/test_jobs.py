"""Background jobs over HTTP: whose they are, how they are followed, how they are ended."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx2
import pytest
from fastapi import FastAPI

from plimsoll.kernel.identifiers import JobId, UserId
from plimsoll.operations.router import health as router
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.jobs.answers import accepted
from plimsoll.plumbing.jobs.context import JobContext
from plimsoll.plumbing.jobs.job import JobKind, JobResult
from plimsoll.plumbing.jobs.runner import Jobs
from tests.conftest import PASSWORD, Person
from tests.plumbing.raw_http import listening


@dataclass(frozen=True, slots=True)
class Count:
    to: int


COUNT = JobKind("test.count", Count)
NOBODYS = JobKind("test.nobodys", Count)
"""No process does this."""


async def count(job: JobContext, args: Count) -> JobResult:
    for number in range(args.to):
        await job.progress(number, args.to, "count")
        await asyncio.sleep(0.01)
    return JobResult(link="/api/v1/holdings", facts={"counted": args.to})


@pytest.fixture
def jobs(app: FastAPI, client: httpx2.AsyncClient) -> Jobs:
    """Those of the application, which also can count."""
    jobs: Jobs = app.state.jobs
    jobs.register(COUNT, count)
    return jobs


async def start(
    jobs: Jobs, database: Database, owner: Person | None, kind: JobKind[Count] = NOBODYS
) -> str:
    user_id = UserId(UUID(owner.id)) if owner else None
    return str(await jobs.start(database, kind, Count(to=200), owner=user_id))


async def as_operator(client: httpx2.AsyncClient, database: Database, person: Person) -> None:
    """From now on `person` is one."""
    await database.once("update users set role = 'operator' where email = $1", person.email)
    account = {"email": person.email, "password": PASSWORD}
    signed_in = await client.post("/auth/login", json=account)
    person.http.headers["authorization"] = f"Bearer {signed_in.json()['access_token']}"


async def test_a_job_is_shown_to_whom_it_belongs(
    jobs: Jobs, database: Database, ada: Person, ben: Person
) -> None:
    job_id = await start(jobs, database, ada)
    answer = await ada.http.get(f"/jobs/{job_id}")
    assert answer.status_code == 200
    shown = answer.json()
    assert shown.pop("created_at").endswith("Z")
    assert shown == {
        "id": job_id,
        "kind": "test.nobodys",
        "owned": True,
        "state": "queued",
        "cancel_asked": False,
        "phase": "",
        "done": 0,
        "total": None,
        "percent": None,
        "estimated_end_at": None,
        "attempt": 0,
        "retry_at": None,
        "problem": None,
        "args": {"to": 200},
        "result": None,
        "started_at": None,
        "finished_at": None,
    }
    for answer in (await ben.http.get(f"/jobs/{job_id}"), await ben.http.delete(f"/jobs/{job_id}")):
        assert (answer.status_code, answer.json()["code"]) == (404, "job-not-found")


async def test_the_list_has_pages_and_the_systems_jobs_only_for_operators(
    jobs: Jobs, database: Database, client: httpx2.AsyncClient, ada: Person, ben: Person
) -> None:
    own = sorted([await start(jobs, database, ada) for _ in range(5)])
    await start(jobs, database, ben)
    systems = await start(jobs, database, None)

    listed: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await ada.http.get("/jobs", params={"limit": "2", **cursor})).json()
        listed += [job["id"] for job in page["data"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert listed == own[::-1], "the newest first"
    assert (await ada.http.get("/jobs", params={"state": "done"})).json()["data"] == []
    assert (await ada.http.get("/jobs", params={"state": "asleep"})).status_code == 422
    assert (await ada.http.get("/jobs", params={"cursor": "WzFd"})).json()["code"] == "bad-cursor"
    assert (await ada.http.get(f"/jobs/{systems}")).status_code == 404

    await as_operator(client, database, ada)
    seen = (await ada.http.get("/jobs")).json()["data"]
    by_time = sorted([systems, *own], reverse=True)  # of one millisecond in any order
    assert [(job["id"], job["owned"]) for job in seen] == [(id_, id_ != systems) for id_ in by_time]
    scopes = ["read", "trade", "oversee"]
    made = await ada.http.post("/auth/keys", json={"name": "no operator", "scopes": scopes})
    headers = {"Authorization": f"Bearer {made.json()['api_key']}"}
    assert (await client.get(f"/jobs/{systems}", headers=headers)).status_code == 200
    assert (await client.delete(f"/jobs/{systems}", headers=headers)).status_code == 404

    assert (await ada.http.delete(f"/jobs/{systems}")).json()["state"] == "cancelled"
    last = "select event, subject from audit_log order by sequence desc limit 1"
    (row,) = await database.once(last)
    assert tuple(row) == ("job-cancelled", systems)


async def test_what_has_ended_cannot_be_cancelled(
    jobs: Jobs, database: Database, ada: Person
) -> None:
    job_id = await start(jobs, database, ada)
    for _ in range(2):
        cancelled = await ada.http.delete(f"/jobs/{job_id}")
        assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    await database.once(
        "update jobs set state = 'failed', problem_code = 'source-away' where id = $1", job_id
    )
    refused = await ada.http.delete(f"/jobs/{job_id}")
    assert (refused.status_code, refused.json()["code"]) == (409, "job-ended")
    assert refused.json()["state"] == "failed"


def parse(text: str) -> list[tuple[str, dict[str, Any]]]:
    """Name and data of every event."""
    events = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if line[:1] != ":")
        if lines:
            events.append((lines["event"], json.loads(lines["data"])))
    return events


async def test_the_events_end_with_the_job(
    jobs: Jobs, database: Database, ada: Person, app: FastAPI
) -> None:
    job_id = await start(jobs, database, ada, COUNT)
    async with (
        listening(app) as port,
        httpx2.AsyncClient(headers=ada.http.headers, timeout=30) as http,
        http.stream("GET", f"http://127.0.0.1:{port}/api/v1/jobs/{job_id}/events") as stream,
    ):
        assert stream.status_code == 200
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "no-store"
        text = "".join([part async for part in stream.aiter_text()])
    names, shown = zip(*parse(text), strict=True)
    assert len(names) >= 3
    assert set(names[:-1]) == {"progress"}
    assert (names[-1], shown[-1]["state"], shown[-1]["percent"]) == ("end", "done", 100)
    assert shown[-1]["result"] == {"link": "/api/v1/holdings", "facts": {"counted": 200}}
    percents = [each["percent"] or 0 for each in shown]
    assert percents == sorted(percents)
    assert max(percents[:-1]) < 100
    assert shown[-1] == (await ada.http.get(f"/jobs/{job_id}")).json()


async def test_the_events_end_before_the_service_does(
    jobs: Jobs, database: Database, ada: Person
) -> None:
    job_id = await start(jobs, database, ada)
    following = asyncio.create_task(ada.http.get(f"/jobs/{job_id}/events"))
    await asyncio.sleep(0.2)
    jobs.stop_following()
    async with asyncio.timeout(3):
        answer = await following
    assert [name for name, _ in parse(answer.text)] == ["progress"], "it can be opened again"


async def test_a_stream_is_opened_anew_now_and_then(
    jobs: Jobs, database: Database, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(router, "LONGEST_STREAM_S", 0.0)
    job_id = await start(jobs, database, ada)
    async with asyncio.timeout(5):
        answer = await ada.http.get(f"/jobs/{job_id}/events")
    assert [name for name, _ in parse(answer.text)] == ["progress"]


async def test_who_has_started_a_job_is_told_where_it_is(
    jobs: Jobs, database: Database, ada: Person
) -> None:
    job_id = await start(jobs, database, ada)
    answer = accepted(JobId(UUID(job_id)))
    assert answer.status_code == 202
    assert json.loads(bytes(answer.body)) == {"job_id": job_id}
    where = httpx2.URL("http://localhost").join(answer.headers["location"])
    assert (await ada.http.get(where)).json()["id"] == job_id


async def test_a_key_that_may_only_read_cancels_nothing(
    jobs: Jobs, database: Database, client: httpx2.AsyncClient, ada: Person
) -> None:
    job_id = await start(jobs, database, ada)
    made = await ada.http.post("/auth/keys", json={"name": "eyes", "scopes": ["read"]})
    headers = {"Authorization": f"Bearer {made.json()['api_key']}"}
    assert (await client.get(f"/jobs/{job_id}", headers=headers)).status_code == 200
    refused = await client.delete(f"/jobs/{job_id}", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "scope-missing")
