"""HTTP for what people prefer."""

from fastapi import APIRouter, Request

from plimsoll.access.guards import (
    REFUSALS,
    PasswordSessionRequired,
    Reader,
    SessionHolder,
    access_of,
)
from plimsoll.access.schemas.preferences import PreferencesBody, PreferencesView
from plimsoll.access.service import preferences
from plimsoll.access.service.preferences import PreferencesChanged, UnknownTimeZone
from plimsoll.plumbing.database import Reading
from plimsoll.plumbing.problems import problems

router = APIRouter(prefix="/me", tags=["access"])


@router.get("/preferences", responses=problems(*REFUSALS))
async def read_preferences(caller: Reader, unit: Reading) -> PreferencesView:
    """How the caller likes to be shown things, and when to be left alone."""
    return PreferencesView.of(await preferences.read(unit, caller.user_id))


@router.put(
    "/preferences",
    responses=problems(*REFUSALS, PasswordSessionRequired, UnknownTimeZone, PreferencesChanged),
)
async def put_preferences(
    request: Request, body: PreferencesBody, caller: SessionHolder
) -> PreferencesView:
    """Set all of them. They are of a person who signed in: an API key cannot change them."""
    made = await preferences.put(
        access_of(request.scope), caller.user_id, body.wanted(), version=body.version
    )
    return PreferencesView.of(made)
