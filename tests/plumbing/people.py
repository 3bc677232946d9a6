"""Signing in, where the usual fixtures do not reach."""

from itertools import count

import httpx2

from tests.conftest import PASSWORD

NUMBERS = count()


async def sign_in(http: httpx2.AsyncClient) -> dict[str, str]:
    """The headers of somebody new."""
    account = {"email": f"someone{next(NUMBERS)}@example.org", "password": PASSWORD}
    registered = await http.post("/auth/register", json=account)
    assert registered.status_code == 201, registered.text
    answer = await http.post("/auth/login", json=account)
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}
