"""Calls to checked addresses: real names, sockets and certificates, on loopback."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from plimsoll.kernel.errors import PlimsollError
from plimsoll.plumbing import addresses
from plimsoll.plumbing.addresses import (
    PUBLIC_ONLY,
    AddressLookupFailed,
    AddressNotAllowed,
    AddressNotFound,
    Allowed,
    check,
    resolve_by_system,
)
from tests.fakes.http import FakeServer, json_reply


async def at_home(host: str) -> Sequence[str]:
    """Every name is a name of this machine."""
    return ["127.0.0.1"]


async def test_the_system_knows_its_own_name_and_is_refused() -> None:
    assert await resolve_by_system("localhost")
    with pytest.raises(AddressNotAllowed):
        await check("https://localhost/", PUBLIC_ONLY, resolve_by_system)


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (socket.gaierror(socket.EAI_NONAME, "unknown"), AddressNotFound),
        (socket.gaierror(socket.EAI_AGAIN, "later"), AddressLookupFailed),
        (OSError("no network"), AddressLookupFailed),
    ],
)
async def test_an_unknown_name_is_told_from_a_lookup_that_failed(
    failure: OSError, error: type[PlimsollError], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(error) as refusal:
        await check("https://hook.example/", PUBLIC_ONLY, resolve_by_system)
    assert refusal.value.facts == {"host": "hook.example"}


async def test_a_lookup_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def wait(*_: object, **__: object) -> list[object]:
        over.wait(5)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", wait)
    monkeypatch.setattr(addresses, "_LOOKUP_S", 0.02)
    with pytest.raises(AddressLookupFailed):
        await check("https://hook.example/", PUBLIC_ONLY, resolve_by_system)
    over.set()


async def test_the_call_goes_to_the_checked_address_with_the_host_that_was_given() -> None:
    async with FakeServer() as server, httpx2.AsyncClient(trust_env=False) as client:
        server.on("/hook", json_reply({}))
        port = urlsplit(server.url).port
        assert port is not None
        allowed = Allowed.parse(["127.0.0.0/8"], ports=[port], plain_http=True)
        url = f"http://hook.example:{port}/hook?a=b"

        target = await check(url, allowed, at_home)
        address = target.at(target.addresses[0])
        answer = await client.get(address, headers={"Host": target.authority})

        assert answer.status_code == 200
        (request,) = server.requests
        assert (request.headers["host"], request.query) == (f"hook.example:{port}", {"a": "b"})


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Of hook.example and nobody else, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hook.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hook.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = tmp_path / "hook.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    return path


async def test_the_certificate_has_to_prove_the_name_and_not_the_address(certificate: Path) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        writer.close()

    served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    served.load_cert_chain(certificate)
    trusted = ssl.create_default_context(cafile=certificate)
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=served)
    port = server.sockets[0].getsockname()[1]
    allowed = Allowed.parse(["127.0.0.1"], ports=[port])

    async def call(host: str) -> int:
        target = await check(f"https://{host}:{port}/", allowed, at_home)
        response = await client.get(
            target.at(target.addresses[0]),
            headers={"Host": target.authority},
            extensions={"sni_hostname": target.host},
        )
        return response.status_code

    async with server, httpx2.AsyncClient(trust_env=False, verify=trusted) as client:
        assert await call("hook.example") == 204
        for stranger in ("other.example", "127.0.0.1"):
            with pytest.raises(httpx2.ConnectError):
                await call(stranger)
