"""From bytes to rows of text, in bounded memory, or a refusal that says what the file is.

A file is looked through once before any row of it is read: its encoding, that it is text, and that
no line is longer than `Limits.line_chars`. So what cannot be read is known before the first row
is used. UTF-8 is tried before Windows-1252, in which almost any bytes are some text.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from plimsoll.kernel.errors import Invalid, TooLarge
from plimsoll.ledger.domain.imports import RawRow

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

CHUNK: Final = 65_536
LONGEST_RECORD: Final = 100
"""Lines that one row may span; more means that a quote was never closed."""

_END: Final = "\x1e"
"""A line of its own behind the last one. No file has it, as control characters are refused: where
it is found inside of a cell, the cell's quote was still open.
"""
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")
_ARCHIVES: Final = {
    b"PK\x03\x04": "a ZIP archive",
    b"PK\x05\x06": "an empty ZIP archive",
    b"\x1f\x8b": "a gzip archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ\x00": "an xz archive",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
}
_OLD_WORKBOOK: Final = b"\xd0\xcf\x11\xe0"
_PICTURES: Final = {
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"\x7fELF": "a program",
    b"SQLite format 3": "a database",
}


class CompressedFile(Invalid):
    """Of packed files only workbooks are read: what a few bytes unfold to has no bound."""

    code = "import-compressed"
    title = "The file is packed"


class BinaryFile(Invalid):
    code = "import-binary"
    title = "The file is not text"


class NulInFile(Invalid):
    code = "import-nul"
    title = "The file has NUL characters in it"


class EmptyFile(Invalid):
    code = "import-empty"
    title = "There is nothing in the file"


class FileTooLarge(TooLarge):
    code = "import-too-large"
    title = "The file is too large"


class LineTooLong(Invalid):
    code = "import-line-too-long"
    title = "A line of the file is too long"


class UnclosedQuote(Invalid):
    code = "import-unclosed-quote"
    title = "A quotation mark is opened and never closed"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a file may hold. `unpacked_bytes` and `unpacked_ratio` are of a workbook: what it
    unfolds to, and how many times its own size that may be.
    """

    file_bytes: int = 256 * 1024 * 1024
    line_chars: int = 65_536
    unpacked_bytes: int = 512 * 1024 * 1024
    unpacked_ratio: int = 200


def find_encoding(file: BinaryIO, limits: Limits | None = None) -> str:
    """The file's encoding, after all of it was looked through; refuses what is no text."""
    limits = limits or Limits()
    file.seek(0)
    head = file.read(CHUNK)
    if not head.strip():
        raise EmptyFile("choose a file with a header and rows")
    for magic, name in _ARCHIVES.items():
        if head.startswith(magic):
            raise CompressedFile(f"this is {name}; unpack it and choose the file that was in it")
    if head.startswith(_OLD_WORKBOOK):
        raise BinaryFile(
            "this is a workbook of the old kind (XLS), or one with a password; open it in a "
            "spreadsheet and save it as XLSX without a password, or as CSV"
        )
    for magic, name in _PICTURES.items():
        if head.startswith(magic):
            raise BinaryFile(f"this is {name}; export the transactions as CSV")
    for encoding in _candidates(head):
        try:
            _look_through(file, encoding, limits)
        except UnicodeError:
            continue
        return encoding
    raise BinaryFile("the bytes are no text in UTF-8, UTF-16 or Windows-1252")


def _candidates(head: bytes) -> tuple[str, ...]:
    if head.startswith(codecs.BOM_UTF8):
        return ("utf-8-sig",)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ("utf-16",)
    if b"\x00" in head:  # UTF-16 without its mark: every other byte of ASCII text is zero
        even, odd = head[0::2].count(0), head[1::2].count(0)
        if odd > len(head) // 4 and not even:
            return ("utf-16-le",)
        if even > len(head) // 4 and not odd:
            return ("utf-16-be",)
    return ("utf-8", "cp1252")


def _look_through(file: BinaryIO, encoding: str, limits: Limits) -> None:
    inner = codecs.getincrementaldecoder(encoding)()
    decoder = io.IncrementalNewlineDecoder(inner, translate=True)
    size, line, run = 0, 1, 0
    file.seek(0)
    while True:
        chunk = file.read(CHUNK)
        size += len(chunk)
        if size > limits.file_bytes:
            raise FileTooLarge(
                "split it by year", facts={"bytes": size, "limit": limits.file_bytes}
            )
        text = decoder.decode(chunk, final=not chunk)
        if control := _CONTROL.search(text):
            if control[0] == "\x00":
                raise NulInFile("it was cut off or damaged; export it again")
            raise BinaryFile(f"it has the control character {control[0]!r} in it")
        first, *others = text.split("\n")
        for at, part in enumerate((run + len(first), *map(len, others))):
            if part > limits.line_chars:
                raise LineTooLong(
                    "every row is a line of its own",
                    facts={"line": line + at, "characters": part, "limit": limits.line_chars},
                )
        line += len(others)
        run = len(others[-1]) if others else run + len(first)
        if not chunk:
            return


def read_sample(file: BinaryIO, encoding: str) -> str:
    """The text at the beginning, up to the last whole line of it."""
    file.seek(0)
    chunk = file.read(CHUNK)
    text = codecs.getincrementaldecoder(encoding)().decode(chunk, final=False)
    if len(chunk) < CHUNK:
        return text
    return text[: max(text.rfind("\n"), text.rfind("\r"), 0) + 1]


class _Borrowed(io.RawIOBase):
    """A file that stays open when what reads it is closed or collected."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer)
        data = self._file.read(len(view))
        view[: len(data)] = data
        return len(data)


def read_rows(file: BinaryIO, encoding: str, delimiter: str) -> Iterator[RawRow]:
    """Every row that is not blank, with the line it begins on."""
    file.seek(0)
    borrowed = io.BufferedReader(_Borrowed(file), CHUNK)
    yield from split_rows(io.TextIOWrapper(borrowed, encoding, newline=""), delimiter)


def split_rows(lines: Iterable[str], delimiter: str) -> Iterator[RawRow]:
    """Rows of lines; any of the three kinds of newline ends one, mixed as they may be."""
    reader = csv.reader(_with_end(lines), delimiter=delimiter, strict=False)
    begins = 1
    try:
        for cells in reader:
            line, begins = begins, reader.line_num + 1
            if reader.line_num - line >= LONGEST_RECORD:
                raise _unclosed(line)
            if cells and _END in cells[-1]:
                if cells != [_END]:
                    raise _unclosed(line)
                return
            if "".join(cells).strip():
                yield RawRow(line, tuple(cells))
    except csv.Error as error:
        raise _unclosed(begins) from error


def _with_end(lines: Iterable[str]) -> Iterator[str]:
    yield from lines
    yield f"{_END}\n"


def _unclosed(line: int) -> UnclosedQuote:
    return UnclosedQuote(
        f'the row that begins on line {line} has a " without its partner; close or double it',
        facts={"line": line},
    )
