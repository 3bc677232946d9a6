import os
from pathlib import Path

import pytest

from plimsoll.plumbing.postgres import log as module
from plimsoll.plumbing.postgres.log import ServerLog


def test_the_tail_is_what_was_said_since(tmp_path: Path) -> None:
    log = ServerLog(tmp_path / "postgres.log")
    assert (log.size(), log.tail()) == (0, "")
    log.path.write_text("of the last start\n")
    start = log.size()
    with log.path.open("a") as file:
        file.write("of this start\n")
    assert log.tail(since=start) == "of this start"


def test_a_long_log_is_moved_on_while_the_server_keeps_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LIMIT_BYTES", 10)
    log = ServerLog(tmp_path / "postgres.log")
    server = log.open_for_append()
    os.write(server, b"more than ten bytes\n")

    log.bound()
    os.write(server, b"short\n")
    log.bound()
    os.close(server)

    assert log.path.read_text() == "short\n"
    assert (tmp_path / "postgres.log.1").read_text() == "more than ten bytes\n"
    assert log.path.stat().st_mode & 0o077 == 0
