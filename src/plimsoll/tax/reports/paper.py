"""Sheets of paper: text in its place, tables that go on over pages, never a line over another.

A document is laid out twice, the first time on no canvas, to know how many pages there will be.
Rows are drawn as they come, so that a long table takes no memory but its own; the words of a page
are one text, which says its font and colour only where they change.

Letters that the font has no picture of lose their accents (Ž, ř), others become `?`: the font that
ships with the library knows those of Western Europe.
"""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from io import BytesIO
from typing import Final, NamedTuple

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.pdfgen.textobject import PDFTextObject

Points = int | float  # no money: a place on paper, in 1/72 inch

PLAIN, BOLD = "PlimsollPlain", "PlimsollBold"
INK, MUTED, HAIR, ACCENT = 0x1F2933, 0x66727F, 0xD3DAE1, 0x1B4D7A
A4: Final = (595, 842)
LETTER: Final = (612, 792)
MARGIN: Final = 42
HEAD: Final = 30
"""What the running head and foot take of the frame."""
ROW: Final = 13
SMALL: Final = 7
BODY: Final = 9
READABLE: Final = 560
"""A line of prose is no longer, however wide the page."""
SHORTEST: Final = 4
"""Rows that a table wants below its title, or it begins on another page."""


class Column(NamedTuple):
    """`width` in parts of the whole."""

    title: str
    width: int
    figures: bool = False


class Row(NamedTuple):
    """`note` is a muted line below the cells."""

    cells: Sequence[str]
    note: str = ""
    strong: bool = False


def _fonts() -> dict[str, frozenset[int]]:
    """Registered once for the process; the letters each has."""
    letters = {}
    for name, file in ((PLAIN, "Vera.ttf"), (BOLD, "VeraBd.ttf")):
        font = TTFont(name, file)
        pdfmetrics.registerFont(font)
        letters[name] = frozenset(font.face.charToGlyph)
    return letters


LETTERS: Final = _fonts()


@lru_cache(4096)
def writable(text: str, font: str = PLAIN) -> str:
    """`text` in one line of letters that the font has."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_letter(each, LETTERS[font]) for each in " ".join(text.split()))


def _letter(each: str, known: frozenset[int]) -> str:
    if ord(each) in known:
        return each
    parts = unicodedata.normalize("NFKD", each)
    bare = "".join(part for part in parts if not unicodedata.combining(part))
    if bare and all(ord(part) in known for part in bare):
        return bare
    return "" if unicodedata.combining(each) or unicodedata.category(each) == "Cf" else "?"


def width_of(text: str, font: str, size: Points) -> Points:
    return pdfmetrics.stringWidth(text, font, size)


@lru_cache(4096)
def cut(text: str, font: str, size: int, room: int) -> str:
    """As much of `text` as there is room for; … where something is missing."""
    text = writable(text, font)
    if width_of(text, font, size) <= room:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        fits = width_of(text[:middle].rstrip() + "…", font, size) <= room
        low, high = (middle, high) if fits else (low, middle - 1)
    return text[:low].rstrip() + "…"


def wrap(text: str, font: str, size: int, room: int) -> list[str]:
    """Lines no wider than `room`; a word that is wider is broken."""
    lines, line = list[str](), ""
    for each in writable(text, font).split(" "):
        word = each
        longer = f"{line} {word}" if line else word
        while width_of(longer, font, size) > room:
            if line:
                lines.append(line)
                line, longer = "", word
                continue
            fits = next(
                at for at in range(len(word), 0, -1)
                if at == 1 or width_of(word[:at], font, size) <= room
            )  # fmt: skip
            lines.append(word[:fits])
            longer = word = word[fits:]
        line = longer
    return [*lines, line] if line or not lines else lines


class Paper:
    """Pages from the first to the last; `y` is where the next line goes, from below."""

    def __init__(
        self,
        canvas: Canvas | None,
        *,
        size: tuple[int, int],
        pages: int,
        head: str,
        foot: str,
        stamp: str,
    ) -> None:
        self._canvas = canvas
        self._size = size
        self._pages = pages
        self._head, self._foot, self._stamp = head, foot, stamp
        self._wide, self._high = size
        self._y = 0
        self._words: PDFTextObject | None = None
        self._font: tuple[str, Points] = "", 0
        self._ink = -1
        self.page = 0

    @property
    def room(self) -> int:
        """Points from margin to margin."""
        return self._wide - 2 * MARGIN

    def turn(self, *, landscape: bool = False) -> None:
        """A new page begins."""
        self._end_page()
        self._wide, self._high = reversed(self._size) if landscape else self._size
        self._begin_page()

    def close(self) -> None:
        self._end_page()

    def space(self, points: int) -> None:
        self._y -= points

    def need(self, points: int) -> bool:
        """A new page unless that much is left; whether it was turned."""
        if self._y - points >= MARGIN + HEAD:
            return False
        self._end_page()
        self._begin_page()
        return True

    def heading(self, text: str, *, then: int = SHORTEST * ROW, size: int = 13) -> None:
        """Stays with what follows: `then` points of it."""
        self.need(2 * size + then)
        self._y -= 2 * size
        self._text(MARGIN, text, size=size, font=BOLD, ink=ACCENT)
        self._y -= 6

    def line(self, text: str, *, size: int, font: str = PLAIN, ink: int = INK) -> None:
        """One line, cut at the margin."""
        self.need(size + 6)
        self._y -= size + 6
        self._text(MARGIN, cut(text, font, size, self.room), size=size, font=font, ink=ink)

    def paragraph(self, text: str, *, size: int = BODY) -> None:
        for line in wrap(text, PLAIN, size, min(self.room, READABLE)):
            self.line(line, size=size)
        self._y -= 5

    def pairs(self, rows: Iterable[tuple[str, str]], *, label: int = 110) -> None:
        """A label to the left, its text to the right over as many lines as it takes."""
        for name, text in rows:
            for number, line in enumerate(wrap(text, PLAIN, BODY, self.room - label)):
                self.need(15)
                self._y -= 15
                if number == 0:
                    self._text(MARGIN, cut(name, PLAIN, BODY, label - 8), size=BODY, ink=MUTED)
                self._text(MARGIN + label, line, size=BODY)
            self._y -= 3

    def table(self, columns: Sequence[Column], rows: Iterable[Row], *, size: int = SMALL) -> None:
        """The columns' titles on each page that it reaches."""
        parts = sum(column.width for column in columns)
        edges = [MARGIN]
        for column in columns:
            edges.append(edges[-1] + self.room * column.width // parts)
        edges[-1] = MARGIN + self.room
        self._titles(columns, edges, size)
        summing = False
        for row in rows:
            if row.strong and not summing:
                summing = True
                self._y -= 4
                self._hair()
            notes = wrap(row.note, PLAIN, size, self.room - 16) if row.note else []
            # no row is torn apart unless its note alone is longer than a page
            if self.need(ROW + min(len(notes), 20) * (size + 3)):
                self._titles(columns, edges, size)
            self._row(columns, edges, row, size)
            for line in notes:
                if self.need(size + 3):
                    self._titles(columns, edges, size)
                self._y -= size + 3
                self._text(MARGIN + 16, line, size=size, ink=MUTED)
            if notes:
                self._y -= 2
        self._y -= ROW

    def _titles(self, columns: Sequence[Column], edges: Sequence[int], size: int) -> None:
        self._y -= ROW
        if self._canvas is not None:
            for at, column in enumerate(columns):
                self._cell(column, edges, at, column.title, size=size, font=BOLD, ink=MUTED)
        self._y -= 4
        self._hair()

    def _row(self, columns: Sequence[Column], edges: Sequence[int], row: Row, size: int) -> None:
        self._y -= ROW
        if self._canvas is None:
            return
        font = BOLD if row.strong else PLAIN
        for at, (column, text) in enumerate(zip(columns, row.cells, strict=True)):
            if text:
                self._cell(column, edges, at, text, size=size, font=font, ink=INK)

    def _cell(
        self,
        column: Column,
        edges: Sequence[int],
        at: int,
        text: str,
        *,
        size: int,
        font: str,
        ink: int,
    ) -> None:
        """Text is cut; a figure is never cut, it gets smaller."""
        right = edges[at + 1] - (8 if at + 2 < len(edges) else 0)
        room = right - edges[at]
        if not column.figures:
            self._text(edges[at], cut(text, font, size, room), size=size, font=font, ink=ink)
            return
        wide = width_of(text, font, size)
        fitting = size if wide <= room else size * room / wide
        left = right - min(wide, room)
        self._text(left, text, size=fitting, font=font, ink=ink)

    def _text(
        self, x: Points, text: str, *, size: Points, font: str = PLAIN, ink: int = INK
    ) -> None:
        words = self._words
        if words is None:
            return
        if (font, size) != self._font:
            self._font = font, size
            words.setFont(font, size)
        if ink != self._ink:
            self._ink = ink
            words.setFillColor(_color(ink))
        words.setTextOrigin(x, self._y)
        words.textOut(writable(text, font))

    def _hair(self) -> None:
        if self._canvas is not None:
            self._canvas.setStrokeColor(_color(HAIR))
            self._canvas.setLineWidth(1)
            self._canvas.line(MARGIN, self._y, self._wide - MARGIN, self._y)

    def _begin_page(self) -> None:
        self.page += 1
        self._y = self._high - MARGIN
        if self._canvas is None:
            return
        self._canvas.setPageSize((self._wide, self._high))
        if self._stamp:
            self._watermark(self._canvas)
        self._words, self._font, self._ink = self._canvas.beginText(), ("", 0), -1
        below, self._y = self._y, self._high - MARGIN + 8
        if self.page > 1:
            self._text(MARGIN, cut(self._head, PLAIN, SMALL, self.room), size=SMALL, ink=MUTED)
        self._y = MARGIN - 8
        number = f"Page {self.page} of {self._pages}"
        right = self._wide - MARGIN - width_of(number, PLAIN, SMALL)
        self._text(right, number, size=SMALL, ink=MUTED)
        foot = cut(self._foot, PLAIN, SMALL, self.room - 80)
        self._text(MARGIN, foot, size=SMALL, ink=MUTED)
        self._y = below

    def _end_page(self) -> None:
        if self._canvas is not None and self._words is not None:
            self._canvas.drawText(self._words)
            self._canvas.showPage()

    def _watermark(self, canvas: Canvas) -> None:
        """Across the page and under everything."""
        canvas.saveState()
        canvas.translate(self._wide / 2, self._high / 2)
        canvas.rotate(35)
        canvas.setFillColor(_color(0xB42318))
        canvas.setFillAlpha(_FAINT)
        canvas.setFont(BOLD, 120)
        canvas.drawCentredString(0, -40, self._stamp)
        canvas.restoreState()


_FAINT: Final = 9 / 100


@lru_cache
def _color(ink: int) -> tuple[Points, Points, Points]:
    return ((ink >> 16) / 255, (ink >> 8 & 255) / 255, (ink & 255) / 255)


def print_pages(
    draw: Callable[[Paper], None],
    *,
    title: str,
    author: str,
    size: tuple[int, int],
    head: str,
    foot: str,
    stamp: str = "",
) -> bytes:
    """A PDF of what `draw` puts on the paper; the same bytes for the same content."""
    counted = Paper(None, size=size, pages=0, head=head, foot=foot, stamp=stamp)
    draw(counted)
    output = BytesIO()
    canvas = Canvas(output, pagesize=size, invariant=1, pageCompression=1)
    canvas.setTitle(title)
    canvas.setAuthor(author)
    canvas.setCreator("Plimsoll")
    paper = Paper(canvas, size=size, pages=counted.page, head=head, foot=foot, stamp=stamp)
    draw(paper)
    paper.close()
    canvas.save()
    return output.getvalue()
