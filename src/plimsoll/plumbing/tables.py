"""Answers as tables: CSV, a workbook, and Parquet and Arrow as files that can be read in parts.

A reader of Parquet asks for a file's length, then for its end, then for pieces: all of that has to
come from one and the same file, while the data goes on. So a file is built once and kept for a
while after the last question for a part of it, though never for long; whoever asks for the whole
gets one that is a few seconds old at most. Its ETag is the hash of its bytes.
"""

import asyncio
import hashlib
import io
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import closing
from enum import StrEnum
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Final

import duckdb
import nanoarrow
import numpy as np
from fastapi import Query
from nanoarrow.ipc import StreamWriter
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import Response

from plimsoll.kernel.clock import Clock
from plimsoll.plumbing import csv_text
from plimsoll.plumbing.workbooks import to_workbook

FRESH_S: Final = 5.0
"""A whole file that is older is built anew."""
KEPT_S: Final = 60.0
"""After the last question for a part."""
OLDEST_S: Final = 600.0
MOST_BYTES: Final = 64_000_000

RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)

Numbers = NDArray[np.int64] | NDArray[np.float64]
Columns = Mapping[str, Numbers | Sequence[str]]
"""Columns of one length by name; a number that is not known is NaN, a text that is not is empty."""


class Format(StrEnum):
    """How an answer is written."""

    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"
    ARROW = "arrow"
    XLSX = "xlsx"


AskedFormat = Annotated[
    Format | None,
    Query(description="Else what the header Accept says"),
]
"""The parameter `format` of routes that can answer with a table."""

MEDIA_TYPES: Final = {
    Format.JSON: "application/json",
    Format.CSV: "text/csv",
    Format.PARQUET: "application/vnd.apache.parquet",
    Format.ARROW: "application/vnd.apache.arrow.stream",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


SCHEMAS: Final[Mapping[Format, dict[str, str]]] = {
    Format.JSON: {},
    Format.CSV: {"type": "string"},
    Format.PARQUET: {"type": "string", "format": "binary"},
    Format.ARROW: {"type": "string", "format": "binary"},
    Format.XLSX: {"type": "string", "format": "binary"},
}


def describe(document: dict[str, Any]) -> None:
    """Say in an API's description what else an operation answers with, if it has the parameter
    `format`.
    """
    offered = {
        f"#/components/schemas/{name}": [Format(each) for each in schema["enum"]]
        for name, schema in document.get("components", {}).get("schemas", {}).items()
        if {Format.JSON} < set(schema.get("enum", ())) <= set(Format)
    }
    for operations in document["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                for kind in (parameter["schema"], *parameter["schema"].get("anyOf", ())):
                    content = operation["responses"].get("200", {}).get("content", {})
                    for each in offered.get(kind.get("$ref"), ()):
                        content.setdefault(MEDIA_TYPES[each], {"schema": SCHEMAS[each]})


def choose_format(asked: Format | None, accept: str) -> Format:
    """What the query asks for, else the first media type of the Accept header that is known."""
    if asked is not None:
        return asked
    known = {media_type: each for each, media_type in MEDIA_TYPES.items()}
    for part in accept.split(","):
        found = known.get(part.partition(";")[0].strip().lower())
        if found is not None:
            return found
    return Format.JSON


def to_csv(columns: Columns, *, header: bool = True) -> bytes:
    """As `csv_text.to_csv`, with numbers in full."""
    return csv_text.join(columns, map(_cells, columns.values()), header=header)


def _cells(column: Numbers | Sequence[str]) -> Sequence[str]:
    if not isinstance(column, np.ndarray):
        return csv_text.as_cells(column)
    if column.dtype == np.int64:
        return list(map(str, column.tolist()))
    return ["" if np.isnan(each) else np.format_float_positional(each, trim="-") for each in column]


def to_parquet(columns: Columns) -> bytes:
    """A Parquet file, zstd."""
    given = {
        name: column if isinstance(column, np.ndarray) else np.array(column, object)
        for name, column in columns.items()
    }
    with TemporaryDirectory(prefix="plimsoll-table-") as folder:
        path = Path(folder) / "table.parquet"
        with closing(duckdb.connect(":memory:", config={"threads": 1})) as duck:
            duck.register("given", given)
            duck.execute(f"copy given to '{path}' (format parquet, compression zstd)")
        return path.read_bytes()


def to_arrow(columns: Columns) -> bytes:
    """An Arrow IPC stream with one batch."""
    kinds, children, rows = {}, [], 0
    for name, column in columns.items():
        rows = len(column)
        if isinstance(column, np.ndarray):
            kind = nanoarrow.int64() if column.dtype == np.int64 else nanoarrow.float64()
            buffers: list[Any] = [None, column]
        else:
            encoded = [text.encode() for text in column]
            offsets = np.array([0, *accumulate(map(len, encoded))], np.int32)
            kind, buffers = nanoarrow.string(), [None, offsets, b"".join(encoded)]
        kinds[name] = kind
        children.append(nanoarrow.c_array_from_buffers(kind, rows, buffers))
    batch = nanoarrow.c_array_from_buffers(nanoarrow.struct(kinds), rows, [None], children=children)
    output = io.BytesIO()
    with StreamWriter.from_writable(output) as writer:
        writer.write_stream(nanoarrow.c_array_stream(batch))
    return output.getvalue()


WRITERS: Final[Mapping[Format, Callable[[Columns], bytes]]] = {
    Format.CSV: to_csv,
    Format.PARQUET: to_parquet,
    Format.ARROW: to_arrow,
    Format.XLSX: to_workbook,
}


class File:
    """The bytes of one answer; moments are monotonic, `used_s` of the last question for it."""

    __slots__ = ("built_s", "content", "etag", "used_s")

    def __init__(self, content: bytes, built_s: float) -> None:
        self.content = content
        self.etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        self.built_s = self.used_s = built_s

    def serves(self, now_s: float, *, part: bool) -> bool:
        """Whether it still answers a question for a part of it, or for the whole."""
        age_s = now_s - self.built_s
        if not part:
            return age_s <= FRESH_S
        return age_s <= OLDEST_S and now_s - self.used_s <= KEPT_S


class Files:
    """Built answers by what was asked; those who ask at once for the same wait for one build."""

    def __init__(self, clock: Clock, *, most_bytes: int = MOST_BYTES) -> None:
        self._clock = clock
        self._most_bytes = most_bytes
        self._files: dict[object, File] = {}
        self._building: dict[object, asyncio.Task[File]] = {}

    async def answer(
        self,
        request: Request,
        name: str,
        format_: Format,
        question: object,
        build: Callable[[], Awaitable[Columns]],
    ) -> Response:
        """The table `build` gives for this question, as a file called `name`, or the part of it
        that the request asks for. Raises what `build` raises.
        """
        part = "range" in request.headers
        file = await self._obtain((name, format_, question), format_, build, part=part)
        return answer_file(request, file, name, format_)

    async def _obtain(
        self,
        key: object,
        format_: Format,
        build: Callable[[], Awaitable[Columns]],
        *,
        part: bool,
    ) -> File:
        now_s = self._clock.monotonic()
        for old in [key for key, file in self._files.items() if not file.serves(now_s, part=True)]:
            del self._files[old]
        file = self._files.pop(key, None)
        if file is None or not file.serves(now_s, part=part):
            task = self._building.get(key)
            if task is None:
                task = asyncio.create_task(self._build(format_, build), name="table-build")
                self._building[key] = task
                task.add_done_callback(lambda _: self._building.pop(key, None))
            file = await asyncio.shield(task)
        file.used_s = self._clock.monotonic()
        self._files[key] = file
        while len(self._files) > 1 and self._size() > self._most_bytes:
            del self._files[next(iter(self._files))]
        return file

    def _size(self) -> int:
        return sum(len(file.content) for file in self._files.values())

    async def _build(self, format_: Format, build: Callable[[], Awaitable[Columns]]) -> File:
        columns = await build()
        content = await asyncio.to_thread(WRITERS[format_], columns)
        return File(content, self._clock.monotonic())


def answer_file(request: Request, file: File, name: str, format_: Format) -> Response:
    """The file or the part of it that is asked for (RFC 9110: one range, If-Range, HEAD)."""
    headers = named(name, format_) | {
        "accept-ranges": "bytes",
        "etag": file.etag,
        "cache-control": "no-cache",
    }
    given, whole = request.headers, len(file.content)
    if file.etag in given.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    wanted = given.get("range")
    media_type = MEDIA_TYPES[format_]
    if wanted is None or given.get("if-range", file.etag) != file.etag:
        return Response(file.content, media_type=media_type, headers=headers)
    span = _read_range(wanted, whole)
    if span is None:  # several ranges, or another unit: a server may answer with everything
        return Response(file.content, media_type=media_type, headers=headers)
    if not span:
        headers["content-range"] = f"bytes */{whole}"
        return Response(status_code=416, headers=headers)
    headers["content-range"] = f"bytes {span.start}-{span.stop - 1}/{whole}"
    part = file.content[span.start : span.stop]
    return Response(part, status_code=206, media_type=media_type, headers=headers)


def _read_range(text: str, whole: int) -> range | None:
    """The bytes of one range; empty where there are none; None when it is of another kind."""
    found = RANGE.fullmatch(text.replace(" ", ""))
    if found is None or found[0] == "bytes=-":
        return None
    if not found[1]:
        return range(max(0, whole - int(found[2])), whole)
    last = min(int(found[2]), whole - 1) if found[2] else whole - 1
    return range(int(found[1]), last + 1)


def named(name: str, format_: Format) -> dict[str, str]:
    """The header that says what the file is called."""
    return {"content-disposition": f'inline; filename="{name}.{format_}"'}
