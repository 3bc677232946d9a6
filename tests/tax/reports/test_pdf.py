import io
from dataclasses import replace
from datetime import date

import pytest
from pypdf import PdfReader

from plimsoll.tax.domain.report import Report
from plimsoll.tax.reports import pdf
from tests.tax.reports.samples import META, NAMES, american, british, french, german, long, report


def read(told: Report) -> PdfReader:
    return PdfReader(io.BytesIO(pdf.render(told, NAMES, META)))


def pages_of(told: Report) -> list[str]:
    return [page.extract_text() for page in read(told).pages]


def test_the_first_page_says_whose_and_which_year_by_which_rules_and_the_figures() -> None:
    cover = pages_of(british())[0]

    for text in (
        "Tax report 2024/25",
        "United Kingdom",
        "Zoë Müller-O’Brien",
        "uk/1",
        META.input_hash,
        "Complete: nothing is missing",
        "Number of disposals",
        "98,000.56",
        "92500 + 5500.555",
    ):
        assert text in cover


def test_every_line_is_there_with_how_its_cost_came_about() -> None:
    text = "\n".join(pages_of(british()))

    assert "3500 of 14000 pooled units × 200000 = 50000" in text
    assert "30-day" in text
    assert "150,000.00" in text


def test_sums_are_of_one_term_each_and_without_what_is_not_taxed() -> None:
    text = "\n".join(pages_of(american()))

    assert "Sum, short" in text
    assert "48,650.13" in text
    assert "Sum, long" in text
    assert "10,185.19" in text
    assert "Not taxed (donation), in no total." in text
    assert "−700.38" in text


def test_a_draft_says_so_on_every_page_and_names_its_gaps() -> None:
    pages = pages_of(german())

    assert all("DRAFT" in page for page in pages)
    assert "zero-basis" in "\n".join(pages)
    assert not any("DRAFT" in page for page in pages_of(american()))


def test_without_figures_it_says_why() -> None:
    text = "\n".join(pages_of(replace(german(), blocked=True)))

    assert "No figures" in text
    assert "Sum" not in text


@pytest.mark.parametrize(("told", "size"), [(american(), (612, 792)), (french(), (595, 842))])
def test_the_paper_is_that_of_the_country(told: Report, size: tuple[int, int]) -> None:
    box = read(told).pages[0].mediabox
    assert (int(box.width), int(box.height)) == size


def test_an_empty_year_is_a_report_too() -> None:
    nothing = report("de", "eur", first=date(2025, 1, 1), last=date(2025, 12, 31), lines=[])
    text = "\n".join(pages_of(nothing))

    assert "There are none for this year." in text
    assert "There are none in this year." in text


def test_pages_are_counted_and_titles_stand_on_each() -> None:
    pages = pages_of(long(300))

    for number, page in enumerate(pages, 1):
        assert f"Page {number} of {len(pages)}" in page
    assert all("Proceeds" in page for page in pages[1:8])
