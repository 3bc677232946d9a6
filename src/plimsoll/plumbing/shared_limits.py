"""Limits that several processes count together, in Redis or Valkey.

One script decides about all that a request spends from, by the server's clock: one round trip, all
or nothing. Requests of one moment travel together: while one batch is under way the next gathers,
over one connection. The rules are those of `limits`, in whole microseconds.

Nothing here is needed for an answer. When the server is away, slower than `DEADLINE_S`, or says
what nobody understands, this process counts for itself at the same rates, from what it has let in
so far, and tries in the background until the server is well again; no request waits for a trial.
What was sent and not answered may have been charged there as well: in doubt a caller has less, not
more.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast

import structlog
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as NoConnection
from redis.exceptions import NoScriptError, RedisError
from redis.exceptions import TimeoutError as TookTooLong

from plimsoll.kernel.clock import Clock
from plimsoll.plumbing.limits import Charge, Decision, Limit, LocalLimiter, Ruling
from plimsoll.plumbing.telemetry import RATE_LIMIT_FALLBACK_ACTIVE, RATE_LIMIT_FALLBACKS

log = structlog.get_logger(__name__)

PREFIX: Final = "plimsoll:limit:"
DEADLINE_S: Final = 0.05
"""A batch that takes longer is not waited for."""
TURNS: Final = 5
"""Of the event loop, that an answer takes from the socket to whoever waits for it."""
CONNECT_WITHIN_S: Final = 1.0
TRY_AGAIN_AFTER_S: Final = 0.1
LONGEST_PAUSE_S: Final = 1.0
MOST_TOGETHER: Final = 128
"""Requests of one batch."""
MOST: Final = 2**53
"""Whole numbers below it are exact in the server's arithmetic."""

# A place keeps a minute longer than it matters, should the server's clock step back; what would lie
# in the future then is pulled back to what could have come about, so that nobody waits for a clock.
SCRIPT: Final = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local second, minute = 1000000, 60000000
local answer, saved, all_fit = {}, {}, true

local function gcra(stored, rate, burst, cost)
  local interval = math.ceil(minute / rate)
  local tolerance = interval * burst
  local owed = math.max((tonumber(stored) or 0) - now, 0)
  local mended = owed > tolerance and owed or nil
  owed = math.min(owed, tolerance)
  local after = owed + interval * cost
  local function text(debt) return string.format('%.0f', now + debt) end
  return {
    fits = after <= tolerance,
    taken = {math.floor((tolerance - after) / interval), after, 0},
    kept = {math.floor((tolerance - owed) / interval), owed, math.max(after - tolerance, 0)},
    value = text(after), keep = after,
    mended = mended and text(owed),
  }
end

local function window(stored, most, cost)
  local slot = math.floor(now / second)
  local counts, total, mended = {}, 0, false
  for at, count in string.gmatch(stored, '(%d+):(%d+)') do
    at, count = tonumber(at), tonumber(count)
    if at > slot then at, mended = slot, true end
    if at >= slot - 60 then
      local last = counts[#counts]
      if last and last[1] == at then last[2] = last[2] + count
      else counts[#counts + 1] = {at, count} end
      total = total + count
    end
  end
  local function text()
    local parts = {}
    for i, each in ipairs(counts) do parts[i] = string.format('%.0f:%.0f', each[1], each[2]) end
    return table.concat(parts, ' ')
  end
  local function back(at) return (at + 61) * second - now end
  local last, over = counts[#counts], total + cost - most
  local found = {
    fits = over <= 0,
    kept = {math.max(most - total, 0), last and back(last[1]) or 0, 0},
    mended = mended and text(),
  }
  if found.fits then
    if last and last[1] == slot then last[2] = last[2] + cost
    else counts[#counts + 1] = {slot, cost} end
    found.taken = {most - total - cost, back(slot), 0}
    found.value = text()
  else
    for _, each in ipairs(counts) do
      over = over - each[2]
      if over <= 0 then found.kept[3] = back(each[1]) break end
    end
  end
  found.keep = back(slot)
  return found
end

for i, key in ipairs(KEYS) do
  local stored = redis.pcall('GET', key)
  if type(stored) ~= 'string' then stored = '' end
  local rate, burst = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1])
  local cost = tonumber(ARGV[3 * i])
  saved[i] = burst > 0 and gcra(stored, rate, burst, cost) or window(stored, rate, cost)
  all_fit = all_fit and saved[i].fits
end
for i, key in ipairs(KEYS) do
  local found = saved[i]
  local value = all_fit and found.value or found.mended
  if value then redis.call('SET', key, value, 'PX', math.ceil(found.keep / 1000) + 60000) end
  local told = all_fit and found.taken or found.kept
  answer[#answer + 1] = found.fits and 1 or 0
  for j = 1, 3 do answer[#answer + 1] = told[j] end
end
return answer
"""

PROBE: Final = (Charge("probe", Limit("probe", per_minute=1_000_000, burst=1_000)),)
"""What a trial spends."""


class Nonsense(Exception):
    """An answer that the script does not give."""


@dataclass(frozen=True, slots=True)
class _Ask:
    """A request that waits for its ruling; None is to be counted here."""

    charges: Sequence[Charge]
    answer: "asyncio.Future[Ruling | None]"


class Pipeline(Protocol):
    """What is used of redis-py's, whose types do not say what is awaited."""

    def evalsha(self, sha: str, numkeys: int, *keys_and_args: str | int) -> object: ...
    async def execute(self, *, raise_on_error: bool) -> list[object]: ...


class SharedLimiter:
    """Limits in Redis or Valkey, and in memory while that is away; used from one event loop."""

    def __init__(
        self, url: str, clock: Clock, *, deadline_s: float = DEADLINE_S, script: str = SCRIPT
    ) -> None:
        self._deadline_s = deadline_s
        self._local = LocalLimiter(clock)
        self._script = script
        self._sha = hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()
        self._redis = Redis(
            connection_pool=ConnectionPool.from_url(
                url,
                max_connections=2,
                protocol=2,
                socket_timeout=CONNECT_WITHIN_S,
                socket_connect_timeout=CONNECT_WITHIN_S,
                retry=Retry(NoBackoff(), 0),  # the next request will do; this one is answered here
            )
        )
        self._waiting: list[_Ask] = []
        self._called = asyncio.Event()
        self._tried = asyncio.Event()
        self._well = False
        self._courier: asyncio.Task[None] | None = None

    @property
    def degraded(self) -> bool:
        return not self._well

    async def open(self) -> None:
        """Begin; returns when the first trial has shown whether the server is there."""
        self._courier = asyncio.create_task(self._run(), name="shared-limits")
        await self._tried.wait()

    async def aclose(self) -> None:
        if self._courier is not None:
            self._courier.cancel()
            with suppress(asyncio.CancelledError):
                await self._courier
        self._well = False
        self._leave_all(self._waiting)
        await self._redis.aclose()
        await self._redis.connection_pool.disconnect()
        RATE_LIMIT_FALLBACK_ACTIVE.set(0)

    async def spend(self, charges: Sequence[Charge]) -> Ruling:
        if self._well:
            answer: asyncio.Future[Ruling | None] = asyncio.get_running_loop().create_future()
            self._waiting.append(_Ask(charges, answer))
            self._called.set()
            ruling = await answer
            if ruling is not None:
                if all(decision.allowed for decision in ruling):
                    self._local.note(charges)
                return ruling
        return self._local.spend_now(charges)

    async def _run(self) -> None:
        """Find the server, work while it is well, and again."""
        while True:
            await self._become_well()
            reason = await self._work()
            self._well = False
            RATE_LIMIT_FALLBACK_ACTIVE.set(1)
            RATE_LIMIT_FALLBACKS.labels(reason).inc()
            log.warning("shared_limits_away", reason=reason)
            self._leave_all(self._waiting)
            self._waiting = []

    async def _become_well(self) -> None:
        """Returns when the server has answered in time. The first answer may take longer, for a
        connection is made for it.
        """
        pause_s = 0.0
        while not self._well:
            try:
                await asyncio.sleep(pause_s)
                async with asyncio.timeout(CONNECT_WITHIN_S):
                    await self._redis.connection_pool.disconnect()
                    await self._ask([PROBE])
                await self._ask_in_time([PROBE])
                self._well = True
            except (RedisError, OSError, TimeoutError, Nonsense) as error:
                if not self._tried.is_set():
                    RATE_LIMIT_FALLBACKS.labels(_reason_of(error)).inc()
                    log.warning("shared_limits_away", reason=_reason_of(error))
                RATE_LIMIT_FALLBACK_ACTIVE.set(1)
                pause_s = min(max(2 * pause_s, TRY_AGAIN_AFTER_S), LONGEST_PAUSE_S)
            except Exception:
                # Nothing that a server says may end the task on which every request's limit hangs.
                log.exception("shared_limits_trial_failed")
                pause_s = LONGEST_PAUSE_S
            self._tried.set()
        RATE_LIMIT_FALLBACK_ACTIVE.set(0)
        log.info("shared_limits_in_use")

    async def _work(self) -> str:
        """Carry batches until one fails; why it did."""
        while True:
            await self._called.wait()
            self._called.clear()
            batch, self._waiting = self._waiting[:MOST_TOGETHER], self._waiting[MOST_TOGETHER:]
            if self._waiting:
                self._called.set()
            try:
                rulings = await self._ask_in_time([ask.charges for ask in batch])
            except (RedisError, OSError, TimeoutError, Nonsense) as error:
                return _reason_of(error)
            except Exception:
                log.exception("shared_limits_failed")
                return "nonsense"
            else:
                for ask, ruling in zip(batch, rulings, strict=True):
                    if not ask.answer.done():
                        ask.answer.set_result(ruling)
            finally:
                self._leave_all(batch)

    async def _ask_in_time(self, batch: Sequence[Sequence[Charge]]) -> list[Ruling]:
        """As `_ask`; raises TimeoutError when the server takes longer than the deadline. Should it
        be our own event loop that was late, what has come meanwhile is read first.
        """
        asked = asyncio.ensure_future(self._ask(batch))
        try:
            await asyncio.wait({asked}, timeout=self._deadline_s)
            for _ in range(TURNS):
                if asked.done():
                    return asked.result()
                await asyncio.sleep(0)
            raise TimeoutError
        finally:
            if not asked.done():
                asked.cancel()
                await asyncio.wait({asked})

    async def _ask(self, batch: Sequence[Sequence[Charge]]) -> list[Ruling]:
        """Raises Nonsense, TimeoutError and what redis-py raises. One round trip, and another two
        where the server does not know the script yet.
        """
        answers = await self._send(batch)
        unknown = [n for n, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        if unknown:
            await self._redis.script_load(self._script)
            again = await self._send([batch[n] for n in unknown])
            for n, answer in zip(unknown, again, strict=True):
                answers[n] = answer
        return [read(charges, answer) for charges, answer in zip(batch, answers, strict=True)]

    async def _send(self, batch: Sequence[Sequence[Charge]]) -> list[object]:
        pipeline = cast("Pipeline", self._redis.pipeline(transaction=False))
        for charges in batch:
            pipeline.evalsha(self._sha, len(charges), *_words(charges))
        return await pipeline.execute(raise_on_error=False)

    @staticmethod
    def _leave_all(asks: Sequence[_Ask]) -> None:
        for ask in asks:
            if not ask.answer.done():
                ask.answer.set_result(None)


def _words(charges: Sequence[Charge]) -> list[str | int]:
    words: list[str | int] = [PREFIX + charge.place for charge in charges]
    for charge in charges:
        words += (charge.limit.per_minute, charge.limit.burst or 0, charge.cost)
    return words


def read(charges: Sequence[Charge], answer: object) -> Ruling:
    """What the script's answer says. Raises Nonsense, or the error that the answer is."""
    if isinstance(answer, RedisError):
        raise answer
    if not isinstance(answer, list) or len(answer) != 4 * len(charges):
        raise Nonsense("not four numbers for each charge")
    numbers: list[Any] = answer
    if not all(type(number) is int and 0 <= number < MOST for number in numbers):
        raise Nonsense("not whole numbers")
    ruling = []
    for n, charge in enumerate(charges):
        fits, left, reset_us, retry_us = numbers[4 * n : 4 * n + 4]
        if fits not in {0, 1} or left > charge.limit.at_once:
            raise Nonsense("more is left than there is")
        ruling.append(Decision(fits == 1, charge.limit, left, reset_us / 1e6, retry_us / 1e6))
    return tuple(ruling)


def _reason_of(error: Exception) -> str:
    if isinstance(error, TimeoutError | TookTooLong):
        return "slow"
    return "away" if isinstance(error, NoConnection | OSError) else "nonsense"
