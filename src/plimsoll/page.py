"""The web page: files that were built beforehand, held in memory, served as they are.

It stands between the hot routes and the framework. What begins like a route of the API goes on to
the framework, found or not, so that a wrong address of the API is a problem for a browser too;
a file of the page is one look into a dictionary; any other address that a browser goes to is a
place within the page, and the page's script finds out which.

Names of built files change with what is in them, so a browser keeps those for good and asks for
the rest each time, which costs a 304.
"""

import gzip
import hashlib
import mimetypes
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from plimsoll.plumbing import problems

BUILT: Final = Path(__file__).with_name("static")
"""Where a build leaves the page; wheels carry it."""
INDEX: Final = "/index.html"
FILES: Final = "assets"
"""The folder of everything that the page loads."""

PAGE_ROUTE: Final = "/"
FILE_ROUTE: Final = f"/{FILES}/{{name}}"
APART: Final = frozenset({PAGE_ROUTE, FILE_ROUTE})
"""Both come from memory: they would only flatter the latency of the service."""

HASHED: Final = re.compile(r"-(?=[\w-]*[A-Z0-9_])[\w-]{8}\.[a-z0-9.]+$", re.ASCII)
"""A name with the digest of its content in it. A digest of small letters alone, one in thousands,
is taken for a word and only asked for more often.
"""
KEPT: Final = (b"cache-control", b"public, max-age=31536000, immutable")
ASKED_FOR: Final = (b"cache-control", b"no-cache")
"""Kept, but not used before the service has said that it is still the same."""

MEDIA_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
}
"""Those of a page are not left to what the machine believes about them."""
PACKED: Final = frozenset({".html", ".js", ".mjs", ".css", ".json", ".map", ".svg", ".txt"})
WORTH_PACKING: Final = 1_000
"""Bytes; a shorter answer fits into one packet anyway."""
VARY: Final = (b"vary", b"accept-encoding")
READING: Final = frozenset({"GET", "HEAD"})

Headers = tuple[tuple[bytes, bytes], ...]

NOT_BUILT: Final = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Plimsoll: no page</title></head>
<body>
<h1>The page is not built</h1>
<p>This Plimsoll runs from its sources, and its web page has not been made from them.
In its folder, <code>make ui</code> makes it; then start Plimsoll again.</p>
<p>Everything else works: <a href="{root}/docs">the API and its documentation</a>.</p>
</body>
</html>
"""
NOT_BUILT_DETAIL: Final = "`make ui` makes it; the API is described at /docs"


@dataclass(frozen=True, slots=True)
class Variant:
    """One encoding of a file, with the headers that go with it; the first is its `etag`."""

    etag: bytes
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class PageFile:
    """`packed` is the same with gzip, where that is worth it."""

    route: str
    plain: Variant
    packed: Variant | None

    def variant(self, encodings: bytes) -> Variant:
        """For a caller who sent `encodings` as Accept-Encoding."""
        if self.packed is not None and _quality(encodings, b"gzip") > 0:
            return self.packed
        return self.plain


def _file(name: str, content: bytes) -> PageFile:
    suffix = Path(name).suffix
    kind = MEDIA_TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    kept = KEPT if name.startswith(f"/{FILES}/") and HASHED.search(name) else ASKED_FOR
    always: Headers = ((b"content-type", kind.encode()), kept)
    packed = None
    if suffix in PACKED and len(content) >= WORTH_PACKING:
        always = (*always, VARY)
        body = gzip.compress(content, 6, mtime=0)
        packed = _variant(body, (*always, (b"content-encoding", b"gzip")))
    route = PAGE_ROUTE if name == INDEX else FILE_ROUTE
    return PageFile(route, _variant(content, always), packed)


def _variant(body: bytes, headers: Headers) -> Variant:
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'.encode()
    return Variant(etag, ((b"etag", etag), *headers), body)


@cache
def read_page(folder: Path, root_path: str = "") -> Mapping[str, PageFile]:
    """Everything in `folder` by its path; nothing when no page has been built there.

    The page names its files relative to itself (`./assets/…`). At `/trade/BTC-PERP` that would be
    another place, so they are written out from `root_path`.
    """
    index = folder / INDEX[1:]
    if not index.is_file():
        return {}
    files = dict(_read_files(folder))
    text = index.read_text("utf-8").replace('="./', f'="{root_path}/')
    files["/"] = files[INDEX] = _file(INDEX, text.encode())
    return files


def _read_files(folder: Path) -> Iterator[tuple[str, PageFile]]:
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in place.parts):
            name = f"/{place.as_posix()}"
            yield name, _file(name, path.read_bytes())


class Page:
    """In front of the framework: the page's files, and every address that is a place within it."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        files: Mapping[str, PageFile],
        routes: frozenset[str],
        root_path: str = "",
    ) -> None:
        """`routes`: how the paths of other routes begin, up to the second slash."""
        self._app = app
        self._files = files
        self._index = files.get(INDEX)
        self._others = routes | {FILES}
        self._root_path = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        found = self._files.get(path)
        if found is None:
            if path[1:].partition("/")[0] in self._others or not _is_visit(scope):
                await self._app(scope, receive, send)
                return
            found = self._index
        scope["plimsoll.route"] = PAGE_ROUTE if found is None else found.route
        if scope["method"] not in READING:
            await self._refuse_method(scope, receive, send)
        elif found is None:
            await self._answer_not_built(scope, receive, send)
        else:
            await _send_file(found, scope, send)

    async def _refuse_method(self, scope: Scope, receive: Receive, send: Send) -> None:
        status = HTTPStatus.METHOD_NOT_ALLOWED
        response = _problem(scope, status, problems.CODES[status], status.phrase)
        response.headers["allow"] = "GET, HEAD"
        await response(scope, receive, send)

    async def _answer_not_built(self, scope: Scope, receive: Receive, send: Send) -> None:
        status, code = HTTPStatus.NOT_FOUND, "page-not-built"
        response = _problem(scope, status, code, "The page is not built", NOT_BUILT_DETAIL)
        if _accepts_html(scope):
            response.body = NOT_BUILT.replace("{root}", self._root_path).encode()
            response.headers["content-length"] = str(len(response.body))
            response.headers["content-type"] = MEDIA_TYPES[".html"]
        await response(scope, receive, send)


def _problem(scope: Scope, status: HTTPStatus, code: str, title: str, detail: str = "") -> Response:
    request_id = problems.request_id_of(scope)
    body = problems.describe(status, code, title, request_id=request_id, detail=detail)
    return problems.answer(Request(scope), body, status=status, code=code)


def _is_visit(scope: Scope) -> bool:
    """A browser goes to this address; without a page built, the front door is one for everybody."""
    if scope["path"] == "/":
        return True
    return scope["method"] in READING and _accepts_html(scope)


def _accepts_html(scope: Scope) -> bool:
    return _quality(_header(scope, b"accept"), b"text/html") > 0


def _header(scope: Scope, wanted: bytes) -> bytes:
    """All values of a header that is a list."""
    return b",".join(value for name, value in scope["headers"] if name == wanted)


def _quality(listed: bytes, wanted: bytes) -> float:
    """How much `wanted` is wanted in `a;q=0.5, b`; 0 when it is not named."""
    for part in listed.lower().split(b","):
        name, *parameters = (each.strip() for each in part.split(b";"))
        if name == wanted:
            given = next((each[2:] for each in parameters if each.startswith(b"q=")), b"1")
            try:
                return float(given)
            except ValueError:
                return 0.0
    return 0.0


async def _send_file(file: PageFile, scope: Scope, send: Send) -> None:
    variant = file.variant(_header(scope, b"accept-encoding"))
    named = _header(scope, b"if-none-match").split(b",")
    known = {each.strip().removeprefix(b"W/") for each in named}
    if variant.etag in known or b"*" in known:
        headers = [each for each in variant.headers if not each[0].startswith(b"content-")]
        await send({"type": "http.response.start", "status": 304, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return
    length = (b"content-length", str(len(variant.body)).encode())
    await send(
        {"type": "http.response.start", "status": 200, "headers": [*variant.headers, length]}
    )
    body = b"" if scope["method"] == "HEAD" else variant.body
    await send({"type": "http.response.body", "body": body})
