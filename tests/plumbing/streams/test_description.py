"""The description is AsyncAPI 3, and what is really said fits it.

`asyncapi-3.0.0.json.gz` is the JSON schema of AsyncAPI documents as the AsyncAPI initiative
publishes it (package @asyncapi/specs 6.11.1, Apache-2.0), without its white space.
"""

import gzip
import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from plimsoll.plumbing.streams.description import describe
from tests.plumbing.streams.desk import Desk, Ear, ask, running

SCHEMA = json.loads(
    gzip.decompress(Path(__file__).with_name("asyncapi-3.0.0.json.gz").read_bytes())
)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    described: dict[str, Any] = json.loads(json.dumps(describe(Desk().hub, "1.2.3")))
    return described


def references(part: Any) -> set[str]:
    if isinstance(part, list):
        return set().union(*map(references, part))
    if not isinstance(part, dict):
        return set()
    own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
    return own.union(*map(references, part.values()))


def fits(document: dict[str, Any], message: str, value: Any) -> bool:
    payload = document["components"]["messages"][message]["payload"]
    schema = {**payload, "components": document["components"]}
    return jsonschema_rs.validator_for(schema).is_valid(value)


def test_it_is_a_document_of_asyncapi_3(document: dict[str, Any]) -> None:
    validator = jsonschema_rs.validator_for(SCHEMA)
    assert [str(error) for error in validator.iter_errors(document)] == []
    assert not validator.is_valid(document | {"operations": {"hear": {"action": "shout"}}})


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for reference in references(document):
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
        assert place


def test_every_channel_and_every_operation_is_in_it(document: dict[str, Any]) -> None:
    messages = document["components"]["messages"]
    assert {"shelves-subscribe", "shelves-frames", "journal-subscribe", "journal-frames"} <= set(
        messages
    )
    assert {"op-ping", "op-auth", "op-list", "op-resync", "op-unsubscribe"} <= set(messages)
    names = {
        entry["$ref"].rpartition("/")[2]
        for operation in document["operations"].values()
        for entry in operation["messages"]
    }
    assert names == set(messages) == set(document["channels"]["live"]["messages"])


async def test_what_is_said_fits_it(document: dict[str, Any]) -> None:
    async with running() as desk, desk.connect(token="t-ada") as socket:
        asked: list[tuple[str, str, dict[str, Any]]] = [
            ("shelves-subscribe", "subscribe", {"channel": "shelves", "symbols": ["a"]}),
            ("journal-subscribe", "subscribe", {"channel": "journal", "since_seq": 5}),
            ("op-ping", "ping", {"id": "1"}),
            ("op-auth", "auth", {"token": "t-ada"}),
            ("op-list", "list", {}),
            ("op-resync", "resync", {"sub": "shelves:a"}),
            ("op-unsubscribe", "unsubscribe", {"sub": ["shelves:a"], "id": "2"}),
            ("op-unsubscribe", "unsubscribe", {"sub": "shelves:a"}),
        ]
        for message, op, more in asked:
            assert fits(document, message, {"op": op} | more), message
            assert not fits(document, message, {"op": op} | more | {"nonsense": 1}), message
            await ask(socket, op, **more)
        desk.journals.of("ada").write("x")
        ear, seen = Ear(socket), set[str]()
        while len(seen) < 9:
            said = await ear.next(heartbeats=True)
            if op := str(said.get("op", "")):
                name = "say-refusal" if op == "error" else f"say-{NAMES.get(op, op)}"
                assert fits(document, name, said), said
            else:
                name = f"{said['ch']}-frames"
                assert fits(document, name, [said]), said
                assert not fits(document, name, [said | {"type": "rumour"}])
            seen.add(name)


NAMES = {"resync": "resynced"}
