"""Workbooks (XLSX, XLSM): a ZIP archive of XML, of which one sheet is read row by row.

The archive is looked at before anything of it is unpacked: how many entries it claims, what they
unfold to together, and in which proportion to the file. No entry gives more bytes than it claims.
Only the parts that a sheet needs are opened, so archives inside, pictures and macros stay packed.
"""

import io
import posixpath
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, BinaryIO, Final

from plimsoll.kernel.errors import Invalid
from plimsoll.ledger.domain.imports import RawRow
from plimsoll.ledger.importers.files import (
    CompressedFile,
    FileTooLarge,
    Limits,
)
from plimsoll.ledger.importers.sheet_cells import Shown
from plimsoll.ledger.importers.sheets import (
    BrokenWorkbook,
    Handlers,
    parse,
    read_rows,
    read_styles,
    read_texts,
)

MAGIC: Final = b"PK\x03\x04"
WORKBOOK: Final = "xl/workbook.xml"
RELATIONS: Final = "xl/_rels/workbook.xml.rels"
MOST_ENTRIES: Final = 1_000
MOST_SHEETS: Final = 100
DIRECTORY_BYTES: Final = 512 * 1024
"""Of the list of entries at the end of the archive: read as a whole, so bounded before."""
USUAL_BYTES: Final = 8 * 1024 * 1024
"""What any archive may unfold to, in whatever proportion to its size."""

_END: Final = struct.Struct("<4s4H2LH")
_END_MAGIC: Final = b"PK\x05\x06"
_END_64_MAGIC: Final = b"PK\x06\x07"
_END_64_BYTES: Final = 20
_LONGEST_COMMENT: Final = 65_535
_HEAD: Final = 4_096
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_DAMAGED: Final = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError)
_OTHERS: Final = {
    "xl/workbook.bin": "a binary workbook (XLSB); save it as XLSX or CSV",
    "content.xml": "an OpenDocument sheet (ODS); save it as XLSX or CSV",
    "word/document.xml": "a text document; export the transactions as CSV",
    "Index/Document.iwa": "a Numbers document; export it as XLSX or CSV",
}


class PackedTooTight(Invalid):
    """A few bytes that unfold to very many: no workbook of transactions does."""

    code = "import-zip-bomb"
    title = "The file unfolds to far more than its size"


@dataclass(frozen=True, slots=True)
class Workbook:
    """A workbook that was looked at. `sheets` are the parts of its sheets by name, in order."""

    archive: zipfile.ZipFile
    sheets: Mapping[str, str]
    texts: list[str]
    styles: list[Shown]
    since_1904: bool
    limits: Limits

    def read_rows(self, name: str) -> Iterator[RawRow]:
        """The rows of a sheet that are not blank; a row is bounded as a line of text is."""
        with _open(self.archive, self.sheets[name]) as stream:
            try:
                yield from read_rows(
                    stream,
                    self.texts,
                    self.styles,
                    since_1904=self.since_1904,
                    row_chars=self.limits.line_chars,
                )
            except _DAMAGED as error:
                raise BrokenWorkbook("it was cut off or damaged; export it again") from error


def is_packed(file: BinaryIO) -> bool:
    """Whether this is a ZIP archive, which a workbook is."""
    file.seek(0)
    return file.read(len(MAGIC)) == MAGIC


def open_workbook(file: BinaryIO, limits: Limits | None = None) -> Workbook:
    """The workbook in this archive; refuses other archives, damaged ones, and bombs.

    `file` stays open and its owner's.
    """
    limits = limits or Limits()
    size = file.seek(0, io.SEEK_END)
    if size > limits.file_bytes:
        raise FileTooLarge("split it by year", facts={"bytes": size, "limit": limits.file_bytes})
    _check_directory(file, size)
    try:
        archive = zipfile.ZipFile(file)
    except (*_DAMAGED, ValueError, OSError, struct.error) as error:
        raise BrokenWorkbook("it was cut off or damaged; export it again") from error
    _check_entries(archive, size, limits)
    try:
        return _look_inside(archive, limits)
    except _DAMAGED as error:
        raise BrokenWorkbook("it was cut off or damaged; export it again") from error


def _check_directory(file: BinaryIO, size: int) -> None:
    """Refuse an archive whose list of entries is damaged or too long, before it is read."""
    tail_bytes = min(size, _END.size + _LONGEST_COMMENT + _END_64_BYTES)
    file.seek(size - tail_bytes)
    tail = file.read(tail_bytes)
    at = tail.rfind(_END_MAGIC)
    if at < 0 or len(tail) - at < _END.size:
        file.seek(0)
        if b"xl/" not in (head := file.read(_HEAD)) and b"[Content_Types]" not in head:
            raise CompressedFile("this is a ZIP archive, or the beginning of one; unpack it")
        raise BrokenWorkbook("its end is missing; download or export it again")
    directory_bytes = _END.unpack_from(tail, at)[5]
    if tail[max(at - _END_64_BYTES, 0) : at].startswith(_END_64_MAGIC):
        raise BrokenWorkbook("it is packed for more than 4 GB; save it again with a spreadsheet")
    if directory_bytes > DIRECTORY_BYTES:
        raise PackedTooTight("a workbook has a few dozen entries; save it again")


def _check_entries(archive: zipfile.ZipFile, size: int, limits: Limits) -> None:
    entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > MOST_ENTRIES:
        raise PackedTooTight(
            "a workbook has a few dozen entries; save it again",
            facts={"entries": len(entries), "limit": MOST_ENTRIES},
        )
    if unpacked > max(size * limits.unpacked_ratio, USUAL_BYTES):
        raise PackedTooTight(
            "save it again with a spreadsheet, or as CSV",
            facts={"bytes": size, "unpacked": unpacked, "limit": size * limits.unpacked_ratio},
        )
    if unpacked > limits.unpacked_bytes:
        raise FileTooLarge(
            "split it by year, or save it as CSV",
            facts={"unpacked": unpacked, "limit": limits.unpacked_bytes},
        )
    names = {entry.filename for entry in entries}
    if WORKBOOK not in names:
        what = next((told for name, told in _OTHERS.items() if name in names), "")
        raise CompressedFile(
            f"this is {what or 'a ZIP archive; unpack it and choose the file that was in it'}"
        )


def _look_inside(archive: zipfile.ZipFile, limits: Limits) -> Workbook:
    listed, targets = _Sheets(), _Targets()
    _gather(archive, WORKBOOK, listed)
    _gather(archive, RELATIONS, targets)
    names = set(archive.namelist())
    sheets = {
        name: part
        for name, key in listed.sheets
        if (part := targets.parts.get(key, "")).startswith("xl/worksheets/") and part in names
    }
    if not sheets:
        raise BrokenWorkbook("it has no sheet; save it again")
    texts, styles = list[str](), list[Shown]()
    for part in names & set(targets.parts.values()):
        with _open(archive, part) as stream:
            if part.lower().endswith("/sharedstrings.xml"):
                texts = read_texts(stream)
            elif part.endswith("/styles.xml"):
                styles = read_styles(stream)
    return Workbook(archive, sheets, texts, styles, listed.since_1904, limits)


class _Sheets(Handlers):
    """Gathers names and keys of the sheets, in order, and whether days are counted from 1904."""

    def __init__(self) -> None:
        self.sheets: list[tuple[str, str]] = []
        self.since_1904 = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if name == "sheet" and len(self.sheets) < MOST_SHEETS:
            key = next((key for at, key in attributes.items() if at.endswith(":id")), "")
            self.sheets.append((attributes.get("name", ""), key))
        elif name == "workbookPr":
            self.since_1904 = attributes.get("date1904", "0") in {"1", "true"}


class _Targets(Handlers):
    """Gathers the parts of the workbook by their keys."""

    def __init__(self) -> None:
        self.parts: dict[str, str] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        internal = attributes.get("TargetMode") != "External" and len(self.parts) < MOST_ENTRIES
        if name == "Relationship" and internal:
            joined = posixpath.join("/xl", attributes.get("Target", ""))
            self.parts[attributes.get("Id", "")] = posixpath.normpath(joined).lstrip("/")


def _gather(archive: zipfile.ZipFile, part: str, handlers: Handlers) -> None:
    if part in archive.namelist():
        with _open(archive, part) as stream:
            for _ in parse(stream, handlers):
                pass


def _open(archive: zipfile.ZipFile, part: str) -> IO[bytes]:
    entry = archive.getinfo(part)
    if entry.flag_bits & 1:
        raise BrokenWorkbook("it has a password; save it without one")
    if entry.compress_type not in _METHODS:
        raise BrokenWorkbook("it is packed in an unusual way; save it again with a spreadsheet")
    try:
        return archive.open(entry)
    except (*_DAMAGED, ValueError, OSError, struct.error) as error:
        raise BrokenWorkbook("it was cut off or damaged; export it again") from error
