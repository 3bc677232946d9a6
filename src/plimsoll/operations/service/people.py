"""One person's data: all of it as a file, and all of it gone.

What is handed out is read in one snapshot. What is erased, what stays and why is told in
docs/decisions/0024-erasing-a-person.md; `KEPT` says it to the person.
"""

import asyncio
import json
import zipfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO, Final

import structlog

from plimsoll.access.service import accounts
from plimsoll.access.service import personal as access
from plimsoll.alerts.service import personal as alerts
from plimsoll.kernel.clock import Clock, rfc3339
from plimsoll.kernel.errors import TooMany, Unavailable
from plimsoll.kernel.identifiers import UserId
from plimsoll.ledger.service import personal as ledger
from plimsoll.plumbing import personal as plumbing
from plimsoll.plumbing.database import Database, ReadUnit, Unit
from plimsoll.plumbing.personal import Section
from plimsoll.tax.service import personal as tax
from plimsoll.trading.service import personal as trading

log = structlog.get_logger(__name__)

SETTLE_S: Final = 1.5
"""Every process has heard of a revocation, and that a job is gone, after one second; what it had
begun by then is done a little later, or waits for the rows that are held.
"""
FINISH_EVERY_S: Final = 600.0
ROWS_AT_ONCE: Final = 500
COPIES_AT_ONCE: Final = 2
PIECE: Final = 262_144

KEPT: Final = (
    "The journal of the paper exchange, and what is made of it: it knows an account by its number.",
    "The audit log, until the operator ends its time: who did what, with addresses of the network.",
    "Cases of compliance and approvals: with your id, which leads to no person any more.",
    "Backups that were taken before: they are replaced by later ones.",
)


class CopyUnderWay(TooMany):
    """A copy of everything is work; one at a time for each person, and few at once."""

    code = "copy-under-way"
    title = "A copy of your data is being made already"


@dataclass(frozen=True, slots=True)
class Erasure:
    """`removed`: rows by table."""

    user_id: UserId
    removed: dict[str, int]
    kept: tuple[str, ...] = KEPT


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wants an erasure (None: the command line), from where, and why."""

    by: UserId | None
    address: str | None
    reason: str


def sections() -> tuple[Section, ...]:
    return (
        *access.export_of(),
        *ledger.export_of(),
        *tax.export_of(),
        *trading.export_of(),
        *alerts.export_of(),
        *plumbing.SECTIONS,
    )


class Copies:
    """Hands out everything there is of one person."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._making: set[UserId] = set()

    @asynccontextmanager
    async def _turn(self, user_id: UserId) -> AsyncIterator[None]:
        if user_id in self._making or len(self._making) >= COPIES_AT_ONCE:
            raise CopyUnderWay("come back when it is done", retry_after_s=5)
        self._making.add(user_id)
        try:
            yield
        finally:
            self._making.discard(user_id)

    async def make(self, user_id: UserId) -> IO[bytes]:
        """A zip with a JSON file for each list, at its beginning; the caller closes it. Raises
        CopyUnderWay, DatabaseUnavailable.
        """
        async with self._turn(user_id):
            file = TemporaryFile()  # noqa: SIM115 - closed by whoever sends it
            try:
                async with self._database.look() as unit:
                    await self._write(unit, user_id, file)
                await asyncio.to_thread(file.seek, 0)
            except BaseException:
                file.close()
                raise
            return file

    async def _write(self, unit: ReadUnit, user_id: UserId, file: IO[bytes]) -> None:
        counts = {}
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for section in sections():
                counts[section.name] = 0
                with archive.open(f"{section.name}.json", "w", force_zip64=True) as entry:
                    separator = "[\n"
                    async for rows in unit.stream(section.sql, user_id, at_once=ROWS_AT_ONCE):
                        counts[section.name] += len(rows)
                        text = separator + ",\n".join(row[0] for row in rows)
                        separator = ",\n"
                        await asyncio.to_thread(entry.write, text.encode())
                    entry.write(b"\n]\n" if counts[section.name] else b"[]\n")
            about = {
                "user_id": str(user_id),
                "made_at": rfc3339(self._clock.now()),
                "rows": counts,
                "units": "prices of the paper exchange are in ticks, quantities in steps, "
                "money in hundred-millionths of the settlement asset",
            }
            archive.writestr("about.json", json.dumps(about, indent=2))


async def pieces_of(file: IO[bytes]) -> AsyncIterator[bytes]:
    """The whole file, which is closed then."""
    with file:
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece


async def erase(
    database: Database,
    clock: Clock,
    user_id: UserId,
    wish: Wish,
    *,
    on_shut_out: Callable[[UserId], None] = lambda _: None,
) -> Erasure:
    """Erase a person. Raises NoSuchUser, StillTrading, Unavailable; once shut out, the person is
    erased even if this process does not live to see it.
    """

    async def ask(unit: Unit) -> None:
        await trading.refuse_trading(unit, user_id)
        await access.ask_to_erase(
            unit,
            user_id,
            by=wish.by,
            address=wish.address,
            reason=wish.reason,
            now=clock.now(),
        )
        await plumbing.remove(unit, plumbing.STOP_JOBS, user_id)

    await database.transact(ask)
    on_shut_out(user_id)
    await asyncio.sleep(SETTLE_S)
    return await _finish(database, clock, user_id)


async def erase_by_email(database: Database, clock: Clock, *, email: str, reason: str) -> Erasure:
    """For whoever runs the machine. Raises NoSuchUser, StillTrading, Unavailable."""
    async with database.read() as unit:
        user = await accounts.find_by_email(unit, email)
    return await erase(database, clock, user.id, Wish(None, None, reason))


async def _finish(database: Database, clock: Clock, user_id: UserId) -> Erasure:
    """All of it in one transaction; none, when somebody else was quicker."""

    async def work(unit: Unit) -> Counter[str]:
        await unit.lift_limits()
        await unit.execute("set local lock_timeout = '60s'")
        counts: Counter[str] = Counter()
        email = await access.begin(unit, user_id)
        if email is None:
            return counts
        counts.update(await plumbing.remove(unit, plumbing.REMOVALS, user_id))
        for erase_of in ERASERS:
            counts.update(await erase_of(unit, user_id))
        now = clock.now()
        counts.update(await access.erase_of(unit, user_id, email=email, now=now))
        await access.finish(unit, user_id, rows=counts.total(), now=now)
        return counts

    counts = await database.transact(work)
    log.info("person_erased", user=str(user_id), rows=counts.total())
    return Erasure(user_id, {name: count for name, count in counts.items() if count})


ERASERS: Final[tuple[Callable[[Unit, UserId], Awaitable[dict[str, int]]], ...]] = (
    alerts.erase_of,
    trading.erase_of,
    tax.erase_of,
    ledger.erase_of,
)


async def keep_erasing(database: Database, clock: Clock) -> None:
    """Until cancelled: finish what a process that died has left."""
    while True:
        try:
            async with database.read() as unit:
                left = await access.list_left(unit, now=clock.now())
            for user_id in left:
                await _finish(database, clock, user_id)
        except Unavailable as error:
            log.warning("erasures_wait", reason=error.code)
        except Exception:
            log.exception("erasure_failed")
        await asyncio.sleep(FINISH_EVERY_S)
