"""Everybody who may come to a route, and whom its guard lets in."""

import hashlib
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

import httpx2
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from plimsoll.access import guards
from plimsoll.access.domain.principals import Role, Scope, scopes_of
from plimsoll.access.guards import Guard
from plimsoll.kernel.identifiers import SessionId, UserId, new_id
from tests.access.desk import signed
from tests.conftest import PASSWORD, Person
from tests.operations.desk import promote


class Who(StrEnum):
    """The columns of the table. The user owns what the paths name, and the keys are theirs."""

    NOBODY = "nobody"
    USER = "user"
    OTHER = "other user"
    READ = "read key"
    TRADE = "trade key"
    IMPORT = "import key"
    SIGNED = "signed key"
    OPERATOR = "operator"
    REGULATOR = "regulator"
    EXPIRED = "expired session"
    REVOKED = "revoked key"


class Let(StrEnum):
    """What becomes of a request."""

    IN = "in"
    """It is answered; a refusal is about what it asks, not about who asks."""
    UNKNOWN = "401"
    FORBIDDEN = "403"
    NOT_FOUND = "404"


OWN: Final = frozenset({Who.USER, Who.READ, Who.TRADE, Who.IMPORT, Who.SIGNED})
"""Those who come as the owner."""
SIGNED_IN: Final = frozenset({Who.USER, Who.OTHER, Who.OPERATOR, Who.REGULATOR})
"""With their password."""
NO_LONGER: Final = frozenset({Who.EXPIRED, Who.REVOKED})
SCOPES: Final[Mapping[Who, frozenset[Scope]]] = {
    Who.USER: scopes_of(Role.USER),
    Who.OTHER: scopes_of(Role.USER),
    Who.READ: frozenset({Scope.READ}),
    Who.TRADE: frozenset({Scope.TRADE}),
    Who.IMPORT: frozenset({Scope.IMPORT}),
    Who.SIGNED: scopes_of(Role.USER),
    Who.OPERATOR: scopes_of(Role.OPERATOR),
    Who.REGULATOR: scopes_of(Role.REGULATOR),
}


@dataclass(frozen=True, slots=True)
class Door:
    """What a route says of who may come."""

    open_to_all: bool = True
    looks: bool = True
    """Whether it looks at who is calling at all."""
    scopes: tuple[Scope, ...] = ()
    password: bool = False
    """Whether keys are refused."""

    def __str__(self) -> str:
        if self.open_to_all:
            return "anyone" if self.looks else "stranger"
        if self.password:
            return "password"
        return ", ".join(self.scopes) or "known"

    def lets(self, who: Who) -> Let:
        """In, 401 or 403."""
        if not self.looks:
            return Let.IN
        if who in NO_LONGER:
            return Let.UNKNOWN
        if self.open_to_all:
            return Let.IN
        if who is Who.NOBODY:
            return Let.UNKNOWN
        lacks = self.password and who not in SIGNED_IN
        return Let.FORBIDDEN if lacks or not SCOPES[who].issuperset(self.scopes) else Let.IN


def doors(app: FastAPI) -> dict[str, Door]:
    """Of every operation, by its name: read from the guard that its route declares."""
    return {
        context.original_route.name: _door_of(context.dependant)
        for context in iter_route_contexts(app.routes)
        if isinstance(context.original_route, APIRoute)
    }


def _door_of(dependant: Dependant) -> Door:
    guard = _guard_of(dependant)
    if guard is None or isinstance(guard, guards._OfStrangers):
        return Door(looks=False)
    if isinstance(guard, guards._OfKnown):
        return Door(open_to_all=False, scopes=guard._needed, password=guard._session_only)
    assert isinstance(guard, guards._OfAnyone), guard
    return Door()


def _guard_of(dependant: Dependant) -> Guard | None:
    call: object = dependant.call
    if isinstance(call, Guard):
        return call
    return next((found for each in dependant.dependencies if (found := _guard_of(each))), None)


@dataclass(slots=True)
class Everyone:
    """All of them, with what they show at the door."""

    app: FastAPI
    client: httpx2.AsyncClient
    people: dict[Who, Person]
    """The owner, the other user, an operator and a regulator."""
    colleague: Person
    """Another operator."""
    credentials: dict[Who, str]
    """Bearers."""
    signing_key: dict[str, str]

    def headers(self, who: Who, request: httpx2.Request) -> dict[str, str]:
        """With which `request` comes from them."""
        if who is Who.SIGNED:
            url = request.url.raw_path.decode()
            said = signed(self.signing_key, request.method, url, request.content)
            digest = "x-plimsoll-content-sha256"
            return said | ({digest: sha256(request.content)} if "/imports" in url else {})
        bearer = self.credentials.get(who)
        return {"authorization": f"Bearer {bearer}"} if bearer else {}

    async def call(
        self, who: Who, method: str, path: str, query: dict[str, str] | None, body: object
    ) -> httpx2.Response:
        request = self.client.build_request(method, path, params=query, json=body)
        if body is None:
            request = self.client.build_request(method, path, params=query)
        request.headers.update(self.headers(who, request))
        return await self.client.send(request)

    async def sign_in_again(self, who: Who) -> None:
        """In a session of its own, which may be ended."""
        login = {"email": self.people[who].email, "password": PASSWORD}
        answer = await self.client.post("/auth/login", json=login)
        assert answer.status_code == 200, answer.text
        self.credentials[who] = token = answer.json()["access_token"]
        self.people[who].http.headers["Authorization"] = f"Bearer {token}"


async def sign_up(app: FastAPI, client: httpx2.AsyncClient, stack: AsyncExitStack) -> Person:
    """Somebody new, signed in; their client is closed with the stack."""
    account = {"email": f"person{new_id().hex}@example.org", "password": PASSWORD}
    made = await client.post("/auth/register", json=account)
    assert made.status_code == 201, made.text
    token = (await client.post("/auth/login", json=account)).json()["access_token"]
    own = httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app, raise_app_exceptions=False),
        base_url=client.base_url,
        headers={"Authorization": f"Bearer {token}"},
    )
    http = await stack.enter_async_context(own)
    return Person(made.json()["id"], account["email"], token, http)


async def gather(app: FastAPI, client: httpx2.AsyncClient, stack: AsyncExitStack) -> Everyone:
    """Signs them up, and makes their keys."""
    owner, other, *others = [await sign_up(app, client, stack) for _ in range(5)]
    operator, colleague = [await promote(app, each, Role.OPERATOR) for each in others[:2]]
    regulator = await promote(app, others[2], Role.REGULATOR)
    people = {
        Who.USER: owner,
        Who.OTHER: other,
        Who.OPERATOR: operator,
        Who.REGULATOR: regulator,
    }
    credentials = {who: person.token for who, person in people.items()}
    for who in (Who.READ, Who.TRADE, Who.IMPORT):
        wish = {"name": who.value, "scopes": sorted(SCOPES[who])}
        credentials[who] = (await owner.http.post("/auth/keys", json=wish)).json()["api_key"]
    wish = {"name": "signed", "scopes": sorted(SCOPES[Who.SIGNED]), "kind": "signed"}
    signing = (await owner.http.post("/auth/keys", json=wish)).json()
    gone = (await owner.http.post("/auth/keys", json=wish | {"kind": "bearer"})).json()
    assert (await owner.http.delete(f"/auth/keys/{gone['id']}")).status_code == 204
    credentials[Who.REVOKED] = gone["api_key"]
    credentials[Who.EXPIRED] = app.state.access.tokens.for_session(
        UserId(UUID(owner.id)),
        SessionId(new_id()),
        now_s=app.state.clock.now().timestamp() - 86_400,
    )
    return Everyone(app, client, people, colleague, credentials, signing)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
