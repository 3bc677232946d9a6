"""Rate limits: who may come how often.

A request spends from every limit that it falls under at once, from all of them or from none. A
limit is of one of two kinds:

- With a burst, GCRA. One moment per place: the theoretical arrival time, when everything admitted
  so far is paid off at the limit's rate. A call moves it on by one emission interval
  (60 s / `per_minute`) times its cost and is refused if it would then lie more than `burst`
  intervals ahead of now. So, for every place and every window of w seconds

      admitted cost <= burst + per_minute / 60 * w

- Without a burst, exact: in every 60 seconds at most `per_minute`, however they come. What was
  admitted is counted by the second and counts until 60 s after the end of its second, so a call
  comes back at most one second late and a steady caller gets 60/61 of the rate or more.

Times are whole nanoseconds, and the interval is rounded up, so both bounds hold exactly and not up
to rounding. `shared_limits` keeps the same promises for several processes.

Source: ITU-T I.371 annex A (GCRA, virtual scheduling); draft-ietf-httpapi-ratelimit-headers.
"""

import re
from array import array
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Final, NamedTuple, Protocol

from plimsoll.kernel.clock import Clock
from plimsoll.kernel.errors import TooMany

_MINUTE_NS: Final = 60_000_000_000
_SECOND_NS: Final = 1_000_000_000
_NAME: Final = re.compile(r"[a-z][a-z0-9-]*")
WINDOW_SLOTS: Final = 61
"""Seconds that are remembered: a minute may begin and end within one."""


@dataclass(frozen=True, slots=True)
class Limit:
    """`per_minute` calls sustained, `burst` at once; without a burst exactly `per_minute`.

    Each name counts apart and is published.
    """

    name: str
    per_minute: int
    burst: int | None = None
    interval_ns: int = field(init=False, repr=False, compare=False)
    policy: bytes = field(init=False, repr=False, compare=False)
    """As `RateLimit-Policy` publishes it."""
    item: bytes = field(init=False, repr=False, compare=False)
    """How its item of `RateLimit` begins."""

    def __post_init__(self) -> None:
        assert _NAME.fullmatch(self.name), "a limit's name stands in a header as it is"
        assert self.per_minute >= 1
        assert self.burst is None or self.burst >= 1
        policy = f'"{self.name}";q={self.per_minute};w=60'
        if self.burst is not None:
            policy += f";burst={self.burst}"
        object.__setattr__(self, "policy", policy.encode())
        object.__setattr__(self, "item", f'"{self.name}";r='.encode())
        object.__setattr__(self, "interval_ns", -(-_MINUTE_NS // self.per_minute))

    @property
    def at_once(self) -> int:
        """What may come in one moment, and so the highest cost that is ever admitted."""
        return self.per_minute if self.burst is None else self.burst


@dataclass(frozen=True, slots=True)
class Charge:
    """A limit that a request falls under, and who pays.

    `payer` is the person or address, `account` which of several things of theirs, such as an API
    key. A cost above what the limit ever admits is charged as that, so that a small limit makes a
    heavy route rare and not impossible.
    """

    payer: str
    limit: Limit
    account: str = ""
    cost: int = 1
    place: str = field(init=False, repr=False, compare=False)
    """Where it is counted; what stands in braces is the same for all places of a payer."""

    def __post_init__(self) -> None:
        assert self.cost >= 1
        object.__setattr__(self, "cost", min(self.cost, self.limit.at_once))
        object.__setattr__(self, "place", f"{{{self.payer}}}:{self.limit.name}:{self.account}")

    def times(self, cost: int) -> "Charge":
        """The same at another cost."""
        return self if cost == self.cost else Charge(self.payer, self.limit, self.account, cost)


class Decision(NamedTuple):
    """What a limit says to one call.

    `remaining` may still come at once; everything is back after `reset_s`; a refused call of the
    same cost is admitted after `retry_after_s` (0 when this one was allowed). A named tuple, for
    some are made for every request and it takes half as long.
    """

    allowed: bool
    limit: Limit
    remaining: int
    reset_s: float
    retry_after_s: float


Ruling = tuple[Decision, ...]
"""What each limit says to a request, in the order of its charges. Unless all allow it, nothing was
taken from any.
"""


def refused_by(ruling: Ruling) -> Decision | None:
    """The limit that keeps the request waiting longest; None when it may come."""
    found: Decision | None = None
    for decision in ruling:
        if not decision.allowed and (found is None or decision.retry_after_s > found.retry_after_s):
            found = decision
    return found


class TooManyRequests(TooMany):
    """The caller's allowance is used up for now."""

    code = "too-many-requests"
    title = "Too many requests"


class Limiter(Protocol):
    async def spend(self, charges: Sequence[Charge]) -> Ruling:
        """Take all charges, which are of one payer, or none of them. No two have one place."""
        ...

    @property
    def degraded(self) -> bool:
        """Whether limits are counted with less than was set up for them."""
        ...

    async def aclose(self) -> None: ...


class _Debt:
    """GCRA: what one place owes."""

    __slots__ = ("paid_off_ns",)

    def __init__(self) -> None:
        self.paid_off_ns = 0

    def copy(self) -> "_Debt":
        copied = _Debt()
        copied.paid_off_ns = self.paid_off_ns
        return copied

    def judge(self, now: int, limit: Limit, cost: int) -> Decision:
        """What a call of this cost would be told; a cost of 0 only asks."""
        assert limit.burst is not None
        interval = limit.interval_ns
        before = self.paid_off_ns - now if self.paid_off_ns > now else 0
        after = before + interval * cost
        tolerance = interval * limit.burst
        if after > tolerance:
            left = max(tolerance - before, 0) // interval
            return Decision(False, limit, left, before / 1e9, (after - tolerance) / 1e9)
        return Decision(True, limit, (tolerance - after) // interval, after / 1e9, 0.0)

    def take(self, now: int, limit: Limit, cost: int) -> None:
        self.paid_off_ns = max(self.paid_off_ns, now) + limit.interval_ns * cost


class _Window:
    """Exact: what one place was admitted in each of the last seconds."""

    __slots__ = ("_counts", "_newest", "_total")

    def __init__(self) -> None:
        self._counts = array("Q", bytes(8 * WINDOW_SLOTS))
        self._newest = 0
        self._total = 0

    @property
    def paid_off_ns(self) -> int:
        return (self._newest + WINDOW_SLOTS) * _SECOND_NS

    def copy(self) -> "_Window":
        copied = _Window()
        copied._counts = self._counts[:]
        copied._newest, copied._total = self._newest, self._total
        return copied

    def judge(self, now: int, limit: Limit, cost: int) -> Decision:
        slot = now // _SECOND_NS
        self._forget_before(slot)
        total = self._total + cost
        newest = slot if cost else self._newest
        reset = max((newest + WINDOW_SLOTS) * _SECOND_NS - now, 0) if total else 0
        if total > limit.per_minute:
            left = max(limit.per_minute - self._total, 0)
            back = self._time_of(total - limit.per_minute, slot)
            return Decision(False, limit, left, (self.paid_off_ns - now) / 1e9, (back - now) / 1e9)
        return Decision(True, limit, limit.per_minute - total, reset / 1e9, 0.0)

    def take(self, now: int, limit: Limit, cost: int) -> None:
        del limit
        slot = now // _SECOND_NS
        self._forget_before(slot)
        self._counts[slot % WINDOW_SLOTS] += cost
        self._total += cost
        self._newest = slot

    def _forget_before(self, slot: int) -> None:
        """Leave what was admitted in the slot and the 60 before it."""
        if not self._total:
            return
        gone = slot - self._newest
        if gone >= WINDOW_SLOTS:
            self._counts = array("Q", bytes(8 * WINDOW_SLOTS))
            self._total = 0
            return
        for each in range(self._newest + 1, slot + 1):
            place = each % WINDOW_SLOTS
            self._total -= self._counts[place]
            self._counts[place] = 0

    def _time_of(self, wanted: int, slot: int) -> int:
        """When so much of what counts now no longer counts."""
        each = slot - WINDOW_SLOTS
        while wanted > 0:
            each += 1
            assert each <= slot, "no cost is above what the limit admits"
            wanted -= self._counts[each % WINDOW_SLOTS]
        return (each + WINDOW_SLOTS) * _SECOND_NS


_Account = _Debt | _Window


class LocalLimiter:
    """Limits of this process, in memory; used from one event loop.

    At most `max_places` places are remembered. One is forgotten only once it is paid off, when
    forgetting changes nothing: each new place looks at the two that were looked at longest ago, so
    paid-off places never outnumber the others for long and no call ever scans the map. When the map
    is full of places that all still owe, the newcomers of a limit share one allowance, and one that
    gets a place of its own afterwards starts from what they owe together. Evicting someone instead
    would hand a flood of invented addresses the means to clear its own debts, and refusing
    newcomers would let it lock everybody out.
    """

    degraded: Final = False

    def __init__(self, clock: Clock, max_places: int = 100_000) -> None:
        assert max_places >= 1
        self._clock = clock
        self._max_places = max_places
        self._accounts: OrderedDict[str, _Account] = OrderedDict()
        self._shared: dict[str, _Account] = {}
        """By the name of the limit: what newcomers to a full map owe together."""

    async def spend(self, charges: Sequence[Charge]) -> Ruling:
        return self.spend_now(charges)

    async def aclose(self) -> None:
        """Nothing to close."""

    def spend_now(self, charges: Sequence[Charge]) -> Ruling:
        """`spend` without the await, for hot paths."""
        now = int(self._clock.monotonic() * 1e9)
        ruling = [self._find(charge).judge(now, charge.limit, charge.cost) for charge in charges]
        for decision in ruling:
            if not decision.allowed:
                return tuple(
                    self._find(charge).judge(now, charge.limit, 0) if decision.allowed else decision
                    for charge, decision in zip(charges, ruling, strict=True)
                )
        for charge in charges:
            self._take(charge, now)
        return tuple(ruling)

    def note(self, charges: Sequence[Charge]) -> None:
        """Take what somebody else has admitted already."""
        now = int(self._clock.monotonic() * 1e9)
        for charge in charges:
            self._take(charge, now)

    def _find(self, charge: Charge) -> _Account:
        found = self._accounts.get(charge.place) or self._shared.get(charge.limit.name)
        return found or _open_account(charge.limit)

    def _take(self, charge: Charge, now: int) -> None:
        limit = charge.limit
        account = self._accounts.get(charge.place)
        if account is None:
            shared = self._shared.get(limit.name)
            if self._make_room(now):
                account = shared.copy() if shared else _open_account(limit)
                self._accounts[charge.place] = account
            else:
                account = shared or self._shared.setdefault(limit.name, _open_account(limit))
        account.take(now, limit, charge.cost)

    def _make_room(self, now: int) -> bool:
        """Forget what is paid off among the two places next in turn; is there room for one more?"""
        accounts = self._accounts
        for _ in range(min(2, len(accounts))):
            place, account = next(iter(accounts.items()))
            if account.paid_off_ns <= now:
                del accounts[place]
            else:
                accounts.move_to_end(place)
        return len(accounts) < self._max_places


def _open_account(limit: Limit) -> _Account:
    return _Window() if limit.burst is None else _Debt()


def refusal(decision: Decision) -> TooManyRequests:
    """The error of a refused decision, with its way back."""
    limit = decision.limit
    facts: dict[str, str | int] = {"limit": limit.name, "per_minute": limit.per_minute}
    text = f"at most {limit.per_minute} a minute"
    if limit.burst is not None:
        facts["burst"] = limit.burst
        text += f", {limit.burst} at once"
    return TooManyRequests(text, facts=facts, retry_after_s=decision.retry_after_s)


def headers(ruling: Ruling) -> list[tuple[bytes, bytes]]:
    """`RateLimit-Policy` and `RateLimit` as raw headers; `Retry-After` comes with the refusal.

    Each lists every limit that the request fell under. `q` in `w` seconds is the rate, `burst` what
    may come at once where that is less; `r` may still come now, `t` seconds until everything is
    back. Seconds are whole and rounded up.
    """
    left = [b"%b%d;t=%d" % (each.limit.item, each.remaining, ceil(each.reset_s)) for each in ruling]
    return [
        (b"ratelimit-policy", b", ".join([each.limit.policy for each in ruling])),
        (b"ratelimit", b", ".join(left)),
    ]
