"""A service that is no demo has none of it, and what is invented never meets what is real."""

import json
from datetime import date
from pathlib import Path

import httpx2
import pytest

from plimsoll.demo import folder
from tests.conftest import Person
from tests.demo.telling import SAME_ORIGIN

TODAY = date(2026, 5, 4)


async def test_there_is_no_session_without_a_password(client: httpx2.AsyncClient) -> None:
    refused = await client.post("/demo/session", headers=SAME_ORIGIN)
    assert (refused.status_code, refused.json()["code"]) == (404, "no-demo")
    assert "set-cookie" not in refused.headers


async def test_nobody_is_wiped(ada: Person) -> None:
    await ada.http.post(
        "/holdings", json={"coin_id": "btc", "quantity": "1", "price": "100", "currency": "usd"}
    )
    refused = await ada.http.post("/demo/wipe")
    assert (refused.status_code, refused.json()["code"]) == (404, "no-demo")
    assert len((await ada.http.get("/holdings")).json()["data"]) == 1


async def test_meta_is_everybodys(client: httpx2.AsyncClient) -> None:
    meta = (await client.get("/meta")).json()
    assert meta["demo"] is False
    assert meta["registration_open"] is True
    assert meta["feed"] == "simulated"


def test_a_folder_of_something_else_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    with pytest.raises(folder.NotADemoFolder):
        folder.claim(tmp_path, seed=None, until=None, today=TODAY)
    assert not (tmp_path / folder.MARK).exists()


def test_a_demos_folder_is_refused_to_the_service(tmp_path: Path) -> None:
    folder.refuse_demo(tmp_path)
    folder.claim(tmp_path, seed=None, until=None, today=TODAY)
    with pytest.raises(folder.DemoFolder):
        folder.refuse_demo(tmp_path)


def test_a_demo_keeps_its_seed_and_its_day(tmp_path: Path) -> None:
    first = folder.claim(tmp_path, seed=9, until=None, today=TODAY)
    assert first == folder.Mark(9, "2026-05-04")
    assert folder.note_told(tmp_path, first).told
    later = folder.claim(tmp_path, seed=None, until=None, today=date(2026, 6, 1))
    assert later == folder.Mark(9, "2026-05-04", told=True)
    with pytest.raises(folder.NotADemoFolder):
        folder.claim(tmp_path, seed=7, until=None, today=TODAY)


@pytest.mark.parametrize("text", ["", "{}", json.dumps({"seed": 1, "until": "soon", "told": 1})])
def test_a_mark_that_cannot_be_read_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / folder.MARK).write_text(text)
    with pytest.raises(folder.NotADemoFolder):
        folder.claim(tmp_path, seed=None, until=None, today=TODAY)
