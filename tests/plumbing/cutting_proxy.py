"""A network between the service and PostgreSQL that fails at the worst moment."""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum, auto
from pathlib import Path
from typing import Self
from urllib.parse import parse_qs, quote, urlsplit

SOCKET = ".s.PGSQL.5432"


class Cut(Enum):
    """When the connection dies: the server never hears it, or nobody hears the server's answer.
    SILENT: nobody hears it, and the connection stays open.
    """

    BEFORE = auto()
    AFTER = auto()
    SILENT = auto()


class CuttingProxy:
    """Passes bytes on both ways until the client says the words it was told to wait for."""

    def __init__(self, directory: Path, upstream: str, dsn: str) -> None:
        self.dsn = dsn
        self._path = directory / SOCKET
        self._upstream = upstream
        self._words: bytes | None = None
        self._cut = Cut.BEFORE
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    @asynccontextmanager
    async def before(cls, dsn: str) -> AsyncIterator[Self]:
        """In front of the server of `dsn`, whose socket's folder is in it."""
        folder = parse_qs(urlsplit(dsn).query)["host"][0]
        # Not the test's own folder: the name of a Unix socket has to be short.
        directory = Path(tempfile.mkdtemp(prefix="plimsoll-"))
        proxy = cls(directory, f"{folder}/{SOCKET}", dsn.replace(quote(folder), str(directory)))
        await proxy.open()
        try:
            yield proxy
        finally:
            await proxy.close()
            shutil.rmtree(directory)

    def cut_at(self, words: bytes, cut: Cut) -> None:
        """The next time a client says `words`, its connection dies; once."""
        self._words, self._cut = words, cut

    async def open(self) -> None:
        """Again after a `close`: the network is back."""
        self._server = await asyncio.start_unix_server(self._serve, str(self._path))

    async def close(self) -> None:
        """No more connections, and an end to those there are."""
        if self._server is not None:
            self._server.close()
            self._server = None
            self._path.unlink(missing_ok=True)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            server, ask = await asyncio.open_unix_connection(self._upstream)
            back = asyncio.create_task(_pass_on(server, answer))
            try:
                await self._pass_until_cut(client, ask, back)
            finally:
                back.cancel()
                await asyncio.gather(back, return_exceptions=True)
                ask.close()
                answer.close()
        self._tasks.discard(task)

    async def _pass_until_cut(
        self,
        client: asyncio.StreamReader,
        ask: asyncio.StreamWriter,
        back: asyncio.Task[None],
    ) -> None:
        while data := await client.read(65_536):
            if self._words is not None and self._words in data:
                self._words = None
                if self._cut is not Cut.BEFORE:
                    back.cancel()
                    ask.write(data)
                    await asyncio.sleep(0.2)  # the server does it; its answer is read by nobody
                while self._cut is Cut.SILENT and await client.read(65_536):
                    pass
                return
            ask.write(data)
            await ask.drain()


async def _pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await source.read(65_536):
            sink.write(data)
            await sink.drain()
    sink.close()
