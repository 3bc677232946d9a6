"""API keys: made, listed, revoked, and exchanged for access tokens."""

import secrets
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from plimsoll.access.domain import keys
from plimsoll.access.domain.audit import Event, Happening
from plimsoll.access.domain.keys import ApiKey, Network
from plimsoll.access.domain.principals import Principal, Scope, scopes_of
from plimsoll.access.service.access import Access
from plimsoll.access.storage import audit, revocations
from plimsoll.access.storage import keys as stored_keys
from plimsoll.kernel.errors import Conflict, FieldFault, Forbidden, Invalid, NotFound
from plimsoll.kernel.identifiers import KeyId, UserId, new_id
from plimsoll.plumbing.database import ReadUnit, Unit
from plimsoll.plumbing.paging import Cut, PageRequest

MAX_KEYS: Final = 100
LONGEST_LIFE: Final = timedelta(days=3653)


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


class AddressNotAllowed(Forbidden):
    """The key is bound to addresses, and this is none of them."""

    code = "address-not-allowed"
    title = "This API key may not be used from here"


async def make(
    access: Access,
    owner: Principal,
    *,
    name: str,
    scopes: frozenset[Scope],
    networks: tuple[Network, ...],
    expires_at: datetime | None,
    address: str | None,
) -> tuple[ApiKey, str]:
    """A new key and its text, which is not kept and cannot be shown again."""
    now = access.clock.now()
    if not scopes <= scopes_of(owner.role):
        raise ScopeNotYours("the scope admin is for operators")
    if expires_at is not None and not now < expires_at < now + LONGEST_LIFE:
        message = "a moment within the next ten years"
        raise ExpiryOutOfRange(
            message, faults=(FieldFault("#/expires_at", ExpiryOutOfRange.code, message),)
        )
    secret = secrets.token_bytes(keys.SECRET_BYTES)
    key = ApiKey(
        KeyId(new_id()), owner.user_id, name, scopes, networks, now, expires_at, last_used_at=None
    )

    async def work(unit: Unit) -> None:
        if await stored_keys.count_usable(unit, owner.user_id, now=now) >= MAX_KEYS:
            raise TooManyKeys(f"a user has at most {MAX_KEYS} keys")
        await stored_keys.insert(unit, key, secret_hash=keys.hash_secret(secret))
        await audit.append(
            unit,
            Happening(
                Event.KEY_MADE,
                now,
                user_id=owner.user_id,
                subject=str(key.id),
                address=address,
                facts={"scopes": " ".join(sorted(scopes)), "networks": len(networks)},
            ),
        )

    await access.database.transact(work)
    return key, keys.write_key(key.id, secret)


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
    access.key_uses.note(principal.key_id)
    return access.tokens.for_key(
        principal.user_id,
        principal.key_id,
        now_s=access.clock.now().timestamp(),
        key_expires_at_s=principal.expires_at_s,
    )
