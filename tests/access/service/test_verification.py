"""The memory of who was verified: bounded, and it forgets by user, session and key."""

from uuid import uuid4

from plimsoll.access.domain.principals import Principal, Role, Tier
from plimsoll.access.service.verification import Grant, Memory
from plimsoll.kernel.identifiers import KeyId, SessionId, UserId
from tests.access.desk import Desk


def grant(user: UserId, session: SessionId | None = None, key: KeyId | None = None) -> Grant:
    principal = Principal(
        user, Role.USER, Tier.BEGINNER, frozenset(), session, key, expires_at_s=1e12
    )
    return Grant(principal, networks=(), charges={})


def test_the_memory_forgets_by_user_session_and_key() -> None:
    ada, eve = UserId(uuid4()), UserId(uuid4())
    session, key = SessionId(uuid4()), KeyId(uuid4())
    memory = Memory()
    memory.put(b"session", grant(ada, session=session))
    memory.put(b"key", grant(ada, key=key))
    memory.put(b"token of the key", grant(ada, key=key))
    memory.put(b"other", grant(eve, session=SessionId(uuid4())))

    memory.drop_subject(key)
    assert [memory.find(text) is None for text in (b"session", b"key", b"other")] == [
        False,
        True,
        False,
    ]
    assert memory.find(b"token of the key") is None
    memory.drop_subject(ada)
    assert memory.find(b"session") is None
    memory.drop_subject(session)
    assert len(memory) == 1


def test_the_memory_is_bounded_and_the_oldest_goes_first() -> None:
    memory = Memory(max_remembered=3)
    for number in range(10):
        memory.put(b"%d" % number, grant(UserId(uuid4()), session=SessionId(uuid4())))
    assert len(memory) == 3
    assert memory.find(b"6") is None
    assert memory.find(b"9") is not None
    assert len(memory._by_subject) == 6


async def test_what_was_verified_while_something_was_revoked_is_not_remembered(
    desk: Desk,
) -> None:
    verifier = desk.access.verifier
    known = grant(UserId(uuid4()), session=SessionId(uuid4()))
    await verifier.catch_up()

    before = verifier._forgotten
    verifier.forget(uuid4())
    verifier._remember(verifier._bearers, b"late", known, before)
    verifier._remember(verifier._bearers, b"anew", known, verifier._forgotten)

    assert verifier.recall_bearer(b"late") is None
    assert verifier.recall_bearer(b"anew") is known
