"""Telling through Apprise, which speaks to some hundred services; an extra of its own.

An Apprise address names a service and what opens it (`tgram://token/chat`), so all of it is a
secret. It calls where it likes with a client of its own, which our guard of addresses does not see.
Therefore only services that the operator names are used. Most of them have one host, their own.
Of those whose host the user gives, the host has to be allowed by the operator by name, or be an
address that is public or allowed: a name that anybody may give could lead somewhere else a moment
after it was checked. Redirects are not followed and every wait is bounded.

An address with options (`?…`) is refused: some of them make the service read a file of this machine
(`template`, `keyfile`) or call another host than the one that was checked (`smtp`).
"""

import asyncio
import importlib
import logging
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from typing import Any, Final

from plimsoll.alerts.domain.deliveries import Outcome
from plimsoll.kernel.errors import Conflict, FieldFault, Invalid
from plimsoll.plumbing.addresses import Allowed, is_public

WAIT_S: Final = 4.0
"""For a connection, and for each piece of the answer."""
DEADLINE_S: Final = 15.0
_THREADS: Final = 4
_LOADING: Final = threading.Lock()


class AppriseMissing(Conflict):
    """The extra is not installed."""

    code = "apprise-missing"
    title = "Apprise is not installed here"


class AppriseRefused(Invalid):
    """No address of a service that may be told; `facts["rule"]` names what is wrong with it."""

    code = "apprise-refused"
    title = "This address is not taken"


class Apprising:
    """Apprise with the operator's rules."""

    def __init__(self, schemes: frozenset[str], allowed: Allowed) -> None:
        self._schemes = schemes
        self._allowed = allowed
        self._threads: ThreadPoolExecutor | None = None

    async def check(self, url: str) -> str:
        """What may be shown of an address that may be told. Raises AppriseMissing, AppriseRefused.

        The first one takes a moment, for the library is large.
        """
        await self._run(self._make, url)
        return f"{url.partition(':')[0].lower()}://…"

    async def send(self, url: str, *, title: str, text: str) -> Outcome:
        """Raises AppriseMissing, AppriseRefused."""
        try:
            async with asyncio.timeout(DEADLINE_S):
                taken = await self._run(self._notify, url, title, text)
        except TimeoutError:
            return Outcome("receiver-timeout")
        return Outcome(None if taken else "apprise-failed")

    def close(self) -> None:
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Any, *args: str) -> Any:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="apprise")
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *args)

    def _notify(self, url: str, title: str, text: str) -> bool:
        return bool(self._make(url).notify(title=title, body=text))

    def _make(self, url: str) -> Any:
        scheme = url.partition("://")[0].lower()
        if scheme not in self._schemes:
            raise _refused("scheme", f"taken are {', '.join(sorted(self._schemes)) or 'none'}")
        if "?" in url:
            raise _refused("options", "an address is taken without options")
        apprise = _load()
        asset = apprise.AppriseAsset(http_redirects=False, async_mode=False)
        service = apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
        if service is None:
            raise _refused("form", f"it is not how {scheme} is written")
        if any("{host}" in template for template in service.templates):
            self._check_host(str(service.host or ""))
        service.redirects = False
        service.verify_certificate = True
        service.socket_connect_timeout = service.socket_read_timeout = WAIT_S
        service.retry = service.wait = 0  # we try again ourselves
        service.optional = False  # or a failure counts as taken
        return service

    def _check_host(self, host: str) -> None:
        if host.lower() in self._allowed.hosts:
            return
        try:
            address = ip_address(host.strip("[]"))
        except ValueError:
            raise _refused("host", "the operator has not allowed this host") from None
        if not (is_public(address) or any(address in each for each in self._allowed.networks)):
            raise _refused("host", "it is not on the public internet")


def _load() -> Any:
    """The library with all that it knows, which it loads when it is first asked."""
    with _LOADING, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of modules it asks for
        try:
            apprise = importlib.import_module("apprise")
        except ImportError as error:
            raise AppriseMissing("install plimsoll[apprise]") from error
        logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it repeats addresses
        apprise.Apprise.instantiate("json://localhost")
    return apprise


def _refused(rule: str, text: str) -> AppriseRefused:
    return AppriseRefused(text, facts={"rule": rule}, faults=(FieldFault("#/url", rule, text),))
