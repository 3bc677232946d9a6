"""Imports over HTTP, each through the jobs and processes of the real application."""

import io
import zipfile
from collections.abc import AsyncIterator
from typing import Any, Final

import httpx2
import pytest

from plimsoll.plumbing.database import Database
from plimsoll.settings import Settings
from tests.conftest import Person
from tests.ledger.importing import PLIMSOLL, amounts, bring, do, look, rows, say, wait_for
from tests.ledger.statement import statement_of

HEADER: Final = "date,kind,received_quantity,received_asset,sent_quantity,sent_asset,wallet,note\n"
DEPOSIT: Final = "2024-01-31T12:00:00Z,deposit,1,BTC,,,,\n"


def codes(row: dict[str, Any]) -> list[str]:
    return [fault["code"] for fault in row["faults"]]


async def test_a_file_is_looked_at_recorded_found_again_and_undone(
    ada: Person, database: Database
) -> None:
    await ada.http.post("/holdings", json={"coin_id": "ethereum", "quantity": "1", "price": "9"})
    before = await statement_of(database, ada.id)
    made = await bring(ada.http, PLIMSOLL, "mine.csv")
    found = await look(ada.http, made)
    assert (found["state"], found["name"], found["format"]) == ("preview", "mine.csv", "plimsoll")
    assert found["counts"]["new"] == 2
    assert (found["first"], found["last"]) == ("2024-01-31T12:00:00Z", "2024-02-02T08:00:00Z")
    first, second = await rows(ada.http, made)
    assert (first["lines"], first["standing"], first["draft"]["kind"]) == ([2], "new", "buy")
    assert second["draft"]["legs"][0]["coin_id"] == "ethereum"
    assert await statement_of(database, ada.id) == before, "nothing is recorded unasked"

    done = await do(ada.http, made, "commit")
    assert (done["state"], done["recorded"], done["repeated"]) == ("committed", 2, 0)
    assert await amounts(ada.http) == {("main", "bitcoin"): "0.5", ("main", "ethereum"): "1.01"}
    bought = (await ada.http.get("/transactions", params={"kind": "buy"})).json()["data"]
    imported = next(each for each in bought if each["source"] == "plimsoll")
    assert imported["external_id"] == first["identity"]
    assert imported["import_id"] == made
    assert [leg["value"] for leg in imported["legs"]] == ["20000", "20000"]

    again = await bring(ada.http, PLIMSOLL)
    assert again != made
    found = await look(ada.http, again)
    assert found["counts"]["already-imported"] == 2
    assert {row["reason"] for row in await rows(ada.http, again)} == {
        "the ledger has this transaction"
    }
    assert (await do(ada.http, again, "commit"))["recorded"] == 0

    assert (await do(ada.http, made, "undo"))["state"] == "undone"
    assert await amounts(ada.http) == {("main", "ethereum"): "1"}
    third = await look(ada.http, await bring(ada.http, PLIMSOLL))
    assert third["counts"]["new"] == 2, "what was undone is new again"


async def test_the_same_bytes_are_one_import_until_it_is_decided(ada: Person, ben: Person) -> None:
    made = await bring(ada.http, PLIMSOLL)
    assert await bring(ada.http, PLIMSOLL, "another name") == made
    assert await bring(ben.http, PLIMSOLL) != made
    assert (await ada.http.delete(f"/imports/{made}")).status_code == 204
    discarded = await look(ada.http, made)
    assert discarded["state"] == "discarded"
    assert len(discarded["digest"]) == 64
    assert await rows(ada.http, made) == []
    again = await bring(ada.http, PLIMSOLL)
    assert again != made
    listed = (await ada.http.get("/imports")).json()["data"]
    assert [each["id"] for each in listed] == [again, made]


async def test_all_questions_come_at_once_and_answers_are_put(ada: Person) -> None:
    text = (
        "date;kind;received_quantity;received_asset;wallet\n"
        "03/04/2024 10:00;deposit;1,234;BTC;\n"
        "05/06/2024 10:00;deposit;2,345;FOOCOIN;Nano\n"
    )
    made = await bring(ada.http, text)
    asked = await look(ada.http, made)
    assert asked["state"] == "questions"
    pointers = {question["pointer"] for question in asked["questions"]}
    assert pointers == {"#/numbers", "#/dates", "#/zone"}
    refused = await ada.http.post(f"/imports/{made}/commit")
    assert (refused.status_code, refused.json()["code"]) == (409, "import-wrong-state")

    seen = await say(ada.http, made, numbers="comma", dates="dmy", zone="Europe/Berlin")
    assert seen["state"] == "preview"
    assert seen["first"] == "2024-04-03T08:00:00Z"
    assert seen["counts"]["needs-attention"] == 1
    assert seen["unknown_assets"] == [{"code": "FOOCOIN", "rows": 1}]

    mapped = await say(
        ada.http, made, assets={"FOOCOIN": "solana"}, wallets={"Nano": "cold"}, wallet_id=None
    )
    assert mapped["counts"]["new"] == 2
    assert {each["named"]: each["wallet"] for each in mapped["wallets"]} == {
        "": None,
        "Nano": "cold",
    }
    assert mapped["answers"]["zone"] == "Europe/Berlin", "what was said stays said"
    await do(ada.http, made, "commit")
    assert await amounts(ada.http) == {("main", "bitcoin"): "1.234", ("cold", "solana"): "2.345"}


async def test_rows_are_skipped_and_accepted_by_their_lines(ada: Person) -> None:
    """An hour that the clock showed twice is doubtful, and can be looked at."""
    text = (
        "date,kind,received_quantity,received_asset\n"
        "2023-10-29 02:30:00,deposit,1,BTC\n"
        "2023-11-01 10:00:00,deposit,2,BTC\n"
        "2023-11-02 10:00:00,deposit,4,NOSUCH\n"
        "2023-11-03 10:00:00,deposit,-8,BTC\n"
    )
    made = await bring(ada.http, text)
    found = await say(ada.http, made, zone="Europe/Berlin")
    assert found["counts"]["needs-attention"] == 2
    assert found["counts"]["error"] == 1
    assert found["faults"] == {"clock-change": 1, "unknown-asset": 1, "negative-quantity": 1}

    for lines, pointer in (({"accept": [4]}, "#/accept/0"), ({"skip": [99]}, "#/skip/0")):
        refused = await ada.http.patch(f"/imports/{made}", json=lines)
        assert (refused.status_code, refused.json()["code"]) == (422, "import-no-such-line")
        assert refused.json()["errors"][0]["pointer"] == pointer

    answer = await ada.http.patch(f"/imports/{made}", json={"accept": [2], "skip": [3]})
    assert answer.json()["state"] == "preview", "only chosen: not read again"
    assert (answer.json()["accepted"], answer.json()["skipped"]) == (1, 1)
    assert (await do(ada.http, made, "commit"))["recorded"] == 1
    assert await amounts(ada.http) == {("main", "bitcoin"): "1"}
    left = await rows(ada.http, made)
    assert [row["lines"] for row in left] == [[3], [4], [5]], "what came to nothing can be read"


async def test_every_fault_of_a_row_is_told_at_once(ada: Person) -> None:
    made = await bring(ada.http, HEADER + "2024-31-31T00:00:00Z,nothing,x,BTC,,,,\n" + DEPOSIT)
    (wrong,) = await rows(ada.http, made, standing="error")
    assert wrong["lines"] == [2]
    assert len(wrong["faults"]) >= 2
    assert all(fault["line"] == 2 and fault["fix"] for fault in wrong["faults"])
    assert {fault["raw"] for fault in wrong["faults"]} >= {"2024-31-31T00:00:00Z", "x"}
    page = await ada.http.get(f"/imports/{made}/rows", params={"limit": "1"})
    assert page.json()["next_cursor"]


async def test_what_has_not_happened_yet_is_an_error(ada: Person) -> None:
    made = await bring(ada.http, HEADER + "2090-01-01T00:00:00Z,deposit,1,BTC,,,,\n")
    (row,) = await rows(ada.http, made)
    assert (row["standing"], codes(row)) == ("error", ["in-the-future"])


async def test_formulas_stay_data_and_leave_as_text(ada: Person) -> None:
    text = HEADER + '2024-01-31T12:00:00Z,deposit,1,BTC,,,,"=HYPERLINK(""http://x"")"\n'
    made = await bring(ada.http, text + "2024-01-31T12:00:00Z,=1+1,1,BTC,,,,\n")
    (new, wrong) = await rows(ada.http, made)
    assert new["draft"]["note"] == '=HYPERLINK("http://x")'
    assert wrong["faults"][0]["raw"] == "=1+1"
    table = await ada.http.get(f"/imports/{made}/rows", params={"format": "csv"})
    assert table.headers["content-type"].startswith("text/csv")
    assert "'=1+1" in table.text
    for format_ in ("parquet", "arrow"):
        file = await ada.http.get(f"/imports/{made}/rows", params={"format": format_})
        assert file.status_code == 200
        assert len(file.content) > 100


def packed(bomb: int) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("transactions.csv", b"0" * bomb)
    return output.getvalue()


def workbook(bomb: int) -> bytes:
    """A workbook of one sheet that unfolds to so many bytes."""
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * bomb)
    return output.getvalue()


REFUSED: Final = {
    "import-zip-bomb": (packed(10_000_000), workbook(300_000_000)),
    "import-compressed": (packed(10), b"\x1f\x8b" + b"x" * 100),
    "import-binary": (b"\x89PNG\r\n\x1a\n" + b"\x01" * 100, HEADER.encode() + b"\x01\x02\n"),
    "import-nul": (HEADER.encode() + b"a\x00b\n",),
    "import-line-too-long": (HEADER.encode() + b"x" * 1_000_000 + b"\n",),
    "import-unknown-format": (b"a,b,c\n1,2,3\n",),
    "import-no-rows": (HEADER.encode(),),
    "import-unclosed-quote": (HEADER.encode() + b'2024-01-01,"open\n' + DEPOSIT.encode(),),
}


async def test_what_cannot_be_read_is_refused_by_name(ada: Person, database: Database) -> None:
    before = await statement_of(database, ada.id)
    for code, files in REFUSED.items():
        for content in files:
            made = await bring(ada.http, content)
            found = await look(ada.http, made)
            assert (found["state"], found["problem"]["code"]) == ("refused", code)
            assert await rows(ada.http, made) == []
            assert (await ada.http.post(f"/imports/{made}/commit")).status_code == 409
            assert (await ada.http.delete(f"/imports/{made}")).status_code == 204
    assert await statement_of(database, ada.id) == before


async def test_newlines_may_be_mixed(ada: Person) -> None:
    text = HEADER.replace("\n", "\r\n") + DEPOSIT + DEPOSIT.replace("\n", "\r")
    made = await bring(ada.http, text.encode())
    assert (await look(ada.http, made))["counts"]["new"] == 2


async def test_a_claim_of_ten_gigabytes_is_refused_before_a_byte_is_read(ada: Person) -> None:
    asked = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal asked
        asked += 1
        yield b"x"

    for claim, code in (("10000000000", "import-too-large"), ("9" * 40, "body-too-large")):
        refused = await ada.http.post(
            "/imports", params={"name": "x"}, content=body(), headers={"content-length": claim}
        )
        assert (refused.status_code, refused.json()["code"]) == (413, code)
    assert asked == 0
    other = await ada.http.post(
        "/wallets", content=b"{}", headers={"content-length": "10000000000"}
    )
    assert (other.status_code, other.json()["code"]) == (413, "body-too-large")


class TestWithASmallBound:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"import_max_bytes": 2_000_000})

    async def test_too_many_bytes_are_refused_where_they_are_too_many(self, ada: Person) -> None:
        """Without a Content-Length: it is counted."""
        sent = 0

        async def body() -> AsyncIterator[bytes]:
            nonlocal sent
            while True:
                sent += 100_000
                yield b"x" * 100_000

        refused = await ada.http.post("/imports", params={"name": "x"}, content=body())
        assert (refused.status_code, refused.json()["code"]) == (413, "import-too-large")
        assert sent == 2_100_000

    async def test_more_than_any_other_body_may_come_in_pieces(self, ada: Person) -> None:
        lines = [f"2024-01-31T12:00:00Z,deposit,{number},BTC,,,,\n" for number in range(1, 30_001)]
        content = (HEADER + "".join(lines)).encode()
        assert 1_000_000 < len(content) < 2_000_000
        found = await look(ada.http, await bring(ada.http, content))
        assert found["size"] == len(content)
        assert found["counts"]["new"] == 30_000


async def test_an_empty_body_is_refused_at_once(ada: Person) -> None:
    refused = await ada.http.post("/imports", params={"name": "x"}, content=b"")
    assert (refused.status_code, refused.json()["code"]) == (422, "import-empty")


async def test_undecided_imports_have_a_bound(ada: Person, database: Database) -> None:
    for number in range(20):
        answer = await ada.http.post("/imports", params={"name": "x"}, content=b"x%d" % number)
        assert answer.status_code == 202, answer.text
        await wait_for(ada.http, answer.json()["job_id"])
    refused = await ada.http.post("/imports", params={"name": "x"}, content=b"y")
    assert (refused.status_code, refused.json()["code"]) == (429, "too-many-imports")


async def test_a_wallet_of_somebody_else_is_not_there(ada: Person, ben: Person) -> None:
    theirs = (await ben.http.post("/wallets", json={"name": "cold"})).json()["id"]
    brought = await ada.http.post(
        "/imports", params={"name": "x", "wallet_id": theirs}, content=PLIMSOLL
    )
    assert (brought.status_code, brought.json()["code"]) == (404, "wallet-not-found")
    made = await bring(ada.http, PLIMSOLL)
    for said in ({"wallet_id": theirs}, {"wallets": {"": theirs}}):
        refused = await ada.http.patch(f"/imports/{made}", json=said)
        assert (refused.status_code, refused.json()["code"]) == (404, "wallet-not-found")


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"zone": "Mars/Olympus"}, "unknown-zone"),
        ({"zone": "../../etc/passwd"}, "unknown-zone"),
        ({"format": "nobody"}, "import-unknown-format"),
        ({"assets": {"A": "no-such-asset"}}, "unknown-asset-field"),
        ({"currency": "no-such-asset"}, "unknown-asset-field"),
        ({"numbers": "roman"}, "invalid"),
        ({"skip": [0]}, "invalid"),
        ({"unheard": 1}, "invalid"),
    ],
)
async def test_what_cannot_be_meant_is_refused(
    said: dict[str, Any], code: str, stranded: tuple[Person, str]
) -> None:
    person, made = stranded
    refused = await person.http.patch(f"/imports/{made}", json=said)
    assert (refused.status_code, refused.json()["code"]) == (422, code)


@pytest.fixture
async def stranded(ada: Person) -> tuple[Person, str]:
    """An import whose reading was cancelled before anybody had begun it."""
    answer = await ada.http.post("/imports", params={"name": "x"}, content=PLIMSOLL)
    await ada.http.delete(f"/jobs/{answer.json()['job_id']}")
    return ada, answer.json()["import_id"]


async def test_a_cancelled_reading_leaves_it_to_be_read_again(
    stranded: tuple[Person, str],
) -> None:
    person, made = stranded
    await wait_for(person.http, (await look(person.http, made))["job_id"])
    found = await look(person.http, made)
    if found["state"] != "preview":  # it was cancelled in time
        assert (found["state"], found["problem"]["code"]) == ("refused", "job-cancelled")
    assert (await say(person.http, made, cash="kept"))["state"] == "preview"


async def test_a_cancelled_commit_leaves_the_preview(ada: Person) -> None:
    made = await bring(ada.http, PLIMSOLL)
    started = (await ada.http.post(f"/imports/{made}/commit")).json()
    again = (await ada.http.post(f"/imports/{made}/commit")).json()
    assert again["job_id"] == started["job_id"], "while it is under way, that is the answer"
    await ada.http.delete(f"/jobs/{started['job_id']}")
    ended = await wait_for(ada.http, started["job_id"])
    if ended["state"] == "cancelled":
        assert (await look(ada.http, made))["state"] == "preview"
        assert await amounts(ada.http) == {}
        await do(ada.http, made, "commit")
    assert (await look(ada.http, made))["recorded"] == 2


async def test_cash_may_be_kept_in_the_wallet(ada: Person) -> None:
    made = await bring(ada.http, HEADER + "2024-01-30T12:00:00Z,deposit,50000,USD,,,,\n")
    assert (await look(ada.http, made))["counts"]["left-out"] == 1
    assert (await say(ada.http, made, cash="kept"))["counts"]["new"] == 1
    await do(ada.http, made, "commit")
    assert await amounts(ada.http) == {("main", "usd"): "50000"}


async def test_both_sides_of_a_commit_are_in_the_audit_log(ada: Person, database: Database) -> None:
    made = await bring(ada.http, PLIMSOLL)
    await do(ada.http, made, "commit")
    await do(ada.http, made, "undo")
    async with database.read() as unit:
        rows = await unit.fetch(
            "select event from audit_log where subject = $1 order by sequence", made
        )
    assert [row["event"] for row in rows] == ["import-committed", "import-undone"]


async def test_the_formats_are_listed(ada: Person, client: httpx2.AsyncClient) -> None:
    formats = (await ada.http.get("/import-formats")).json()
    assert {"plimsoll", "koinly", "kraken-ledgers"} <= {each["name"] for each in formats}
    assert (await client.get("/import-formats")).status_code == 401
