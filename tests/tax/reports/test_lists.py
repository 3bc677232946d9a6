import csv

from plimsoll.tax.reports import lists
from tests.tax.reports.samples import META, NAMES, american, british, german


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(content.decode().splitlines()))


def test_figures_carry_place_and_formula_and_numbers_of_things_are_whole() -> None:
    count, gains = rows_of(lists.figures(british(), NAMES, META))

    assert (count["code"], count["amount"]) == ("disposals", "2")
    assert gains == {
        "code": "gains",
        "label": "Gains in the year, before losses",
        "where": "SA108",
        "currency": "gbp",
        "amount": "98000.56",
        "formula": "92500 + 5500.555",
    }


def test_disposals_name_every_slice_and_whether_it_is_taxed() -> None:
    rows = rows_of(lists.disposals(american(), NAMES, META))

    assert [row["taxed"] for row in rows] == ["yes", "yes", "yes", "yes", "no"]
    assert rows[0]["transaction"] == rows[1]["transaction"]
    assert (rows[2]["gain"], rows[2]["term"], rows[2]["rule"]) == ("-700.38", "short", "specific")


def test_names_that_a_spreadsheet_would_compute_are_text() -> None:
    rows = rows_of(lists.disposals(american(), NAMES, META))
    assert rows[3]["symbol"] == "'=1+1"
    assert rows[3]["wallet"].startswith("'=HYPERLINK")


def test_incomes_carry_their_category() -> None:
    rows = rows_of(lists.incomes(german(), NAMES, META))

    assert [(row["category"], row["value"]) for row in rows] == [
        ("Leistungen", "18.21"),
        ("Leistungen", "0.00"),
    ]
