"""Open sessions over HTTP: which there are, and ending them."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request

from plimsoll.access.guards import SESSION_REFUSALS, SessionHolder, access_of, address_of
from plimsoll.access.schemas.sessions import EndedView, SessionView
from plimsoll.access.service import open_sessions
from plimsoll.kernel.identifiers import SessionId
from plimsoll.plumbing.database import Reading
from plimsoll.plumbing.paging import BadCursor, Page, Paging
from plimsoll.plumbing.problems import problems

router = APIRouter(prefix="/auth/sessions", tags=["access"])


@router.get("", responses=problems(BadCursor, *SESSION_REFUSALS))
async def list_sessions(
    request: Request, caller: SessionHolder, unit: Reading, page: Paging
) -> Page[SessionView]:
    """Where you are signed in, newest first."""
    cut = await open_sessions.list_of(access_of(request.scope), unit, caller.user_id, page)
    views = [SessionView.of(session, caller) for session in cut.rows]
    return Page(data=views, next_cursor=cut.next_cursor)


@router.delete("", responses=problems(*SESSION_REFUSALS))
async def end_sessions(
    request: Request,
    caller: SessionHolder,
    *,
    keep_current: Annotated[
        bool, Query(description="Whether the session that asks goes on")
    ] = True,
) -> EndedView:
    """Sign out everywhere. API keys stay."""
    ended = await open_sessions.end_others(
        access_of(request.scope),
        caller.user_id,
        but=caller.session_id if keep_current else None,
        address=address_of(request.scope),
    )
    return EndedView(ended=ended)


@router.delete(
    "/{session_id}",
    status_code=HTTPStatus.NO_CONTENT,
    responses=problems(open_sessions.NoSuchSession, *SESSION_REFUSALS),
)
async def end_session(
    request: Request, caller: SessionHolder, session_id: Annotated[UUID, Path()]
) -> None:
    """Sign out somewhere: its tokens and its cookie stop working within a second."""
    await open_sessions.end_one(
        access_of(request.scope),
        caller.user_id,
        SessionId(session_id),
        address=address_of(request.scope),
    )
