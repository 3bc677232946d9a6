import io

from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from plimsoll.tax.reports.paper import (
    A4,
    PLAIN,
    Column,
    Paper,
    Row,
    cut,
    print_pages,
    width_of,
    wrap,
    writable,
)

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)


def pages_of(draw: object, stamp: str = "") -> list[str]:
    assert callable(draw)
    content = print_pages(
        draw, title="t", author="a", size=A4, head="head", foot="foot", stamp=stamp
    )
    return [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]


@given(WORDS, st.integers(20, 200))
def test_cut_text_has_room(text: str, room: int) -> None:
    assert width_of(cut(text, PLAIN, 7, room), PLAIN, 7) <= room


@given(WORDS, st.integers(30, 200))
def test_wrapped_lines_have_room_and_lose_nothing(text: str, room: int) -> None:
    lines = wrap(text, PLAIN, 9, room)

    assert all(width_of(each, PLAIN, 9) <= room for each in lines)
    assert "".join(lines).replace(" ", "") == writable(text).replace(" ", "")


def test_a_text_that_fits_stays_as_it_is() -> None:
    assert cut("Ledger Nano", PLAIN, 7, 200) == "Ledger Nano"
    assert cut("Ledger Nano of my grandmother", PLAIN, 7, 60).endswith("…")


def test_letters_without_a_picture_lose_their_accent_or_become_a_question_mark() -> None:
    assert writable("€ £ $ – ß Zoë Łódź Žluťoučký kůň") == "€ £ $ – ß Zoë Łódz Žlutoučký kun"
    assert writable("財布 🚀\n=1") == "?? ? =1"
    assert writable("zero\u200bwidth") == "zerowidth"


def test_a_long_table_has_its_titles_on_every_page_and_all_of_its_rows() -> None:
    def draw(paper: Paper) -> None:
        paper.turn()
        columns = (Column("Word", 3), Column("Count", 1, figures=True))
        paper.table(columns, (Row((f"row{each}", f"{each}.00")) for each in range(200)))

    pages = pages_of(draw)

    assert len(pages) > 3
    assert all("Word" in page and "Count" in page for page in pages)
    assert all(f"Page {at} of {len(pages)}" in page for at, page in enumerate(pages, 1))
    text = "\n".join(pages).splitlines()
    assert [line for line in text if line.startswith("row")] == [
        f"row{at} {at}.00" for at in range(200)
    ]


def test_every_page_is_stamped_whichever_way_it_lies() -> None:
    def draw(paper: Paper) -> None:
        paper.turn()
        paper.line("one", size=9)
        paper.turn(landscape=True)
        paper.line("two", size=9)

    pages = pages_of(draw, stamp="DRAFT")

    assert len(pages) == 2
    assert all("DRAFT" in page for page in pages)


def test_a_figure_that_is_too_long_is_smaller_but_whole() -> None:
    def draw(paper: Paper) -> None:
        paper.turn()
        paper.table((Column("A", 1, figures=True), Column("B", 20)), [Row(("9" * 60, "b"))])

    assert "9" * 60 in pages_of(draw)[0]


def test_a_note_longer_than_a_page_goes_on_on_the_next() -> None:
    def draw(paper: Paper) -> None:
        paper.turn()
        paper.table((Column("A", 1),), [Row(("a",), note="word " * 5000 + "end")])

    pages = pages_of(draw)

    assert len(pages) > 2
    assert "end" in pages[-1]
