"""A file with faults: everything that is wrong is said at once, mended, recorded, undone, recorded
again; and what the page says of it then is what the API says.
"""

from typing import Final
from uuid import uuid4

from playwright.async_api import FilePayload, Locator, expect

from tests.conftest import PASSWORD
from tests.ui.visitor import Visitor, dollars

FILE: Final = """\
date,kind,received_quantity,received_asset,sent_quantity,sent_asset,external_id
03/04/2024 01:00,,2,BTC,"60,000",USD,x1
05/04/2024 09:30,staking,3,ETH,,,x2
06/04/2024 10:00,staking,4,NEVERHEARD,,,x3
07/04/2024 10:00,deposit,five,SOL,,,x4
08/04/2024 10:00,frobnicate,1,ETH,,,x5
09/04/2024 10:00,staking,7,ETH,,,x2
10/04/2024 10:00,deposit,100,USD,,,x7
11/04/2024 10:00,,"50,000",USD,1,BTC,x8
12/04/2024 10:00,staking,9,LTC,,,x9
03/04/2024 01:00,,2,BTC,"60,000",USD,x1
"""
QUESTIONS: Final = {
    "Numbers": ("60,000 on line 2 can be read in two ways: point or comma?", "1,234.56 (point)"),
    "Dates": (
        "the date on line 2 can be read in two ways: ymd, dmy or mdy?",
        "31.01.2024 (day, month, year)",
    ),
    "Time zone of the file": (
        "the time on line 2 names no zone: which one is it in?",
        "Europe/Berlin",
    ),
}
FAULTS: Final = {
    4: ("nobody has said which asset 'NEVERHEARD' is", "unknown-asset", "NEVERHEARD"),
    5: ("this is no number", "not-a-number", "five"),
    6: ("there is no kind 'frobnicate'", "unknown-kind", "frobnicate"),
    7: ("the row on line 3 has the same id and says something else", "id-used-twice", "x2"),
}
RECORDED: Final = 4
"""The purchase, the sale, and staking of ETH and of what NEVERHEARD is; LTC is skipped."""


async def register(visitor: Visitor) -> None:
    """On the page, as a stranger does."""
    page = visitor.page
    await visitor.go("/sign-in?next=%2Fimports")
    await page.get_by_role("tab", name="Open an account").click()
    form = page.get_by_role("form", name="Open an account")
    await form.get_by_label("E-mail address").fill(f"{uuid4().hex[:12]}@example.org")
    await form.get_by_label("Password", exact=True).fill(PASSWORD)
    await form.get_by_label("The password again").fill(PASSWORD)
    await form.get_by_role("button", name="Open the account").click()
    await expect(visitor.heading("Imports")).to_be_visible()


async def bring(visitor: Visitor) -> None:
    await visitor.go("/imports")
    file = FilePayload(name="mine.csv", mimeType="text/csv", buffer=FILE.encode())
    await visitor.page.get_by_label("Files to import").set_input_files(file)
    await expect(visitor.heading("mine.csv")).to_be_visible()


async def answer(visitor: Visitor) -> None:
    """All questions are there at once, each beside its field; then the file is read again."""
    page = visitor.page
    for label, (question, said) in QUESTIONS.items():
        field = page.get_by_label(label)
        await expect(field).to_have_accessible_description(question, timeout=15_000)
        if label == "Time zone of the file":
            await field.fill(said)
        else:
            await field.select_option(label=said)
    await page.get_by_role("button", name="Read it again").click()
    await expect(state(visitor)).to_contain_text("to be decided", timeout=15_000)


def state(visitor: Visitor) -> Locator:
    return visitor.page.get_by_role("region", name="State of the import")


def row(visitor: Visitor, line: int) -> Locator:
    rows = visitor.page.get_by_role("list", name="Rows of the file").get_by_role("listitem")
    return rows.filter(has=visitor.page.get_by_text(f"Line {line}", exact=True).first)


def verdict(visitor: Visitor, name: str, count: int) -> Locator:
    return visitor.page.get_by_role("button", name=f"{name} {count}", exact=True)


async def decide(visitor: Visitor) -> None:
    """Every fault is on the page with its line; the code is told, a row is skipped."""
    page = visitor.page
    for line, (reason, code, raw) in FAULTS.items():
        await expect(row(visitor, line)).to_contain_text(reason)
        await expect(row(visitor, line)).to_contain_text(f"line {line}")
        await expect(row(visitor, line)).to_contain_text(code)
        await expect(row(visitor, line)).to_contain_text(raw)
    await expect(verdict(visitor, "Problem", 3)).to_be_visible()
    await expect(verdict(visitor, "Needs attention", 1)).to_be_visible()
    await page.get_by_label("NEVERHEARD is").fill("solana")
    await page.get_by_role("button", name="Apply and read again").click()
    await expect(verdict(visitor, "New", 5)).to_be_visible(timeout=15_000)
    await expect(verdict(visitor, "Needs attention", 0)).to_be_visible()
    await page.get_by_role("button", name="Skip line 10").click()
    await expect(row(visitor, 10)).to_contain_text("skipped")


async def record(visitor: Visitor) -> None:
    await visitor.page.get_by_role("button", name=f"Record {RECORDED}").click()
    await expect(state(visitor)).to_contain_text(f"{RECORDED} recorded", timeout=15_000)


async def undo(visitor: Visitor) -> None:
    await visitor.page.get_by_role("button", name="Undo this import").click()
    await visitor.page.get_by_role("button", name=f"Take {RECORDED} out of force").click()
    await expect(state(visitor)).to_contain_text("undone", timeout=15_000)


async def sees_what_the_api_says(visitor: Visitor) -> None:
    """The portfolio, at the prices of one moment."""
    page = visitor.page
    given = await visitor.hold("/portfolio/summary")
    await visitor.go("/portfolio")
    await expect(visitor.figure("Value")).to_be_visible(timeout=15_000)
    (summary,) = given
    asked = await visitor.ask("/portfolio/summary")
    bought = {"bitcoin": "1", "ethereum": "3", "solana": "4"}
    for said in (summary, asked):
        assert {line["coin_id"]: line["quantity"] for line in said["holdings"]} == bought
        assert (said["cost"], said["realised_profit"]) == (asked["cost"], "20000")
    for name, key in (("Value", "value"), ("Cost", "cost")):
        await expect(visitor.figure(name)).to_have_text(dollars(summary[key]))
    for name in ("Unrealised profit", "Realised profit"):
        amount = summary[name.lower().replace(" ", "_")]
        await expect(visitor.figure(name)).to_have_text(dollars(amount, change=True))
    table = page.get_by_role("table", name="Holdings")
    for line in summary["holdings"]:
        shown = table.get_by_role("row").filter(has_text=line["symbol"].upper())
        await expect(shown).to_contain_text(dollars(line["value"]))
        await expect(shown).to_contain_text(dollars(line["unrealised_profit"], change=True))


async def finds_it_imported_already(visitor: Visitor) -> None:
    """A neutral verdict for each row that is in the ledger; only what was skipped is new."""
    for line in (2, 3, 4, 9, 11):
        await expect(row(visitor, line)).to_contain_text("Already imported")
    await expect(row(visitor, 10)).to_contain_text("New")
    await expect(visitor.page.get_by_role("button", name="Record 1", exact=True)).to_be_visible()
    newest = (await visitor.ask("/imports"))["data"][0]
    assert (newest["counts"]["already-imported"], newest["counts"]["new"]) == (5, 1)


async def test_a_file_with_faults_is_mended_recorded_undone_and_recorded_again(
    visitor: Visitor,
) -> None:
    await register(visitor)
    await bring(visitor)
    await answer(visitor)
    await decide(visitor)
    assert (await visitor.ask("/holdings"))["data"] == []
    await record(visitor)
    await undo(visitor)
    assert (await visitor.ask("/holdings"))["data"] == []

    await bring(visitor)
    await answer(visitor)
    await decide(visitor)
    await record(visitor)
    await sees_what_the_api_says(visitor)

    await bring(visitor)
    await answer(visitor)
    await finds_it_imported_already(visitor)
