"""API keys over HTTP: made, listed, rotated, revoked, and how they are used."""

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request

from plimsoll.access.domain.keys import NotANetwork, parse_networks
from plimsoll.access.domain.lockout import AccountLocked
from plimsoll.access.domain.usage import UsageWindow
from plimsoll.access.guards import SESSION_REFUSALS, SessionHolder, access_of, address_of
from plimsoll.access.schemas import keys as schemas
from plimsoll.access.service import enrolment, keys
from plimsoll.access.service.enrolment import FreshCodeNeeded, WrongCode
from plimsoll.kernel.identifiers import KeyId
from plimsoll.plumbing.database import Reading
from plimsoll.plumbing.paging import BadCursor, Page, Paging
from plimsoll.plumbing.problems import problems

router = APIRouter(prefix="/auth/keys", tags=["access"])


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    responses=problems(
        keys.ScopeNotYours,
        keys.TooManyKeys,
        keys.ExpiryOutOfRange,
        NotANetwork,
        FreshCodeNeeded,
        WrongCode,
        AccountLocked,
        *SESSION_REFUSALS,
    ),
)
async def make_key(
    request: Request, body: schemas.NewKey, caller: SessionHolder
) -> schemas.NewKeyView:
    """Make an API key. The answer shows it; nothing else ever will.

    A `signed` key is never sent: each request has `x-plimsoll-key` (the id as 32 hex digits),
    `x-plimsoll-timestamp` (milliseconds since 1970) and `x-plimsoll-signature`, an HMAC-SHA256 in
    hex over these lines with line feeds between them: `plimsoll-v1`, the id, the timestamp, the
    method, the path and the query as sent, and the SHA-256 of the body in hex. With a second factor
    that was not shown within ten minutes `code` is needed too.
    """
    access, address = access_of(request.scope), address_of(request.scope)
    networks = parse_networks(body.networks)
    await enrolment.require_fresh(access, caller, code=body.code, address=address)
    wish = keys.Wish(body.name, frozenset(body.scopes), networks, body.expires_at, body.kind)
    key, text = await keys.make(access, caller, wish, address=address)
    return schemas.NewKeyView.of_new(key, text)


@router.get("", responses=problems(BadCursor, *SESSION_REFUSALS))
async def list_keys(caller: SessionHolder, unit: Reading, page: Paging) -> Page[schemas.KeyView]:
    """Your API keys that are not revoked, newest first."""
    cut = await keys.list_of(unit, caller.user_id, page)
    return Page(data=[schemas.KeyView.of(key) for key in cut.rows], next_cursor=cut.next_cursor)


@router.delete(
    "/{key_id}",
    status_code=HTTPStatus.NO_CONTENT,
    responses=problems(keys.NoSuchKey, *SESSION_REFUSALS),
)
async def revoke_key(
    request: Request, caller: SessionHolder, key_id: Annotated[UUID, Path()]
) -> None:
    """Revoke an API key; access tokens made from it stop working too."""
    await keys.revoke(
        access_of(request.scope),
        caller.user_id,
        KeyId(key_id),
        address=address_of(request.scope),
    )


@router.post(
    "/{key_id}/rotate",
    status_code=HTTPStatus.CREATED,
    responses=problems(
        keys.NoSuchKey,
        keys.KeyRotated,
        keys.KeyExpired,
        keys.TooManyKeys,
        FreshCodeNeeded,
        WrongCode,
        AccountLocked,
        *SESSION_REFUSALS,
    ),
)
async def rotate_key(
    request: Request,
    body: schemas.Rotation,
    caller: SessionHolder,
    key_id: Annotated[UUID, Path()],
) -> schemas.NewKeyView:
    """A successor with the name, scopes, networks, kind and expiry of the key, which itself ends
    after `overlap_s`.
    """
    access, address = access_of(request.scope), address_of(request.scope)
    await enrolment.require_fresh(access, caller, code=body.code, address=address)
    key, text = await keys.rotate(
        access,
        caller.user_id,
        KeyId(key_id),
        overlap=timedelta(seconds=body.overlap_s),
        address=address,
    )
    return schemas.NewKeyView.of_new(key, text)


@router.get("/{key_id}/usage", responses=problems(keys.NoSuchKey, *SESSION_REFUSALS))
async def read_key_usage(
    request: Request,
    caller: SessionHolder,
    key_id: Annotated[UUID, Path()],
    window: Annotated[UsageWindow, Query(description="How far back is looked")] = UsageWindow.WEEK,
) -> schemas.UsageView:
    """How often a key was used and refused, by the day and by the hour, and from where last."""
    key, since, hours = await keys.read_usage(
        access_of(request.scope), caller.user_id, KeyId(key_id), window
    )
    return schemas.UsageView.of(key, since, hours)
