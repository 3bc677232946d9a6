"""A report as text: its head, and its lists in parts, so that a page of a list reads little.

The hash of a report is over its head and every row of every list, in order; how many rows a part
has does not matter to it. What a later version of the program adds to a report, older documents
simply do not have.
"""

import hashlib
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from plimsoll.tax.domain.movements import Unvalued
from plimsoll.tax.domain.report import IncomeLine, Line, Reconciled, Report
from plimsoll.tax.domain.results import Lot, Pool, Shortfall
from plimsoll.tax.storage.parts import Part

SECTIONS: Final[Mapping[str, type[Any]]] = {
    "lines": Line,
    "incomes": IncomeLine,
    "lots": Lot,
    "pools": Pool,
    "shortfalls": Shortfall,
    "unvalued": Unvalued,
    "warnings": str,
    "reconciled": Reconciled,
}
"""The lists of a report and what their rows are."""

ROWS_A_PART: Final = 500
LEVEL: Final = 6
ENCODER: Final = msgspec.json.Encoder(order="deterministic")
HEADS: Final = msgspec.json.Decoder(Report)
ROWS: Final = {name: msgspec.json.Decoder(kind) for name, kind in SECTIONS.items()}


@dataclass(frozen=True, slots=True)
class Document:
    """`head` is the report without its lists."""

    head: str
    parts: list[Part]
    sha256: bytes


def write(report: Report) -> Document:
    empty: dict[str, Any] = dict.fromkeys(SECTIONS, ())
    head = ENCODER.encode(replace(report, **empty))
    digest, parts = hashlib.sha256(head + b"\n"), list[Part]()
    for name in SECTIONS:
        rows = getattr(report, name)
        digest.update(f"{name} {len(rows)}\n".encode())
        for number, start in enumerate(range(0, len(rows), ROWS_A_PART)):
            lines = [ENCODER.encode(row) for row in rows[start : start + ROWS_A_PART]]
            text = b"\n".join(lines) + b"\n"
            digest.update(text)
            parts.append(Part(name, number, len(lines), zlib.compress(text, LEVEL)))
    return Document(head.decode(), parts, digest.digest())


def read_head(text: str) -> Report:
    """The report without its lists."""
    return HEADS.decode(text)


def read_rows(section: str, parts: Iterable[Part]) -> list[Any]:
    """The rows of `parts`, all of one list."""
    decode = ROWS[section].decode
    return [decode(line) for part in parts for line in zlib.decompress(part.content).splitlines()]


def read(head: str, parts: Sequence[Part]) -> Report:
    """The whole report."""
    rows: dict[str, Any] = {
        name: tuple(read_rows(name, (part for part in parts if part.section == name)))
        for name in SECTIONS
    }
    return replace(read_head(head), **rows)
