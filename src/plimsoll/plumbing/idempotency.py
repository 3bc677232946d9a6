"""Do a thing that moves value once, however often it is asked for.

A request with an `Idempotency-Key` stores a fingerprint of itself and its answer in the same
transaction as its effect. Asked again, the stored answer is returned; the same key with another
request is refused; a request whose first form is still running is told so. Keys are kept for
seven days and belong to one principal.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

import structlog
from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel

from plimsoll.kernel.errors import Conflict, Invalid, PlimsollError
from plimsoll.plumbing.database import Database, Unit, database_of

log = structlog.get_logger(__name__)

CLAIM: Final = """
    with gate as materialized (select pg_try_advisory_xact_lock($4) as open)
    insert into idempotency_keys (principal_id, key, fingerprint)
    select $1, $2, $3 from gate where open
    on conflict do nothing
    returning true
"""
FIND: Final = """
    select fingerprint, status, body from idempotency_keys where principal_id = $1 and key = $2
"""
FINISH: Final = """
    update idempotency_keys set status = $3, body = $4 where principal_id = $1 and key = $2
"""
KEEP_HOUSE_EVERY_S: Final = 3600.0
FORGET: Final = "delete from idempotency_keys where created_at < now() - interval '7 days'"


class KeyReused(Invalid):
    """The same Idempotency-Key came with another request."""

    code = "idempotency-key-reused"
    title = "This Idempotency-Key belongs to another request"


class InFlight(Conflict):
    """The first request with this key is still running."""

    code = "idempotency-in-flight"
    title = "The first request with this Idempotency-Key is still running"


class BadKey(Invalid):
    """Not 1 to 255 visible ASCII characters."""

    code = "idempotency-key-invalid"
    title = "The Idempotency-Key is not valid"


Work = Callable[[Unit], Awaitable[BaseModel]]


class Once:
    """Runs the effect of one request in one transaction and answers with its view."""

    __slots__ = ("_database", "_fingerprint", "_key")

    def __init__(self, database: Database, key: str | None, fingerprint: bytes) -> None:
        self._database = database
        self._key = key
        self._fingerprint = fingerprint

    async def run(self, principal_id: UUID, work: Work, *, status: int) -> Response:
        """Do `work` and commit; or return the answer that an earlier request with this key got."""
        if self._key is None:
            view = await self._database.transact(work)
            return _json(view.__pydantic_serializer__.to_json(view), status)
        key = self._key

        async def guarded(unit: Unit) -> Response:
            if not await unit.fetchval(
                CLAIM, principal_id, key, self._fingerprint, _gate(principal_id, key)
            ):
                return await self._replay(unit, principal_id, key)
            view = await work(unit)
            body = view.__pydantic_serializer__.to_json(view)
            await unit.execute(FINISH, principal_id, key, status, body)
            return _json(body, status)

        return await self._database.transact(guarded)

    async def _replay(self, unit: Unit, principal_id: UUID, key: str) -> Response:
        stored = await unit.fetchrow(FIND, principal_id, key)
        if stored is None:
            raise InFlight("ask again when it has ended", retry_after_s=1)
        if stored["fingerprint"] != self._fingerprint:
            raise KeyReused("use a new key for a new request")
        response = _json(stored["body"], stored["status"])
        response.headers["idempotency-replayed"] = "true"
        return response


def _json(body: bytes, status: int) -> Response:
    return Response(body, status_code=status, media_type="application/json")


def _gate(principal_id: UUID, key: str) -> int:
    """The advisory lock of a key: lets a second request see at once that the first one runs."""
    digest = hashlib.sha256(principal_id.bytes + key.encode()).digest()
    return int.from_bytes(digest[:8], signed=True)


async def forget_old(unit: Unit) -> None:
    """Drop keys older than seven days."""
    await unit.execute(FORGET)


async def keep_house(database: Database) -> None:
    """Until cancelled: forget old keys, every hour."""
    while True:
        try:
            await database.transact(forget_old)
        except PlimsollError as error:
            log.warning("idempotency_keys_not_forgotten", code=error.code)
        except Exception:
            log.exception("idempotency_house_failed")
        await asyncio.sleep(KEEP_HOUSE_EVERY_S)


@dataclass(frozen=True, slots=True)
class Key:
    """An Idempotency-Key as it was sent, with the fingerprint of the request that it came with."""

    text: str
    fingerprint: bytes


async def _key(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(description="Repeat a request safely: the same key is done once", max_length=255),
    ] = None,
) -> Key | None:
    if idempotency_key is None:
        return None
    if not idempotency_key or not all("!" <= char <= "~" for char in idempotency_key):
        raise BadKey("a key is 1 to 255 visible ASCII characters")
    digest = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
    digest.update(await request.body())
    return Key(idempotency_key, digest.digest())


GivenKey = Annotated[Key | None, Depends(_key)]
"""The request's Idempotency-Key, for a handler that keeps its own record of what was done."""


async def _once(request: Request, key: GivenKey) -> Once:
    database = database_of(request)
    return Once(database, key.text, key.fingerprint) if key else Once(database, None, b"")


Idempotent = Annotated[Once, Depends(_once)]
"""For handlers whose effect moves value."""
