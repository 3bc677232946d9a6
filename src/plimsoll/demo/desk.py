"""A demo as it runs: its person, their session without a password, and how to begin anew.

What is invented is removed as what is real would be: the person is erased, with everything there
is of them, and a new one of the same name is there.
"""

import asyncio
import secrets
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from fastapi import Depends, Request

from plimsoll.access.domain.audit import Event, Happening
from plimsoll.access.domain.principals import Role, Tier
from plimsoll.access.domain.sessions import Origin, SignedIn
from plimsoll.access.domain.users import User
from plimsoll.access.service import accounts, audit, sessions
from plimsoll.access.service.access import Access
from plimsoll.demo.seeding import Seeding, parts_of, principal_of
from plimsoll.demo.telling import Telling
from plimsoll.demo.trading_days import begin_again
from plimsoll.kernel.errors import Forbidden, NotFound
from plimsoll.kernel.identifiers import UserId
from plimsoll.operations.service import people
from plimsoll.operations.service.people import Wish
from plimsoll.plumbing.database import Unit
from plimsoll.trading.service import paying
from plimsoll.trading.service.exchange import Exchange

EMAIL: Final = "demo@plimsoll.example"


class NoDemo(NotFound):
    """This service works with what is real, or at least with what its people do themselves."""

    code = "no-demo"
    title = "This is no demo"


class NotTheDemosPerson(Forbidden):
    code = "not-the-demos-person"
    title = "Only the person of the demo may do this"


async def make_person(access: Access) -> User:
    """The demo's person: an operator, so that every screen can be seen. Nobody knows the password.

    Raises EmailTaken.
    """
    password = secrets.token_urlsafe(24)
    user = await accounts.register(access, email=EMAIL, password=password, address=None)
    database, clock = access.database, access.clock
    await accounts.set_role(database, clock, email=EMAIL, role=Role.OPERATOR)
    await accounts.set_tier(database, clock, email=EMAIL, tier=Tier.ADVANCED)
    async with database.read() as unit:
        return await accounts.get(unit, user.id)


@dataclass
class Demo:
    """One per process that is a demo; on `app.state.demo`."""

    telling: Telling
    _wiping: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def find_person(self, access: Access) -> User:
        """Raises NoSuchUser while one is erased and the next not yet there."""
        async with access.database.read() as unit:
            return await accounts.find_by_email(unit, EMAIL)

    async def open_session(self, access: Access, origin: Origin) -> SignedIn:
        """A session of the demo's person, with a cookie."""
        user = await self.find_person(access)

        async def work(unit: Unit) -> SignedIn:
            made = await sessions.start(
                access, unit, user.id, origin=origin, with_cookie=True, proved_at=None
            )
            await audit.append(
                unit,
                Happening(
                    Event.LOGIN,
                    access.clock.now(),
                    user_id=user.id,
                    subject=str(made.session_id),
                    address=origin.address,
                    facts={"cookie": True, "second_factor": False, "demo": True},
                ),
            )
            return made

        return await access.database.transact(work)

    async def write(self, state: Any, user: User) -> None:
        """Everything but the days on the paper exchange."""
        await Seeding(parts_of(state), principal_of(user), self.telling).write()

    async def wipe(self, state: Any, user_id: UserId, *, address: str | None, again: bool) -> None:
        """Nothing of the person is left but the name; with `again` the story is told once more.

        Raises NotTheDemosPerson, StillTrading, Unavailable.
        """
        access: Access = state.access
        exchange: Exchange = state.exchange
        async with self._wiping:
            user = await self.find_person(access)
            if user.id != user_id:
                raise NotTheDemosPerson("sign in to the demo first")
            if await exchange.find_account(user.id) is not None:
                await paying.reset(exchange, principal_of(user), None, amount=None)
            wish = Wish(user.id, address, "the demo begins anew")
            await people.erase(
                access.database,
                access.clock,
                user.id,
                wish,
                on_shut_out=access.verifier.forget,
            )
            user = await make_person(access)
            if again:
                await self.write(state, user)
                who = principal_of(user)
                await begin_again(exchange, state.prices, who)


async def _demo_of(request: Request) -> Demo:
    demo = getattr(request.app.state, "demo", None)
    if not isinstance(demo, Demo):
        raise NoDemo("start one with `plimsoll demo`")
    return demo


DemoDep = Annotated[Demo, Depends(_demo_of)]
"""The demo of this process; a refusal where there is none."""
