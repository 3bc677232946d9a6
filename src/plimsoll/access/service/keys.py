"""API keys: made, listed, revoked, and exchanged for access tokens."""

import secrets
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, TypedDict
from uuid import UUID

from plimsoll.access.domain import keys
from plimsoll.access.domain.audit import Event, Happening
from plimsoll.access.domain.keys import ApiKey, KeyKind, Network
from plimsoll.access.domain.principals import Principal, Scope, scopes_of
from plimsoll.access.domain.usage import LENGTHS, HourOfUse, UsageWindow, hour_of
from plimsoll.access.service.access import Access
from plimsoll.access.storage import audit, revocations
from plimsoll.access.storage import keys as stored_keys
from plimsoll.kernel.errors import Conflict, FieldFault, Forbidden, Invalid, NotFound, Unavailable
from plimsoll.kernel.identifiers import KeyId, UserId, new_id
from plimsoll.plumbing.database import ReadUnit, Unit
from plimsoll.plumbing.paging import Cut, PageRequest

MAX_KEYS: Final = 100
LONGEST_LIFE: Final = timedelta(days=3653)
LONGEST_OVERLAP: Final = timedelta(days=7)


class ScopeNotYours(Forbidden):
    """A key cannot do what its owner may not."""

    code = "scope-not-yours"
    title = "You do not have this scope yourself"


class TooManyKeys(Conflict):
    """The user has as many keys as anyone may have."""

    code = "too-many-keys"
    title = "Revoke a key first"


class ExpiryOutOfRange(Invalid):
    """A key that would be dead on arrival, or outlive everybody."""

    code = "expiry-out-of-range"
    title = "The expiry is not within the next ten years"


class NoSuchKey(NotFound):
    """No such key, or it is someone else's."""

    code = "no-such-key"
    title = "No such API key"


class KeyRotated(Conflict):
    """The key has a successor already."""

    code = "key-rotated"
    title = "The key was rotated before"


class KeyExpired(Conflict):
    """The key has expired: there is nothing to go on with."""

    code = "key-expired"
    title = "The key has expired"


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants of a new key."""

    name: str
    scopes: frozenset[Scope]
    networks: tuple[Network, ...]
    expires_at: datetime | None
    kind: KeyKind


class Proof(TypedDict):
    """What is kept of a key's secret: one of both."""

    secret_hash: bytes | None
    sealed_secret: bytes | None


class AddressNotAllowed(Forbidden):
    """The key is bound to addresses, and this is none of them."""

    code = "address-not-allowed"
    title = "This API key may not be used from here"


async def make(
    access: Access, owner: Principal, wish: Wish, *, address: str | None
) -> tuple[ApiKey, str]:
    """A new key and its text, or the secret it signs with; neither can be shown again."""
    now = access.clock.now()
    scopes, expires_at = wish.scopes, wish.expires_at
    if not scopes <= scopes_of(owner.role):
        raise ScopeNotYours("the scope admin is for operators")
    if expires_at is not None and not now < expires_at < now + LONGEST_LIFE:
        message = "a moment within the next ten years"
        raise ExpiryOutOfRange(
            message, faults=(FieldFault("#/expires_at", ExpiryOutOfRange.code, message),)
        )
    key = ApiKey(
        KeyId(new_id()),
        owner.user_id,
        wish.name,
        scopes,
        wish.networks,
        now,
        expires_at,
        kind=wish.kind,
    )
    text, proof = _secret_of(access, key)

    async def work(unit: Unit) -> None:
        if await stored_keys.count_usable(unit, owner.user_id, now=now) >= MAX_KEYS:
            raise TooManyKeys(f"a user has at most {MAX_KEYS} keys")
        await stored_keys.insert(unit, key, **proof)
        await audit.append(
            unit,
            Happening(
                Event.KEY_MADE,
                now,
                user_id=owner.user_id,
                subject=str(key.id),
                address=address,
                facts={
                    "kind": wish.kind,
                    "networks": len(wish.networks),
                    "scopes": " ".join(sorted(scopes)),
                },
            ),
        )

    await access.database.transact(work)
    return key, text


def _secret_of(access: Access, key: ApiKey) -> tuple[str, Proof]:
    """What the owner gets, once, and what is kept of it."""
    secret = secrets.token_bytes(keys.SECRET_BYTES)
    if key.kind is KeyKind.BEARER:
        proof = Proof(secret_hash=keys.hash_secret(secret), sealed_secret=None)
        return keys.write_key(key.id, secret), proof
    text = keys.write_signing_secret(secret)
    sealed = access.sealer.seal(text.encode(), of=f"key:{key.id}")
    return text, Proof(secret_hash=None, sealed_secret=sealed)


async def rotate(
    access: Access, owner: UserId, key_id: KeyId, *, overlap: timedelta, address: str | None
) -> tuple[ApiKey, str]:
    """A successor with the rights of a key, which goes on for `overlap` beside it; and its text.

    The successor expires when the key would have, and is of its kind.
    """
    now = access.clock.now()

    async def work(unit: Unit) -> tuple[ApiKey, str]:
        old = await stored_keys.lock_own(unit, key_id, owner=owner)
        if old is None:
            raise NoSuchKey("no key of yours has this id")
        if old.rotated_to is not None:
            raise KeyRotated("rotate its successor", facts={"rotated_to": str(old.rotated_to)})
        if old.expires_at is not None and old.expires_at <= now:
            raise KeyExpired("make a new one")
        if overlap and await stored_keys.count_usable(unit, owner, now=now) >= MAX_KEYS:
            raise TooManyKeys(f"a user has at most {MAX_KEYS} keys")
        new = replace(old, id=KeyId(new_id()), created_at=now, last_used_at=None, last_address=None)
        text, proof = _secret_of(access, new)
        await stored_keys.insert(unit, new, **proof)
        ends_at = min(now + overlap, old.expires_at or now + overlap)
        await stored_keys.hand_over(unit, key_id, to=new.id, ends_at=ends_at)
        await revocations.append(unit, key_id)
        await audit.append(
            unit,
            Happening(
                Event.KEY_ROTATED,
                now,
                user_id=owner,
                subject=str(key_id),
                address=address,
                facts={"overlap_s": int(overlap.total_seconds()), "successor": str(new.id)},
            ),
        )
        return new, text

    made = await access.database.transact(work)
    access.verifier.forget(key_id)
    return made


async def read_usage(
    access: Access, owner: UserId, key_id: KeyId, window: UsageWindow
) -> tuple[ApiKey, datetime, list[HourOfUse]]:
    """The key, since when is looked, and the hours in which it was used, oldest first.

    What this process has counted is written down first; others are up to a minute behind.
    """
    with suppress(Unavailable):
        await access.key_uses.write_down(only=key_id)
    since = hour_of(access.clock.now() - LENGTHS[window])
    async with access.database.read() as unit:
        key = await stored_keys.find_own(unit, key_id, owner=owner)
        if key is None:
            raise NoSuchKey("no key of yours has this id")
        return key, since, await stored_keys.list_uses(unit, key_id, since=since)


async def list_of(unit: ReadUnit, owner: UserId, page: PageRequest) -> Cut[ApiKey]:
    """The owner's keys, newest first."""
    after = page.after(UUID)
    before = after[0] if after else None
    assert before is None or isinstance(before, UUID)
    rows = await stored_keys.list_of(unit, owner, before=before, limit=page.limit + 1)
    return page.cut(rows, lambda key: (str(key.id),))


async def revoke(access: Access, owner: UserId, key_id: KeyId, *, address: str | None) -> None:
    """End the key and every access token made from it."""
    now = access.clock.now()

    async def work(unit: Unit) -> None:
        if await stored_keys.revoke(unit, key_id, owner=owner, at=now) is None:
            raise NoSuchKey("no key of yours has this id")
        await revocations.append(unit, key_id)
        await audit.append(
            unit,
            Happening(Event.KEY_REVOKED, now, user_id=owner, subject=str(key_id), address=address),
        )

    await access.database.transact(work)
    access.verifier.forget(key_id)


async def exchange(access: Access, *, text: str, address: str | None) -> tuple[str, int]:
    """An access token with the scopes of the key, and its lifetime in seconds."""
    grant = await access.verifier.verify_key(text)
    if not keys.admits(grant.networks, address):
        raise AddressNotAllowed("the key is bound to other addresses")
    principal = grant.principal
    assert principal.key_id is not None
    access.key_uses.note(principal.key_id, address)
    return access.tokens.for_key(
        principal.user_id,
        principal.key_id,
        now_s=access.clock.now().timestamp(),
        key_expires_at_s=principal.expires_at_s,
    )
