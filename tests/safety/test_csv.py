"""No cell of any CSV that leaves here is a formula, whatever people have called their things."""

import csv
import io
import re
from typing import Any, Final

import httpx2
import pytest

from plimsoll.app import create_app
from plimsoll.settings import Settings
from tests.conftest import Person
from tests.journeys.tax_story import WISH, finish
from tests.journeys.test_awkward_values import EXAMPLES

STARTERS: Final = "=+-@\t\r"
NUMBER: Final = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
HOSTILE: Final = (
    "=HYPERLINK(1)",
    "+1+cmd|'/C calc'!A0",
    "-2+3",
    "@SUM(1)",
    '"=1"',
    "x\n=1+1",
    "x,=1+1",
    "'=1",
    "＝1+1",
)
FEWEST: Final = 15


def lists_as_csv() -> list[str]:
    """Operations that answer as CSV on request."""
    document: dict[str, Any] = create_app(Settings(), "").openapi()
    return [
        operation["operationId"]
        for methods in document["paths"].values()
        for operation in methods.values()
        if any(
            "text/csv" in answer.get("content", {}) for answer in operation["responses"].values()
        )
        and operation["operationId"] in EXAMPLES
    ]


NAMES: Final = lists_as_csv()


def assert_no_formula(text: str, where: str) -> int:
    """How many cells there were."""
    cells = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
    for cell in cells:
        assert cell[:1] not in STARTERS or not cell or NUMBER.fullmatch(cell), (where, cell)
    return len(cells)


async def call_things_names(http: httpx2.AsyncClient) -> None:
    """Whatever takes a text of a person's own."""
    for number, text in enumerate(HOSTILE):
        wallet = await http.post("/wallets", json={"name": text})
        held = {"coin_id": "bitcoin", "quantity": "1", "price": "3", "note": text}
        place = {"wallet_id": wallet.json()["id"]} if wallet.status_code == 201 else {}
        moment = {"occurred_at": f"2025-03-{number + 1:02}T00:00:00Z"}
        bought = await http.post("/holdings", json=held | place | moment)
        assert bought.status_code == 201, bought.text
        entry = {
            "kind": "staking",
            "legs": [{"coin_id": "ethereum", "quantity": "1", "value": "9"} | place],
            "source": "manual",
            "external_id": text,
            "note": text,
        }
        made = await http.post("/transactions", json=entry | moment)
        assert made.status_code == 201, made.text
        await http.post("/auth/keys", json={"name": text, "scopes": ["read"]})
        order = {"symbol": "BTC-PERP", "side": "buy", "type": "market", "quantity": "0.001"}
        await http.post("/account/deposit", json={"amount": "1000"})
        await http.post("/orders", json=order | {"client_order_id": text})


@pytest.fixture
async def hostile(ada: Person) -> Person:
    await call_things_names(ada.http)
    return ada


async def test_no_list_has_a_formula(hostile: Person) -> None:
    cells = answered = 0
    for name in NAMES:
        example = EXAMPLES[name]
        query = {"format": "csv", "limit": "500"}
        answer = await hostile.http.request(example.method, example.path, params=query)
        if answer.status_code == 200 and answer.headers["content-type"].startswith("text/csv"):
            answered += 1
            cells += assert_no_formula(answer.text, name)
    assert answered >= FEWEST, "most lists answer as CSV"
    assert cells > 500


async def test_what_people_wrote_is_in_the_export_and_safe_there(hostile: Person) -> None:
    answer = await hostile.http.get("/transactions/export", params={"format": "csv"})
    assert answer.status_code == 200, answer.text
    assert_no_formula(answer.text, "export")
    notes = {cell for row in csv.reader(io.StringIO(answer.text)) for cell in row}
    assert {"'=HYPERLINK(1)", "'@SUM(1)"} <= notes
    assert any(cell.startswith("'+1+cmd") for cell in notes)


async def test_no_file_of_a_tax_report_has_a_formula(hostile: Person) -> None:
    job = await finish(hostile, await hostile.http.post("/tax/runs", json=WISH))
    run_id = job["result"]["facts"]["run_id"]
    run = (await hostile.http.get(f"/tax/runs/{run_id}")).json()
    names = [each["name"] for each in run["files"] if each["name"].endswith(".csv")]
    assert names
    for name in names:
        answer = await hostile.http.get(f"/tax/runs/{run_id}/files/{name}")
        assert answer.status_code == 200, answer.text
        assert_no_formula(answer.text, name)
