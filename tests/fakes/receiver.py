"""Somebody's webhook receiver on loopback, which answers by script and misbehaves on request.

`answers` are given in turn, and then 204 for ever; `got` is all that came.
"""

import asyncio
import gzip
import ssl
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@dataclass(frozen=True, slots=True)
class Got:
    """A request as it came; names of headers in lower case."""

    target: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay_s: float = 0.0
    endless: bool = False
    """The body repeats until the sender leaves."""
    drip_s: float = 0.0
    """The body comes one byte at a time, with so long between."""

    @classmethod
    def gzip_bomb(cls, megabytes: int) -> Self:
        """About 1 kB on the wire for each megabyte unpacked."""
        packed = gzip.compress(bytes(megabytes * 1_000_000))
        return cls(200, {"Content-Encoding": "gzip"}, packed)


class Receiver:
    """`url` is known after the start."""

    def __init__(self, certificate: Path | None = None) -> None:
        """`certificate` with its key: speaks TLS."""
        self.answers: deque[Answer] = deque()
        self.got: list[Got] = []
        self.connections = 0
        self.at_once = 0
        self.most_at_once = 0
        self.sent_bytes = 0
        self.port = 0
        self._certificate = certificate
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()

    @property
    def authority(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.authority}"

    async def __aenter__(self) -> Self:
        context = None
        if self._certificate is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(self._certificate)
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", self.port, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    async def wait_for(self, count: int, *, within_s: float = 10.0) -> None:
        """Until so many requests have come."""
        async with asyncio.timeout(within_s):
            while len(self.got) < count:  # noqa: ASYNC110 - a test may look
                await asyncio.sleep(0.01)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._talks.add(task)
        self.connections += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            self.at_once -= 1
            self._talks.discard(task)
            with suppress(OSError, RuntimeError):
                writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        lines = [line.partition(":") for line in head[1:] if line]
        headers = {name.lower(): value.strip() for name, _, value in lines}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.got.append(Got(head[0].split(" ")[1], headers, body))
        answer = self.answers.popleft() if self.answers else Answer()
        await asyncio.sleep(answer.delay_s)
        said = {"Content-Length": str(len(answer.body)), "Connection": "close", **answer.headers}
        if answer.endless or answer.drip_s:
            said.pop("Content-Length", None)
        first = f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}\r\n"
        writer.write((first + "".join(f"{n}: {v}\r\n" for n, v in said.items()) + "\r\n").encode())
        writer.write(answer.body)
        await writer.drain()
        while answer.endless:
            await self._go_on(writer, b"x" * 16_384)
        while answer.drip_s:
            await self._go_on(writer, b"x")
            await asyncio.sleep(answer.drip_s)

    async def _go_on(self, writer: asyncio.StreamWriter, piece: bytes) -> None:
        writer.write(piece)
        self.sent_bytes += len(piece)
        await writer.drain()

    @staticmethod
    def make_certificate(folder: Path, host: str) -> Path:
        """Of one host and nobody else, with its key; vouched for by itself."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .sign(key, hashes.SHA256())
        )
        secret = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        path = folder / f"{host}.pem"
        path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
        return path
