"""The cells of a workbook as text, read part by part from its XML and never held as a whole.

A part (the shared texts, the styles, a sheet) is read in pieces; a row is given out as soon as it
ends. What a part could grow without a bound in memory is refused: document types, one endless tag,
names without end, deep nesting, more shared texts than `MOST_CHARS`. Formulas are not run: a cell
has the value that was saved with it.

Source: ECMA-376 part 1, §18.3 (sheets), §18.4 (shared texts), §18.8 (styles).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import IO, Final
from xml.parsers import expat

from plimsoll.kernel.errors import Invalid
from plimsoll.ledger.domain.imports import RawRow
from plimsoll.ledger.importers.files import LineTooLong
from plimsoll.ledger.importers.sheet_cells import (
    BUILT_IN,
    EPOCHS,
    Shown,
    moment_text,
    number_text,
    shown_by,
)

CHUNK: Final = 65_536
MOST_COLUMNS: Final = 1_000
MOST_CHARS: Final = 32 * 1024 * 1024
MOST_TEXTS: Final = 1_000_000
"""Of the texts that cells share; they are held while a sheet is read."""
MOST_STYLES: Final = 100_000
MOST_NAMES: Final = 2_000
"""Different names of tags and attributes: the parser keeps each of them."""
LONGEST_TAG: Final = 1024 * 1024
DEEPEST: Final = 64

_DIGITS: Final = "0123456789"
_A_TO_Z: Final = 26


class BrokenWorkbook(Invalid):
    code = "import-broken-workbook"
    title = "The workbook is damaged"


class WideSheet(Invalid):
    code = "import-too-many-columns"
    title = "A row of the sheet has too many columns"


class Handlers:
    """What is done with the tags and the text of a part. `depth` is how many tags are open."""

    depth = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """A tag opens."""
        raise NotImplementedError

    def end(self, name: str) -> None:  # noqa: ARG002 - for those that ask which
        """A tag closes."""
        self.depth -= 1

    def text(self, data: str) -> None:
        """Some of the text inside of a tag."""


def parse(part: IO[bytes], handlers: Handlers) -> Iterator[None]:
    """Feed a part to the handlers, piece by piece; names come without their prefix.

    It is read as UTF-8, as every spreadsheet saves it, whatever it says of itself.
    """
    parser = expat.ParserCreate("UTF-8")
    parser.buffer_text = True
    parser.CharacterDataHandler = handlers.text
    parser.StartDoctypeDeclHandler = _refuse_doctype

    def start(name: str, attributes: dict[str, str]) -> None:
        """The first tag tells whether names have prefixes; most parts have none to strip."""
        if ":" in name:
            parser.StartElementHandler = plain_start
            parser.EndElementHandler = lambda prefixed: handlers.end(_plain(prefixed))
        else:
            parser.StartElementHandler = handlers.start
            parser.EndElementHandler = handlers.end
        handlers.start(_plain(name), attributes)

    def plain_start(name: str, attributes: dict[str, str]) -> None:
        handlers.start(_plain(name), attributes)

    parser.StartElementHandler = start
    fed = 0
    try:
        while piece := part.read(CHUNK):
            parser.Parse(piece, False)
            fed += len(piece)
            if handlers.depth > DEEPEST or len(parser.intern) > MOST_NAMES:
                raise BrokenWorkbook("its tags are no sheet's; save it again")
            if fed - parser.CurrentByteIndex > LONGEST_TAG:
                raise BrokenWorkbook("it has a tag without an end; save it again")
            yield
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise BrokenWorkbook("a part of it is no XML; save it again") from error
    yield


def _plain(name: str) -> str:
    return name.rpartition(":")[2]


def _refuse_doctype(*_declared: object) -> None:
    raise BrokenWorkbook("it defines words of its own, which no spreadsheet does; save it again")


def read_texts(part: IO[bytes]) -> list[str]:
    """The texts that cells refer to by number."""
    shared = _Texts()
    for _ in parse(part, shared):
        if shared.chars > MOST_CHARS or len(shared.texts) > MOST_TEXTS:
            raise BrokenWorkbook("it has more text than can be held; split it, or save it as CSV")
    return shared.texts


class _Texts(Handlers):
    """Gathers `texts`. A reading in another script is no part of its text."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.chars = 0
        self._pieces: list[str] = []
        self._inside = self._beside = False

    def start(self, name: str, attributes: dict[str, str]) -> None:  # noqa: ARG002 - as all have it
        self.depth += 1
        if name == "t":
            self._inside = not self._beside
        elif name == "si":
            self._pieces.clear()
        elif name == "rPh":
            self._beside = True

    def end(self, name: str) -> None:
        self.depth -= 1
        if name == "t":
            self._inside = False
        elif name == "si":
            self.texts.append("".join(self._pieces))
        elif name == "rPh":
            self._beside = False

    def text(self, data: str) -> None:
        if self._inside:
            self._pieces.append(data)
            self.chars += len(data)


def read_styles(part: IO[bytes]) -> list[Shown]:
    """As what each style of a cell shows its number."""
    found = _Styles()
    for _ in parse(part, found):
        if len(found.styles) + len(found.codes) > MOST_STYLES:
            raise BrokenWorkbook("it has more styles than a spreadsheet makes; save it as CSV")
    return found.styles


class _Styles(Handlers):
    """Gathers the `styles` of cells, and what the `codes` show that they refer to."""

    def __init__(self) -> None:
        self.styles: list[Shown] = []
        self.codes: dict[int, Shown] = {}
        self._among_cells = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if name == "numFmt":
            code = attributes.get("formatCode", "")
            self.codes[_whole(attributes.get("numFmtId"))] = shown_by(code)
        elif name == "cellXfs":
            self._among_cells = True
        elif name == "xf" and self._among_cells:
            number = _whole(attributes.get("numFmtId", "0"))
            shown = self.codes.get(number) or BUILT_IN.get(number, Shown.NUMBER)
            self.styles.append(shown)

    def end(self, name: str) -> None:
        self.depth -= 1
        if name == "cellXfs":
            self._among_cells = False


def read_rows(
    part: IO[bytes],
    texts: Sequence[str],
    styles: Sequence[Shown],
    *,
    since_1904: bool,
    row_chars: int,
) -> Iterator[RawRow]:
    """Every row that is not blank, with its number in the sheet; refuses one of more than
    `row_chars` characters.
    """
    sheet = _Sheet(texts, styles, EPOCHS[since_1904])
    for _ in parse(part, sheet):
        for row in sheet.rows:
            if sum(map(len, row.cells)) > row_chars:
                raise _too_long(row.line, row_chars)
            yield row
        if sheet.chars > row_chars:
            raise _too_long(sheet.line, row_chars)
        sheet.rows.clear()


def _too_long(line: int, row_chars: int) -> LineTooLong:
    return LineTooLong(
        "every transaction is a row of its own", facts={"line": line, "limit": row_chars}
    )


class _Sheet(Handlers):
    """Gathers the `rows` of a sheet. `line` is of the row that is being read,
    `chars` how many characters of it are written in the sheet itself.
    """

    def __init__(self, texts: Sequence[str], styles: Sequence[Shown], epoch: datetime) -> None:
        self.rows: list[RawRow] = []
        self._texts, self._styles, self._epoch = texts, styles, epoch
        self._columns: dict[str, int] = {}
        self._cells: list[str] = []
        self._pieces: list[str] = []
        self.line = self.chars = self._column = 0
        self._kind = self._style = ""
        self._inside = self._beside = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if name == "c":
            self._column = self._find_column(attributes.get("r", ""))
            self._kind = attributes.get("t", "n")
            self._style = attributes.get("s", "")
            self._pieces.clear()
        elif name in {"v", "t"}:
            self._inside = not self._beside
        elif name == "rPh":
            self._beside = True
        elif name == "row":
            line = _whole(attributes["r"]) if "r" in attributes else self.line + 1
            if line <= self.line:
                raise BrokenWorkbook(f"row {line} stands below row {self.line}; save it again")
            self.line, self.chars, self._column = line, 0, -1
            self._cells = []

    def end(self, name: str) -> None:
        self.depth -= 1
        if name in {"v", "t"}:
            self._inside = False
        elif name == "c":
            if cell := self._read_cell():
                if self._column >= MOST_COLUMNS:
                    raise WideSheet(
                        f"row {self.line} has something in column {self._column + 1}; delete it",
                        facts={"line": self.line, "limit": MOST_COLUMNS},
                    )
                self._cells.extend([""] * (self._column - len(self._cells)))
                self._cells.append(cell)
        elif name == "rPh":
            self._beside = False
        elif name == "row" and any(cell and not cell.isspace() for cell in self._cells):
            self.rows.append(RawRow(self.line, tuple(self._cells)))

    def text(self, data: str) -> None:
        if self._inside:
            self._pieces.append(data)
            self.chars += len(data)

    def _find_column(self, place: str) -> int:
        """Where a cell stands, counted from 0: as it says, else beside the one before it."""
        letters = place.rstrip(_DIGITS)
        column = self._columns.get(letters, -1) if letters else self._column + 1
        if column < 0:
            column = column_of(letters)
            self._columns[letters] = column
        if column < len(self._cells):
            raise BrokenWorkbook(f"row {self.line} has two cells in one place; save it again")
        return column

    def _read_cell(self) -> str:
        text = self._pieces[0] if len(self._pieces) == 1 else "".join(self._pieces)
        match self._kind:
            case "s":
                at = _whole(text)
                if at >= len(self._texts):
                    raise BrokenWorkbook("a cell refers to a text that is missing; save it again")
                return self._texts[at]
            case "n":
                return self._read_number(text)
            case "b":
                return "TRUE" if text == "1" else "FALSE"
            case _:
                return text

    def _read_number(self, text: str) -> str:
        if self._style and text:
            at = _whole(self._style)
            shown = self._styles[at] if at < len(self._styles) else Shown.NUMBER
            if shown is not Shown.NUMBER:
                return moment_text(text, shown, self._epoch)
        return number_text(text)


def column_of(letters: str) -> int:
    """Column A is 0, Z is 25, AA is 26."""
    if not letters.isascii() or not letters.isalpha() or len(letters) > len("XFD"):
        raise BrokenWorkbook("a cell stands nowhere in its sheet; save it again")
    column = 0
    for letter in letters.upper():
        column = column * _A_TO_Z + ord(letter) - ord("A") + 1
    return column - 1


def _whole(text: str | None) -> int:
    """A number of a style, a text or a row."""
    if text is None or not text.isascii() or not text.isdecimal() or len(text) > len("1048576"):
        raise BrokenWorkbook("a part of it refers to nothing; save it again")
    return int(text)
