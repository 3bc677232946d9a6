"""POST to addresses that users gave us: to the host that was checked, once, and soon over.

The guard (`addresses.check`) looks the host up once and the connection goes to one of the addresses
it found good, with the host's name in `Host` and in TLS. No redirect is followed: it would lead to
where nobody has checked, and a receiver that moved can be given its new address. No proxy, no
cookie, no connection kept. One deadline covers the lookup, the connection and the answer.

Only the status counts. Of the body at most 64 KiB are taken off the wire, as they are and unread,
so that a receiver is not cut off in mid-sentence; one that goes on talking, or drips, has said what
it had to say all the same. Nothing of it is shown to anybody, or a webhook would be a way to read
what is not one's own.

Errors name what went wrong and never the address, whose path is often the secret.
"""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib.metadata import version
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

import httpx2

from plimsoll.kernel.clock import Clock
from plimsoll.kernel.errors import Unavailable
from plimsoll.plumbing.addresses import (
    AddressNotAllowed,
    Allowed,
    Resolve,
    Target,
    check,
    resolve_by_system,
)
from plimsoll.plumbing.budget import retry_after_s

DEADLINE_S: Final = 5.0
MOST_BYTES: Final = 65_536
MOST_AT_ONCE: Final = 64
_ADDRESSES_TRIED: Final = 2
"""An IPv6 address that leads nowhere from here is often followed by an IPv4 one that works."""


class ReceiverFailed(Unavailable):
    """A receiver did not take a message; the class says why."""

    code = "receiver-failed"
    title = "The receiver did not take the message"


class ReceiverTimeout(ReceiverFailed):
    code = "receiver-timeout"
    title = "The receiver is too slow"


class ReceiverUnreachable(ReceiverFailed):
    """No connection, or not one that speaks HTTP."""

    code = "receiver-unreachable"
    title = "The receiver cannot be reached"


class ReceiverNotTrusted(ReceiverFailed):
    """Its certificate does not prove the name."""

    code = "receiver-not-trusted"
    title = "The receiver's certificate is not valid"


@dataclass(frozen=True, slots=True)
class Posted:
    """What a receiver answered; `retry_after_s` is what it asked for, if it did."""

    status: int
    retry_after_s: float | None = None

    @property
    def taken(self) -> bool:
        return 200 <= self.status < 300  # noqa: PLR2004 - the class of success


class Poster:
    """Calls of this process to addresses that users gave."""

    def __init__(
        self,
        clock: Clock,
        allowed: Allowed,
        *,
        resolve: Resolve = resolve_by_system,
        deadline_s: float = DEADLINE_S,
        trusted: ssl.SSLContext | None = None,
    ) -> None:
        """`allowed`: what the operator allows; `trusted`: other certificates than the usual."""
        self._clock = clock
        self._allowed = allowed
        self._resolve = resolve
        self._deadline_s = deadline_s
        # At INFO the library writes whole URLs, and their paths are secrets.
        logging.getLogger("httpx2").setLevel(logging.WARNING)
        self._client = httpx2.AsyncClient(
            headers={"User-Agent": f"plimsoll/{version('plimsoll')}"},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            follow_redirects=False,
            limits=httpx2.Limits(max_connections=MOST_AT_ONCE, max_keepalive_connections=0),
            timeout=None,  # one deadline for the whole exchange stands in `post`
            trust_env=False,
            verify=True if trusted is None else trusted,
        )

    async def check(self, url: str) -> Target:
        """Where `url` may be called.

        To what the operator allows by name or address it may be plain HTTP and any port; all else
        is https on the ports of https, and public. Raises what `addresses.check` raises.
        """
        allowed = Allowed(networks=self._allowed.networks, hosts=self._allowed.hosts)
        try:
            return await check(url, allowed, self._resolve)
        except AddressNotAllowed as error:
            host = str(error.facts["host"])
            if error.facts["rule"] == "address" or not self._is_named(host):
                raise
            port = urlsplit(url).port
            allowed = Allowed(
                networks=self._allowed.networks,
                hosts=self._allowed.hosts,
                ports=frozenset() if port is None else frozenset({port}),
                plain_http=True,
            )
            return await check(url, allowed, self._resolve)

    def _is_named(self, host: str) -> bool:
        if host in self._allowed.hosts:
            return True
        with contextlib.suppress(ValueError):
            address = ip_address(host)
            return any(address in network for network in self._allowed.networks)
        return False

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Posted:
        """Send `body`, JSON, with `headers`.

        Raises ReceiverFailed in one of its forms, and what `check` raises.
        """
        posted: Posted | None = None
        try:
            async with asyncio.timeout(self._deadline_s):
                target = await self.check(url)
                response = await self._send(target, body, headers)
                try:
                    posted = self._posted(response)
                    with contextlib.suppress(httpx2.TransportError):
                        await _let_go(response)
                finally:
                    await response.aclose()
        except (TimeoutError, httpx2.TimeoutException) as error:
            if posted is None:
                text = f"there was no answer within {self._deadline_s:g} s"
                raise ReceiverTimeout(text) from error
        assert posted is not None
        return posted

    async def _send(
        self, target: Target, body: bytes, headers: Mapping[str, str]
    ) -> httpx2.Response:
        """The head of the answer, from the first of the addresses that takes a connection."""
        failure: ReceiverFailed | None = None
        for address in target.addresses[:_ADDRESSES_TRIED]:
            request = self._client.build_request(
                "POST",
                target.at(address),
                content=body,
                headers={
                    **headers,
                    "Host": target.authority,
                    "Content-Type": "application/json",
                    "Accept-Encoding": "identity",
                    "Connection": "close",
                },
                extensions={"sni_hostname": target.host},
            )
            try:
                return await self._client.send(request, stream=True)
            except httpx2.ConnectError as error:
                failure = _refused(error)
            except httpx2.TransportError as error:
                raise ReceiverUnreachable(
                    f"it did not answer properly ({type(error).__name__})"
                ) from error
        assert failure is not None, "a target has an address"
        raise failure

    def _posted(self, response: httpx2.Response) -> Posted:
        asked = retry_after_s(response.headers.get("retry-after", ""), self._clock.now())
        return Posted(response.status_code, asked)

    async def aclose(self) -> None:
        await self._client.aclose()


async def _let_go(response: httpx2.Response) -> None:
    received = 0
    async for piece in response.aiter_raw():
        received += len(piece)
        if received > MOST_BYTES:
            return


def _refused(error: httpx2.ConnectError) -> ReceiverFailed:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return ReceiverNotTrusted("a secure connection could not be made")
        cause = cause.__cause__ or cause.__context__
    return ReceiverUnreachable("no connection could be made")
