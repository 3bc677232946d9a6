"""HTTP to other people's APIs: bounded, polite, and never the reason that we hang.

One `Outbound` per process holds the connections; each API is a `Source` of it. A `get` waits for
its turn (the source's budget, and any `Retry-After` it gave), is refused while the host's circuit
is open, has one deadline from connecting to the last byte, reads at most so many bytes, and is
tried again with full jitter when the failure may pass. What the API itself has to say, a 404 or an
error envelope, is an `Answer` for the adapter to read; what keeps it from answering is a named
error.

No redirect is followed, no cookie kept, no proxy taken from the environment unless asked. Names of
sources appear in errors, logs and metrics; URLs, parameters and headers never do, for keys are in
them. See docs/decisions/0006-outbound-http.md.
"""

import asyncio
import logging
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib.metadata import version
from itertools import count
from typing import Final, Self
from urllib.parse import quote

import httpx2
import stamina
import structlog
from prometheus_client import Counter, Gauge, Histogram

from plimsoll.kernel.clock import Clock
from plimsoll.kernel.errors import Unavailable
from plimsoll.plumbing.bodies import BadBody, BodyTooLarge, read_body
from plimsoll.plumbing.breaker import PATIENCE, Breaker, Pass, Patience, State
from plimsoll.plumbing.budget import Budget, retry_after_s
from plimsoll.plumbing.tracing import Tracing

REQUESTS: Final = Counter(
    "outbound_requests",
    "Calls to other people's APIs: a status class, or the code of what went wrong.",
    ["source", "outcome"],
)
SECONDS: Final = Histogram(
    "outbound_request_seconds",
    "Time from sending a request to the last byte of its answer, or to giving up.",
    ["source"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)
CIRCUIT: Final = Gauge("circuit_state", "0 closed, 1 half-open, 2 open.", ["source"])

_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 8.0
_MINUTE_S: Final = 60.0
_BAN_S: Final = 120.0
_LIMITED: Final = 429
_BANNED: Final = 418
_RESTRICTED: Final = 451
_AWAY: Final = frozenset({502, 503, 504})
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9-]+")
_HEADER_VALUE: Final = re.compile(r"[\x20-\x7e]*")

log = structlog.get_logger(__name__)


class SourceUnavailable(Unavailable):
    """A source did not answer; the class says why, `facts` which source."""

    code = "source-unavailable"
    title = "A source of data is not available"

    @classmethod
    def of(
        cls,
        source: str,
        text: str,
        *,
        status: int | None = None,
        retry_after_s: float | None = None,
    ) -> Self:
        facts: dict[str, str | int | bool | None] = {"source": source}
        if status is not None:
            facts["status"] = status
        return cls(f"{source} {text}", facts=facts, retry_after_s=retry_after_s)


class SourceRateLimited(SourceUnavailable):
    """429 or 418: we are to come less often; `retry_after_s` is what the source said, or ours."""

    code = "source-rate-limited"
    title = "A source of data limits our requests"


class SourceUnreachable(SourceUnavailable):
    """No connection, a broken answer, or 502, 503, 504."""

    code = "source-unreachable"
    title = "A source of data cannot be reached"


class SourceTimeout(SourceUnavailable):
    """The whole answer was not here in time."""

    code = "source-timeout"
    title = "A source of data is too slow"


class SourceCircuitOpen(SourceUnavailable):
    """The host failed repeatedly and is left alone until `retry_after_s` has passed."""

    code = "source-circuit-open"
    title = "A source of data is left alone for now"


class SourceBudgetSpent(SourceUnavailable):
    """Our own allowance for this source is used up for longer than a call may wait."""

    code = "source-budget-spent"
    title = "Our allowance for a source of data is used up"


class SourceAnswerTooLarge(SourceUnavailable):
    code = "source-answer-too-large"
    title = "A source of data sent too much"


class SourceRestricted(SourceUnavailable):
    """451: the source does not serve where we are; another one has to be used."""

    code = "source-restricted"
    title = "A source of data does not serve this place"


_PASSING: Final = (SourceRateLimited, SourceUnreachable, SourceTimeout)
"""What another try may mend."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API said, whatever its status; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Outbound:
    """The connections of this process to other people's APIs."""

    def __init__(
        self,
        clock: Clock,
        *,
        trust_env: bool = False,
        patience: Patience = PATIENCE,
        tracing: Tracing | None = None,
    ) -> None:
        """`trust_env` takes proxies and certificates from the environment."""
        self._clock = clock
        self._patience = patience
        self._tracing = tracing
        self._breakers: dict[str, Breaker] = {}
        self._names: set[str] = set()
        # At INFO the library writes whole URLs, and some APIs take their key as a parameter.
        logging.getLogger("httpx2").setLevel(logging.WARNING)
        self._client = httpx2.AsyncClient(
            headers={"User-Agent": f"plimsoll/{version('plimsoll')}", "Accept-Encoding": "gzip"},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            follow_redirects=False,
            timeout=None,  # one deadline for the whole exchange stands in Source
            trust_env=trust_env,
        )

    def source(  # noqa: PLR0913 - the terms of one API, each by name
        self,
        name: str,
        *,
        base_url: str,
        per_minute: int,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 10.0,
        max_bytes: int = 5_000_000,
        attempts: int = 3,
        wait_s: float = 5.0,
    ) -> "Source":
        """One API, known as `name`; its `headers` may carry a key.

        At most `per_minute` requests in any minute, tries included; each counts as the weight it is
        given. `timeout_s` is for one try,
        `max_bytes` for one unpacked body, `wait_s` for the wait for a turn: a `get` is over after
        about attempts x (wait_s + timeout_s) plus the pauses between tries, under a second each
        at first. Raises ValueError for a header that HTTP cannot carry, without repeating it.
        """
        assert name not in self._names, "two budgets for one source would add up"
        assert min(per_minute, max_bytes, attempts) >= 1
        url = httpx2.URL(base_url)
        assert url.scheme in {"http", "https"}
        self._names.add(name)
        origin = f"{url.scheme}://{url.netloc.decode('ascii')}"
        breaker = self._breakers.setdefault(origin, Breaker(self._clock, self._patience))
        CIRCUIT.labels(name).set_function(lambda: float(breaker.state))
        terms = _Terms(url, _checked(name, headers or {}), timeout_s, max_bytes, attempts, wait_s)
        source = Source(name, terms, self._client, breaker, Budget(per_minute), self._clock)
        source.tracing = self._tracing
        return source

    async def aclose(self) -> None:
        await self._client.aclose()


@dataclass(frozen=True, slots=True, repr=False)
class _Terms:
    url: httpx2.URL
    headers: Mapping[str, str]
    timeout_s: float
    max_bytes: int
    attempts: int
    wait_s: float


class Source:
    """One API of someone else."""

    tracing: Tracing | None = None

    def __init__(
        self,
        name: str,
        terms: _Terms,
        client: httpx2.AsyncClient,
        breaker: Breaker,
        budget: Budget,
        clock: Clock,
    ) -> None:
        self.name = name
        self._terms = terms
        self._client = client
        self._breaker = breaker
        self._budget = budget
        self._clock = clock
        self._quiet_until = 0.0
        """Until when the source asked not to be called, on the monotonic clock."""

    async def get(
        self, path: str, params: Mapping[str, str] | None = None, *, weight: int = 1
    ) -> Answer:
        """GET `path`, plain text below the base URL, tried again while the failure may pass. Every
        try takes `weight` from the budget.

        Raises SourceUnavailable in one of its forms; of several tries, what the last one met.
        """
        url = self._url(path, params or {})
        tries = count(1)
        async for attempt in stamina.retry_context(
            on=lambda error: self._pause(error, next(tries)),
            attempts=self._terms.attempts,
            timeout=None,
        ):
            with attempt:
                return await self._try(url, weight)
        raise AssertionError("the last try returns or raises")

    def _pause(self, error: Exception, tries: int) -> float | bool:
        """Seconds until the next try, spread by full jitter; False when there is to be none."""
        if not isinstance(error, _PASSING) or self._breaker.refuses():
            return False
        if self._quiet_until - self._clock.monotonic() > self._terms.wait_s:
            return False
        longest = min(_FIRST_PAUSE_S * 2 ** (tries - 1), _LONGEST_PAUSE_S)
        return random.uniform(0, longest)  # noqa: S311 - spreads callers, keeps no secret

    async def _try(self, url: httpx2.URL, weight: int) -> Answer:
        """One request at most, counted by its outcome."""
        outcome, began_s = "cancelled", self._clock.monotonic()
        try:
            answer = await self._call(url, weight)
            outcome = f"{answer.status // 100}xx"
        except SourceUnavailable as error:
            outcome = error.code
            raise
        else:
            return answer
        finally:
            REQUESTS.labels(self.name, outcome).inc()
            if self.tracing is not None:
                took_s = self._clock.monotonic() - began_s
                self.tracing.note_call(self.name, host=url.host, outcome=outcome, took_s=took_s)

    async def _call(self, url: httpx2.URL, weight: int) -> Answer:
        if self._breaker.refuses():  # before a turn is spent on it
            raise self._circuit_open()
        await self._turn(weight)
        admitted = self._breaker.enter()
        if admitted is None:
            raise self._circuit_open()
        try:
            answer = await self._exchange(url)
        except (SourceTimeout, SourceUnreachable):
            self._report(self._breaker.failed, admitted)
            raise
        except SourceAnswerTooLarge:
            self._report(self._breaker.succeeded, admitted)
            raise
        except BaseException:
            self._breaker.abandoned(admitted)
            raise
        away = answer.status in _AWAY
        self._report(self._breaker.failed if away else self._breaker.succeeded, admitted)
        if away or answer.status in {_LIMITED, _BANNED, _RESTRICTED}:
            raise self._refusal(answer)
        return answer

    def note_used(self, weight: int) -> None:
        """What the source itself counted in the last minute: what is more than we know of was spent
        by others at our address, and is taken from the budget.
        """
        self._budget.note_used(weight, self._clock.monotonic())

    async def _turn(self, weight: int) -> None:
        """Wait until the budget and the source's own wish allow a request, or say how long."""
        now = self._clock.monotonic()
        quiet_s = max(self._quiet_until - now, 0.0)
        if quiet_s > self._terms.wait_s:
            text = "asked not to be called"
            raise SourceRateLimited.of(self.name, text, retry_after_s=quiet_s)
        wait_s = self._budget.wait_s(now + quiet_s, weight) + quiet_s
        if wait_s > self._terms.wait_s:
            raise SourceBudgetSpent.of(self.name, "is called too often", retry_after_s=wait_s)
        self._budget.spend(now + wait_s, weight)
        if wait_s > 0:
            await asyncio.sleep(wait_s)

    async def _exchange(self, url: httpx2.URL) -> Answer:
        terms = self._terms
        began = self._clock.monotonic()
        try:
            async with (
                asyncio.timeout(terms.timeout_s),
                self._client.stream("GET", url, headers=terms.headers) as response,
            ):
                body = await read_body(response, terms.max_bytes)
                return Answer(response.status_code, dict(response.headers), body)
        except (TimeoutError, httpx2.TimeoutException) as error:
            text = f"did not answer within {terms.timeout_s} s"
            raise SourceTimeout.of(self.name, text) from error
        except BodyTooLarge as error:
            text = f"sent more than {terms.max_bytes} bytes"
            raise SourceAnswerTooLarge.of(self.name, text) from error
        except (httpx2.TransportError, BadBody) as error:
            text = f"did not answer properly ({type(error).__name__})"
            raise SourceUnreachable.of(self.name, text) from error
        finally:
            SECONDS.labels(self.name).observe(self._clock.monotonic() - began)

    def _refusal(self, answer: Answer) -> SourceUnavailable:
        status = answer.status
        if status == _RESTRICTED:
            return SourceRestricted.of(self.name, "does not serve this place", status=status)
        asked_s = retry_after_s(answer.headers.get("retry-after", ""), self._clock.now())
        if asked_s is None and status == _BANNED:
            asked_s = _BAN_S
        if asked_s is not None:
            self._quiet_until = self._clock.monotonic() + asked_s
        if status in {_LIMITED, _BANNED}:
            after_s = _MINUTE_S if asked_s is None else asked_s
            text = "limits our requests"
            return SourceRateLimited.of(self.name, text, status=status, retry_after_s=after_s)
        text = f"answered {status}"
        return SourceUnreachable.of(self.name, text, status=status, retry_after_s=asked_s)

    def _circuit_open(self) -> SourceUnavailable:
        wait_s = self._breaker.retry_after_s
        return SourceCircuitOpen.of(self.name, "failed repeatedly", retry_after_s=wait_s)

    def _report(self, tell: Callable[[Pass], None], admitted: Pass) -> None:
        before = self._breaker.state
        tell(admitted)
        after = self._breaker.state
        if after is State.OPEN and before is not State.OPEN:
            cool_down_s = round(self._breaker.retry_after_s, 3)
            log.warning("circuit_opened", source=self.name, cool_down_s=cool_down_s)
        elif after is State.CLOSED and before is not State.CLOSED:
            log.info("circuit_closed", source=self.name)

    def _url(self, path: str, params: Mapping[str, str]) -> httpx2.URL:
        assert path.startswith("/"), "a path below the base URL"
        assert not {".", ".."} & set(path.split("/")), "the base URL is not left"
        base = self._terms.url
        below = base.path.rstrip("/") + quote(path)
        return base.copy_with(path=below, params=dict(params) or None)


def _checked(name: str, headers: Mapping[str, str]) -> Mapping[str, str]:
    for header, value in headers.items():
        if not (_HEADER_NAME.fullmatch(header) and _HEADER_VALUE.fullmatch(value)):
            raise ValueError(f"the header {header!r} of {name} has a character HTTP cannot carry")
    return dict(headers)
