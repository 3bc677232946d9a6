"""What a request presents: a bearer, a cookie, or a signature over itself.

One of them counts: a signature stands alone, and where there is a bearer no cookie is looked at.
"""

from typing import Final
from urllib.parse import quote

from starlette.requests import cookie_parser
from starlette.types import Scope

from plimsoll.access.domain.keys import admits
from plimsoll.access.domain.secrets import looks_like_secret
from plimsoll.access.domain.signing import (
    PresentedSignature,
    SignatureMalformed,
    SignedRequest,
    hash_body,
)
from plimsoll.access.domain.usage import Refusal
from plimsoll.access.service.access import Access
from plimsoll.access.service.keys import AddressNotAllowed
from plimsoll.access.service.signed_requests import DIGEST_HEADER, HEADERS, read_credential
from plimsoll.access.service.verification import BadSession, Grant
from plimsoll.kernel.errors import Forbidden, PlimsollError, Unauthenticated
from plimsoll.plumbing.digests import BODY_DIGEST
from plimsoll.plumbing.telemetry import AUTH_FAILURES

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
TAKEN: Final = "plimsoll.taken_signature"
"""On the scope of a request, or connection, whose signature was taken."""


class CrossSiteRequest(Forbidden):
    """A page of another site tried to act with the cookie of this one."""

    code = "cross-site-request"
    title = "Requests from other sites are refused"


async def find_grant(
    scope: Scope, access: Access, *, address: str | None, cookie_name: str
) -> Grant | None:
    """The grant of what was presented, or None; for what is known from before nothing is awaited.

    Raises a 401 for a bad credential and a 403 for a good one used from the wrong place.
    """
    authorization = cookie = None
    signed = False
    for name, value in scope["headers"]:
        if name == b"authorization":
            authorization = value
        elif name == b"cookie":
            cookie = value
        elif name in HEADERS:
            signed = True
    if signed:
        return _judge_place(access, address, await _grant_of_signature(scope, access))
    verifier = access.verifier
    if authorization is not None:
        grant = verifier.recall_bearer(authorization) or await verifier.verify_bearer(authorization)
        return _judge_place(access, address, grant) if grant.networks else grant
    if cookie is None:
        return None
    known = await _grant_of_cookie(access, cookie, cookie_name)
    # A WebSocket has no method, and no same-origin policy protects it: it is judged like a write.
    if known is not None and scope.get("method") not in SAFE_METHODS:
        refuse_cross_site(scope)
    return known


async def _grant_of_cookie(access: Access, cookie: bytes, cookie_name: str) -> Grant | None:
    verifier = access.verifier
    known = verifier.recall_cookie(cookie)
    if known is None:
        secret = _session_secret(cookie, cookie_name)
        if secret is None:
            return None
        known = await verifier.verify_cookie(cookie, secret)
    return known


async def _grant_of_signature(scope: Scope, access: Access) -> Grant:
    """The grant of the key that signed the request. Where the signature was taken already, as of a
    connection that lives on, the key has only to hold.
    """
    taken: PresentedSignature | None = scope.get(TAKEN)
    if taken is not None:
        return await access.signed_requests.find(taken)
    credential = read_credential(scope["headers"])
    digest: bytes | None = scope.get(BODY_DIGEST)
    if digest is None:
        if scope["type"] == "http":
            raise SignatureMalformed(f"declare the body in {DIGEST_HEADER}, or send less of it")
        digest = hash_body(b"")
    request = SignedRequest(
        scope.get("method", "GET"),  # a WebSocket begins as one
        scope.get("raw_path") or quote(scope["path"]).encode(),
        scope["query_string"],
        digest,
    )
    return await access.signed_requests.verify(credential, request)


def _judge_place(access: Access, address: str | None, grant: Grant) -> Grant:
    if grant.networks and not admits(grant.networks, address):
        key_id = grant.principal.key_id
        if key_id is not None:
            access.key_uses.note(key_id, address)
            access.key_uses.refuse(key_id, Refusal.FORBIDDEN)
        raise AddressNotAllowed("the key is bound to other addresses")
    return grant


def _session_secret(cookie: bytes, name: str) -> str | None:
    secret = cookie_parser(cookie.decode("latin-1")).get(name)
    if secret is not None and not looks_like_secret(secret):
        raise BadSession("sign in again")
    return secret


def refuse_cross_site(scope: Scope, *, silent_is_fine: bool = False) -> None:
    """Refuse what comes from another site, and unless `silent_is_fine` what does not say."""
    headers = dict(scope["headers"])
    site = headers.get(b"sec-fetch-site")
    origin = headers.get(b"origin")
    if site is not None:
        same = site == b"same-origin"
    elif origin is not None:
        same = origin.partition(b"://")[2] == headers.get(b"host")
    else:
        same = silent_is_fine
    if not same:
        raise CrossSiteRequest("with a cookie, write requests come from this service's own page")


async def take_signature(scope: Scope, access: Access) -> None:
    """Use up the signature, once per request; who presents a used one was not let in."""
    if TAKEN in scope:
        return
    credential = read_credential(scope["headers"])
    try:
        await access.signed_requests.take(credential)
    except PlimsollError as error:
        if isinstance(error, Unauthenticated):
            AUTH_FAILURES.labels(error.code).inc()
        del scope["plimsoll.principal"]
        raise
    scope[TAKEN] = credential
