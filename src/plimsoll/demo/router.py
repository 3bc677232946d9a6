"""HTTP for a demo: signed in without a password, and everything gone at one click.

Outside of a demo these routes answer 404 `no-demo`.
"""

from fastapi import APIRouter, Request, Response

from plimsoll.access.domain.sessions import SignedIn
from plimsoll.access.guards import (
    SESSION_REFUSALS,
    SessionHolder,
    Stranger,
    access_of,
    address_of,
    cookie_name,
    origin_of,
)
from plimsoll.access.service.presenting import CrossSiteRequest, refuse_cross_site
from plimsoll.demo.desk import EMAIL, DemoDep, NoDemo, NotTheDemosPerson
from plimsoll.demo.schemas import DemoSessionView, WipeBody
from plimsoll.plumbing.database import DatabaseUnavailable
from plimsoll.plumbing.limits import TooManyRequests
from plimsoll.plumbing.problems import problems

router = APIRouter(prefix="/demo", tags=["demo"])


@router.post(
    "/session",
    responses=problems(NoDemo, CrossSiteRequest, TooManyRequests, DatabaseUnavailable),
)
async def open_demo_session(
    request: Request, response: Response, _caller: Stranger, demo: DemoDep
) -> DemoSessionView:
    """Sign in as the person of the demo; for the service's own page."""
    refuse_cross_site(request.scope)
    signed_in = await demo.open_session(access_of(request.scope), origin_of(request.scope))
    return _answer(request, response, signed_in)


@router.post(
    "/wipe",
    responses=problems(NoDemo, NotTheDemosPerson, *SESSION_REFUSALS),
)
async def wipe_demo(
    request: Request,
    response: Response,
    caller: SessionHolder,
    demo: DemoDep,
    body: WipeBody | None = None,
) -> DemoSessionView:
    """Remove everything of the demo's person: an empty desk, or with `again` the story anew. The
    session ends with it; the answer brings the next one. May be repeated.
    """
    address = address_of(request.scope)
    again = body.again if body else False
    await demo.wipe(request.app.state, caller.user_id, address=address, again=again)
    signed_in = await demo.open_session(access_of(request.scope), origin_of(request.scope))
    return _answer(request, response, signed_in)


def _answer(request: Request, response: Response, signed_in: SignedIn) -> DemoSessionView:
    access = access_of(request.scope)
    assert signed_in.cookie is not None
    lifetime = signed_in.session_expires_at - access.clock.now()
    response.set_cookie(
        cookie_name(access),
        signed_in.cookie,
        max_age=int(lifetime.total_seconds()),
        path="/",
        httponly=True,
        samesite="strict",
        secure=access.settings.secure_cookies,
    )
    return DemoSessionView(email=EMAIL, expires_at=signed_in.session_expires_at)
